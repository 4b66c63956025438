/* The life of an operation: born with its request, answered once, freed when nothing calls back any more; see
 * operation.h. */
#include "operation.h"

#include "pending.h"
#include "table.h"
#include "validate.h"

#include "base/wipe.h"
#include "policy/arn.h"
#include "proto/frame.h"
#include "proto/message.h"
#include "proto/service.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define SHORT_TEXT_BYTES 1024 /* longer texts, validation errors with long values, are put on the heap */
#define LOG_LINE_BYTES   1024

/* ------------------------------------------------------------------ the end */

static void operation_free(struct operation *operation)
{
    if (operation->kind->clear != NULL) {
        operation->kind->clear(operation);
    }
    proto_free(operation->request);
    operation->operations->state->running--;
    free(operation);
}

/* The answer has been given, or nobody wants it. */
static void operation_end(struct operation *operation)
{
    operation->ended = true;
    if (!operation->starting) {
        operation_free(operation);
    }
}

static void answer(struct operation *operation, const struct operation_error *error, struct view body)
{
    if (operation->done != NULL) {
        operation->done(operation->arg, error, body);
    }
    operation_end(operation);
}

static void answer_error(struct operation *operation, enum operation_code code, const char *text)
{
    struct operation_error error = {
        .code = operation_code_name(code), .message = text, .retryable = operation_code_retryable(code)};
    answer(operation, &error, view_of(NULL, 0));
}

void operation_finish(struct operation *operation, const ProtobufCMessage *response)
{
    struct buffer body = BUFFER_INIT(FRAME_MAX_BYTES);
    if (proto_pack(response, &body).code == PROTO_OK) {
        answer(operation, NULL, buffer_view(&body));
    } else {
        answer_error(operation, OPERATION_INTERNAL, "There is no memory for the answer.");
    }
    buffer_clear(&body);
}

void operation_fail(struct operation *operation, enum operation_code code, const char *format, ...)
{
    char text[SHORT_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (len < (int)sizeof text) {
        answer_error(operation, code, text);
        return;
    }
    char *longer = NULL;
    va_start(arguments, format);
    int written = vasprintf(&longer, format, arguments);
    va_end(arguments);
    answer_error(operation, code, written < 0 ? text : longer); /* without memory the text is cut */
    if (written >= 0) {
        free(longer);
    }
}

void operation_fail_without_text(struct operation *operation, enum operation_code code)
{
    answer_error(operation, code, NULL);
}

void operation_fail_dry_run(struct operation *operation)
{
    answer_error(operation, OPERATION_DRY_RUN,
                 "The request would have succeeded, but the DryRun option is set."); /* KMS.md R-41 */
}

void operation_fail_with(struct operation *operation, struct operation_failure failure, const char *detail)
{
    const struct operations *operations = operation->operations;
    if (failure.log_reason != NULL && operations->log != NULL) {
        char line[LOG_LINE_BYTES];
        snprintf(line, sizeof line, "%s for %s: %s%s%s, answering %s", operation->kind->name, operation->principal,
                 failure.log_reason, detail == NULL || *detail == '\0' ? "" : ": ", detail == NULL ? "" : detail,
                 operation_code_name(failure.code));
        operations->log(operations->log_arg, LOG_ERR, line);
    }
    answer_error(operation, failure.code, failure.text);
}

void operation_abandon(struct operation *operation)
{
    operation->done = NULL;
    if (!operation->kind->changes && operation->job != NULL) {
        workers_abandon(operation->job);
        operation_end(operation);
    }
}

/* ------------------------------------------------------------------ what it waits for */

int64_t operation_now_ms(const struct operation *operation)
{
    return operation->operations->clock(operation->operations->clock_arg);
}

bool operation_take_response(struct operation *operation, enum workers_status status, const Hsm__Response *response)
{
    if (status != WORKERS_ANSWERED) {
        operation_fail_with(operation, operation_failure_of_workers(status), NULL);
        return false;
    }
    if (response == NULL || !response->has_status || response->status != HSM__STATUS__STATUS_OK) {
        bool said = response != NULL && response->has_status;
        char detail[LOG_LINE_BYTES / 2];
        snprintf(detail, sizeof detail, "%s (CKR 0x%llx)", said && response->detail != NULL ? response->detail : "",
                 said && response->has_ckr ? (unsigned long long)response->ckr : 0ULL);
        operation_fail_with(operation,
                            operation_failure_of_token(said ? response->status : HSM__STATUS__STATUS_INTERNAL), detail);
        return false;
    }
    return true;
}

static void on_worker(void *arg, enum workers_status status, const Hsm__Response *response)
{
    struct operation *operation = arg;
    operation->job = NULL;
    if (operation_take_response(operation, status, response)) {
        operation->on_response(operation, response);
    }
}

void operation_submit(struct operation *operation, const char *token, Hsm__Request *request,
                      operation_response_fn on_response)
{
    operation->on_response = on_response;
    operation->job =
        workers_submit(operation->operations->workers, token, request, operation->timeout_ms, on_worker, operation);
}

bool operation_take_change(struct operation *operation, struct registry_result result)
{
    if (result.code == REGISTRY_OK) {
        return true;
    }
    operation_fail_with(operation, operation_failure_of_registry(result.code), result.detail);
    return false;
}

/* ------------------------------------------------------------------ the start */

static bool account_is_served(const struct operations *operations, struct view account)
{
    for (size_t i = 0; i < operations->settings.n_accounts; i++) {
        if (view_equal(view_of_string(operations->settings.accounts[i]), account)) {
            return true;
        }
    }
    return false;
}

static size_t aligned(size_t size)
{
    size_t step = alignof(max_align_t);
    return (size + step - 1) / step * step;
}

static unsigned wanted_timeout(const struct operations_settings *settings, unsigned timeout_ms)
{
    unsigned wanted = timeout_ms == 0 ? settings->default_timeout_ms : timeout_ms;
    return wanted > settings->max_timeout_ms ? settings->max_timeout_ms : wanted;
}

/* One piece of memory: the operation, the handler's state, the caller's ARN. */
static struct operation *operation_new(struct operations *operations, const struct operation_kind *kind,
                                       const char *principal)
{
    if (operations->state == NULL) {
        operations->state = calloc(1, sizeof *operations->state);
        if (operations->state == NULL) {
            return NULL;
        }
    }
    size_t state_at = aligned(sizeof(struct operation));
    size_t principal_at = state_at + aligned(kind->state_bytes);
    size_t principal_size = strlen(principal) + 1;
    uint8_t *memory = calloc(1, principal_at + principal_size);
    if (memory == NULL) {
        return NULL;
    }
    struct operation *operation = (struct operation *)(void *)memory;
    operation->operations = operations;
    operation->kind = kind;
    operation->state = memory + state_at;
    operation->principal = memcpy(memory + principal_at, principal, principal_size);
    operations->state->running++;
    return operation;
}

/* What protobuf could not read (KMS.md R-10). A context that is too big or has a key twice is a validation error, R-45.
 */
static void refuse_body(struct operation *operation, struct proto_result result)
{
    const char *field = result.field == NULL ? "" : result.field;
    switch (result.code) {
    case PROTO_NO_MEMORY:
        operation_fail(operation, OPERATION_INTERNAL, "There is no memory for the request.");
        return;
    case PROTO_TOO_LARGE:
        operation_fail(operation, OPERATION_TOO_LARGE, "The request is too large.");
        return;
    case PROTO_TOO_MANY:
    case PROTO_DUPLICATE:
        if (strstr(field, "encryption_context") != NULL) {
            operation_fail(operation, OPERATION_VALIDATION, "Invalid EncryptionContext");
            return;
        }
        break;
    case PROTO_OK:
    case PROTO_MALFORMED:
    case PROTO_BAD_TEXT:
    default:
        break;
    }
    operation_fail(operation, OPERATION_SERIALIZATION, "The request is not a %s message: %s%s%s.",
                   operation->kind->name, proto_code_text(result.code), *field == '\0' ? "" : " in ", field);
}

static void run(struct operation *operation, const ProtobufCMessageDescriptor *type, struct view body)
{
    struct proto_result unpacked = proto_unpack(type, body, &operation->request);
    if (unpacked.code != PROTO_OK) {
        refuse_body(operation, unpacked);
    } else if (operation_validate(operation)) {
        operation->kind->run(operation);
    }
}

static void refuse_caller(struct operation *operation, const char *who)
{
    operation_fail(operation, OPERATION_ACCESS_DENIED,
                   "User: %s is not authorized to perform: kms:%s because no identity of an account that is served "
                   "here belongs to this caller",
                   who, operation->kind->name);
}

static void refuse_early(operation_done_fn done, void *arg, enum operation_code code, const char *text)
{
    struct operation_error error = {
        .code = operation_code_name(code), .message = text, .retryable = operation_code_retryable(code)};
    done(arg, &error, view_of(NULL, 0));
}

struct operation *operation_start(struct operations *operations, const struct operation_caller *caller,
                                  const char *name, struct view body, unsigned timeout_ms, operation_done_fn done,
                                  void *arg)
{
    const ProtobufCMethodDescriptor *method = name == NULL ? NULL : service_method(name);
    const struct operation_kind *kind = method == NULL ? NULL : operation_kind_find(name);
    if (kind == NULL) {
        char text[128];
        snprintf(text, sizeof text, "The operation '%.64s' is not known.", name == NULL ? "" : name);
        refuse_early(done, arg, OPERATION_UNKNOWN_OPERATION, text);
        return NULL;
    }
    struct operation *operation = operation_new(operations, kind, caller->principal == NULL ? "" : caller->principal);
    if (operation == NULL) {
        refuse_early(done, arg, OPERATION_INTERNAL, "There is no memory for the request.");
        return NULL;
    }
    operation->done = done;
    operation->arg = arg;
    operation->timeout_ms = wanted_timeout(&operations->settings, timeout_ms);
    operation->starting = true;

    struct arn principal;
    if (!arn_parse_principal(view_of_string(operation->principal), &principal) ||
        !account_is_served(operations, principal.account)) {
        refuse_caller(operation, caller->principal != NULL ? caller->principal : caller->peer);
    } else {
        memcpy(operation->account, principal.account.data, ARN_ACCOUNT_DIGITS);
        run(operation, method->input, body);
    }
    operation->starting = false;
    if (operation->ended) {
        operation_free(operation);
        return NULL;
    }
    return operation;
}

size_t operations_running(const struct operations *operations)
{
    return operations->state == NULL ? 0 : operations->state->running;
}

void operations_clear(struct operations *operations)
{
    if (operations_running(operations) == 0) {
        free(operations->state);
        operations->state = NULL;
    }
}
