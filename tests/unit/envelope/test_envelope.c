/* The outer layer: opens what it sealed, and nothing that differs from it in a single bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "envelope/context.h"
#include "envelope/envelope.h"

static const uint8_t binding_key[ENVELOPE_BINDING_KEY_BYTES] = {1, 2, 3};
static const uint8_t context_bytes[] = {CONTEXT_VERSION, 0, 0, 0, 0};
static const struct view context = {context_bytes, sizeof context_bytes};

static int setup(void **state)
{
    *state = envelope_crypto_new();
    return *state == NULL;
}

static int teardown(void **state)
{
    envelope_crypto_free(*state);
    return 0;
}

/* Seals an inner blob of the pattern i, i+1, … for a payload of that length. */
static struct buffer sealed(struct envelope_crypto *crypto, uint16_t payload_length, struct view with_context)
{
    uint8_t inner[ENVELOPE_INNER_MAX_BYTES];
    for (size_t i = 0; i < sizeof inner; i++) {
        inner[i] = (uint8_t)(payload_length + i);
    }
    struct envelope_header header = {.payload_length = payload_length};
    memset(header.key_id, 0xaa, sizeof header.key_id);
    assert_true(envelope_salt(crypto, header.salt));
    struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_int_equal(envelope_seal(crypto, binding_key, &header, with_context,
                                   view_of(inner, envelope_inner_length(payload_length)), &blob),
                     ENVELOPE_OK);
    return blob;
}

/* Opens; on failure checks that the outputs are untouched. */
static enum envelope_code opened(struct envelope_crypto *crypto, const uint8_t *key, struct view blob,
                                 struct view with_context)
{
    struct envelope_header header = {.payload_length = 0x5a5a};
    uint8_t inner[ENVELOPE_INNER_MAX_BYTES];
    memset(inner, 0x5a, sizeof inner);
    size_t len = 12345;
    enum envelope_code code = envelope_open(crypto, key, blob, with_context, &header, inner, &len);
    if (code != ENVELOPE_OK) {
        assert_int_equal(header.payload_length, 0x5a5a);
        assert_int_equal(len, 12345);
        for (size_t i = 0; i < sizeof inner; i++) {
            assert_int_equal(inner[i], 0x5a);
        }
        return code;
    }
    assert_int_equal(len, envelope_inner_length(header.payload_length));
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(inner[i], (uint8_t)(header.payload_length + i));
    }
    return code;
}

static void test_every_length(void **state)
{
    for (unsigned len = 1; len <= ENVELOPE_PAYLOAD_MAX_BYTES; len += len < 64 ? 1 : 61) {
        struct buffer blob = sealed(*state, (uint16_t)len, context);
        assert_int_equal(opened(*state, binding_key, buffer_view(&blob), context), ENVELOPE_OK);
        buffer_clear(&blob);
    }
    struct buffer longest = sealed(*state, ENVELOPE_PAYLOAD_MAX_BYTES, context);
    assert_int_equal(longest.len, ENVELOPE_MAX_BYTES);
    buffer_clear(&longest);
}

static void test_every_bit(void **state)
{
    struct buffer blob = sealed(*state, 33, context);
    for (size_t bit = 0; bit < blob.len * 8; bit++) {
        blob.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(opened(*state, binding_key, buffer_view(&blob), context), ENVELOPE_INVALID);
        blob.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(opened(*state, binding_key, buffer_view(&blob), context), ENVELOPE_OK);
    buffer_clear(&blob);
}

static void test_truncated_and_extended(void **state)
{
    struct buffer blob = sealed(*state, 33, context);
    size_t whole = blob.len;
    for (size_t len = 0; len < whole; len++) {
        assert_int_equal(opened(*state, binding_key, view_of(blob.data, len), context), ENVELOPE_INVALID);
    }
    for (size_t more = 1; more <= 17; more++) {
        assert_true(buffer_append_u8(&blob, 0));
        assert_int_equal(opened(*state, binding_key, buffer_view(&blob), context), ENVELOPE_INVALID);
    }
    buffer_clear(&blob);
}

static struct buffer canonical(const char *key, const char *value)
{
    struct context_pair pair = {.key = view_of_string(key), .value = view_of_string(value)};
    struct buffer out = BUFFER_INIT(CONTEXT_CANONICAL_MAX_BYTES);
    assert_int_equal(context_canonical(&pair, 1, &out), CONTEXT_OK);
    return out;
}

static void test_contexts(void **state)
{
    static const char *const others[][2] = {{"ab", "c"}, {"A", "bc"}, {"a", "BC"},
                                            {"a", "b"},  {"", "abc"}, {"abc", ""}};
    struct buffer right = canonical("a", "bc");
    struct buffer blob = sealed(*state, 33, buffer_view(&right));
    assert_int_equal(opened(*state, binding_key, buffer_view(&blob), buffer_view(&right)), ENVELOPE_OK);
    assert_int_equal(opened(*state, binding_key, buffer_view(&blob), context), ENVELOPE_INVALID);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct buffer wrong = canonical(others[i][0], others[i][1]);
        assert_int_equal(opened(*state, binding_key, buffer_view(&blob), buffer_view(&wrong)), ENVELOPE_INVALID);
        buffer_clear(&wrong);
    }
    buffer_clear(&right);
    buffer_clear(&blob);
}

/* Header and context are fed one after the other: a byte moved from one to the other must not open. */
static void test_header_and_context_do_not_run_together(void **state)
{
    struct buffer blob = sealed(*state, 8, view_of("", 0));
    assert_int_equal(opened(*state, binding_key, buffer_view(&blob), view_of("", 0)), ENVELOPE_OK);
    assert_int_equal(opened(*state, binding_key, buffer_view(&blob), view_of(blob.data, 1)), ENVELOPE_INVALID);
    buffer_clear(&blob);
}

static void test_another_binding_key(void **state)
{
    static const uint8_t other[ENVELOPE_BINDING_KEY_BYTES] = {1, 2, 4};
    struct buffer blob = sealed(*state, 33, context);
    assert_int_equal(opened(*state, other, buffer_view(&blob), context), ENVELOPE_INVALID);
    buffer_clear(&blob);
}

static void test_too_long_a_context(void **state)
{
    static uint8_t bytes[CONTEXT_CANONICAL_MAX_BYTES + 1];
    struct buffer blob = sealed(*state, 33, view_of(bytes, CONTEXT_CANONICAL_MAX_BYTES));
    assert_int_equal(opened(*state, binding_key, buffer_view(&blob), view_of(bytes, CONTEXT_CANONICAL_MAX_BYTES)),
                     ENVELOPE_OK);
    assert_int_equal(opened(*state, binding_key, buffer_view(&blob), view_of(bytes, sizeof bytes)), ENVELOPE_INVALID);
    buffer_clear(&blob);
}

static void test_seal_refuses(void **state)
{
    static const uint8_t inner[ENVELOPE_INNER_MAX_BYTES + 8];
    struct envelope_header header = {.payload_length = 32};
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_int_equal(envelope_seal(*state, binding_key, &header, context, view_of(inner, 39), &out), ENVELOPE_INVALID);
    assert_int_equal(envelope_seal(*state, binding_key, &header, context, view_of(inner, 48), &out), ENVELOPE_INVALID);
    header.payload_length = 0;
    assert_int_equal(envelope_seal(*state, binding_key, &header, context, view_of(inner, 8), &out), ENVELOPE_INVALID);
    header.payload_length = 4097;
    assert_int_equal(envelope_seal(*state, binding_key, &header, context, view_of(inner, 4112), &out),
                     ENVELOPE_INVALID);
    assert_int_equal(out.len, 0);

    struct buffer small = BUFFER_INIT(139);
    header.payload_length = 32;
    assert_int_equal(envelope_seal(*state, binding_key, &header, context, view_of(inner, 40), &small),
                     ENVELOPE_NO_MEMORY);
    assert_int_equal(small.len, 0);
    buffer_clear(&small);
}

/* Past one draw of the generator, no salt comes twice. */
static void test_salts_differ(void **state)
{
    enum { SALTS = 200 };
    static uint8_t salts[SALTS][ENVELOPE_SALT_BYTES];
    for (size_t i = 0; i < SALTS; i++) {
        assert_true(envelope_salt(*state, salts[i]));
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(salts[i], salts[j], ENVELOPE_SALT_BYTES);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_truncated_and_extended),
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_header_and_context_do_not_run_together),
        cmocka_unit_test(test_another_binding_key),
        cmocka_unit_test(test_too_long_a_context),
        cmocka_unit_test(test_seal_refuses),
        cmocka_unit_test(test_salts_differ),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
