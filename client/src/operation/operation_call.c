/* Calling the daemon; see operation_call.h. */
#include "operation_call.h"

#include "command/printable.h"
#include "param_check.h"

#include "proto/json.h"
#include "proto/message.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------ one call */

static bool fail_json(const struct json_result *result, struct failure *failure)
{
    static const char *const texts[] = {
        [JSON_OK] = "",
        [JSON_NOT_JSON] = "not JSON, or nested too deeply",
        [JSON_WRONG_TYPE] = "a value of the wrong type",
        [JSON_BAD_BASE64] = "invalid base64",
        [JSON_UNKNOWN_VALUE] = "a value that is not among the valid ones",
        [JSON_UNKNOWN_MEMBER] = "an unknown member",
        [JSON_OUT_OF_RANGE] = "a number out of range",
        [JSON_TOO_LARGE] = "too large",
        [JSON_NO_MEMORY] = "out of memory",
    };
    return fail(failure, result->code == JSON_NO_MEMORY ? EXIT_CODE_OTHER : EXIT_CODE_USAGE,
                "Parameter validation failed:\n%s%s%s", texts[result->code], result->path[0] == '\0' ? "" : ": ",
                result->path);
}

/* An RSA ciphertext does not say what it is: the request does, by these two. */
static const struct {
    const char *operation;
    const char *algorithm;
    const char *options;
} rsa_needs[] = {
    {"ReEncrypt", "SourceEncryptionAlgorithm", "--source-encryption-algorithm and --source-key-id"},
    {"Decrypt", "EncryptionAlgorithm", "--encryption-algorithm and --key-id"},
};

/* What InvalidCiphertextException may mean, on one line. False when it could not be written. */
static bool print_invalid_ciphertext(const char *operation, const json_t *request)
{
    bool printed = fputs("rewrapctl: the ciphertext is damaged or of another key, or the encryption context is not the "
                         "one it was made with",
                         stderr) >= 0;
    for (size_t i = 0; i < sizeof rsa_needs / sizeof rsa_needs[0]; i++) {
        if (strcmp(rsa_needs[i].operation, operation) == 0 &&
            json_object_get(request, rsa_needs[i].algorithm) == NULL) {
            printed =
                printed && fprintf(stderr, ", or it is an RSA ciphertext, which needs %s", rsa_needs[i].options) >= 0;
        }
    }
    return printed && fputc('\n', stderr) != EOF;
}

/*
 * Printed here and not carried in a failure, since it is as long as a frame may be: a validation error repeats the
 * values that it is about. The one error that AWS KMS and the daemon leave without a text gets a line of ours below it.
 */
static bool fail_service(const char *operation, const json_t *request, const Rewrap__Error *error,
                         struct failure *failure)
{
    const char *code = error->code == NULL ? "" : error->code;
    const char *message = error->message == NULL ? "" : error->message;
    bool printed = fputs("\nAn error occurred (", stderr) >= 0 && printable_write(code, PRINTABLE_ONE_LINE, stderr) &&
                   fprintf(stderr, ") when calling the %s operation: ", operation) >= 0 &&
                   printable_write(message, PRINTABLE_LINES, stderr) && fputc('\n', stderr) != EOF;
    if (printed && message[0] == '\0' && strcmp(code, "InvalidCiphertextException") == 0) {
        printed = print_invalid_ciphertext(operation, request);
    }
    rewrap_ignore(printed, "there is nowhere else to say it, and the exit code does");
    return fail(failure, EXIT_CODE_SERVICE, "%s", "");
}

static bool fail_client(struct rewrap_client_result result, struct failure *failure)
{
    if (result.code == REWRAP_CLIENT_TOO_LARGE) {
        return fail(failure, EXIT_CODE_USAGE, "Parameter validation failed:\nThe request is too large");
    }
    bool has_errno = result.saved_errno != 0;
    return fail(failure, EXIT_CODE_OTHER, "No answer from the endpoint: %s%s%s", rewrap_client_code_text(result.code),
                has_errno ? ": " : "", has_errno ? strerror(result.saved_errno) : "");
}

static bool response_read(const ProtobufCMethodDescriptor *method, const json_t *request,
                          const Rewrap__Response *response, json_t **ret, struct failure *failure)
{
    if (response->result_case == REWRAP__RESPONSE__RESULT_ERROR) {
        return fail_service(method->name, request, response->error, failure);
    }
    ProtobufCMessage *message = NULL;
    struct proto_result result =
        proto_unpack(method->output, view_of(response->body.data, response->body.len), &message);
    if (result.code != PROTO_OK) {
        return fail(failure, EXIT_CODE_OTHER, "The answer is not a %sResponse: %s", method->name,
                    proto_code_text(result.code));
    }
    json_t *object = json_from_message(message);
    proto_free(message);
    if (object == NULL) {
        return fail_memory(failure);
    }
    *ret = object;
    return true;
}

bool call_once(struct rewrap_client *client, const ProtobufCMethodDescriptor *method, const json_t *request,
               uint32_t timeout_ms, json_t **ret, struct failure *failure)
{
    ProtobufCMessage *message = NULL;
    struct json_result made = json_to_message(method->input, request, JSON_STRICT_MEMBERS, &message);
    if (made.code != JSON_OK) {
        return fail_json(&made, failure);
    }
    Rewrap__Response *response = NULL;
    struct rewrap_client_result result = rewrap_client_call(client, method->name, message, timeout_ms, &response);
    proto_free(message);
    if (result.code != REWRAP_CLIENT_OK) {
        return fail_client(result, failure);
    }
    bool read = response_read(method, request, response, ret, failure);
    rewrap_client_response_free(response);
    return read;
}

/* ------------------------------------------------------------------ pages */

/* The member name of the answer's list, or false when it has none. */
static bool list_member(const ProtobufCMessageDescriptor *type, char out[JSON_MAX_NAME])
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (param_field_is_list(&type->fields[i])) {
            json_member_name(type->fields[i].name, out);
            return true;
        }
    }
    return false;
}

static const struct call_paging pagings[] = {
    {.limit = "Limit", .next_marker = "NextMarker", .truncated = "Truncated"},
    {.limit = "MaxItems", .next_marker = "Marker", .truncated = "IsTruncated"},
};

const struct call_paging *call_paging_of(const ProtobufCMethodDescriptor *method)
{
    char list[JSON_MAX_NAME];
    bool has_list = param_field(method->input, "Marker") != NULL && list_member(method->output, list);
    for (size_t i = 0; has_list && i < sizeof pagings / sizeof pagings[0]; i++) {
        if (param_field(method->input, pagings[i].limit) != NULL &&
            param_field(method->output, pagings[i].next_marker) != NULL &&
            param_field(method->output, pagings[i].truncated) != NULL) {
            return &pagings[i];
        }
    }
    return NULL;
}

/* Appends the page's elements; *ret_more says whether another page follows, for which the request is prepared. */
static bool page_add(const struct call_paging *paging, json_t *request, const json_t *page, const char *list,
                     json_t *all, bool *ret_more, struct failure *failure)
{
    json_t *elements = json_object_get(page, list);
    if (json_array_size(all) + json_array_size(elements) > CALL_MAX_ELEMENTS) {
        return fail(failure, EXIT_CODE_OTHER, "More than %d elements: ask for pages with --marker", CALL_MAX_ELEMENTS);
    }
    if (elements != NULL && json_array_extend(all, elements) != 0) {
        return fail_memory(failure);
    }
    json_t *marker = json_object_get(page, paging->next_marker);
    *ret_more = json_is_true(json_object_get(page, paging->truncated));
    if (!*ret_more) {
        return true;
    }
    if (json_string_length(marker) == 0 || json_equal(marker, json_object_get(request, "Marker"))) {
        return fail(failure, EXIT_CODE_OTHER, "The daemon says that more pages follow, and not where");
    }
    return json_object_set(request, "Marker", marker) == 0 || fail_memory(failure);
}

bool call_all_pages(struct rewrap_client *client, const ProtobufCMethodDescriptor *method, json_t *request,
                    uint32_t timeout_ms, json_t **ret, struct failure *failure)
{
    const struct call_paging *paging = call_paging_of(method);
    char list[JSON_MAX_NAME];
    json_t *all = list_member(method->output, list) ? json_array() : NULL;
    bool more = all != NULL;
    bool called = more || fail_memory(failure);
    while (called && more) {
        json_t *page = NULL;
        called = call_once(client, method, request, timeout_ms, &page, failure) &&
                 page_add(paging, request, page, list, all, &more, failure);
        json_decref(page);
    }
    json_t *result = called ? json_pack("{s:O}", list, all) : NULL;
    json_decref(all);
    if (result == NULL) {
        return called ? fail_memory(failure) : false;
    }
    *ret = result;
    return true;
}
