/* The look at the wire form: each kind of refusal, at its limit. */
#include "base/buffer.h"
#include "precheck.h"
#include "proto/hsm.pb-c.h"
#include "proto/rewrap.pb-c.h"
#include "proto/service.h"
#include "utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define BYTES(text) view_of(text, sizeof text - 1)

static struct proto_result check(const ProtobufCMessageDescriptor *type, struct view wire)
{
    bool partial;
    return precheck(type, wire, &partial);
}

static void test_refusals(void **state)
{
    (void)state;
    /* of ReEncryptRequest: 1 blob, 2 map, 3 string, 6 enumeration, 8 strings, 9 boolean, 10 enumerations */
    static const struct {
        struct {
            const char *bytes;
            size_t len;
        } wire;
        enum proto_code code;
        const char *field;
    } cases[] = {
#define CASE(text, code, field) {{text, sizeof text - 1}, code, field}
        CASE("", PROTO_OK, NULL),
        CASE("\x0a\x03\x00\xff\xfe", PROTO_OK, NULL), /* a blob holds any byte */
        CASE("\x1a\x02\xc3\xa9", PROTO_OK, NULL),
        CASE("\x1a\x03"
             "a\0b",
             PROTO_BAD_TEXT, "source_key_id"),
        CASE("\x1a\x01\x80", PROTO_BAD_TEXT, "source_key_id"),
        CASE("\x12\x05\x0a\x03"
             "a\0b",
             PROTO_BAD_TEXT, "key"),
        CASE("\x42\x01\xff", PROTO_BAD_TEXT, "grant_tokens"),
        CASE("\x12\x03\x0a\x01k\x12\x03\x0a\x01k", PROTO_DUPLICATE, "source_encryption_context"),
        CASE("\x12\x03\x0a\x01k\x2a\x03\x0a\x01k", PROTO_OK, NULL), /* the same key in two maps */
        CASE("\x12\x00\x12\x02\x0a\x00", PROTO_DUPLICATE,
             "source_encryption_context"), /* a left-out key is the empty key */
        CASE("\x12\x06\x0a\x01k\x0a\x01k", PROTO_DUPLICATE, "key"),
        CASE("\x1a\x01"
             "a\x1a\x01"
             "b",
             PROTO_DUPLICATE, "source_key_id"),
        CASE("\x48\x01\x48\x00", PROTO_DUPLICATE, "dry_run"),
        CASE("\x42\x01"
             "a\x42\x01"
             "a",
             PROTO_OK, NULL),                               /* a list may repeat itself */
        CASE("\x18\x01", PROTO_MALFORMED, "source_key_id"), /* a varint where a string belongs */
        CASE("\x4a\x01\x01", PROTO_MALFORMED, "dry_run"),
        CASE("\x1d\x01\x02\x03\x04", PROTO_MALFORMED, "source_key_id"),
        CASE("\x52\x03\x01\x01\x01", PROTO_OK, NULL), /* packed, as newer encoders write enumerations */
        CASE("\x52\x00", PROTO_OK, NULL),
        CASE("\x52\x02\x01\x80", PROTO_MALFORMED, "dry_run_modifiers"),
        CASE("\x32\x01\x01", PROTO_MALFORMED, "source_encryption_algorithm"), /* packed, but not a list */
        CASE("\x0b\x0c", PROTO_MALFORMED, NULL),                              /* a group */
        CASE("\x0e", PROTO_MALFORMED, NULL),                                  /* wire types 6 and 7 do not exist */
        CASE("\x0f", PROTO_MALFORMED, NULL),
        CASE("\x02\x00", PROTO_MALFORMED, NULL),                 /* field 0 */
        CASE("\x80\x80\x80\x80\x80\x01", PROTO_MALFORMED, NULL), /* a tag of six bytes */
        CASE("\xff\xff\xff\xff\x7f", PROTO_MALFORMED, NULL),     /* a tag beyond 32 bits */
        CASE("\x0a", PROTO_MALFORMED, NULL),
        CASE("\x0a\x05"
             "1234",
             PROTO_MALFORMED, NULL),
        CASE("\x0a\xff\xff\xff\xff\x0f", PROTO_MALFORMED, NULL),
        CASE("\x48\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", PROTO_MALFORMED, NULL), /* a varint of eleven bytes */
        CASE("\x48\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", PROTO_OK, NULL),
        CASE("\x48\x80", PROTO_MALFORMED, NULL),
        CASE("\x12\x02\x0a\x05", PROTO_MALFORMED, "source_encryption_context"), /* cut short inside an entry */
        CASE("\xc1\x3e\x01\x02\x03\x04\x05\x06\x07", PROTO_MALFORMED, NULL),    /* an unknown field, cut short */
        CASE("\xc1\x3e\x01\x02\x03\x04\x05\x06\x07\x08", PROTO_OK, NULL),
#undef CASE
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct proto_result result =
            check(&rewrap__re_encrypt_request__descriptor, view_of(cases[i].wire.bytes, cases[i].wire.len));
        if (result.code != cases[i].code) {
            fail_msg("case %zu: code %d, expected %d", i, (int)result.code, (int)cases[i].code);
        }
        if (cases[i].field == NULL) {
            assert_null(result.field);
        } else {
            assert_non_null(result.field);
            assert_string_equal(result.field, cases[i].field);
        }
    }
}

static void test_partial_entries_are_noticed(void **state)
{
    (void)state;
    static const struct {
        struct view wire;
        bool partial;
    } cases[] = {
        {{(const uint8_t *)"\x12\x06\x0a\x01k\x12\x01v", 8}, false},
        {{(const uint8_t *)"\x12\x03\x0a\x01k", 5}, true},
        {{(const uint8_t *)"\x12\x03\x12\x01v", 5}, true},
        {{(const uint8_t *)"\x12\x00", 2}, true},
        {{(const uint8_t *)"", 0}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool partial = !cases[i].partial;
        assert_int_equal(precheck(&rewrap__re_encrypt_request__descriptor, cases[i].wire, &partial).code, PROTO_OK);
        assert_int_equal(partial, cases[i].partial);
    }
    bool untouched = true;
    assert_int_equal(precheck(&rewrap__re_encrypt_request__descriptor, BYTES("\x12\x00\x0b"), &untouched).code,
                     PROTO_MALFORMED);
    assert_true(untouched);
}

static void test_a_oneof_has_one_member(void **state)
{
    (void)state;
    assert_int_equal(check(&rewrap__response__descriptor, BYTES("\x08\x01\x12\x01x")).code, PROTO_OK);
    assert_int_equal(check(&rewrap__response__descriptor, BYTES("\x08\x01\x1a\x00")).code, PROTO_OK);
    struct proto_result result = check(&rewrap__response__descriptor, BYTES("\x12\x01x\x1a\x00"));
    assert_int_equal(result.code, PROTO_DUPLICATE);
    assert_string_equal(result.field, "error");
}

static void append_entry(struct buffer *wire, unsigned number)
{
    char key[8];
    int len = snprintf(key, sizeof key, "%u", number);
    assert_true(buffer_append_u8(wire, 0x12));
    assert_true(buffer_append_u8(wire, (uint8_t)(len + 2)));
    assert_true(buffer_append_u8(wire, 0x0a));
    assert_true(buffer_append_u8(wire, (uint8_t)len));
    assert_true(buffer_append(wire, key, (size_t)len));
}

/* Below and above the number of keys that are compared pair by pair. */
static void test_duplicate_keys_at_every_size(void **state)
{
    (void)state;
    static const unsigned sizes[] = {2, 15, 16, 17, 63, 64, 65, 1000, PROTO_MAX_ELEMENTS - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buffer wire = BUFFER_INIT(1 << 20);
        for (unsigned n = 0; n < sizes[i]; n++) {
            append_entry(&wire, n);
        }
        assert_int_equal(check(&rewrap__re_encrypt_request__descriptor, buffer_view(&wire)).code, PROTO_OK);
        append_entry(&wire, sizes[i] / 2);
        struct proto_result result = check(&rewrap__re_encrypt_request__descriptor, buffer_view(&wire));
        assert_int_equal(result.code, PROTO_DUPLICATE);
        assert_string_equal(result.field, "source_encryption_context");
        buffer_clear(&wire);
    }
}

static void test_element_limits(void **state)
{
    (void)state;
    struct buffer wire = BUFFER_INIT(1 << 20);
    for (unsigned n = 0; n < PROTO_MAX_ELEMENTS; n++) {
        append_entry(&wire, n);
        assert_true(buffer_append(&wire, "\x42\x00", 2)); /* as many grant tokens */
        assert_true(buffer_append(&wire, "\x78\x00", 2)); /* and unknown fields */
    }
    assert_int_equal(check(&rewrap__re_encrypt_request__descriptor, buffer_view(&wire)).code, PROTO_OK);
    size_t len = wire.len;
    append_entry(&wire, PROTO_MAX_ELEMENTS);
    struct proto_result result = check(&rewrap__re_encrypt_request__descriptor, buffer_view(&wire));
    assert_int_equal(result.code, PROTO_TOO_MANY);
    assert_string_equal(result.field, "source_encryption_context");
    wire.len = len;
    assert_true(buffer_append(&wire, "\x42\x00", 2));
    assert_string_equal(check(&rewrap__re_encrypt_request__descriptor, buffer_view(&wire)).field, "grant_tokens");
    wire.len = len;
    assert_true(buffer_append(&wire, "\x78\x00", 2));
    result = check(&rewrap__re_encrypt_request__descriptor, buffer_view(&wire));
    assert_int_equal(result.code, PROTO_TOO_MANY);
    assert_null(result.field);
    buffer_clear(&wire);
}

/* A packed list is counted by its elements, not by its pieces. */
static void test_packed_elements_are_counted(void **state)
{
    (void)state;
    struct buffer wire = BUFFER_INIT(1 << 20);
    for (unsigned piece = 0; piece < 2; piece++) {
        assert_true(buffer_append(&wire, "\x52\x80\x10", 3)); /* 2048 bytes */
        for (unsigned i = 0; i < 2048; i++) {
            assert_true(buffer_append_u8(&wire, 1));
        }
    }
    assert_int_equal(check(&rewrap__re_encrypt_request__descriptor, buffer_view(&wire)).code, PROTO_OK);
    assert_true(buffer_append(&wire, "\x50\x01", 2));
    assert_int_equal(check(&rewrap__re_encrypt_request__descriptor, buffer_view(&wire)).code, PROTO_TOO_MANY);
    buffer_clear(&wire);
}

/* A type that contains itself, as the contract has none: the only way to go deeper than it does. */
static const ProtobufCFieldDescriptor recursive_fields[1];
static const unsigned recursive_names[1];
static const ProtobufCIntRange recursive_ranges[] = {{1, 0}, {0, 1}};
static const ProtobufCMessageDescriptor recursive = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "Recursive",
    .short_name = "Recursive",
    .c_name = "Recursive",
    .package_name = "",
    .sizeof_message = sizeof(ProtobufCMessage) + sizeof(void *),
    .n_fields = 1,
    .fields = recursive_fields,
    .fields_sorted_by_name = recursive_names,
    .n_field_ranges = 1,
    .field_ranges = recursive_ranges,
};
static const ProtobufCFieldDescriptor recursive_fields[1] = {{
    .name = "inner",
    .id = 1,
    .label = PROTOBUF_C_LABEL_OPTIONAL,
    .type = PROTOBUF_C_TYPE_MESSAGE,
    .offset = sizeof(ProtobufCMessage),
    .descriptor = &recursive,
}};

static void test_depth_is_limited(void **state)
{
    (void)state;
    uint8_t wire[2 * PRECHECK_MAX_DEPTH + 2];
    size_t start = sizeof wire;
    for (unsigned depth = 1; depth <= PRECHECK_MAX_DEPTH + 1; depth++) {
        struct proto_result result = check(&recursive, view_of(wire + start, sizeof wire - start));
        assert_int_equal(result.code, depth <= PRECHECK_MAX_DEPTH ? PROTO_OK : PROTO_TOO_MANY);
        if (start >= 2) {
            wire[start - 1] = (uint8_t)(sizeof wire - start);
            wire[start - 2] = 0x0a;
            start -= 2;
        }
    }
}

static void check_type(const ProtobufCMessageDescriptor *type)
{
    assert_in_range(type->n_fields, 0, PRECHECK_MAX_FIELDS);
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE) {
            check_type(type->fields[i].descriptor);
        }
    }
}

static void test_every_type_fits(void **state)
{
    (void)state;
    const ProtobufCMethodDescriptor *method;
    for (size_t i = 0; (method = service_method_at(i)) != NULL; i++) {
        check_type(method->input);
        check_type(method->output);
    }
    check_type(&rewrap__request__descriptor);
    check_type(&rewrap__response__descriptor);
    check_type(&hsm__request__descriptor);
    check_type(&hsm__response__descriptor);
}

static void test_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "plain",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "a\xc3\xa9z"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2\x41",
                                      "\xe0\x9f\xbf",
                                      "\xe0\xa0",
                                      "\xe1\x80\x41",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf0\x90\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xfe",
                                      "ok\xe2\x82"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(utf8_is_text(view_of_string(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(utf8_is_text(view_of_string(bad[i])));
    }
    assert_false(utf8_is_text(view_of("a\0", 2)));
    assert_false(utf8_is_text(view_of("\0", 1)));
}

static void test_utf8_cut(void **state)
{
    (void)state;
    struct view text = view_of_string("a\xc3\xa9\xe2\x82\xac"); /* 1, 2 and 3 bytes */
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6};
    for (size_t max = 0; max < sizeof expected / sizeof expected[0]; max++) {
        assert_int_equal(utf8_cut(text, max), expected[max]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_partial_entries_are_noticed),
        cmocka_unit_test(test_a_oneof_has_one_member),
        cmocka_unit_test(test_duplicate_keys_at_every_size),
        cmocka_unit_test(test_element_limits),
        cmocka_unit_test(test_packed_elements_are_counted),
        cmocka_unit_test(test_depth_is_limited),
        cmocka_unit_test(test_every_type_fits),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
