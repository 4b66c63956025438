/* proto/message.h: packing and unpacking, their limits, and what is left when memory ends. */
#include "base/wipe.h"
#include "heap_witness.h"
#include "proto/frame.h"
#include "proto/message.h"
#include "proto/rewrap.pb-c.h"
#include "proto/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static char token_one[] = "token one";
static char token_two[] = "token two";
static char *tokens[] = {token_one, token_two};
static char some_value[] = "value";
static char some_alias[] = "alias/new";
static char some_operation[] = "ListKeys";
static Rewrap__DryRunModifierType__Value modifiers[] = {REWRAP__DRY_RUN_MODIFIER_TYPE__VALUE__IGNORE_CIPHERTEXT};
static Rewrap__ReEncryptRequest__SourceEncryptionContextEntry entries[20];
static Rewrap__ReEncryptRequest__SourceEncryptionContextEntry *entry_pointers[20];
static char entry_keys[20][16];
static uint8_t ciphertext[100] = {1, 2, 3};

static Rewrap__ReEncryptRequest sample(void)
{
    Rewrap__ReEncryptRequest request = REWRAP__RE_ENCRYPT_REQUEST__INIT;
    for (size_t i = 0; i < 20; i++) {
        rewrap__re_encrypt_request__source_encryption_context_entry__init(&entries[i]);
        snprintf(entry_keys[i], sizeof entry_keys[i], "key %zu", i);
        entries[i].key = entry_keys[i];
        entries[i].value = some_value;
        entry_pointers[i] = &entries[i];
    }
    request.has_ciphertext_blob = 1;
    request.ciphertext_blob = (ProtobufCBinaryData){.len = sizeof ciphertext, .data = ciphertext};
    request.n_source_encryption_context = 20;
    request.source_encryption_context = entry_pointers;
    request.destination_key_id = some_alias;
    request.n_grant_tokens = 2;
    request.grant_tokens = tokens;
    request.n_dry_run_modifiers = 1;
    request.dry_run_modifiers = modifiers;
    request.has_dry_run = 1;
    request.dry_run = 0;
    return request;
}

static struct buffer pack(const ProtobufCMessage *message)
{
    struct buffer out = BUFFER_INIT(1 << 20);
    assert_int_equal(proto_pack(message, &out).code, PROTO_OK);
    return out;
}

static void test_round_trip(void **state)
{
    (void)state;
    Rewrap__ReEncryptRequest request = sample();
    struct buffer packed = pack(&request.base);
    ProtobufCMessage *message = NULL;
    struct proto_result result = proto_unpack(&rewrap__re_encrypt_request__descriptor, buffer_view(&packed), &message);
    assert_int_equal(result.code, PROTO_OK);
    assert_null(result.field);
    buffer_clear(&packed); /* the message owns copies */

    Rewrap__ReEncryptRequest *got = (Rewrap__ReEncryptRequest *)message;
    assert_int_equal(got->ciphertext_blob.len, sizeof ciphertext);
    assert_memory_equal(got->ciphertext_blob.data, ciphertext, sizeof ciphertext);
    assert_int_equal(got->n_source_encryption_context, 20);
    assert_string_equal(got->source_encryption_context[19]->key, "key 19");
    assert_string_equal(got->source_encryption_context[19]->value, "value");
    assert_null(got->source_key_id);
    assert_string_equal(got->destination_key_id, "alias/new");
    assert_int_equal(got->n_grant_tokens, 2);
    assert_string_equal(got->grant_tokens[1], "token two");
    assert_int_equal(got->dry_run_modifiers[0], REWRAP__DRY_RUN_MODIFIER_TYPE__VALUE__IGNORE_CIPHERTEXT);
    assert_true(got->has_dry_run);
    assert_false(got->dry_run);
    assert_false(got->has_source_encryption_algorithm);
    proto_free(message);
    proto_free(NULL);
}

static void test_every_type_without_fields(void **state)
{
    (void)state;
    const ProtobufCMethodDescriptor *method;
    for (size_t i = 0; (method = service_method_at(i)) != NULL; i++) {
        ProtobufCMessage *message = NULL;
        assert_int_equal(proto_unpack(method->input, view_of(NULL, 0), &message).code, PROTO_OK);
        struct buffer packed = pack(message);
        assert_int_equal(packed.len, 0);
        buffer_clear(&packed);
        proto_free(message);
    }
}

static void test_service(void **state)
{
    (void)state;
    const ProtobufCMethodDescriptor *method = service_method("ReEncrypt");
    assert_non_null(method);
    assert_ptr_equal(method, service_method_at(0));
    assert_ptr_equal(method->input, &rewrap__re_encrypt_request__descriptor);
    assert_ptr_equal(method->output, &rewrap__re_encrypt_response__descriptor);
    static const char *const unknown[] = {"",         "reencrypt", "ReEncrypt ",          "ReEncryptX",
                                          "ReEncryp", "Sign",      "rewrap.KeyManagement"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_null(service_method(unknown[i]));
    }
    size_t n = 0;
    while ((method = service_method_at(n)) != NULL) {
        assert_ptr_equal(service_method(method->name), method); /* no two services have an rpc of one name */
        n++;
    }
    const ProtobufCServiceDescriptor *service;
    for (size_t i = 0; (service = service_at(i)) != NULL; i++) {
        n -= service->n_methods;
    }
    assert_int_equal(n, 0);
    assert_null(service_method_at(SIZE_MAX));
}

/* A map entry may leave out what is empty (protobuf encoding guide): the reader sees the empty string, never NULL. */
static void test_partial_map_entries_are_completed(void **state)
{
    (void)state;
    static const uint8_t wire[] = {0x12, 0x00, 0x12, 0x03, 0x0a, 0x01, 'k', 0x2a, 0x03, 0x12, 0x01, 'v'};
    ProtobufCMessage *message = NULL;
    assert_int_equal(proto_unpack(&rewrap__re_encrypt_request__descriptor, view_of(wire, sizeof wire), &message).code,
                     PROTO_OK);
    Rewrap__ReEncryptRequest *got = (Rewrap__ReEncryptRequest *)message;
    assert_int_equal(got->n_source_encryption_context, 2);
    assert_string_equal(got->source_encryption_context[0]->key, "");
    assert_string_equal(got->source_encryption_context[0]->value, "");
    assert_string_equal(got->source_encryption_context[1]->key, "k");
    assert_string_equal(got->source_encryption_context[1]->value, "");
    assert_string_equal(got->destination_encryption_context[0]->key, "");
    assert_string_equal(got->destination_encryption_context[0]->value, "v");
    proto_free(message);
}

static void test_unknown_fields_are_ignored(void **state)
{
    (void)state;
    static const uint8_t wire[] = {0xc2, 0x3e, 0x03, 'n', 'e', 'w', 0xc8, 0x3e, 0x05, 0x1a, 0x01, 'k'};
    ProtobufCMessage *message = NULL;
    assert_int_equal(proto_unpack(&rewrap__re_encrypt_request__descriptor, view_of(wire, sizeof wire), &message).code,
                     PROTO_OK);
    assert_string_equal(((Rewrap__ReEncryptRequest *)message)->source_key_id, "k");
    proto_free(message);
}

/* Small on the wire, large in memory: lists of elements that take two bytes each. */
static void test_memory_is_bounded(void **state)
{
    (void)state;
    struct buffer wire = BUFFER_INIT(1 << 20);
    for (size_t i = 0; i < 100000; i++) { /* two bytes of an unknown field */
        assert_true(buffer_append_u16(&wire, 0x7801));
    }
    ProtobufCMessage *message = NULL;
    assert_int_equal(proto_unpack(&rewrap__list_keys_request__descriptor, buffer_view(&wire), &message).code,
                     PROTO_TOO_MANY);
    buffer_reset(&wire);

    /* One string as large as a message may be, twice over */
    struct buffer huge = BUFFER_INIT(2 * PROTO_MAX_MESSAGE_BYTES);
    assert_true(buffer_append(&huge, "\x12\x80\x80\x80\x04", 5)); /* marker, 8 MiB */
    assert_true(buffer_reserve(&huge, PROTO_MAX_MESSAGE_BYTES));
    memset(huge.data + huge.len, 'x', PROTO_MAX_MESSAGE_BYTES);
    huge.len += PROTO_MAX_MESSAGE_BYTES;
    assert_int_equal(proto_unpack(&rewrap__list_keys_request__descriptor, buffer_view(&huge), &message).code,
                     PROTO_TOO_LARGE);
    assert_null(message);
    buffer_clear(&huge);
    buffer_clear(&wire);
}

/* The n-th allocation fails, for every n: an error each time, and nothing is left. */
static void test_failed_allocations_leave_nothing(void **state)
{
    (void)state;
    Rewrap__ReEncryptRequest request = sample();
    struct buffer packed = pack(&request.base);
    size_t n = 0;
    for (bool failed = true; failed;) {
        long before = heap_balance();
        ProtobufCMessage *message = NULL;
        heap_fail_at(++n);
        struct proto_result result =
            proto_unpack(&rewrap__re_encrypt_request__descriptor, buffer_view(&packed), &message);
        failed = heap_failed();
        heap_fail_at(0);
        assert_int_equal(result.code, failed ? PROTO_NO_MEMORY : PROTO_OK);
        assert_int_equal(message == NULL, failed);
        proto_free(message);
        assert_int_equal(heap_balance(), before);
    }
    assert_true(n > 40); /* the walk did reach the entries */
    buffer_clear(&packed);
}

static void test_failed_completion_leaves_nothing(void **state)
{
    (void)state;
    static const uint8_t wire[] = {0x12, 0x00, 0x2a, 0x00};
    for (bool failed = true; failed;) {
        static size_t n;
        long before = heap_balance();
        ProtobufCMessage *message = NULL;
        heap_fail_at(++n);
        struct proto_result result =
            proto_unpack(&rewrap__re_encrypt_request__descriptor, view_of(wire, sizeof wire), &message);
        failed = heap_failed();
        heap_fail_at(0);
        assert_int_equal(result.code, failed ? PROTO_NO_MEMORY : PROTO_OK);
        proto_free(message);
        assert_int_equal(heap_balance(), before);
    }
}

static void test_free_erases(void **state)
{
    (void)state;
    Rewrap__ReEncryptRequest request = sample();
    struct buffer packed = pack(&request.base);
    ProtobufCMessage *message = NULL;
    heap_watch_frees();
    assert_int_equal(proto_unpack(&rewrap__re_encrypt_request__descriptor, buffer_view(&packed), &message).code,
                     PROTO_OK);
    proto_free(message);
    buffer_clear(&packed);
    assert_true(heap_frees_were_clean());
}

static void test_pack_keeps_to_the_maximum(void **state)
{
    (void)state;
    Rewrap__ReEncryptRequest request = sample();
    struct buffer packed = pack(&request.base);
    size_t size = packed.len;
    buffer_clear(&packed);

    struct buffer tight = BUFFER_INIT(size + 2);
    assert_true(buffer_append(&tight, "abc", 3));
    assert_int_equal(proto_pack(&request.base, &tight).code, PROTO_TOO_LARGE);
    assert_true(view_equal(buffer_view(&tight), view_of_string("abc")));
    buffer_consume(&tight, 1);
    heap_fail_at(1);
    assert_int_equal(proto_pack(&request.base, &tight).code, PROTO_NO_MEMORY);
    heap_fail_at(0);
    assert_true(view_equal(buffer_view(&tight), view_of_string("bc")));
    assert_int_equal(proto_pack(&request.base, &tight).code, PROTO_OK);
    assert_int_equal(tight.len, size + 2);
    assert_memory_equal(tight.data, "bc", 2);
    buffer_clear(&tight);
}

static void test_pack_frame(void **state)
{
    (void)state;
    Rewrap__Request request = REWRAP__REQUEST__INIT;
    struct buffer out = BUFFER_INIT(2 * FRAME_MAX_BYTES);
    assert_int_equal(proto_pack_frame(&request.base, &out).code, PROTO_MALFORMED); /* nothing to frame */
    assert_int_equal(out.len, 0);

    request.operation = some_operation;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(proto_pack_frame(&request.base, &out).code, PROTO_OK);
    }
    struct view message;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(frame_next(buffer_view(&out), &message), FRAME_COMPLETE);
        assert_int_equal(message.len, 10);
        buffer_consume(&out, FRAME_HEADER_BYTES + message.len);
    }
    assert_int_equal(out.len, 0);
    buffer_clear(&out);
}

static void test_pack_frame_at_its_limit(void **state)
{
    (void)state;
    uint8_t *body = wiping_malloc(FRAME_MAX_BYTES);
    assert_non_null(body);
    memset(body, 0, FRAME_MAX_BYTES);
    Rewrap__Request request = REWRAP__REQUEST__INIT;
    request.has_body = 1;
    request.body =
        (ProtobufCBinaryData){.len = FRAME_MAX_BYTES - 4, .data = body}; /* a tag and three bytes of length */
    struct buffer out = BUFFER_INIT(2 * FRAME_MAX_BYTES);
    assert_int_equal(proto_pack_frame(&request.base, &out).code, PROTO_OK);
    assert_int_equal(out.len, FRAME_HEADER_BYTES + FRAME_MAX_BYTES);
    request.body.len++;
    assert_int_equal(proto_pack_frame(&request.base, &out).code, PROTO_TOO_LARGE);
    assert_int_equal(out.len, FRAME_HEADER_BYTES + FRAME_MAX_BYTES);
    request.body.len = FRAME_MAX_BYTES - 8; /* small enough for a frame, too large for what is left of the buffer */
    assert_int_equal(proto_pack_frame(&request.base, &out).code, PROTO_TOO_LARGE);
    buffer_clear(&out);
    wiping_free(body);
}

static void test_every_code_has_a_text(void **state)
{
    (void)state;
    for (int code = PROTO_OK; code <= PROTO_NO_MEMORY; code++) {
        assert_string_not_equal(proto_code_text((enum proto_code)code), "unknown");
    }
    assert_string_equal(proto_code_text((enum proto_code)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_type_without_fields),
        cmocka_unit_test(test_service),
        cmocka_unit_test(test_partial_map_entries_are_completed),
        cmocka_unit_test(test_unknown_fields_are_ignored),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_failed_allocations_leave_nothing),
        cmocka_unit_test(test_failed_completion_leaves_nothing),
        cmocka_unit_test(test_free_erases),
        cmocka_unit_test(test_pack_keeps_to_the_maximum),
        cmocka_unit_test(test_pack_frame),
        cmocka_unit_test(test_pack_frame_at_its_limit),
        cmocka_unit_test(test_every_code_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
