/* proto/frame.h: lengths at their limits, and every cut. */
#include "proto/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct view frame_of(struct buffer *buffer, size_t len)
{
    uint8_t header[FRAME_HEADER_BYTES];
    frame_header(len, header);
    assert_true(buffer_append(buffer, header, sizeof header));
    for (size_t i = 0; i < len; i++) {
        assert_true(buffer_append_u8(buffer, (uint8_t)i));
    }
    return buffer_view(buffer);
}

static void test_length_is_big_endian(void **state)
{
    (void)state;
    static const uint8_t expected[] = {0x00, 0x01, 0x02, 0x03};
    uint8_t header[FRAME_HEADER_BYTES];
    frame_header(0x010203, header);
    assert_memory_equal(header, expected, sizeof expected);
}

static void test_every_cut_is_incomplete(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT(100);
    struct view whole = frame_of(&buffer, 40);
    struct view message = view_of(NULL, 0);
    for (size_t len = 0; len < whole.len; len++) {
        assert_int_equal(frame_next(view_of(whole.data, len), &message), FRAME_INCOMPLETE);
        assert_null(message.data);
    }
    assert_int_equal(frame_next(whole, &message), FRAME_COMPLETE);
    assert_int_equal(message.len, 40);
    assert_ptr_equal(message.data, whole.data + FRAME_HEADER_BYTES);
    buffer_clear(&buffer);
}

static void test_frames_in_a_row(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT(100);
    frame_of(&buffer, 1);
    struct view both = frame_of(&buffer, 2);
    struct view message;
    assert_int_equal(frame_next(both, &message), FRAME_COMPLETE);
    assert_int_equal(message.len, 1);
    buffer_consume(&buffer, FRAME_HEADER_BYTES + message.len);
    assert_int_equal(frame_next(buffer_view(&buffer), &message), FRAME_COMPLETE);
    assert_int_equal(message.len, 2);
    buffer_clear(&buffer);
}

/* The length alone decides: nobody waits for four gigabytes. */
static void test_bad_lengths_are_seen_at_once(void **state)
{
    (void)state;
    static const struct {
        uint8_t header[FRAME_HEADER_BYTES];
        enum frame_state state;
    } cases[] = {
        {{0, 0, 0, 0}, FRAME_EMPTY},
        {{0, 6, 0, 0}, FRAME_INCOMPLETE}, /* FRAME_MAX_BYTES */
        {{0, 6, 0, 1}, FRAME_OVERSIZED},
        {{0xff, 0xff, 0xff, 0xff}, FRAME_OVERSIZED},
        {{'G', 'E', 'T', ' '}, FRAME_OVERSIZED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct view message = view_of(NULL, 0);
        assert_int_equal(frame_next(view_of(cases[i].header, FRAME_HEADER_BYTES), &message), cases[i].state);
        assert_null(message.data);
    }
    assert_int_equal(FRAME_MAX_BYTES, 0x060000);
}

static void test_largest_frame(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT(FRAME_HEADER_BYTES + FRAME_MAX_BYTES);
    struct view whole = frame_of(&buffer, FRAME_MAX_BYTES);
    struct view message;
    assert_int_equal(frame_next(whole, &message), FRAME_COMPLETE);
    assert_int_equal(message.len, FRAME_MAX_BYTES);
    buffer_clear(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length_is_big_endian), cmocka_unit_test(test_every_cut_is_incomplete),
        cmocka_unit_test(test_frames_in_a_row),      cmocka_unit_test(test_bad_lengths_are_seen_at_once),
        cmocka_unit_test(test_largest_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
