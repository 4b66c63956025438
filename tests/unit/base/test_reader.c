/* base/reader.h and base/checked.h: nothing is read past the end, no sum wraps. */
#include "base/checked.h"
#include "base/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f};

static void test_reads_big_endian(void **state)
{
    (void)state;
    struct reader reader = reader_of(view_of(bytes, sizeof bytes));
    assert_int_equal(reader_u8(&reader), 0x01);
    assert_int_equal(reader_u16(&reader), 0x0203);
    assert_int_equal(reader_u32(&reader), 0x04050607);
    assert_false(reader_finished(&reader));
    assert_true(reader_u64(&reader) == 0x08090a0b0c0d0e0f);
    assert_true(reader_finished(&reader));
}

static void test_one_failure_is_final(void **state)
{
    (void)state;
    struct reader reader = reader_of(view_of(bytes, 3));
    assert_int_equal(reader_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(reader_u8(&reader), 0); /* one byte would be there */
    uint8_t copy[1] = {0x77};
    reader_copy(&reader, copy, sizeof copy);
    assert_int_equal(copy[0], 0x77);
    assert_int_equal(reader_take(&reader, 0).len, 0);
    assert_false(reader_finished(&reader));
}

static void test_every_width_at_every_length(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 8; len++) {
        struct reader r8 = reader_of(view_of(bytes, len));
        struct reader r16 = r8;
        struct reader r32 = r8;
        struct reader r64 = r8;
        reader_u8(&r8);
        reader_u16(&r16);
        reader_u32(&r32);
        reader_u64(&r64);
        assert_int_equal(r8.failed, len < 1);
        assert_int_equal(r16.failed, len < 2);
        assert_int_equal(r32.failed, len < 4);
        assert_int_equal(r64.failed, len < 8);
    }
}

static void test_take_and_copy(void **state)
{
    (void)state;
    struct reader reader = reader_of(view_of(bytes, sizeof bytes));
    struct view taken = reader_take(&reader, 5);
    assert_ptr_equal(taken.data, bytes);
    assert_int_equal(taken.len, 5);
    uint8_t copy[10];
    reader_copy(&reader, copy, sizeof copy);
    assert_memory_equal(copy, bytes + 5, sizeof copy);
    assert_true(reader_finished(&reader));
    assert_int_equal(reader_take(&reader, SIZE_MAX).len, 0);
    assert_true(reader.failed);
}

static void test_empty_input(void **state)
{
    (void)state;
    struct reader reader = reader_of(view_of(NULL, 0));
    assert_true(reader_finished(&reader));
    assert_int_equal(reader_take(&reader, 0).len, 0);
    assert_true(reader_finished(&reader));
    assert_int_equal(reader_u8(&reader), 0);
    assert_false(reader_finished(&reader));
}

static void test_checked_arithmetic(void **state)
{
    (void)state;
    size_t result = 42;
    assert_false(size_add(SIZE_MAX, 1, &result));
    assert_false(size_multiply(SIZE_MAX / 2 + 1, 2, &result));
    assert_int_equal(result, 42);
    assert_true(size_add(SIZE_MAX - 1, 1, &result));
    assert_true(result == SIZE_MAX);
    assert_true(size_multiply(6, 7, &result));
    assert_int_equal(result, 42);
    assert_true(size_multiply(SIZE_MAX, 0, &result));
    assert_int_equal(result, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_big_endian),
        cmocka_unit_test(test_one_failure_is_final),
        cmocka_unit_test(test_every_width_at_every_length),
        cmocka_unit_test(test_take_and_copy),
        cmocka_unit_test(test_empty_input),
        cmocka_unit_test(test_checked_arithmetic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
