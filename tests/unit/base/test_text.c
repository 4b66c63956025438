/* base/hex.h, base/uuid.h and base/base64.h: bytes as text, one spelling each. */
#include "base/base64.h"
#include "base/hex.h"
#include "base/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_hex_both_ways(void **state)
{
    (void)state;
    uint8_t all[256];
    for (unsigned i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)i;
    }
    char text[2 * sizeof all + 1];
    uint8_t back[sizeof all];
    hex_encode(view_of(all, sizeof all), text);
    assert_int_equal(strlen(text), 2 * sizeof all);
    assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_true(hex_decode(text, back, sizeof back));
    assert_memory_equal(back, all, sizeof all);
    hex_encode(view_of(NULL, 0), text);
    assert_string_equal(text, "");
    assert_true(hex_decode("", back, 0));
}

static void test_hex_has_one_spelling(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "0",    "012",   "01234", "0G00", "AB00",
                                      "00 0", "0x00", "00\n0", "/000",  ":000", "`000"};
    uint8_t out[2] = {0x55, 0x55};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(hex_decode(bad[i], out, sizeof out));
    }
    assert_int_equal(out[0], 0x55);
    assert_int_equal(out[1], 0x55);
}

static void test_uuid_both_ways(void **state)
{
    (void)state;
    static const uint8_t uuid[UUID_BYTES] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0x4d, 0xef,
                                             0x81, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    char text[UUID_TEXT_BYTES];
    uint8_t back[UUID_BYTES];
    uuid_format(uuid, text);
    assert_string_equal(text, "12345678-9abc-4def-8123-456789abcdef");
    assert_true(uuid_parse(text, back));
    assert_memory_equal(back, uuid, sizeof uuid);
}

static void test_uuid_has_one_spelling(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "12345678-9abc-4def-8123-456789abcde",
        "12345678-9abc-4def-8123-456789abcdeff",
        "12345678-9ABC-4def-8123-456789abcdef",
        "123456789abc4def8123456789abcdef",
        "1234567-89abc-4def-8123-456789abcdef",
        "{2345678-9abc-4def-8123-456789abcde}",
        "12345678-9abc-4def-8123_456789abcdef",
        "12345678-9abc-4def-8123-456789abcdeg",
        "------------------------------------",
    };
    uint8_t out[UUID_BYTES];
    memset(out, 0x55, sizeof out);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(uuid_parse(bad[i], out));
        assert_int_equal(out[0], 0x55);
    }
}

static void test_uuid_random_is_version_4(void **state)
{
    (void)state;
    uint8_t first[UUID_BYTES];
    uint8_t second[UUID_BYTES];
    for (unsigned i = 0; i < 100; i++) {
        uuid_random(first);
        uuid_random(second);
        assert_memory_not_equal(first, second, UUID_BYTES);
        assert_int_equal(first[6] >> 4, 4);
        assert_int_equal(first[8] >> 6, 2);
    }
}

static void test_base64_vectors(void **state)
{
    (void)state;
    /* RFC 4648 section 10, and the two last letters of the alphabet */
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"},
                                             {"\xfb\xff\xbf", "+/+/"}};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct view bytes = view_of_string(vectors[i][0]);
        char text[16];
        uint8_t back[8];
        size_t len = 99;
        base64_encode(bytes, text);
        assert_string_equal(text, vectors[i][1]);
        assert_int_equal(base64_encoded_len(bytes.len), strlen(text));
        assert_true(base64_decode(view_of_string(text), back, sizeof back, &len));
        assert_true(view_equal(view_of(back, len), bytes));
        assert_true(len <= base64_decoded_max(strlen(text)));
    }
}

static void test_base64_every_length(void **state)
{
    (void)state;
    uint8_t bytes[100];
    for (size_t len = 0; len <= sizeof bytes; len++) {
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (uint8_t)(i * 37 + len);
        }
        char text[200];
        uint8_t back[100];
        size_t back_len;
        base64_encode(view_of(bytes, len), text);
        assert_true(base64_decode(view_of_string(text), back, len, &back_len));
        assert_int_equal(back_len, len);
        assert_memory_equal(back, bytes, len);
        if (len > 0) {
            assert_false(base64_decode(view_of_string(text), back, len - 1, &back_len)); /* no room for the last */
        }
    }
}

static void test_base64_has_one_spelling(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",        "Zg",        "Zg=",          "Zm9",  "=",    "==",     "===",   "====",  "Z===", "Zg==Zg==",
        "Zm8=Zm8=", "Z=g=",      "=Zg=",         "Zh==", "Zm9=", "Zm9v\n", "Zm9v ", " Zm9v", "Zm-_", "Zm9v====",
        "Zm\x80v",  "Zm9vZg=\n", "Zg==\n\n\n\n", "Zm.v", "@@@@", "[[[[",   "````",  "{{{{",  "::::", "Zm9*",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t out[16];
        size_t len = 99;
        assert_false(base64_decode(view_of_string(bad[i]), out, sizeof out, &len));
        assert_int_equal(len, 99);
    }
    size_t len = 99;
    uint8_t out[16];
    assert_false(base64_decode(view_of("Zm\0v", 4), out, sizeof out, &len));
}

static void test_base64_failure_leaves_no_bytes(void **state)
{
    (void)state;
    uint8_t out[8] = {0};
    static const uint8_t zeros[8];
    size_t len;
    assert_false(base64_decode(view_of_string("c2VjcmV0!!!!"), out, sizeof out + 1, &len));
    assert_memory_equal(out, zeros, sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex_both_ways),
        cmocka_unit_test(test_hex_has_one_spelling),
        cmocka_unit_test(test_uuid_both_ways),
        cmocka_unit_test(test_uuid_has_one_spelling),
        cmocka_unit_test(test_uuid_random_is_version_4),
        cmocka_unit_test(test_base64_vectors),
        cmocka_unit_test(test_base64_every_length),
        cmocka_unit_test(test_base64_has_one_spelling),
        cmocka_unit_test(test_base64_failure_leaves_no_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
