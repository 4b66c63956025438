/* The header of a ciphertext: read back as written, and refused for every relation that needs no key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "envelope/header.h"

static uint8_t blob[ENVELOPE_MAX_BYTES + 1];

static struct envelope_header sample(uint16_t payload_length)
{
    struct envelope_header header = {.payload_length = payload_length};
    memset(header.key_id, 0x11, sizeof header.key_id);
    memset(header.material_id, 0x22, sizeof header.material_id);
    memset(header.salt, 0x33, sizeof header.salt);
    return header;
}

/* Writes the header into blob; returns the length that a blob of that payload has. */
static size_t make_blob(uint16_t payload_length)
{
    struct envelope_header header = sample(payload_length);
    struct buffer out = BUFFER_INIT(ENVELOPE_HEADER_BYTES);
    assert_true(envelope_header_write(&header, &out));
    assert_int_equal(out.len, ENVELOPE_HEADER_BYTES);
    memcpy(blob, out.data, out.len);
    buffer_clear(&out);
    return ENVELOPE_HEADER_BYTES + envelope_inner_length(payload_length) + ENVELOPE_TAG_BYTES;
}

static bool parses(size_t len)
{
    struct envelope_header header;
    return envelope_header_parse(view_of(blob, len), &header);
}

static void test_round_trip_of_every_length(void **state)
{
    (void)state;
    for (unsigned len = 1; len <= ENVELOPE_PAYLOAD_MAX_BYTES; len++) {
        struct envelope_header expected = sample((uint16_t)len);
        size_t total = make_blob((uint16_t)len);
        struct envelope_header header;
        assert_true(envelope_header_parse(view_of(blob, total), &header));
        assert_memory_equal(&header, &expected, sizeof header);
        assert_false(parses(total - 1));
        assert_false(parses(total + 1));
        assert_false(parses(total + 8));
    }
    assert_int_equal(make_blob(1), 116);
    assert_int_equal(make_blob(4096), ENVELOPE_MAX_BYTES);
}

static void test_layout(void **state)
{
    (void)state;
    make_blob(0x0102);
    assert_int_equal(blob[0], 1);
    assert_int_equal(blob[1], 1);
    assert_int_equal(blob[2], 0x11);
    assert_int_equal(blob[18], 0x22);
    assert_int_equal(blob[50], 0x01);
    assert_int_equal(blob[51], 0x02);
    assert_int_equal(blob[52], 0x33);
    assert_int_equal(ENVELOPE_HEADER_BYTES, 84);
}

static void test_refusals(void **state)
{
    (void)state;
    struct envelope_header untouched;
    memset(&untouched, 0x77, sizeof untouched);
    struct envelope_header header = untouched;

    size_t len = make_blob(32);
    for (size_t short_of = 0; short_of < len; short_of++) {
        assert_false(envelope_header_parse(view_of(blob, short_of), &header));
    }
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{0, 0}, {0, 2}, {1, 0}, {1, 2}, {50, 0x10}, {51, 0}, {51, 33}, {51, 24}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        make_blob(32);
        blob[wrong[i].at] = wrong[i].value;
        assert_false(envelope_header_parse(view_of(blob, len), &header));
    }
    assert_memory_equal(&header, &untouched, sizeof header);
}

/* Longer than any payload, with a blob that would be right for it. */
static void test_payload_too_long(void **state)
{
    (void)state;
    make_blob(4096);
    blob[51] = 1; /* 4097 */
    static uint8_t longer[ENVELOPE_MAX_BYTES + 8];
    memcpy(longer, blob, ENVELOPE_HEADER_BYTES);
    struct envelope_header header;
    assert_false(envelope_header_parse(view_of(longer, sizeof longer), &header));
}

static void test_write_to_full_buffer(void **state)
{
    (void)state;
    struct envelope_header header = sample(5);
    struct buffer out = BUFFER_INIT(ENVELOPE_HEADER_BYTES);
    assert_true(buffer_append_u8(&out, 9));
    assert_false(envelope_header_write(&header, &out));
    assert_int_equal(out.len, 1);
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_of_every_length),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_payload_too_long),
        cmocka_unit_test(test_write_to_full_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
