/* The start of an operation: its row, its caller, its message, its validation; then its handler. See
 * operations/operation.h. */
#include "start.h"

#include "access/authorize.h"
#include "operation.h"
#include "pending.h"
#include "request/patterns.h"
#include "request/tag_rules.h"
#include "request/validate.h"
#include "table.h"

#include "policy/arn.h"
#include "proto/message.h"
#include "proto/service.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_ECHO_BYTES 64 /* of the name of an operation that there is none of */

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

struct operations_state *operations_state_get(struct operations *operations)
{
    if (operations->state == NULL) {
        operations->state = calloc(1, sizeof *operations->state);
    }
    return operations->state;
}

/* One piece of memory: the operation, the handler's state, the caller's ARN. */
static struct operation *operation_new(struct operations *operations, const struct operation_kind *kind,
                                       const char *principal)
{
    if (operations_state_get(operations) == NULL) {
        return NULL;
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

/* A list that is longer than any of ours may be. False, without an answer, for one that has no limit of its own. */
static bool refuse_list(struct operation *operation, const ProtobufCMessageDescriptor *type, const char *field)
{
    bool takes_tags =
        type == &rewrap__create_key_request__descriptor || type == &rewrap__tag_resource_request__descriptor;
    if (takes_tags && strcmp(field, "tags") == 0) {
        operation_tags_refuse_too_many(operation);
        return true;
    }
    return operation_refuse_too_many(operation, type, field);
}

/* What protobuf could not read (KMS.md R-10). A context that is too big or has a key twice is a validation error, R-45.
 */
static void refuse_body(struct operation *operation, const ProtobufCMessageDescriptor *type, struct proto_result result)
{
    const char *field = result.field == NULL ? "" : result.field;
    switch (result.code) {
    case PROTO_NO_MEMORY:
        operation_fail_no_memory(operation);
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
        if (result.code == PROTO_TOO_MANY && refuse_list(operation, type, field)) {
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
        refuse_body(operation, type, unpacked);
    } else if (operation_validate(operation)) {
        operation->kind->run(operation);
    }
}

static void refuse_caller(struct operation *operation, const char *who)
{
    const char *action = operation_action_of(operation->kind->name);
    operation_fail(operation, OPERATION_ACCESS_DENIED,
                   "User: %s is not authorized to perform: %.*s:%s because no identity of an account that is served "
                   "here belongs to this caller",
                   who, (int)strcspn(action, ":"), action, operation->kind->name);
}

static void refuse_early(operation_done_fn done, void *arg, enum operation_code code, const char *text)
{
    struct operation_error error = {
        .code = operation_code_name(code), .message = text, .retryable = operation_code_retryable(code)};
    done(arg, &error, view_of(NULL, 0));
}

static void refuse_unknown(operation_done_fn done, void *arg, const char *name)
{
    char text[NAME_ECHO_BYTES + 64];
    snprintf(text, sizeof text, "The operation '%.*s' is not known.", (int)operation_text_cut(name, NAME_ECHO_BYTES),
             name);
    refuse_early(done, arg, OPERATION_UNKNOWN_OPERATION, text);
}

/* The end of a start: NULL when the operation has ended already. */
static struct operation *started(struct operation *operation)
{
    operation->starting = false;
    if (operation->ended) {
        operation_free(operation);
        return NULL;
    }
    return operation;
}

struct operation *operation_start(struct operations *operations, const struct operation_caller *caller,
                                  const char *name, struct view body, unsigned timeout_ms, operation_done_fn done,
                                  void *arg)
{
    const ProtobufCMethodDescriptor *method = name == NULL ? NULL : service_method(name);
    const struct operation_kind *kind = method == NULL ? NULL : operation_kind_find(name);
    if (kind == NULL) {
        refuse_unknown(done, arg, name == NULL ? "" : name);
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
    return started(operation);
}

struct operation *operation_own_new(struct operations *operations, const struct operation_kind *kind,
                                    operation_done_fn done, void *arg)
{
    struct operation *operation = operation_new(operations, kind, "rewrapd");
    if (operation == NULL) {
        return NULL;
    }
    operation->done = done;
    operation->arg = arg;
    operation->timeout_ms = operations->settings.default_timeout_ms;
    operation->starting = true;
    return operation;
}

void operation_own_run(struct operation *operation)
{
    operation->kind->run(operation);
    (void)started(operation);
}
