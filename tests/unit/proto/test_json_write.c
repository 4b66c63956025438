/* proto/json.h, writing: messages as JSON, and the skeletons of requests. */
#include "base/wipe.h"
#include "heap_witness.h"
#include "proto/json.h"
#include "proto/rewrap.pb-c.h"
#include "proto/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char text_a[] = "a";
static char text_b[] = "b";
static char text_empty[] = "";
static char not_utf8[] = "\xff";

static void check_printed(json_t *object, const char *expected)
{
    assert_non_null(object);
    char *text = json_dumps(object, JSON_COMPACT | JSON_PRINT_FLAGS);
    assert_non_null(text);
    assert_string_equal(text, expected);
    wiping_free(text);
    json_decref(object);
}

static void test_members_in_field_order(void **state)
{
    (void)state;
    uint8_t blob[] = {0, 1, 2, 0xff};
    Rewrap__ReEncryptResponse response = REWRAP__RE_ENCRYPT_RESPONSE__INIT;
    check_printed(json_from_message(&response.base), "{}");
    response.key_id = text_b;
    response.source_key_id = text_a;
    response.has_ciphertext_blob = 1;
    response.ciphertext_blob = (ProtobufCBinaryData){.len = sizeof blob, .data = blob};
    response.has_source_encryption_algorithm = 1;
    response.source_encryption_algorithm = REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SYMMETRIC_DEFAULT;
    check_printed(json_from_message(&response.base),
                  "{\"CiphertextBlob\":\"AAEC/w==\",\"SourceKeyId\":\"a\",\"KeyId\":\"b\","
                  "\"SourceEncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\"}");
}

static void test_metadata(void **state)
{
    (void)state;
    Rewrap__EncryptionAlgorithmSpec__Value algorithms[] = {REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SYMMETRIC_DEFAULT,
                                                           (Rewrap__EncryptionAlgorithmSpec__Value)77};
    Rewrap__Timestamp whole = REWRAP__TIMESTAMP__INIT;
    Rewrap__Timestamp fraction = REWRAP__TIMESTAMP__INIT;
    whole.seconds = 1700000000;
    fraction.seconds = 1700000000;
    fraction.nanos = 123000000;
    Rewrap__KeyMetadata metadata = REWRAP__KEY_METADATA__INIT;
    metadata.aws_account_id = text_a;
    metadata.creation_date = &fraction;
    metadata.has_enabled = 1;
    metadata.description = text_empty;
    metadata.deletion_date = &whole;
    metadata.n_encryption_algorithms = 2;
    metadata.encryption_algorithms = algorithms;
    metadata.has_pending_deletion_window_in_days = 1;
    metadata.pending_deletion_window_in_days = 30;
    metadata.has_protection_level = 1;
    metadata.protection_level = REWRAP__PROTECTION_LEVEL__VALUE__sealed;
    Rewrap__DescribeKeyResponse response = REWRAP__DESCRIBE_KEY_RESPONSE__INIT;
    response.key_metadata = &metadata;
    check_printed(json_from_message(&response.base),
                  "{\"KeyMetadata\":{\"AWSAccountId\":\"a\",\"CreationDate\":1700000000.123,\"Enabled\":false,"
                  "\"Description\":\"\","
                  "\"DeletionDate\":1700000000,\"EncryptionAlgorithms\":[\"SYMMETRIC_DEFAULT\",77],"
                  "\"PendingDeletionWindowInDays\":30,\"ProtectionLevel\":\"sealed\"}}");
}

static void test_maps_and_lists(void **state)
{
    (void)state;
    Rewrap__EncryptRequest__EncryptionContextEntry entry = REWRAP__ENCRYPT_REQUEST__ENCRYPTION_CONTEXT_ENTRY__INIT;
    Rewrap__EncryptRequest__EncryptionContextEntry bare = REWRAP__ENCRYPT_REQUEST__ENCRYPTION_CONTEXT_ENTRY__INIT;
    Rewrap__EncryptRequest__EncryptionContextEntry *entries[] = {&entry, &bare};
    char *tokens[] = {text_b, text_a};
    entry.key = text_b;
    entry.value = text_a;
    Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
    request.n_encryption_context = 2;
    request.encryption_context = entries;
    request.n_grant_tokens = 2;
    request.grant_tokens = tokens;
    check_printed(json_from_message(&request.base),
                  "{\"EncryptionContext\":{\"b\":\"a\",\"\":\"\"},\"GrantTokens\":[\"b\",\"a\"]}");
}

/* KMS.md: `aws kms list-keys` prints "Keys": [] for an account without keys. */
static void test_empty_lists(void **state)
{
    (void)state;
    Rewrap__ListKeysResponse keys = REWRAP__LIST_KEYS_RESPONSE__INIT;
    keys.has_truncated = 1;
    check_printed(json_from_message(&keys.base), "{\"Keys\":[],\"Truncated\":false}");
    Rewrap__ListAliasesResponse aliases = REWRAP__LIST_ALIASES_RESPONSE__INIT;
    check_printed(json_from_message(&aliases.base), "{\"Aliases\":[]}");
    Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
    check_printed(json_from_message(&request.base), "{}");
    Rewrap__KeyMetadata metadata = REWRAP__KEY_METADATA__INIT;
    check_printed(json_from_message(&metadata.base), "{}");
}

static void test_oneof_shows_what_is_set(void **state)
{
    (void)state;
    Rewrap__Error error = REWRAP__ERROR__INIT;
    error.code = text_a;
    Rewrap__Response response = REWRAP__RESPONSE__INIT;
    response.result_case = REWRAP__RESPONSE__RESULT_ERROR;
    response.error = &error;
    response.has_id = 1;
    response.id = UINT64_MAX;
    check_printed(json_from_message(&response.base), "{\"Id\":1.84467440737096e19,\"Error\":{\"Code\":\"a\"}}");
    response.id = 9;
    response.result_case = REWRAP__RESPONSE__RESULT_BODY;
    response.body = (ProtobufCBinaryData){.len = 0, .data = NULL};
    check_printed(json_from_message(&response.base), "{\"Id\":9,\"Body\":\"\"}");
}

static void test_text_that_is_not_utf8(void **state)
{
    (void)state;
    long before = heap_balance();
    Rewrap__DescribeKeyRequest request = REWRAP__DESCRIBE_KEY_REQUEST__INIT;
    request.key_id = not_utf8;
    assert_null(json_from_message(&request.base));
    assert_int_equal(heap_balance(), before);
}

/* KMS.md R-148 */
static void test_skeleton_of_re_encrypt(void **state)
{
    (void)state;
    check_printed(
        json_skeleton(&rewrap__re_encrypt_request__descriptor),
        "{\"CiphertextBlob\":null,\"SourceEncryptionContext\":{\"KeyName\":\"\"},\"SourceKeyId\":\"\","
        "\"DestinationKeyId\":\"\","
        "\"DestinationEncryptionContext\":{\"KeyName\":\"\"},\"SourceEncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\","
        "\"DestinationEncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\",\"GrantTokens\":[\"\"],\"DryRun\":false,"
        "\"DryRunModifiers\":[]}");
    check_printed(
        json_skeleton(&rewrap__create_key_request__descriptor),
        "{\"Policy\":\"\",\"Description\":\"\",\"KeyUsage\":\"ENCRYPT_DECRYPT\",\"CustomerMasterKeySpec\":\"SYMMETRIC_"
        "DEFAULT\","
        "\"KeySpec\":\"SYMMETRIC_DEFAULT\",\"Origin\":\"AWS_KMS\",\"CustomKeyStoreId\":\"\","
        "\"BypassPolicyLockoutSafetyCheck\":false,\"Tags\":[{\"TagKey\":\"\",\"TagValue\":\"\"}],\"MultiRegion\":false,"
        "\"XksKeyId\":\"\",\"Boundary\":\"SEALED\"}");
    check_printed(json_skeleton(&rewrap__list_keys_request__descriptor), "{\"Limit\":0,\"Marker\":\"\"}");
    check_printed(json_skeleton(&rewrap__delete_alias_response__descriptor), "{}");
}

/* A blob that is null and a list without elements are absent from the message, and from those within it. */
static void drop_absent(json_t *object)
{
    const char *name;
    json_t *value;
    void *next;
    for (size_t i = 0; i < json_array_size(object); i++) {
        drop_absent(json_array_get(object, i));
    }
    json_object_foreach_safe(object, next, name, value)
    {
        drop_absent(value);
        if (json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0)) {
            json_object_del(object, name);
        }
    }
}

static void check_skeleton(const ProtobufCMessageDescriptor *type)
{
    json_t *skeleton = json_skeleton(type);
    ProtobufCMessage *message = NULL;
    assert_non_null(skeleton);
    assert_int_equal(json_object_size(skeleton), type->n_fields);
    assert_int_equal(json_to_message(type, skeleton, JSON_STRICT_MEMBERS, &message).code, JSON_OK);
    json_t *again = json_from_message(message);
    drop_absent(skeleton);
    assert_true(json_equal(skeleton, again));
    json_decref(skeleton);
    json_decref(again);
    proto_free(message);
}

static void test_every_skeleton_is_a_message(void **state)
{
    (void)state;
    const ProtobufCMethodDescriptor *method;
    for (size_t i = 0; (method = service_method_at(i)) != NULL; i++) {
        check_skeleton(method->input);
        check_skeleton(method->output);
    }
}

static json_t *write_full_message(void *arg)
{
    return json_from_message(arg);
}

static json_t *write_skeleton(void *arg)
{
    return json_skeleton(arg);
}

static void walk_allocations(json_t *(*write)(void *arg), void *arg)
{
    size_t n = 0;
    for (bool failed = true; failed;) {
        long before = heap_balance();
        heap_fail_at(++n);
        json_t *object = write(arg);
        failed = heap_failed();
        heap_fail_at(0);
        assert_int_equal(object == NULL, failed);
        json_decref(object);
        assert_int_equal(heap_balance(), before);
    }
    assert_true(n > 20);
}

static void test_failed_allocations_leave_nothing(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *types[] = {&rewrap__create_key_request__descriptor,
                                                 &rewrap__re_encrypt_request__descriptor,
                                                 &rewrap__describe_key_response__descriptor};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        walk_allocations(write_skeleton, (void *)(uintptr_t)types[i]);
        json_t *skeleton = json_skeleton(types[i]);
        ProtobufCMessage *message = NULL;
        assert_int_equal(json_to_message(types[i], skeleton, 0, &message).code, JSON_OK);
        walk_allocations(write_full_message, message);
        json_decref(skeleton);
        proto_free(message);
    }
}

int main(void)
{
    json_use_wiping_memory();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_in_field_order),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_maps_and_lists),
        cmocka_unit_test(test_empty_lists),
        cmocka_unit_test(test_oneof_shows_what_is_set),
        cmocka_unit_test(test_text_that_is_not_utf8),
        cmocka_unit_test(test_skeleton_of_re_encrypt),
        cmocka_unit_test(test_every_skeleton_is_a_message),
        cmocka_unit_test(test_failed_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
