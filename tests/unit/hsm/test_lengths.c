/* Every length of payload comes back as it was, on a token that pads them too. */
#include "fixture.h"

#include "envelope/context.h"

static const uint8_t other_context[] = {CONTEXT_VERSION, 0, 0, 0, 1, 0, 0, 0, 1, 'a', 0, 0, 0, 2, 'b', 'c'};

/* Every length, through all the operations that keep a payload: the token pads it, we must not. */
static void test_every_length(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t payload[ENVELOPE_PAYLOAD_MAX_BYTES];
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(i * 7 + 1);
    }
    struct hsm_side first = fixture_side(&fixture->open[0]);
    struct hsm_side second = fixture_side(&fixture->open[1]);
    second.context = view_of(other_context, sizeof other_context);
    struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct buffer moved = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct buffer plain = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    for (size_t len = 1; len <= sizeof payload; len++) {
        /* Payloads that end in zeros are the ones that padding could eat. */
        struct view data = view_of(payload, len);
        payload[len - 1] = len % 2 == 0 ? 0 : 0xff;
        assert_hsm(HSM_OK, hsm_rewrap_encrypt(fixture->rewrap, &first, data, &blob));
        assert_hsm(HSM_OK, hsm_rewrap_re_encrypt(fixture->rewrap, &first, &second, buffer_view(&blob), false, &moved));
        assert_hsm(HSM_OK, hsm_rewrap_decrypt(fixture->rewrap, &second, buffer_view(&moved), false, &plain));
        assert_true(view_equal(buffer_view(&plain), data));
        assert_int_equal(moved.len, ENVELOPE_HEADER_BYTES + (len + 7) / 8 * 8 + 8 + ENVELOPE_TAG_BYTES);
        buffer_reset(&blob);
        buffer_reset(&moved);
        buffer_reset(&plain);
    }
    buffer_clear(&blob);
    buffer_clear(&moved);
    buffer_clear(&plain);
    assert_int_equal(fixture_session_objects(fixture), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_length)};
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
