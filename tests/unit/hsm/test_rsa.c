/* RSA keys on a real token, with ciphertexts that libcrypto made outside with the public half. */
#include "rsa_fixture.h"

#include <string.h>

static uint8_t payload[ENVELOPE_PAYLOAD_MAX_BYTES]; /* ends in zeros at many lengths, as padding does */

static size_t sha1_max(const struct hsm_key *key)
{
    return rsa_modulus_bytes(key) - 42;
}

static struct hsm_result re_encrypt(struct rsa_fixture *rsa, const struct hsm_side *source,
                                    const struct hsm_side *destination, const struct buffer *ciphertext,
                                    struct buffer *out)
{
    return hsm_rewrap_re_encrypt(rsa->fixture->rewrap, source, destination, buffer_view(ciphertext), false, out);
}

/* An RSA ciphertext of that many bytes of payload, re-encrypted; the caller clears. */
static struct buffer moved(struct rsa_fixture *rsa, const struct hsm_key *source, size_t len,
                           const struct hsm_side *destination)
{
    struct buffer blob = rsa_encrypted(rsa, source, "SHA1", payload, len);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct hsm_side side = rsa_side(source, HSM_RSAES_OAEP_SHA_1);
    assert_hsm(HSM_OK, re_encrypt(rsa, &side, destination, &blob, &out));
    buffer_clear(&blob);
    return out;
}

static void test_probe(void **state)
{
    struct rsa_fixture *rsa = *state;
    assert_true(rsa->fixture->profile.oaep_sha1);
    assert_false(rsa->fixture->profile.oaep_sha256);
    assert_true(rsa->fixture->profile.pads_payloads);
    assert_int_equal(rsa->fixture->profile.lengths, HSM_LENGTHS_BY_DIGEST);
}

/* RSA to AES: the header has the true length at every residue of 8, which SoftHSM's own key wrap loses. */
static void test_lengths_are_found(void **state)
{
    struct rsa_fixture *rsa = *state;
    for (size_t i = 0; i < RSA_SIZES; i++) {
        struct hsm_side destination = fixture_side(&rsa->fixture->open[0]);
        size_t max = sha1_max(&rsa->open[i]);
        for (size_t len = 1; len <= max; len += len >= 40 && len + 17 < max - 9 ? 17 : 1) {
            struct buffer blob = moved(rsa, &rsa->open[i], len, &destination);
            struct envelope_header header;
            assert_true(envelope_header_parse(buffer_view(&blob), &header));
            assert_int_equal(header.payload_length, len);
            rsa_assert_plaintext(rsa, &destination, buffer_view(&blob), payload, len);
            buffer_clear(&blob);
        }
    }
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

static void test_sealed_to_sealed_keys_lengths(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct hsm_side destination = fixture_side(&rsa->fixture->sealed[0]);
    for (size_t len = 1; len <= 17; len++) {
        struct buffer blob = moved(rsa, &rsa->sealed[0], len, &destination);
        struct envelope_header header;
        assert_true(envelope_header_parse(buffer_view(&blob), &header));
        assert_int_equal(header.payload_length, len);
        buffer_clear(&blob);
    }
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

/* RSA to RSA: nothing is padded on the way, whatever the length. */
static void test_rsa_to_rsa(void **state)
{
    struct rsa_fixture *rsa = *state;
    static const size_t lengths[] = {1, 7, 8, 13, 213, 214};
    for (size_t i = 0; i < RSA_SIZES; i++) {
        for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++) {
            struct hsm_side destination = rsa_side(&rsa->open[i], HSM_RSAES_OAEP_SHA_1);
            struct buffer blob = moved(rsa, &rsa->open[(i + 1) % RSA_SIZES], lengths[n], &destination);
            assert_int_equal(blob.len, rsa_modulus_bytes(&rsa->open[i]));
            rsa_assert_plaintext(rsa, &destination, buffer_view(&blob), payload, lengths[n]);
            buffer_clear(&blob);
        }
    }
    struct hsm_side sealed = rsa_side(&rsa->second, HSM_RSAES_OAEP_SHA_1);
    struct buffer blob = moved(rsa, &rsa->sealed[2], 214, &sealed);
    assert_int_equal(blob.len, 256);
    buffer_clear(&blob);
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

/* A payload of a larger key that a smaller one has no room for. */
static void test_too_large_for_the_destination(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct hsm_side from = rsa_side(&rsa->open[2], HSM_RSAES_OAEP_SHA_1);
    struct hsm_side to = rsa_side(&rsa->open[0], HSM_RSAES_OAEP_SHA_1);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct buffer blob = rsa_encrypted(rsa, &rsa->open[2], "SHA1", payload, 215);
    assert_hsm(HSM_TOO_LARGE, re_encrypt(rsa, &from, &to, &blob, &out));
    buffer_clear(&blob);

    from = fixture_side(&rsa->fixture->open[0]);
    assert_hsm(HSM_OK, hsm_rewrap_encrypt(rsa->fixture->rewrap, &from, view_of(payload, 216), &blob));
    assert_hsm(HSM_TOO_LARGE, re_encrypt(rsa, &from, &to, &blob, &out));
    buffer_clear(&blob);
    assert_int_equal(out.len, 0);
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

/* AES to RSA: what SoftHSM has padded comes out longer, so it is refused; what it has not is kept. */
static void test_padded_payloads_do_not_go_to_rsa(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct hsm_side from = fixture_side(&rsa->fixture->open[0]);
    struct hsm_side to = rsa_side(&rsa->open[0], HSM_RSAES_OAEP_SHA_1);
    for (size_t len = 1; len <= 24; len++) {
        struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
        struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
        assert_hsm(HSM_OK, hsm_rewrap_encrypt(rsa->fixture->rewrap, &from, view_of(payload, len), &blob));
        assert_hsm(len % 8 == 0 ? HSM_OK : HSM_LENGTH_NOT_KEPT, re_encrypt(rsa, &from, &to, &blob, &out));
        if (len % 8 == 0) {
            rsa_assert_plaintext(rsa, &to, buffer_view(&out), payload, len);
        } else {
            assert_int_equal(out.len, 0);
        }
        buffer_clear(&blob);
        buffer_clear(&out);
    }
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

static void test_encrypt(void **state)
{
    struct rsa_fixture *rsa = *state;
    for (size_t i = 0; i < RSA_SIZES; i++) {
        struct hsm_side side = rsa_side(&rsa->open[i], HSM_RSAES_OAEP_SHA_1);
        size_t max = sha1_max(&rsa->open[i]);
        const size_t lengths[] = {1, 13, max - 1, max};
        for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++) {
            struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
            assert_hsm(HSM_OK, hsm_rewrap_encrypt(rsa->fixture->rewrap, &side, view_of(payload, lengths[n]), &blob));
            assert_int_equal(blob.len, rsa_modulus_bytes(&rsa->open[i]));
            rsa_assert_plaintext(rsa, &side, buffer_view(&blob), payload, lengths[n]);
            buffer_clear(&blob);
        }
        struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
        assert_hsm(HSM_TOO_LARGE, hsm_rewrap_encrypt(rsa->fixture->rewrap, &side, view_of(payload, max + 1), &blob));
        side.key = rsa->sealed[i];
        assert_hsm(HSM_TOO_LARGE, hsm_rewrap_encrypt(rsa->fixture->rewrap, &side, view_of(payload, max + 1), &blob));
        assert_hsm(HSM_OK, hsm_rewrap_encrypt(rsa->fixture->rewrap, &side, view_of(payload, max), &blob));
        buffer_clear(&blob);
    }
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

/* Of all that a token may answer, the caller is told one thing. */
static void assert_invalid(struct rsa_fixture *rsa, const struct hsm_side *side, struct view ciphertext)
{
    struct hsm_side destination = fixture_side(&rsa->fixture->sealed[0]);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct hsm_result result = hsm_rewrap_re_encrypt(rsa->fixture->rewrap, side, &destination, ciphertext, false, &out);
    assert_hsm(HSM_INVALID_CIPHERTEXT, result);
    assert_int_equal(result.rv, CKR_OK);
    assert_string_equal(result.what, "RSAES-OAEP");
    if (side->key.boundary == HSM_OPEN) {
        assert_hsm(HSM_INVALID_CIPHERTEXT, hsm_rewrap_decrypt(rsa->fixture->rewrap, side, ciphertext, false, &out));
        assert_hsm(HSM_INVALID_CIPHERTEXT, hsm_rewrap_decrypt(rsa->fixture->rewrap, side, ciphertext, true, NULL));
    }
    assert_int_equal(out.len, 0);
    buffer_clear(&out);
}

static void test_bad_ciphertexts(void **state)
{
    struct rsa_fixture *rsa = *state;
    const struct hsm_key *keys[] = {&rsa->sealed[0], &rsa->open[0], &rsa->sealed[2]};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct hsm_side side = rsa_side(keys[i], HSM_RSAES_OAEP_SHA_1);
        size_t size = rsa_modulus_bytes(keys[i]);
        struct buffer blob = rsa_encrypted(rsa, keys[i], "SHA1", payload, 32);
        for (size_t len = 0; len < size; len += len < 8 || len + 31 >= size ? 1 : 31) {
            assert_invalid(rsa, &side, view_of(blob.data, len));
        }
        assert_true(buffer_append(&blob, "", 1));
        assert_invalid(rsa, &side, buffer_view(&blob));
        blob.len--;
        for (size_t at = 0; at < size; at += 41) {
            blob.data[at] ^= 0x10;
            assert_invalid(rsa, &side, buffer_view(&blob));
            blob.data[at] ^= 0x10;
        }
        memset(blob.data, 0xff, size); /* more than the modulus */
        assert_invalid(rsa, &side, buffer_view(&blob));
        memset(blob.data, 0, size);
        assert_invalid(rsa, &side, buffer_view(&blob));
        buffer_clear(&blob);

        blob = rsa_encrypted(rsa, keys[i], "SHA256", payload, 32); /* the wrong hash */
        assert_invalid(rsa, &side, buffer_view(&blob));
        buffer_clear(&blob);
        blob = rsa_encrypted(rsa, keys[i], "SHA1", payload, 0); /* nothing in it */
        assert_invalid(rsa, &side, buffer_view(&blob));
        buffer_clear(&blob);
    }
    struct hsm_side side = rsa_side(&rsa->sealed[0], HSM_RSAES_OAEP_SHA_1);
    struct buffer blob = rsa_encrypted(rsa, &rsa->second, "SHA1", payload, 32); /* the wrong key */
    assert_invalid(rsa, &side, buffer_view(&blob));
    buffer_clear(&blob);
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

/* The token itself refuses, across the kinds of key too: the profile says sealed, so nothing of ours is in the way. */
static void test_sealed_to_open_is_refused_by_the_token(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct hsm_side sealed_rsa = rsa_side(&rsa->sealed[0], HSM_RSAES_OAEP_SHA_1);
    struct hsm_side sealed_aes = fixture_side(&rsa->fixture->sealed[0]);
    struct hsm_side open_rsa = rsa_side(&rsa->open[0], HSM_RSAES_OAEP_SHA_1);
    struct hsm_side open_aes = fixture_side(&rsa->fixture->open[0]);
    struct buffer in_rsa = rsa_encrypted(rsa, &rsa->sealed[0], "SHA1", payload, 32);
    struct buffer in_aes = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_hsm(HSM_OK, hsm_rewrap_encrypt(rsa->fixture->rewrap, &sealed_aes, view_of(payload, 32), &in_aes));
    const struct {
        const struct hsm_side *from;
        const struct hsm_side *to;
        const struct buffer *blob;
    } ways[] = {
        {&sealed_rsa, &open_aes, &in_rsa}, {&sealed_rsa, &open_rsa, &in_rsa}, {&sealed_aes, &open_rsa, &in_aes}};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct hsm_result result = re_encrypt(rsa, ways[i].from, ways[i].to, ways[i].blob, &out);
        assert_hsm(HSM_NOT_WRAPPABLE, result);
        assert_int_equal(result.rv, CKR_KEY_NOT_WRAPPABLE);
        assert_int_equal(out.len, 0);
    }
    assert_hsm(HSM_UNSUPPORTED,
               hsm_rewrap_decrypt(rsa->fixture->rewrap, &sealed_rsa, buffer_view(&in_rsa), false, &out));
    /* The other direction is fine. */
    struct buffer from_open = rsa_encrypted(rsa, &rsa->open[0], "SHA1", payload, 32);
    assert_hsm(HSM_OK, re_encrypt(rsa, &open_rsa, &sealed_aes, &from_open, &out));
    out.len = 0;
    assert_hsm(HSM_OK, re_encrypt(rsa, &open_rsa, &sealed_rsa, &from_open, &out));
    buffer_clear(&in_rsa);
    buffer_clear(&in_aes);
    buffer_clear(&from_open);
    buffer_clear(&out);
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

static void test_what_is_not_done(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct hsm_rewrap *rewrap = rsa->fixture->rewrap;
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct hsm_side sha256 = rsa_side(&rsa->open[0], HSM_RSAES_OAEP_SHA_256);
    struct hsm_result result = hsm_rewrap_encrypt(rewrap, &sha256, view_of(payload, 32), &out);
    assert_hsm(HSM_UNSUPPORTED, result);
    assert_string_equal(result.what, "RSAES_OAEP_SHA_256 on this token");
    struct buffer blob = rsa_encrypted(rsa, &rsa->open[0], "SHA256", payload, 32);
    assert_hsm(HSM_UNSUPPORTED, hsm_rewrap_decrypt(rewrap, &sha256, buffer_view(&blob), false, &out));
    buffer_clear(&blob);
    struct hsm_side symmetric = rsa_side(&rsa->open[0], HSM_SYMMETRIC_DEFAULT);
    assert_hsm(HSM_UNSUPPORTED, hsm_rewrap_encrypt(rewrap, &symmetric, view_of(payload, 32), &out));
    struct hsm_side aes = fixture_side(&rsa->fixture->open[0]);
    aes.algorithm = HSM_RSAES_OAEP_SHA_1;
    assert_hsm(HSM_UNSUPPORTED, hsm_rewrap_encrypt(rewrap, &aes, view_of(payload, 32), &out));
    struct hsm_side sha1 = rsa_side(&rsa->open[0], HSM_RSAES_OAEP_SHA_1);
    assert_hsm(HSM_UNSUPPORTED, hsm_rewrap_generate(rewrap, &sha1, 32, &out, NULL));
    assert_hsm(HSM_UNSUPPORTED, hsm_rewrap_public_key(rewrap, &rsa->fixture->open[0], &out));
    struct hsm_key unknown = rsa->open[0];
    unknown.material_id[3] ^= 1;
    assert_hsm(HSM_KEY_NOT_FOUND, hsm_rewrap_public_key(rewrap, &unknown, &out));
    assert_int_equal(out.len, 0);
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

/* On failure the output is as it was: a full buffer, and one with something in it. */
static void test_outputs(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct hsm_rewrap *rewrap = rsa->fixture->rewrap;
    struct hsm_side side = rsa_side(&rsa->open[0], HSM_RSAES_OAEP_SHA_1);
    struct buffer full = BUFFER_INIT(200);
    assert_true(buffer_append(&full, "kept", 4));
    assert_hsm(HSM_LIMIT, hsm_rewrap_encrypt(rewrap, &side, view_of(payload, 32), &full));
    assert_hsm(HSM_LIMIT, hsm_rewrap_public_key(rewrap, &rsa->open[0], &full));
    assert_int_equal(full.len, 4);
    struct buffer blob = rsa_encrypted(rsa, &rsa->open[0], "SHA1", payload, 32);
    assert_hsm(HSM_OK, hsm_rewrap_decrypt(rewrap, &side, buffer_view(&blob), true, NULL));
    struct hsm_side to = rsa_side(&rsa->sealed[1], HSM_RSAES_OAEP_SHA_1);
    assert_hsm(HSM_OK, hsm_rewrap_re_encrypt(rewrap, &side, &to, buffer_view(&blob), true, NULL));
    buffer_clear(&blob);
    buffer_clear(&full);
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

/* A token that lets no length be found: nothing goes to AES, whose header would have to guess. */
static void test_lengths_that_are_not_found(void **state)
{
    struct rsa_fixture *rsa = *state;
    rsa->fixture->profile.lengths = HSM_LENGTHS_UNKNOWN;
    rsa_reopen(rsa);
    struct hsm_side from = rsa_side(&rsa->open[0], HSM_RSAES_OAEP_SHA_1);
    struct hsm_side aes = fixture_side(&rsa->fixture->open[0]);
    struct hsm_side to = rsa_side(&rsa->open[1], HSM_RSAES_OAEP_SHA_1);
    struct buffer blob = rsa_encrypted(rsa, &rsa->open[0], "SHA1", payload, 13);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_hsm(HSM_UNSUPPORTED, re_encrypt(rsa, &from, &aes, &blob, &out));
    assert_int_equal(out.len, 0);
    assert_hsm(HSM_OK, re_encrypt(rsa, &from, &to, &blob, &out));
    rsa_assert_plaintext(rsa, &to, buffer_view(&out), payload, 13);
    out.len = 0;
    /* What is known is the header's, and believed where nothing can have been padded. */
    struct buffer whole = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct buffer odd = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_hsm(HSM_OK, hsm_rewrap_encrypt(rsa->fixture->rewrap, &aes, view_of(payload, 16), &whole));
    assert_hsm(HSM_OK, hsm_rewrap_encrypt(rsa->fixture->rewrap, &aes, view_of(payload, 13), &odd));
    assert_hsm(HSM_LENGTH_NOT_KEPT, re_encrypt(rsa, &aes, &to, &odd, &out));
    assert_hsm(HSM_OK, re_encrypt(rsa, &aes, &to, &whole, &out));
    rsa_assert_plaintext(rsa, &to, buffer_view(&out), payload, 16);
    buffer_clear(&blob);
    buffer_clear(&whole);
    buffer_clear(&odd);
    buffer_clear(&out);
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

int main(void)
{
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = i % 5 < 3 ? (uint8_t)i : 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_lengths_are_found),
        cmocka_unit_test(test_sealed_to_sealed_keys_lengths),
        cmocka_unit_test(test_rsa_to_rsa),
        cmocka_unit_test(test_too_large_for_the_destination),
        cmocka_unit_test(test_padded_payloads_do_not_go_to_rsa),
        cmocka_unit_test(test_encrypt),
        cmocka_unit_test(test_bad_ciphertexts),
        cmocka_unit_test(test_sealed_to_open_is_refused_by_the_token),
        cmocka_unit_test(test_what_is_not_done),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_lengths_that_are_not_found), /* last: it changes the profile */
    };
    return cmocka_run_group_tests(tests, rsa_setup, rsa_teardown);
}
