/* RSA pairs on a private token; see rsa_fixture.h. */
#include "rsa_fixture.h"

#include "base/uuid.h"
#include "hsm/ceremony.h"

#include <errno.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static const enum hsm_spec sizes[RSA_SIZES] = {HSM_SPEC_RSA_2048, HSM_SPEC_RSA_3072, HSM_SPEC_RSA_4096};

static struct hsm_key *made_next; /* where the ceremony's watch puts what it is told of */

static void saw_made(void *state, const struct ceremony_object *object, bool made)
{
    (void)state;
    assert_true(made);
    *made_next = (struct hsm_key){.spec = object->spec, .boundary = HSM_SEALED};
    memcpy(made_next->material_id, object->material_id, sizeof made_next->material_id);
    uuid_random(made_next->key_id);
}

static void add_sealed(struct rsa_fixture *rsa, enum hsm_spec spec, struct hsm_key *key)
{
    const struct ceremony_watch watch = {.saw = saw_made};
    made_next = key;
    assert_hsm(HSM_OK, ceremony_add(rsa->fixture->token, spec, 1, rsa->fixture->profile.kwp, &watch));
}

void rsa_reopen(struct rsa_fixture *rsa)
{
    struct fixture *fixture = rsa->fixture;
    fixture_close(fixture);
    fixture_open(fixture);
    assert_hsm(HSM_OK, hsm_rewrap_new(fixture->token, &fixture->profile, 1000, NULL, &fixture->rewrap));
}

static void setup(void **state, size_t n_sizes)
{
    struct rsa_fixture *rsa = calloc(1, sizeof *rsa);
    assert_non_null(rsa);
    fixture_setup(state);
    rsa->fixture = *state;
    *state = rsa;
    fixture_close(rsa->fixture);
    fixture_open(rsa->fixture);
    assert_hsm(HSM_OK, hsm_token_logout(rsa->fixture->token));
    fixture_login(rsa->fixture, HSM_SO, FIXTURE_SO_PIN);
    for (size_t i = 0; i < n_sizes; i++) {
        add_sealed(rsa, sizes[i], &rsa->sealed[i]);
    }
    add_sealed(rsa, HSM_SPEC_RSA_2048, &rsa->second);
    rsa_reopen(rsa);
    for (size_t i = 0; i < n_sizes; i++) {
        rsa->open[i] = (struct hsm_key){.spec = sizes[i], .boundary = HSM_OPEN};
        uuid_random(rsa->open[i].key_id);
        assert_hsm(HSM_OK, hsm_rewrap_make_open(rsa->fixture->rewrap, sizes[i], rsa->open[i].material_id));
    }
}

int rsa_setup(void **state)
{
    setup(state, RSA_SIZES);
    return 0;
}

int rsa_setup_small(void **state)
{
    setup(state, 1);
    return 0;
}

int rsa_make_one(void)
{
    struct fixture fixture = {0};
    struct rsa_fixture rsa = {.fixture = &fixture};
    fixture_open(&fixture);
    assert_hsm(HSM_OK, hsm_token_logout(fixture.token));
    fixture_login(&fixture, HSM_SO, FIXTURE_SO_PIN);
    add_sealed(&rsa, HSM_SPEC_RSA_2048, &rsa.sealed[0]);
    fixture_close(&fixture);
    return 0;
}

static bool take_pair(void *state, const struct hsm_object *object)
{
    struct hsm_key *key = state;
    if (object->spec != HSM_SPEC_RSA_2048) {
        return true;
    }
    *key = (struct hsm_key){.spec = object->spec, .boundary = object->boundary};
    memcpy(key->material_id, object->material_id, sizeof key->material_id);
    uuid_random(key->key_id);
    return false;
}

int rsa_setup_one(void **state)
{
    static const char *const arguments[] = {RSA_MAKE_ONE, NULL};
    struct rsa_fixture *rsa = calloc(1, sizeof *rsa);
    assert_non_null(rsa);
    fixture_setup(state);
    rsa->fixture = *state;
    *state = rsa;
    fixture_close(rsa->fixture);
    fixture_run(program_invocation_name, arguments);
    rsa_reopen(rsa);
    hsm_rewrap_objects(rsa->fixture->rewrap, take_pair, &rsa->sealed[0]);
    assert_int_equal(rsa->sealed[0].boundary, HSM_SEALED);
    return 0;
}

int rsa_teardown(void **state)
{
    struct rsa_fixture *rsa = *state;
    *state = rsa->fixture;
    free(rsa);
    return fixture_teardown(state);
}

struct hsm_side rsa_side(const struct hsm_key *key, enum hsm_algorithm algorithm)
{
    return (struct hsm_side){.key = *key, .algorithm = algorithm};
}

size_t rsa_modulus_bytes(const struct hsm_key *key)
{
    return key->spec == HSM_SPEC_RSA_2048 ? 256 : key->spec == HSM_SPEC_RSA_3072 ? 384 : 512;
}

EVP_PKEY *rsa_public_key(struct rsa_fixture *rsa, const struct hsm_key *key)
{
    struct buffer der = BUFFER_INIT(1024);
    assert_hsm(HSM_OK, hsm_rewrap_public_key(rsa->fixture->rewrap, key, &der));
    const uint8_t *next = der.data;
    EVP_PKEY *public_key = d2i_PUBKEY(NULL, &next, (long)der.len);
    assert_non_null(public_key);
    assert_ptr_equal(next, der.data + der.len);
    assert_int_equal(EVP_PKEY_get_size(public_key), rsa_modulus_bytes(key));
    buffer_clear(&der);
    return public_key;
}

struct buffer rsa_encrypted(struct rsa_fixture *rsa, const struct hsm_key *key, const char *hash, const void *data,
                            size_t len)
{
    EVP_PKEY *public_key = rsa_public_key(rsa, key);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(public_key, NULL);
    uint8_t out[512];
    size_t out_len = sizeof out;
    assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md_name(context, hash, NULL), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, hash, NULL), 1);
    assert_int_equal(EVP_PKEY_encrypt(context, out, &out_len, data, len), 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(public_key);
    struct buffer ciphertext = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_true(buffer_append(&ciphertext, out, out_len));
    return ciphertext;
}

void rsa_assert_plaintext(struct rsa_fixture *rsa, const struct hsm_side *side, struct view ciphertext,
                          const void *data, size_t len)
{
    struct buffer plaintext = BUFFER_INIT(ENVELOPE_PAYLOAD_MAX_BYTES);
    assert_hsm(HSM_OK, hsm_rewrap_decrypt(rsa->fixture->rewrap, side, ciphertext, false, &plaintext));
    assert_int_equal(plaintext.len, len);
    assert_memory_equal(plaintext.data, data, len);
    buffer_clear(&plaintext);
}
