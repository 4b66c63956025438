/* base/buffer.h: growth, limits, erasing. */
#include "base/buffer.h"
#include "heap_witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_appends_and_grows(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT(1000);
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(buffer_append_u8(&buffer, (uint8_t)i));
    }
    assert_int_equal(buffer.len, 1000);
    assert_true(buffer.cap <= 1000);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(buffer.data[i], (uint8_t)i);
    }
    buffer_clear(&buffer);
    assert_int_equal(buffer.len, 0);
    assert_null(buffer.data);
    buffer_clear(&buffer); /* twice is allowed */
}

static void test_integers_are_big_endian(void **state)
{
    (void)state;
    static const uint8_t expected[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                       0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f};
    struct buffer buffer = BUFFER_INIT(15);
    assert_true(buffer_append_u8(&buffer, 0x01));
    assert_true(buffer_append_u16(&buffer, 0x0203));
    assert_true(buffer_append_u32(&buffer, 0x04050607));
    assert_true(buffer_append_u64(&buffer, 0x08090a0b0c0d0e0f));
    assert_true(view_equal(buffer_view(&buffer), view_of(expected, sizeof expected)));
    buffer_clear(&buffer);
}

static void test_refuses_beyond_maximum(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT(8);
    assert_true(buffer_append(&buffer, "12345678", 8));
    assert_false(buffer_append(&buffer, "9", 1));
    assert_false(buffer_append_u64(&buffer, 1));
    assert_false(buffer_reserve(&buffer, SIZE_MAX)); /* the sum would overflow */
    assert_true(buffer_append(&buffer, NULL, 0));
    assert_int_equal(buffer.len, 8);
    assert_memory_equal(buffer.data, "12345678", 8);
    buffer_clear(&buffer);

    struct buffer nothing = BUFFER_INIT(0);
    assert_true(buffer_append(&nothing, NULL, 0));
    assert_false(buffer_append_u8(&nothing, 1));
    buffer_clear(&nothing);
}

static void test_wide_integer_is_all_or_nothing(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT(3);
    assert_false(buffer_append_u32(&buffer, 7));
    assert_int_equal(buffer.len, 0);
    buffer_clear(&buffer);
}

static void test_consume_and_reset(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT(64);
    assert_true(buffer_append(&buffer, "abcdef", 6));
    buffer_consume(&buffer, 2);
    assert_true(view_equal(buffer_view(&buffer), view_of_string("cdef")));
    assert_memory_equal(buffer.data + 4, "\0\0", 2); /* what was consumed is erased */
    buffer_consume(&buffer, 0);
    buffer_consume(&buffer, 4);
    assert_int_equal(buffer.len, 0);
    assert_true(buffer_append(&buffer, "secret", 6));
    uint8_t *memory = buffer.data;
    buffer_reset(&buffer);
    assert_ptr_equal(buffer.data, memory);
    assert_int_equal(buffer.len, 0);
    assert_memory_equal(memory, "\0\0\0\0\0\0", 6);
    buffer_clear(&buffer);
}

static void test_consume_of_never_used_buffer(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT(8);
    buffer_consume(&buffer, 0);
    buffer_reset(&buffer);
    assert_int_equal(buffer.len, 0);
}

static void test_no_memory_changes_nothing(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT(1024);
    heap_fail_at(1);
    assert_false(buffer_append(&buffer, "abc", 3));
    assert_true(heap_failed());
    assert_int_equal(buffer.len, 0);
    assert_true(buffer_append(&buffer, "abc", 3));
    heap_fail_at(1);
    assert_false(buffer_reserve(&buffer, 500));
    heap_fail_at(0);
    assert_true(view_equal(buffer_view(&buffer), view_of_string("abc")));
    buffer_clear(&buffer);
}

static void test_growing_erases_the_old_block(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT(4096);
    assert_true(buffer_append(&buffer, "a plaintext", 11));
    heap_watch_frees();
    assert_true(buffer_reserve(&buffer, 2000));
    buffer_clear(&buffer);
    assert_true(heap_frees_were_clean());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends_and_grows),         cmocka_unit_test(test_integers_are_big_endian),
        cmocka_unit_test(test_refuses_beyond_maximum),    cmocka_unit_test(test_wide_integer_is_all_or_nothing),
        cmocka_unit_test(test_consume_and_reset),         cmocka_unit_test(test_consume_of_never_used_buffer),
        cmocka_unit_test(test_no_memory_changes_nothing), cmocka_unit_test(test_growing_erases_the_old_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
