/* Re-encrypt, encrypt, decrypt and generate on a real token. */
#include "fixture.h"

#include "base/uuid.h"
#include "envelope/context.h"
#include "p11/p11_call.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t other_context[] = {CONTEXT_VERSION, 0, 0, 0, 1, 0, 0, 0, 1, 'a', 0, 0, 0, 2, 'b', 'c'};

static struct buffer encrypted(struct fixture *fixture, const struct hsm_key *key, const void *data, size_t len)
{
    struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct hsm_side side = fixture_side(key);
    assert_hsm(HSM_OK, hsm_rewrap_encrypt(fixture->rewrap, &side, view_of(data, len), &blob));
    return blob;
}

static void test_lengths_out_of_range(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t payload[ENVELOPE_PAYLOAD_MAX_BYTES + 1];
    struct hsm_side side = fixture_side(&fixture->open[0]);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_hsm(HSM_TOO_LARGE, hsm_rewrap_encrypt(fixture->rewrap, &side, view_of(payload, sizeof payload), &out));
    assert_hsm(HSM_TOO_LARGE, hsm_rewrap_encrypt(fixture->rewrap, &side, view_of(payload, 0), &out));
    assert_hsm(HSM_TOO_LARGE, hsm_rewrap_generate(fixture->rewrap, &side, 0, &out, NULL));
    assert_hsm(HSM_TOO_LARGE, hsm_rewrap_generate(fixture->rewrap, &side, 1025, &out, NULL));
    assert_int_equal(out.len, 0);
    assert_int_equal(fixture_session_objects(fixture), 0);
}

static void test_sealed_to_sealed(void **state)
{
    struct fixture *fixture = *state;
    struct buffer blob = encrypted(fixture, &fixture->sealed[0], "secret", 6);
    struct hsm_side source = fixture_side(&fixture->sealed[0]);
    struct hsm_side destination = fixture_side(&fixture->sealed[1]);
    struct buffer moved = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_hsm(HSM_OK,
               hsm_rewrap_re_encrypt(fixture->rewrap, &source, &destination, buffer_view(&blob), false, &moved));
    struct envelope_header header;
    assert_true(envelope_header_parse(buffer_view(&moved), &header));
    assert_memory_equal(header.key_id, destination.key.key_id, sizeof header.key_id);
    assert_memory_equal(header.material_id, destination.key.material_id, sizeof header.material_id);
    assert_int_equal(header.payload_length, 6);
    buffer_clear(&blob);
    buffer_clear(&moved);
    assert_int_equal(fixture_session_objects(fixture), 0);
}

static void test_equal_payloads_look_different(void **state)
{
    struct fixture *fixture = *state;
    struct buffer first = encrypted(fixture, &fixture->sealed[0], "secret", 6);
    struct buffer second = encrypted(fixture, &fixture->sealed[0], "secret", 6);
    assert_memory_not_equal(first.data + ENVELOPE_HEADER_BYTES, second.data + ENVELOPE_HEADER_BYTES, 16);
    buffer_clear(&first);
    buffer_clear(&second);
}

static void test_sealed_gives_no_plaintext(void **state)
{
    struct fixture *fixture = *state;
    struct buffer blob = encrypted(fixture, &fixture->sealed[0], "secret", 6);
    struct hsm_side source = fixture_side(&fixture->sealed[0]);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_hsm(HSM_UNSUPPORTED, hsm_rewrap_decrypt(fixture->rewrap, &source, buffer_view(&blob), false, &out));
    /* Nor when the caller says that the key is an open one: there is none with that material. */
    source.key.boundary = HSM_OPEN;
    assert_hsm(HSM_KEY_NOT_FOUND, hsm_rewrap_decrypt(fixture->rewrap, &source, buffer_view(&blob), false, &out));
    assert_int_equal(out.len, 0);
    buffer_clear(&blob);
}

/* The token itself refuses: the profile says sealed, so nothing of ours is in the way. */
static void test_sealed_to_open_is_refused_by_the_token(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture->profile.level, HSM_LEVEL_SEALED);
    struct buffer blob = encrypted(fixture, &fixture->sealed[0], "secret", 6);
    struct hsm_side source = fixture_side(&fixture->sealed[0]);
    struct hsm_side destination = fixture_side(&fixture->open[0]);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct hsm_result result =
        hsm_rewrap_re_encrypt(fixture->rewrap, &source, &destination, buffer_view(&blob), false, &out);
    assert_int_equal(result.code, HSM_NOT_WRAPPABLE);
    assert_int_equal(result.rv, CKR_KEY_NOT_WRAPPABLE);
    assert_string_equal(result.what, "C_WrapKey");
    assert_int_equal(out.len, 0);
    assert_int_equal(fixture_session_objects(fixture), 0);
    buffer_clear(&blob);
}

static void test_open_to_sealed(void **state)
{
    struct fixture *fixture = *state;
    struct buffer blob = encrypted(fixture, &fixture->open[0], "secret", 6);
    struct hsm_side source = fixture_side(&fixture->open[0]);
    struct hsm_side destination = fixture_side(&fixture->sealed[0]);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_hsm(HSM_OK, hsm_rewrap_re_encrypt(fixture->rewrap, &source, &destination, buffer_view(&blob), false, &out));
    buffer_clear(&blob);
    buffer_clear(&out);
}

static void test_generated_keys(void **state)
{
    struct fixture *fixture = *state;
    static const size_t lengths[] = {1, 16, 32, 33, 1024};
    struct hsm_side side = fixture_side(&fixture->open[0]);
    struct hsm_side sealed = fixture_side(&fixture->sealed[0]);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
        struct buffer plain = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
        assert_hsm(HSM_OK, hsm_rewrap_generate(fixture->rewrap, &side, lengths[i], &blob, NULL));
        assert_hsm(HSM_OK, hsm_rewrap_decrypt(fixture->rewrap, &side, buffer_view(&blob), false, &plain));
        assert_int_equal(plain.len, lengths[i]);
        buffer_reset(&blob);
        assert_hsm(HSM_OK, hsm_rewrap_generate(fixture->rewrap, &sealed, lengths[i], &blob, NULL));
        buffer_clear(&blob);
        buffer_clear(&plain);
    }
    assert_int_equal(fixture_session_objects(fixture), 0);
}

static void test_check_only_keeps_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct buffer blob = encrypted(fixture, &fixture->open[0], "secret", 6);
    struct hsm_side source = fixture_side(&fixture->open[0]);
    struct hsm_side destination = fixture_side(&fixture->sealed[0]);
    assert_hsm(HSM_OK, hsm_rewrap_re_encrypt(fixture->rewrap, &source, &destination, buffer_view(&blob), true, NULL));
    assert_hsm(HSM_OK, hsm_rewrap_decrypt(fixture->rewrap, &source, buffer_view(&blob), true, NULL));
    source.context = view_of(other_context, sizeof other_context);
    assert_hsm(HSM_INVALID_CIPHERTEXT,
               hsm_rewrap_re_encrypt(fixture->rewrap, &source, &destination, buffer_view(&blob), true, NULL));
    assert_int_equal(fixture_session_objects(fixture), 0);
    buffer_clear(&blob);
}

/* Each bit of a blob, its truncations and an extension, the wrong context, the wrong key: never a word with the token.
 */
static void test_altered_ciphertexts(void **state)
{
    struct fixture *fixture = *state;
    struct buffer blob = encrypted(fixture, &fixture->open[0], "secret", 6);
    struct hsm_side source = fixture_side(&fixture->open[0]);
    struct hsm_side destination = fixture_side(&fixture->open[1]);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    for (size_t bit = 0; bit < blob.len * 8; bit++) {
        blob.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_hsm(HSM_INVALID_CIPHERTEXT,
                   hsm_rewrap_re_encrypt(fixture->rewrap, &source, &destination, buffer_view(&blob), false, &out));
        blob.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < blob.len; len++) {
        assert_hsm(HSM_INVALID_CIPHERTEXT,
                   hsm_rewrap_decrypt(fixture->rewrap, &source, view_of(blob.data, len), false, &out));
    }
    assert_true(buffer_append_u8(&blob, 0));
    assert_hsm(HSM_INVALID_CIPHERTEXT, hsm_rewrap_decrypt(fixture->rewrap, &source, buffer_view(&blob), false, &out));
    blob.len--;
    assert_hsm(HSM_INVALID_CIPHERTEXT,
               hsm_rewrap_decrypt(fixture->rewrap, &destination, buffer_view(&blob), false, &out));
    source.context = view_of(other_context, sizeof other_context);
    assert_hsm(HSM_INVALID_CIPHERTEXT, hsm_rewrap_decrypt(fixture->rewrap, &source, buffer_view(&blob), false, &out));
    assert_int_equal(out.len, 0);
    assert_int_equal(fixture_session_objects(fixture), 0);
    buffer_clear(&blob);
}

static void test_unknown_keys_and_algorithms(void **state)
{
    struct fixture *fixture = *state;
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct hsm_side side = fixture_side(&fixture->sealed[0]);
    side.key.material_id[0] ^= 1;
    assert_hsm(HSM_KEY_NOT_FOUND, hsm_rewrap_encrypt(fixture->rewrap, &side, view_of("x", 1), &out));
    side = fixture_side(&fixture->sealed[0]);
    side.algorithm = HSM_RSAES_OAEP_SHA_256;
    assert_hsm(HSM_UNSUPPORTED, hsm_rewrap_encrypt(fixture->rewrap, &side, view_of("x", 1), &out));
    side = fixture_side(&fixture->sealed[0]);
    side.key.spec = HSM_SPEC_RSA_2048;
    assert_hsm(HSM_UNSUPPORTED, hsm_rewrap_encrypt(fixture->rewrap, &side, view_of("x", 1), &out));
    uint8_t material_id[ENVELOPE_MATERIAL_ID_BYTES];
    assert_hsm(HSM_UNSUPPORTED, hsm_rewrap_make_open(fixture->rewrap, (enum hsm_spec)99, material_id));
}

/* An output that is too small: refused, what was in it is left, and the payload is gone. */
static void test_full_output(void **state)
{
    struct fixture *fixture = *state;
    struct hsm_side side = fixture_side(&fixture->open[0]);
    struct buffer small = BUFFER_INIT(100);
    assert_true(buffer_append_u8(&small, 0x55));
    assert_hsm(HSM_LIMIT, hsm_rewrap_encrypt(fixture->rewrap, &side, view_of("secret", 6), &small));
    assert_int_equal(small.len, 1);
    struct buffer blob = encrypted(fixture, &fixture->open[0], "a longer secret", 15);
    struct buffer tiny = BUFFER_INIT(8);
    assert_hsm(HSM_LIMIT, hsm_rewrap_decrypt(fixture->rewrap, &side, buffer_view(&blob), false, &tiny));
    assert_int_equal(tiny.len, 0);
    assert_int_equal(fixture_session_objects(fixture), 0);
    buffer_clear(&small);
    buffer_clear(&blob);
    buffer_clear(&tiny);
}

/* More keys than the cache of binding keys has places: evicted ones are computed again, and to the same value. */
static void test_many_binding_keys(void **state)
{
    struct fixture *fixture = *state;
    enum { KEYS = 40 };
    struct buffer blobs[KEYS];
    struct hsm_key keys[KEYS];
    for (size_t i = 0; i < KEYS; i++) {
        keys[i] = fixture->open[0]; /* one material and so one set of the cache, with many key ids */
        uuid_random(keys[i].key_id);
        blobs[i] = encrypted(fixture, &keys[i], &i, sizeof i);
    }
    for (size_t i = 0; i < KEYS; i++) {
        struct hsm_side side = fixture_side(&keys[i]);
        struct buffer plain = BUFFER_INIT(64);
        assert_hsm(HSM_OK, hsm_rewrap_decrypt(fixture->rewrap, &side, buffer_view(&blobs[i]), false, &plain));
        assert_true(view_equal(buffer_view(&plain), view_of(&i, sizeof i)));
        buffer_clear(&plain);
        buffer_clear(&blobs[i]);
    }
}

/* The login is taken away under it: said as what it is, and nothing of the payload is left behind. */
static void test_login_gone(void **state)
{
    struct fixture *fixture = *state;
    struct hsm_side side = fixture_side(&fixture->open[0]);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_hsm(HSM_OK, hsm_token_logout(fixture->token));
    assert_hsm(HSM_TOKEN_UNAVAILABLE, hsm_rewrap_encrypt(fixture->rewrap, &side, view_of("secret", 6), &out));
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths_out_of_range),
        cmocka_unit_test(test_sealed_to_sealed),
        cmocka_unit_test(test_equal_payloads_look_different),
        cmocka_unit_test(test_sealed_gives_no_plaintext),
        cmocka_unit_test(test_sealed_to_open_is_refused_by_the_token),
        cmocka_unit_test(test_open_to_sealed),
        cmocka_unit_test(test_generated_keys),
        cmocka_unit_test(test_check_only_keeps_nothing),
        cmocka_unit_test(test_altered_ciphertexts),
        cmocka_unit_test(test_unknown_keys_and_algorithms),
        cmocka_unit_test(test_full_output),
        cmocka_unit_test(test_many_binding_keys),
        cmocka_unit_test(test_login_gone), /* last: it leaves the fixture logged out */
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
