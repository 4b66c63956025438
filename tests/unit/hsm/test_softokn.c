/* RSA keys on a token that does OAEP with both hashes and tells lengths: NSS softokn. Everything here is open; what a
 * sealed key rests on this token does not have. */
#include "rsa_fixture.h"
#include "softokn.h"

#include "base/uuid.h"
#include "objects/attributes.h"
#include "objects/classes.h"
#include "p11/p11_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t payload[ENVELOPE_PAYLOAD_MAX_BYTES];

static const struct {
    enum hsm_algorithm algorithm;
    const char *hash;
    size_t overhead;
} hashes[] = {{HSM_RSAES_OAEP_SHA_1, "SHA1", 42}, {HSM_RSAES_OAEP_SHA_256, "SHA256", 66}};
#define N_HASHES (sizeof hashes / sizeof hashes[0])

/* The user makes it: this SO can make nothing. */
static void make_binding_root(struct fixture *fixture)
{
    static const uint8_t id[ENVELOPE_MATERIAL_ID_BYTES] = {1};
    struct attributes_wish wish = {
        .level = fixture->profile.level, .on_token = true, .label = LABEL_BINDING_ROOT, .id = id, .id_len = sizeof id};
    struct attributes_template template;
    attributes_create(ATTRIBUTES_BINDING_ROOT, &wish, &template);
    CK_OBJECT_HANDLE root = CK_INVALID_HANDLE;
    assert_int_equal(p11_generate_key(fixture->token, CKM_GENERIC_SECRET_KEY_GEN, template.list, template.n, &root),
                     CKR_OK);
}

static int setup(void **state)
{
    struct rsa_fixture *rsa = calloc(1, sizeof *rsa);
    assert_non_null(rsa);
    fixture_setup_bare(state);
    rsa->fixture = *state;
    *state = rsa;
    char init_args[SOFTOKN_INIT_ARGS_BYTES];
    softokn_make(rsa->fixture, init_args);
    struct hsm_token_config config = {.module = SOFTOKN_MODULE, .init_args = init_args, .uri = SOFTOKN_URI};
    assert_hsm(HSM_OK, hsm_token_open(&config, &rsa->fixture->token));
    fixture_login(rsa->fixture, HSM_USER, FIXTURE_USER_PIN);
    assert_hsm(HSM_OK, hsm_probe(rsa->fixture->token, &rsa->fixture->profile));
    make_binding_root(rsa->fixture);
    assert_hsm(HSM_OK, hsm_rewrap_new(rsa->fixture->token, &rsa->fixture->profile, 1000, NULL, &rsa->fixture->rewrap));
    static const enum hsm_spec sizes[RSA_SIZES] = {HSM_SPEC_RSA_2048, HSM_SPEC_RSA_3072, HSM_SPEC_RSA_4096};
    for (size_t i = 0; i < RSA_SIZES; i++) {
        rsa->open[i] = (struct hsm_key){.spec = sizes[i], .boundary = HSM_OPEN};
        uuid_random(rsa->open[i].key_id);
        assert_hsm(HSM_OK, hsm_rewrap_make_open(rsa->fixture->rewrap, sizes[i], rsa->open[i].material_id));
    }
    rsa->fixture->open[0] = (struct hsm_key){.spec = HSM_SPEC_AES_256, .boundary = HSM_OPEN};
    assert_hsm(HSM_OK, hsm_rewrap_make_open(rsa->fixture->rewrap, HSM_SPEC_AES_256, rsa->fixture->open[0].material_id));
    return 0;
}

static void test_probe(void **state)
{
    struct rsa_fixture *rsa = *state;
    assert_true(rsa->fixture->profile.oaep_sha1);
    assert_true(rsa->fixture->profile.oaep_sha256);
    assert_false(rsa->fixture->profile.pads_payloads);
    assert_int_equal(rsa->fixture->profile.lengths, HSM_LENGTHS_BY_ATTRIBUTE);
}

static struct hsm_result re_encrypt(struct rsa_fixture *rsa, const struct hsm_side *source,
                                    const struct hsm_side *destination, const struct buffer *ciphertext,
                                    struct buffer *out)
{
    return hsm_rewrap_re_encrypt(rsa->fixture->rewrap, source, destination, buffer_view(ciphertext), false, out);
}

/* Every way from a ciphertext made outside to AES and back to RSA keeps the payload, at every residue of 8. */
static void test_there_and_back(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct hsm_side aes = fixture_side(&rsa->fixture->open[0]);
    for (size_t h = 0; h < N_HASHES; h++) {
        for (size_t i = 0; i < RSA_SIZES; i++) {
            size_t max = rsa_modulus_bytes(&rsa->open[i]) - hashes[h].overhead;
            size_t kwp_max = rsa->fixture->profile.payload_max_bytes;
            max = max < kwp_max ? max : kwp_max;
            struct hsm_side side = rsa_side(&rsa->open[i], hashes[h].algorithm);
            for (size_t len = 1; len <= max; len += len >= 17 && len + 37 < max ? 37 : 1) {
                struct buffer first = rsa_encrypted(rsa, &rsa->open[i], hashes[h].hash, payload, len);
                struct buffer second = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
                struct buffer third = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
                assert_hsm(HSM_OK, re_encrypt(rsa, &side, &aes, &first, &second));
                struct envelope_header header;
                assert_true(envelope_header_parse(buffer_view(&second), &header));
                assert_int_equal(header.payload_length, len);
                assert_hsm(HSM_OK, re_encrypt(rsa, &aes, &side, &second, &third));
                rsa_assert_plaintext(rsa, &side, buffer_view(&third), payload, len);
                buffer_clear(&first);
                buffer_clear(&second);
                buffer_clear(&third);
            }
        }
    }
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

static void test_limits(void **state)
{
    struct rsa_fixture *rsa = *state;
    for (size_t h = 0; h < N_HASHES; h++) {
        struct hsm_side from = rsa_side(&rsa->open[1], hashes[h].algorithm);
        struct hsm_side to = rsa_side(&rsa->open[0], hashes[h].algorithm);
        size_t max = 256 - hashes[h].overhead;
        struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
        assert_hsm(HSM_TOO_LARGE, hsm_rewrap_encrypt(rsa->fixture->rewrap, &to, view_of(payload, max + 1), &out));
        assert_hsm(HSM_OK, hsm_rewrap_encrypt(rsa->fixture->rewrap, &to, view_of(payload, max), &out));
        rsa_assert_plaintext(rsa, &to, buffer_view(&out), payload, max);
        out.len = 0;
        struct buffer blob = rsa_encrypted(rsa, &rsa->open[1], hashes[h].hash, payload, max + 1);
        assert_hsm(HSM_TOO_LARGE, re_encrypt(rsa, &from, &to, &blob, &out));
        buffer_clear(&blob);
        blob = rsa_encrypted(rsa, &rsa->open[1], hashes[h].hash, payload, max);
        assert_hsm(HSM_OK, re_encrypt(rsa, &from, &to, &blob, &out));
        buffer_clear(&blob);
        buffer_clear(&out);
    }
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

/* This token has no secrets of more than 256 bytes, and RSA keys that hold more. */
static void test_too_large_for_aes(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct hsm_side from = rsa_side(&rsa->open[2], HSM_RSAES_OAEP_SHA_1);
    struct hsm_side aes = fixture_side(&rsa->fixture->open[0]);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    size_t max = rsa->fixture->profile.payload_max_bytes;
    assert_in_range(max, 1, 469);
    struct buffer blob = rsa_encrypted(rsa, &rsa->open[2], "SHA1", payload, max + 1);
    assert_hsm(HSM_TOO_LARGE, re_encrypt(rsa, &from, &aes, &blob, &out));
    assert_hsm(HSM_TOO_LARGE, hsm_rewrap_decrypt(rsa->fixture->rewrap, &from, buffer_view(&blob), false, &out));
    blob.data[300] ^= 1;
    assert_hsm(HSM_INVALID_CIPHERTEXT, re_encrypt(rsa, &from, &aes, &blob, &out));
    buffer_clear(&blob);
    assert_hsm(HSM_TOO_LARGE, hsm_rewrap_encrypt(rsa->fixture->rewrap, &aes, view_of(payload, max + 1), &out));
    assert_hsm(HSM_TOO_LARGE, hsm_rewrap_encrypt(rsa->fixture->rewrap, &from, view_of(payload, max + 1), &out));
    assert_hsm(HSM_TOO_LARGE, hsm_rewrap_generate(rsa->fixture->rewrap, &aes, max + 1, &out, NULL));
    assert_int_equal(out.len, 0);
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

static void test_bad_ciphertexts(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct hsm_side aes = fixture_side(&rsa->fixture->open[0]);
    for (size_t h = 0; h < N_HASHES; h++) {
        struct hsm_side side = rsa_side(&rsa->open[0], hashes[h].algorithm);
        struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
        struct buffer bad[] = {
            rsa_encrypted(rsa, &rsa->open[0], hashes[1 - h].hash, payload, 32),
            rsa_encrypted(rsa, &rsa->open[0], hashes[h].hash, payload, 0),
            rsa_encrypted(rsa, &rsa->open[1], hashes[h].hash, payload, 32),
            rsa_encrypted(rsa, &rsa->open[0], hashes[h].hash, payload, 32),
        };
        bad[3].data[200] ^= 1;
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            struct hsm_result result = re_encrypt(rsa, &side, &aes, &bad[i], &out);
            assert_hsm(HSM_INVALID_CIPHERTEXT, result);
            assert_string_equal(result.what, "RSAES-OAEP");
            assert_hsm(HSM_INVALID_CIPHERTEXT,
                       hsm_rewrap_decrypt(rsa->fixture->rewrap, &side, buffer_view(&bad[i]), false, &out));
            buffer_clear(&bad[i]);
        }
        assert_int_equal(out.len, 0);
    }
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
}

int main(void)
{
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = i % 5 < 3 ? (uint8_t)i : 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe),           cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_limits),          cmocka_unit_test(test_too_large_for_aes),
        cmocka_unit_test(test_bad_ciphertexts),
    };
    return cmocka_run_group_tests(tests, setup, rsa_teardown);
}
