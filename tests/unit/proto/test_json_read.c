/* proto/json.h, reading: each type of member, each failure and where it is said to be, and the limits. */
#include "base/wipe.h"
#include "heap_witness.h"
#include "proto/json.h"
#include "proto/rewrap.pb-c.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct json_result read_with(const ProtobufCMessageDescriptor *type, const char *text, unsigned flags,
                                    ProtobufCMessage **ret)
{
    return json_parse_message(type, view_of_string(text), flags, ret);
}

/* By way of a json_t, as programs do that change the object in between. */
static struct json_result read_by_object(const ProtobufCMessageDescriptor *type, const char *text,
                                         ProtobufCMessage **ret)
{
    json_t *object = NULL;
    struct json_result result = json_parse_object(view_of_string(text), &object);
    if (result.code == JSON_OK) {
        result = json_to_message(type, object, 0, ret);
        json_decref(object);
    }
    return result;
}

static void test_reads_every_kind(void **state)
{
    (void)state;
    ProtobufCMessage *message = NULL;
    struct json_result result =
        read_with(&rewrap__re_encrypt_request__descriptor,
                  "{\"CiphertextBlob\":\"AAEC\",\"SourceEncryptionContext\":{\"b\":\"2\",\"a\":\"\"},"
                  "\"DestinationKeyId\":\"alias/\\u00e9\",\"SourceEncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\","
                  "\"GrantTokens\":[\"x\",\"y\"],\"DryRun\":false,\"DryRunModifiers\":[\"IGNORE_CIPHERTEXT\"],"
                  "\"SourceKeyId\":null,\"Unheard\":{\"of\":[]}}",
                  0, &message);
    assert_int_equal(result.code, JSON_OK);
    assert_string_equal(result.path, "");
    Rewrap__ReEncryptRequest *got = (Rewrap__ReEncryptRequest *)message;
    assert_true(got->has_ciphertext_blob);
    assert_int_equal(got->ciphertext_blob.len, 3);
    assert_memory_equal(got->ciphertext_blob.data, "\0\1\2", 3);
    assert_int_equal(got->n_source_encryption_context, 2);
    assert_string_equal(got->source_encryption_context[0]->key, "b");
    assert_string_equal(got->source_encryption_context[1]->value, "");
    assert_null(got->source_key_id);
    assert_string_equal(got->destination_key_id, "alias/\xc3\xa9");
    assert_true(got->has_source_encryption_algorithm);
    assert_int_equal(got->source_encryption_algorithm, REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SYMMETRIC_DEFAULT);
    assert_false(got->has_destination_encryption_algorithm);
    assert_int_equal(got->n_grant_tokens, 2);
    assert_string_equal(got->grant_tokens[1], "y");
    assert_true(got->has_dry_run);
    assert_false(got->dry_run);
    assert_int_equal(got->n_dry_run_modifiers, 1);
    proto_free(message);
}

static void test_empty_values(void **state)
{
    (void)state;
    ProtobufCMessage *message = NULL;
    assert_int_equal(
        read_with(&rewrap__re_encrypt_request__descriptor,
                  "{\"CiphertextBlob\":\"\",\"SourceKeyId\":\"\",\"GrantTokens\":[],\"SourceEncryptionContext\":{}}", 0,
                  &message)
            .code,
        JSON_OK);
    Rewrap__ReEncryptRequest *got = (Rewrap__ReEncryptRequest *)message;
    assert_true(got->has_ciphertext_blob); /* given, and empty: not the same as absent */
    assert_int_equal(got->ciphertext_blob.len, 0);
    assert_string_equal(got->source_key_id, "");
    assert_int_equal(got->n_grant_tokens, 0);
    assert_int_equal(got->n_source_encryption_context, 0);
    proto_free(message);
    assert_int_equal(read_with(&rewrap__re_encrypt_request__descriptor, " {\n} ", 0, &message).code, JSON_OK);
    proto_free(message);
}

static void test_nested_objects_and_timestamps(void **state)
{
    (void)state;
    ProtobufCMessage *message = NULL;
    assert_int_equal(
        read_with(&rewrap__create_key_request__descriptor,
                  "{\"Tags\":[{\"TagKey\":\"k\",\"TagValue\":\"v\"},{\"TagKey\":\"k2\"}],\"Boundary\":\"OPEN\"}", 0,
                  &message)
            .code,
        JSON_OK);
    Rewrap__CreateKeyRequest *created = (Rewrap__CreateKeyRequest *)message;
    assert_int_equal(created->n_tags, 2);
    assert_string_equal(created->tags[0]->tag_value, "v");
    assert_null(created->tags[1]->tag_value);
    assert_int_equal(created->boundary, REWRAP__BOUNDARY_TYPE__VALUE__OPEN);
    proto_free(message);

    static const struct {
        const char *number;
        int64_t seconds;
        int32_t nanos;
    } times[] = {
        {"1700000000", 1700000000, 0},
        {"1700000000.123", 1700000000, 123000000},
        {"1.7E9", 1700000000, 0},
        {"0", 0, 0},
        {"-0", 0, 0},
        {"-0.25", -1, 750000000},
        {"0.9999999", 1, 0},
        {"253402300799", 253402300799, 0},
        {"-62135596800", -62135596800, 0},
        {"1700000000.000001", 1700000000, 1000},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "{\"KeyMetadata\":{\"CreationDate\":%s}}", times[i].number);
        for (int by_object = 0; by_object < 2; by_object++) {
            struct json_result result = by_object
                                            ? read_by_object(&rewrap__describe_key_response__descriptor, text, &message)
                                            : read_with(&rewrap__describe_key_response__descriptor, text, 0, &message);
            assert_int_equal(result.code, JSON_OK);
            Rewrap__Timestamp *date = ((Rewrap__DescribeKeyResponse *)message)->key_metadata->creation_date;
            assert_true(date->seconds == times[i].seconds);
            assert_int_equal(date->nanos, times[i].nanos);
            proto_free(message);
        }
    }
}

/* KMS.md R-5: numbers and booleans in an encryption context are taken by their literal text. */
static void test_literals_in_maps(void **state)
{
    (void)state;
    static const struct {
        const char *literal;
        const char *by_object; /* what is left of it in a json_t; NULL when that cannot hold it */
    } cases[] = {
        {"1", "1"},
        {"-17", "-17"},
        {"0", "0"},
        {"true", "true"},
        {"false", "false"},
        {"1.5", "1.5"},
        {"0.1", "0.1"},
        {"1.0", "1.0"},
        {"1.50", "1.5"},
        {"1e3", "1000.0"},
        {"-0", "0"},
        {"-0.0", "-0.0"},
        {"1E+2", "100.0"},
        {"1e300", "1e+300"},
        {"1e999", NULL},
        {"18446744073709551616", NULL},
        {"9223372036854775807", "9223372036854775807"},
        {"999999999999999999", "999999999999999999"},
        {"3.141592653589793238", "3.141592653589793"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "{\"EncryptionContext\": {\"n\" :%s }}", cases[i].literal);
        ProtobufCMessage *message = NULL;
        assert_int_equal(read_with(&rewrap__encrypt_request__descriptor, text, 0, &message).code, JSON_OK);
        assert_string_equal(((Rewrap__EncryptRequest *)message)->encryption_context[0]->value, cases[i].literal);
        proto_free(message);
        message = NULL;
        struct json_result result = read_by_object(&rewrap__encrypt_request__descriptor, text, &message);
        if (cases[i].by_object == NULL) {
            assert_int_equal(result.code, JSON_OUT_OF_RANGE);
            assert_null(message);
            continue;
        }
        assert_int_equal(result.code, JSON_OK);
        char *value = ((Rewrap__EncryptRequest *)message)->encryption_context[0]->value;
        if (strcmp(cases[i].literal, "1e3") == 0 || strcmp(cases[i].literal, "1E+2") == 0) {
            assert_true(strtod(value, NULL) == strtod(cases[i].literal, NULL));
        } else {
            assert_string_equal(value, cases[i].by_object);
        }
        proto_free(message);
    }
}

/* Digits inside strings and keys are not literals. */
static void test_strings_keep_their_digits(void **state)
{
    (void)state;
    ProtobufCMessage *message = NULL;
    assert_int_equal(read_with(&rewrap__encrypt_request__descriptor,
                               "{\"EncryptionContext\":{\"1.50\":\"2.50\",\"\\\"1.50\\\\\":\"\\\\u0000 1e3\"}}", 0,
                               &message)
                         .code,
                     JSON_OK);
    Rewrap__EncryptRequest *got = (Rewrap__EncryptRequest *)message;
    assert_string_equal(got->encryption_context[0]->key, "1.50");
    assert_string_equal(got->encryption_context[0]->value, "2.50");
    assert_string_equal(got->encryption_context[1]->key, "\"1.50\\");
    assert_string_equal(got->encryption_context[1]->value, "\\u0000 1e3");
    proto_free(message);
}

static const struct refusal {
    const ProtobufCMessageDescriptor *type;
    const char *text;
    enum json_code code;
    const char *path;
    const char *value;
} refusals[] = {
    {&rewrap__re_encrypt_request__descriptor, "{\"SourceEncryptionAlgorithm\":\"FOO\"}", JSON_UNKNOWN_VALUE,
     "sourceEncryptionAlgorithm", "FOO"},
    {&rewrap__re_encrypt_request__descriptor, "{\"SourceEncryptionAlgorithm\":\"\"}", JSON_UNKNOWN_VALUE,
     "sourceEncryptionAlgorithm", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"SourceEncryptionAlgorithm\":\"symmetric_default\"}",
     JSON_UNKNOWN_VALUE, "sourceEncryptionAlgorithm", "symmetric_default"},
    {&rewrap__re_encrypt_request__descriptor, "{\"DryRunModifiers\":[\"IGNORE_CIPHERTEXT\",\"X\"]}", JSON_UNKNOWN_VALUE,
     "dryRunModifiers.2.member", "X"},
    {&rewrap__re_encrypt_request__descriptor, "{\"SourceEncryptionAlgorithm\":4}", JSON_WRONG_TYPE,
     "sourceEncryptionAlgorithm", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"SourceEncryptionAlgorithm\":4.5}", JSON_WRONG_TYPE,
     "sourceEncryptionAlgorithm", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"CiphertextBlob\":\"Zg=\"}", JSON_BAD_BASE64, "ciphertextBlob", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"CiphertextBlob\":\"Zm9v\\n\"}", JSON_BAD_BASE64, "ciphertextBlob",
     ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"CiphertextBlob\":\"Zm-_\"}", JSON_BAD_BASE64, "ciphertextBlob", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"CiphertextBlob\":1.50}", JSON_WRONG_TYPE, "ciphertextBlob", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"CiphertextBlob\":[]}", JSON_WRONG_TYPE, "ciphertextBlob", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"SourceKeyId\":1}", JSON_WRONG_TYPE, "sourceKeyId", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"SourceKeyId\":1.50}", JSON_WRONG_TYPE, "sourceKeyId", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"DryRun\":\"true\"}", JSON_WRONG_TYPE, "dryRun", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"DryRun\":1}", JSON_WRONG_TYPE, "dryRun", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"GrantTokens\":\"x\"}", JSON_WRONG_TYPE, "grantTokens", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"GrantTokens\":{}}", JSON_WRONG_TYPE, "grantTokens", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"GrantTokens\":[\"x\",null]}", JSON_WRONG_TYPE, "grantTokens.2.member",
     ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"SourceEncryptionContext\":[]}", JSON_WRONG_TYPE,
     "sourceEncryptionContext", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"SourceEncryptionContext\":{\"a\":[]}}", JSON_WRONG_TYPE,
     "sourceEncryptionContext", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"SourceEncryptionContext\":{\"a\":{}}}", JSON_WRONG_TYPE,
     "sourceEncryptionContext", ""},
    {&rewrap__re_encrypt_request__descriptor, "{\"SourceEncryptionContext\":{\"a\":null}}", JSON_WRONG_TYPE,
     "sourceEncryptionContext", ""},
    {&rewrap__create_key_request__descriptor, "{\"Tags\":[{\"TagKey\":\"a\"},{\"TagKey\":true}]}", JSON_WRONG_TYPE,
     "tags.2.member.tagKey", ""},
    {&rewrap__create_key_request__descriptor, "{\"Tags\":[[]]}", JSON_WRONG_TYPE, "tags.1.member", ""},
    {&rewrap__describe_key_response__descriptor, "{\"KeyMetadata\":{\"CreationDate\":\"2024-01-01\"}}", JSON_WRONG_TYPE,
     "keyMetadata.creationDate", ""},
    {&rewrap__describe_key_response__descriptor, "{\"KeyMetadata\":{\"CreationDate\":1e300}}", JSON_OUT_OF_RANGE,
     "keyMetadata.creationDate", ""},
    {&rewrap__describe_key_response__descriptor, "{\"KeyMetadata\":{\"CreationDate\":253402300800}}", JSON_OUT_OF_RANGE,
     "keyMetadata.creationDate", ""},
    {&rewrap__describe_key_response__descriptor, "{\"KeyMetadata\":{\"PendingDeletionWindowInDays\":-1}}",
     JSON_OUT_OF_RANGE, "keyMetadata.pendingDeletionWindowInDays", ""},
    {&rewrap__describe_key_response__descriptor, "{\"KeyMetadata\":{\"PendingDeletionWindowInDays\":4294967296}}",
     JSON_OUT_OF_RANGE, "keyMetadata.pendingDeletionWindowInDays", ""},
    {&rewrap__describe_key_response__descriptor, "{\"KeyMetadata\":7}", JSON_WRONG_TYPE, "keyMetadata", ""},
    {&rewrap__list_keys_request__descriptor, "{\"Limit\":2147483648}", JSON_OUT_OF_RANGE, "limit", ""},
    {&rewrap__list_keys_request__descriptor, "{\"Limit\":-2147483649}", JSON_OUT_OF_RANGE, "limit", ""},
    {&rewrap__list_keys_request__descriptor, "{\"Limit\":18446744073709551617}", JSON_OUT_OF_RANGE, "limit", ""},
    {&rewrap__list_keys_request__descriptor, "{\"Limit\":1.0}", JSON_WRONG_TYPE, "limit", ""},
    {&rewrap__list_keys_request__descriptor, "{\"Limit\":\"1\"}", JSON_WRONG_TYPE, "limit", ""},
    {&rewrap__response__descriptor, "{\"Body\":\"\",\"Error\":{}}", JSON_WRONG_TYPE, "error", ""}, /* one of them */
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *refusal = &refusals[i];
        long before = heap_balance();
        ProtobufCMessage *message = NULL;
        struct json_result result = read_with(refusal->type, refusal->text, 0, &message);
        if (result.code != refusal->code) {
            fail_msg("%s: code %d", refusal->text, (int)result.code);
        }
        assert_string_equal(result.path, refusal->path);
        assert_string_equal(result.value, refusal->value);
        assert_int_equal(result.value_set != NULL, refusal->code == JSON_UNKNOWN_VALUE);
        assert_null(message);
        assert_int_equal(heap_balance(), before);
    }
}

static void test_value_set_is_that_of_the_member(void **state)
{
    (void)state;
    ProtobufCMessage *message = NULL;
    struct json_result result =
        read_with(&rewrap__create_key_request__descriptor, "{\"KeySpec\":\"AES_256\"}", 0, &message);
    assert_int_equal(result.code, JSON_UNKNOWN_VALUE);
    assert_ptr_equal(result.value_set, &rewrap__key_spec__value__descriptor);
}

static void test_not_json(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      "[]",
                                      "\"x\"",
                                      "1",
                                      "null",
                                      "{",
                                      "}",
                                      "{}}",
                                      "{} {}",
                                      "{'a':1}",
                                      "{\"a\":}",
                                      "{\"a\" 1}",
                                      "{\"a\":1,}",
                                      "{\"a\":01}",
                                      "{\"a\":1.}",
                                      "{\"a\":.5}",
                                      "{\"a\":+1}",
                                      "{\"a\":1e}",
                                      "{\"a\":-}",
                                      "{\"a\":1.5.5}",
                                      "{\"a\":0x10}",
                                      "{\"a\":NaN}",
                                      "{\"a\":Infinity}",
                                      "{1.5:1}",
                                      "{\"a\":tru}",
                                      "{\"a\":\"\x01\"}",
                                      "{\"a\":\"\xff\"}",
                                      "{\"a\":\"\xed\xa0\x80\"}",
                                      "{\"a\":\"\\ud800\"}",
                                      "{\"a\":\"\\u0000\"}",
                                      "{\"\\u0000\":1}",
                                      "{\"a\":\"\\x\"}",
                                      "{\"a\":\"",
                                      "{\"a\":\"\\",
                                      "{\"a\":1,\"a\":1}",
                                      "{\"a\":1 /* comment */}",
                                      "\xef\xbb\xbf{}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        long before = heap_balance();
        json_t *object = NULL;
        struct json_result result = json_parse_object(view_of_string(bad[i]), &object);
        if (result.code != JSON_NOT_JSON) {
            fail_msg("%s: code %d", bad[i], (int)result.code);
        }
        assert_null(object);
        ProtobufCMessage *message = NULL;
        assert_int_equal(read_with(&rewrap__list_keys_request__descriptor, bad[i], 0, &message).code, JSON_NOT_JSON);
        assert_null(message);
        assert_int_equal(heap_balance(), before);
    }
    json_t *object = NULL;
    assert_int_equal(json_parse_object(view_of("{\"a\":0.5\0}", 10), &object).code, JSON_NOT_JSON);
    assert_string_equal(json_parse_object(view_of_string("{\n \"a\": ]"), &object).value, "line 2, column 7");
}

static void test_strict_members(void **state)
{
    (void)state;
    ProtobufCMessage *message = NULL;
    const ProtobufCMessageDescriptor *type = &rewrap__create_key_request__descriptor;
    struct json_result result = read_with(type, "{\"description\":\"x\"}", JSON_STRICT_MEMBERS, &message);
    assert_int_equal(result.code, JSON_UNKNOWN_MEMBER);
    assert_string_equal(result.path, "");
    assert_string_equal(result.value, "description"); /* names are case-sensitive */
    result = read_with(type, "{\"Tags\":[{\"Key\":\"x\"}]}", JSON_STRICT_MEMBERS, &message);
    assert_int_equal(result.code, JSON_UNKNOWN_MEMBER);
    assert_string_equal(result.path, "tags.1.member");
    assert_string_equal(result.value, "Key");
    assert_int_equal(
        read_with(type, "{\"Tags\":[{\"TagKey\":\"x\"}],\"Policy\":null}", JSON_STRICT_MEMBERS, &message).code,
        JSON_OK);
    proto_free(message);
    /* the keys of a map are not members */
    assert_int_equal(read_with(&rewrap__encrypt_request__descriptor, "{\"EncryptionContext\":{\"Nope\":\"x\"}}",
                               JSON_STRICT_MEMBERS, &message)
                         .code,
                     JSON_OK);
    proto_free(message);
}

static void test_long_names_are_cut(void **state)
{
    (void)state;
    struct buffer text = BUFFER_INIT(1024);
    assert_true(buffer_append(&text, "{\"", 2));
    for (size_t i = 0; i < 200; i++) {
        assert_true(buffer_append(&text, "\xc3\xa9", 2));
    }
    assert_true(buffer_append(&text, "\":1}", 4));
    ProtobufCMessage *message = NULL;
    struct json_result result =
        json_parse_message(&rewrap__list_keys_request__descriptor, buffer_view(&text), JSON_STRICT_MEMBERS, &message);
    buffer_clear(&text);
    assert_int_equal(result.code, JSON_UNKNOWN_MEMBER);
    assert_int_equal(strlen(result.value), sizeof result.value - 2); /* not in the middle of a character */
}

static json_t *many(size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, json_string("t"));
    }
    return json_pack("{s:o}", "GrantTokens", list);
}

static void test_limits(void **state)
{
    (void)state;
    ProtobufCMessage *message = NULL;
    json_t *object = many(PROTO_MAX_ELEMENTS);
    assert_int_equal(json_to_message(&rewrap__encrypt_request__descriptor, object, 0, &message).code, JSON_OK);
    proto_free(message);
    json_decref(object);
    message = NULL;
    object = many(PROTO_MAX_ELEMENTS + 1);
    struct json_result result = json_to_message(&rewrap__encrypt_request__descriptor, object, 0, &message);
    assert_int_equal(result.code, JSON_TOO_LARGE);
    assert_string_equal(result.path, "grantTokens");
    assert_null(message);
    json_decref(object);

    struct buffer text = BUFFER_INIT(JSON_MAX_BYTES + 100);
    assert_true(buffer_append(&text, "{\"a\":\"", 6));
    while (text.len < JSON_MAX_BYTES - 2) {
        assert_true(buffer_append_u8(&text, 'x'));
    }
    assert_true(buffer_append(&text, "\"}", 2));
    object = NULL;
    assert_int_equal(json_parse_object(buffer_view(&text), &object).code, JSON_OK);
    json_decref(object);
    assert_true(buffer_append_u8(&text, ' '));
    object = NULL;
    assert_int_equal(json_parse_object(buffer_view(&text), &object).code, JSON_TOO_LARGE);
    assert_int_equal(json_parse_message(&rewrap__list_keys_request__descriptor, buffer_view(&text), 0, &message).code,
                     JSON_TOO_LARGE);
    buffer_reset(&text);

    assert_true(buffer_append(&text, "{\"a\":[{}", 8)); /* three values so far, by the brackets */
    for (size_t i = 3; i < JSON_MAX_VALUES; i++) {
        assert_true(buffer_append(&text, ",0", 2));
    }
    assert_true(buffer_append(&text, "]}", 2));
    assert_int_equal(json_parse_object(buffer_view(&text), &object).code, JSON_OK);
    json_decref(object);
    object = NULL;
    text.len -= 2;
    assert_true(buffer_append(&text, ",0]}", 4));
    assert_int_equal(json_parse_object(buffer_view(&text), &object).code, JSON_TOO_LARGE);
    assert_null(object);
    buffer_clear(&text);
}

static void test_depth(void **state)
{
    (void)state;
    for (size_t depth = JSON_MAX_DEPTH; depth <= JSON_MAX_DEPTH + 1; depth++) {
        struct buffer text = BUFFER_INIT(1000);
        assert_true(buffer_append(&text, "{\"a\":", 5));
        for (size_t i = 1; i < depth; i++) {
            assert_true(buffer_append_u8(&text, '['));
        }
        for (size_t i = 1; i < depth; i++) {
            assert_true(buffer_append_u8(&text, ']'));
        }
        static const char rest[] =
            ",\"b\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}"; /* brackets in a string are text */
        assert_true(buffer_append(&text, rest, strlen(rest)));
        json_t *object = NULL;
        enum json_code expected = depth <= JSON_MAX_DEPTH ? JSON_OK : JSON_NOT_JSON;
        assert_int_equal(json_parse_object(buffer_view(&text), &object).code, expected);
        json_decref(object);
        buffer_clear(&text);
    }
}

/* A json_t that did not come from the parser may hold a NUL byte. */
static void test_nul_bytes_in_strings(void **state)
{
    (void)state;
    ProtobufCMessage *message = NULL;
    json_t *object = json_pack("{s:s#}", "SourceKeyId", "a\0b", 3);
    struct json_result result = json_to_message(&rewrap__re_encrypt_request__descriptor, object, 0, &message);
    assert_int_equal(result.code, JSON_WRONG_TYPE);
    assert_string_equal(result.path, "sourceKeyId");
    json_decref(object);
}

static const char everything[] = "{\"KeyMetadata\":{\"AWSAccountId\":\"111122223333\",\"CreationDate\":1700000000.5,"
                                 "\"EncryptionAlgorithms\":[\"SYMMETRIC_DEFAULT\"]}}";
static const char context[] =
    "{\"CiphertextBlob\":\"AAEC\",\"SourceEncryptionContext\":{\"b\":\"2\",\"a\":1.50},\"GrantTokens\":[\"x\"]}";

static void walk_allocations(const ProtobufCMessageDescriptor *type, const char *text)
{
    json_t *object = NULL;
    assert_int_equal(json_parse_object(view_of_string(text), &object).code, JSON_OK);
    size_t n = 0;
    for (bool failed = true; failed;) {
        long before = heap_balance();
        ProtobufCMessage *message = NULL;
        heap_fail_at(++n);
        struct json_result result = json_to_message(type, object, 0, &message);
        failed = heap_failed();
        heap_fail_at(0);
        assert_int_equal(result.code, failed ? JSON_NO_MEMORY : JSON_OK);
        assert_int_equal(message == NULL, failed);
        proto_free(message);
        assert_int_equal(heap_balance(), before);
    }
    assert_true(n > 5);
    json_decref(object);
}

static void test_failed_allocations_leave_nothing(void **state)
{
    (void)state;
    walk_allocations(&rewrap__describe_key_response__descriptor, everything);
    walk_allocations(&rewrap__re_encrypt_request__descriptor, context);
}

/* jansson itself cannot be trusted with one: within it the process ends, and never answers something else. */
static void test_failed_allocations_while_parsing(void **state)
{
    (void)state;
    size_t aborted = 0;
    int status = 0;
    for (size_t n = 1; !WIFEXITED(status) || WEXITSTATUS(status) != 2; n++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct rlimit none = {0, 0};
            setrlimit(RLIMIT_CORE, &none);
            ProtobufCMessage *message = NULL;
            heap_fail_at(n);
            struct json_result result = read_with(&rewrap__re_encrypt_request__descriptor, context, 0, &message);
            _exit(!heap_failed() ? 2 : result.code == JSON_NO_MEMORY && message == NULL ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) ? WEXITSTATUS(status) != 1 : WTERMSIG(status) == SIGABRT);
        aborted += WIFSIGNALED(status);
    }
    assert_true(aborted > 10);
}

static void test_memory_is_erased(void **state)
{
    (void)state;
    heap_watch_frees();
    ProtobufCMessage *message = NULL;
    assert_int_equal(read_with(&rewrap__encrypt_request__descriptor,
                               "{\"Plaintext\":\"c2VjcmV0\",\"EncryptionContext\":{\"a\":1.5}}", 0, &message)
                         .code,
                     JSON_OK);
    proto_free(message);
    assert_true(heap_frees_were_clean());
}

int main(void)
{
    json_use_wiping_memory();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_every_kind),
        cmocka_unit_test(test_empty_values),
        cmocka_unit_test(test_nested_objects_and_timestamps),
        cmocka_unit_test(test_literals_in_maps),
        cmocka_unit_test(test_strings_keep_their_digits),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_value_set_is_that_of_the_member),
        cmocka_unit_test(test_not_json),
        cmocka_unit_test(test_strict_members),
        cmocka_unit_test(test_long_names_are_cut),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_nul_bytes_in_strings),
        cmocka_unit_test(test_failed_allocations_leave_nothing),
        cmocka_unit_test(test_failed_allocations_while_parsing),
        cmocka_unit_test(test_memory_is_erased),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
