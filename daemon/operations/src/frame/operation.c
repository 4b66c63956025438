/* The life of an operation: born with its request, answered once, freed when nothing calls back any more; see
 * operation.h. */
#include "operation.h"

#include "keys/sweep.h"
#include "pending.h"
#include "token/stock.h"

#include "proto/frame.h"
#include "proto/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#define SHORT_TEXT_BYTES 1024 /* longer texts, validation errors with long values, are put on the heap */
#define LOG_LINE_BYTES   1024

/* ------------------------------------------------------------------ the end */

void operation_free(struct operation *operation)
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
        operation_fail_no_memory(operation);
    }
    buffer_clear(&body);
}

void operation_finish_empty(struct operation *operation)
{
    answer(operation, NULL, view_of(NULL, 0));
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

void operation_log(const struct operation *operation, int priority, const char *format, ...)
{
    const struct operations *operations = operation->operations;
    if (operations->log == NULL) {
        return;
    }
    char line[LOG_LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    operations->log(operations->log_arg, priority, line);
}

void operation_fail_with(struct operation *operation, struct operation_failure failure, const char *detail)
{
    if (failure.log_reason != NULL) {
        operation_log(operation, LOG_ERR, "%s for %s: %s%s%s, answering %s", operation->kind->name,
                      operation->principal, failure.log_reason, detail == NULL || *detail == '\0' ? "" : ": ",
                      detail == NULL ? "" : detail, operation_code_name(failure.code));
    }
    answer_error(operation, failure.code, failure.text);
}

void operation_fail_no_memory(struct operation *operation)
{
    operation_fail_with(operation, operation_failure_of_registry(REGISTRY_NO_MEMORY), NULL);
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
        if (said && operation->kind->refused != NULL && operation->kind->refused(operation, response->status)) {
            return false;
        }
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

/* ------------------------------------------------------------------ all of them */

size_t operations_running(const struct operations *operations)
{
    return operations->state == NULL ? 0 : operations->state->running;
}

void operations_clear(struct operations *operations)
{
    if (operations->state != NULL && operations_running(operations) == 0) {
        operation_sweep_free(operations->state->sweep);
        operation_stock_clear(operations->state);
        free(operations->state);
        operations->state = NULL;
    }
}
