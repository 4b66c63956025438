/* Calling operations and looking at their answers; see fixture.h. */
#include "fixture.h"

#include "proto/message.h"
#include "proto/service.h"

#include <stdio.h>

static void on_done(void *arg, const struct operation_error *error, struct view body)
{
    struct reply *reply = arg;
    assert_false(reply->done); /* exactly once */
    reply->done = true;
    if (error != NULL) {
        assert_int_equal(body.len, 0);
        reply->code = error->code;
        reply->message = error->message == NULL ? NULL : strdup(error->message);
        reply->retryable = error->retryable;
        return;
    }
    assert_int_equal(proto_unpack(reply->type, body, &reply->body).code, PROTO_OK);
}

struct operation *fixture_start(struct fixture *fixture, const char *operation, const ProtobufCMessage *request,
                                struct reply *reply)
{
    struct buffer packed = BUFFER_INIT(8 * 1024 * 1024);
    assert_int_equal(proto_pack(request, &packed).code, PROTO_OK);
    const ProtobufCMethodDescriptor *method = service_method(operation);
    *reply = (struct reply){.type = method == NULL ? NULL : method->output};
    struct operation_caller caller = {.principal = fixture->principal, .peer = "uid 1000, gid 1000"};
    struct operation *started = operation_start(&fixture->operations, &caller, operation, buffer_view(&packed),
                                                fixture->timeout_ms, on_done, reply);
    assert_int_equal(started == NULL, reply->done);
    buffer_clear(&packed); /* nothing of it may be needed any more: it is erased */
    return started;
}

void fixture_call(struct fixture *fixture, const char *operation, const ProtobufCMessage *request, struct reply *reply)
{
    fixture_start(fixture, operation, request, reply);
    fixture_wait(fixture, reply);
}

void reply_clear(struct reply *reply)
{
    free(reply->message);
    proto_free(reply->body);
    *reply = (struct reply){0};
}

void assert_error(struct fixture *fixture, const char *operation, const ProtobufCMessage *request, const char *code,
                  const char *message)
{
    struct reply reply;
    fixture_call(fixture, operation, request, &reply);
    if (reply.code == NULL) {
        fail_msg("%s succeeded, wanted %s", operation, code);
    }
    if (strcmp(reply.code, code) != 0) {
        fail_msg("%s answered %s (%s), wanted %s", operation, reply.code, reply.message == NULL ? "" : reply.message,
                 code);
    }
    if (message == NULL) {
        assert_null(reply.message);
    } else {
        assert_non_null(reply.message);
        assert_string_equal(reply.message, message);
    }
    reply_clear(&reply);
}

void assert_success(struct fixture *fixture, const char *operation, const ProtobufCMessage *request,
                    struct reply *reply)
{
    fixture_call(fixture, operation, request, reply);
    if (reply->code != NULL) {
        fail_msg("%s answered %s: %s", operation, reply->code, reply->message == NULL ? "" : reply->message);
    }
}

ProtobufCBinaryData fixture_encrypt(struct fixture *fixture, const struct fixture_key *key, const char *plaintext,
                                    const char *context_key, const char *context_value)
{
    Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
    Rewrap__EncryptRequest__EncryptionContextEntry entry = REWRAP__ENCRYPT_REQUEST__ENCRYPTION_CONTEXT_ENTRY__INIT;
    Rewrap__EncryptRequest__EncryptionContextEntry *entries[] = {&entry};
    char arn[128];
    snprintf(arn, sizeof arn, "%s", key->arn);
    request.key_id = arn;
    request.has_plaintext = true;
    request.plaintext = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)plaintext, .len = strlen(plaintext)};
    if (context_key != NULL) {
        entry.key = (char *)(uintptr_t)context_key;
        entry.value = (char *)(uintptr_t)context_value;
        request.n_encryption_context = 1;
        request.encryption_context = entries;
    }
    struct reply reply;
    assert_success(fixture, "Encrypt", &request.base, &reply);
    const Rewrap__EncryptResponse *response = (const Rewrap__EncryptResponse *)reply.body;
    ProtobufCBinaryData blob = {.data = malloc(response->ciphertext_blob.len), .len = response->ciphertext_blob.len};
    assert_non_null(blob.data);
    memcpy(blob.data, response->ciphertext_blob.data, blob.len);
    reply_clear(&reply);
    return blob;
}

/* ------------------------------------------------------------------ texts */

char *repeated(char c, size_t n)
{
    char *made = malloc(n + 1);
    assert_non_null(made);
    memset(made, c, n);
    made[n] = '\0';
    return made;
}

const char *text(const char *format, ...)
{
    static char buffers[8][4096];
    static unsigned next;
    char *buffer = buffers[next++ % COUNT(buffers)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(buffer, sizeof buffers[0], format, arguments);
    va_end(arguments);
    return buffer;
}

size_t fixture_count_throttled(struct fixture *fixture, struct reply *replies, size_t n)
{
    size_t throttled = 0;
    for (size_t i = 0; i < n; i++) {
        fixture_wait(fixture, &replies[i]);
        throttled += replies[i].code != NULL;
        if (replies[i].code != NULL) {
            assert_string_equal(replies[i].code, "ThrottlingException");
            assert_true(replies[i].retryable);
        }
        reply_clear(&replies[i]);
    }
    return throttled;
}

void fixture_wait_for_successes(struct fixture *fixture, struct reply *replies, size_t n)
{
    assert_int_equal(fixture_count_throttled(fixture, replies, n), 0);
}
