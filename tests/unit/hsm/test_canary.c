/* A bad RSA ciphertext and a bad device, told apart whatever the module answers; and which mechanism a key is used
 * with. The module is the real one, with C_UnwrapKey and C_WrapKey watched and made to fail. */
#include "rsa_fixture.h"

#include "objects/attributes_table.h"
#include "p11/p11_call.h"

#include <string.h>

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST watched;
static unsigned unwraps;         /* calls so far */
static CK_RV answers[4];         /* to the next calls of C_UnwrapKey; CKR_OK: the module's own */
static bool without_rsa;         /* payloads are made up: a private key is slow under valgrind */
static const struct buffer *bad; /* the ciphertext that is refused then */
static CK_RV to_bad;             /* the answer to it */
static CK_MECHANISM_TYPE used;   /* by the last call of either */

/* As if unwrapped. */
static CK_RV make_payload(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    static char value[] = "payload";
    CK_ATTRIBUTE all[ATTRIBUTES_MAX] = {{CKA_VALUE, value, sizeof value - 1}};
    assert_true(n < ATTRIBUTES_MAX);
    memcpy(all + 1, list, n * sizeof all[0]);
    return real->C_CreateObject(session, all, n + 1, ret);
}

static CK_RV unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_BYTE *wrapped,
                        CK_ULONG len, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    used = mechanism->mechanism;
    size_t call = unwraps++;
    if (call < sizeof answers / sizeof answers[0] && answers[call] != CKR_OK) {
        return answers[call];
    }
    if (!without_rsa) {
        return real->C_UnwrapKey(session, mechanism, key, wrapped, len, list, n, ret);
    }
    bool is_bad = bad != NULL && view_equal(view_of(wrapped, len), buffer_view(bad));
    return is_bad ? to_bad : make_payload(session, list, n, ret);
}

static CK_RV wrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
                      CK_OBJECT_HANDLE key, CK_BYTE *wrapped, CK_ULONG *len)
{
    used = mechanism->mechanism;
    return real->C_WrapKey(session, mechanism, wrapping, key, wrapped, len);
}

static void watch(struct rsa_fixture *rsa)
{
    real = rsa->fixture->token->functions;
    watched = *real;
    watched.C_UnwrapKey = unwrap_key;
    watched.C_WrapKey = wrap_key;
    rsa->fixture->token->functions = &watched;
}

static int setup(void **state)
{
    rsa_setup_one(state);
    watch(*state);
    return 0;
}

static void answer(CK_RV first, CK_RV second, CK_RV third)
{
    unwraps = 0;
    answers[0] = first;
    answers[1] = second;
    answers[2] = third;
}

static struct hsm_result re_encrypt(struct rsa_fixture *rsa, const struct buffer *blob)
{
    struct hsm_side source = rsa_side(&rsa->sealed[0], HSM_RSAES_OAEP_SHA_1);
    struct hsm_side destination = rsa_side(&rsa->sealed[0], HSM_RSAES_OAEP_SHA_1);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct hsm_result result =
        hsm_rewrap_re_encrypt(rsa->fixture->rewrap, &source, &destination, buffer_view(blob), false, &out);
    assert_int_equal(out.len, result.code == HSM_OK ? 256 : 0);
    buffer_clear(&out);
    return result;
}

static void test_what_a_bad_ciphertext_costs(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct buffer blob = rsa_encrypted(rsa, &rsa->sealed[0], "SHA1", "payload", 7);
    answer(CKR_OK, CKR_OK, CKR_OK);
    assert_hsm(HSM_OK, re_encrypt(rsa, &blob));
    assert_int_equal(unwraps, 1);
    blob.data[100] ^= 1;
    for (int i = 0; i < 2; i++) { /* the canary is made; and it is there already */
        answer(CKR_OK, CKR_OK, CKR_OK);
        assert_hsm(HSM_INVALID_CIPHERTEXT, re_encrypt(rsa, &blob));
        assert_int_equal(unwraps, 3); /* itself, the canary, itself again */
        assert_int_equal(fixture_session_objects(rsa->fixture), 0);
    }
    buffer_clear(&blob);
}

/* Whatever a module says to a bad ciphertext, its caller hears one thing, and the session is not given up. */
static void test_every_answer_to_a_bad_ciphertext(void **state)
{
    struct rsa_fixture *rsa = *state;
    static const CK_RV values[] = {
        CKR_GENERAL_ERROR,
        CKR_FUNCTION_FAILED,
        CKR_ENCRYPTED_DATA_INVALID,
        CKR_ENCRYPTED_DATA_LEN_RANGE,
        CKR_WRAPPED_KEY_INVALID,
        CKR_WRAPPED_KEY_LEN_RANGE,
        CKR_DATA_INVALID,
        CKR_DATA_LEN_RANGE,
        CKR_KEY_SIZE_RANGE,
        CKR_DEVICE_ERROR,
        CKR_DEVICE_MEMORY,
        CKR_DEVICE_REMOVED,
        CKR_SESSION_HANDLE_INVALID,
        CKR_USER_NOT_LOGGED_IN,
        CKR_MECHANISM_PARAM_INVALID,
        CKR_TEMPLATE_INCONSISTENT,
        CKR_ATTRIBUTE_VALUE_INVALID,
        CKR_ARGUMENTS_BAD,
        CKR_HOST_MEMORY,
        CKR_OBJECT_HANDLE_INVALID,
        CKR_UNWRAPPING_KEY_HANDLE_INVALID,
        0x80000001UL,
    };
    struct buffer blob = rsa_encrypted(rsa, &rsa->sealed[0], "SHA1", "payload", 7);
    blob.data[100] ^= 1;
    without_rsa = true;
    bad = &blob;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        answer(CKR_OK, CKR_OK, CKR_OK);
        to_bad = values[i];
        struct hsm_result result = re_encrypt(rsa, &blob);
        assert_hsm(HSM_INVALID_CIPHERTEXT, result);
        assert_int_equal(result.rv, CKR_OK);
        assert_string_equal(result.what, "RSAES-OAEP");
        assert_true(unwraps <= 3);
    }
    bad = NULL;
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
    buffer_clear(&blob);
}

/* When the canary cannot be unwrapped either, it is the device, and the answer is the device's. */
static void test_a_bad_device(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct buffer good = rsa_encrypted(rsa, &rsa->sealed[0], "SHA1", "payload", 7);
    static const struct {
        CK_RV rv;
        enum hsm_code code;
    } rows[] = {
        {CKR_GENERAL_ERROR, HSM_FAULT},
        {CKR_ENCRYPTED_DATA_INVALID, HSM_FAULT},
        {CKR_DATA_LEN_RANGE, HSM_FAULT},
        {CKR_DEVICE_ERROR, HSM_TOKEN_UNAVAILABLE},
        {CKR_SESSION_HANDLE_INVALID, HSM_TOKEN_UNAVAILABLE},
        {CKR_HOST_MEMORY, HSM_NO_MEMORY},
        {CKR_DEVICE_MEMORY, HSM_LIMIT},
    };
    without_rsa = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        answer(rows[i].rv, rows[i].rv, CKR_OK);
        struct hsm_result result = re_encrypt(rsa, &good);
        assert_hsm(rows[i].code, result);
        assert_int_equal(result.rv, rows[i].rv);
        assert_int_equal(unwraps, 2);
        answer(CKR_OK, CKR_OK, CKR_OK); /* well again */
        assert_hsm(HSM_OK, re_encrypt(rsa, &good));
    }
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
    buffer_clear(&good);
}

/* A fault that is gone when the canary is asked: the good ciphertext is read after all. */
static void test_a_fault_that_passes(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct buffer good = rsa_encrypted(rsa, &rsa->sealed[0], "SHA1", "payload", 7);
    static const CK_RV passing[] = {CKR_HOST_MEMORY,           CKR_DEVICE_ERROR,  CKR_DEVICE_MEMORY,
                                    CKR_OPERATION_ACTIVE,      CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED,
                                    CKR_ENCRYPTED_DATA_INVALID};
    without_rsa = true;
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        answer(passing[i], CKR_OK, CKR_OK);
        assert_hsm(HSM_OK, re_encrypt(rsa, &good));
        assert_int_equal(unwraps, 3);
    }
    /* A handle that is no longer valid: looked up again, once. */
    answer(CKR_UNWRAPPING_KEY_HANDLE_INVALID, CKR_UNWRAPPING_KEY_HANDLE_INVALID, CKR_OK);
    assert_hsm(HSM_OK, re_encrypt(rsa, &good));
    assert_int_equal(unwraps, 3);
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
    buffer_clear(&good);
}

static void encrypt_and_decrypt(struct rsa_fixture *rsa, const struct hsm_key *key, CK_MECHANISM_TYPE mechanism)
{
    struct hsm_side side = fixture_side(key);
    struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    used = 0;
    assert_hsm(HSM_OK, hsm_rewrap_encrypt(rsa->fixture->rewrap, &side, view_of("payload", 7), &blob));
    assert_int_equal(used, mechanism);
    used = 0;
    rsa_assert_plaintext(rsa, &side, buffer_view(&blob), "payload", 7);
    assert_int_equal(used, mechanism);
    buffer_clear(&blob);
}

/*
 * A token that learns the newer number of KWP: the profile says 0x210B, and the keys from before, which allow the old
 * one alone, are used with the old one; new keys with the new one.
 */
static void test_a_key_keeps_its_mechanism(void **state)
{
    struct rsa_fixture *rsa = *state;
    without_rsa = false;
    CK_MECHANISM_TYPE before = rsa->fixture->profile.kwp;
    assert_int_equal(before, CKM_AES_KEY_WRAP_PAD);
    answer(CKR_OK, CKR_OK, CKR_OK);
    encrypt_and_decrypt(rsa, &rsa->fixture->open[0], before);

    rsa->fixture->token->functions = real;
    rsa->fixture->profile.kwp = CKM_AES_KEY_WRAP_KWP;
    rsa_reopen(rsa);
    watch(rsa);
    encrypt_and_decrypt(rsa, &rsa->fixture->open[0], before);
    assert_hsm(HSM_OK, hsm_rewrap_refresh(rsa->fixture->rewrap)); /* without looking at it again */
    encrypt_and_decrypt(rsa, &rsa->fixture->open[0], before);

    /* A new key: SoftHSM 2.6.1 makes it, and does not know the mechanism. */
    struct hsm_side side = fixture_side(&rsa->fixture->open[1]);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_hsm(HSM_OK, hsm_rewrap_make_open(rsa->fixture->rewrap, HSM_SPEC_AES_256, side.key.material_id));
    struct hsm_result result = hsm_rewrap_encrypt(rsa->fixture->rewrap, &side, view_of("payload", 7), &out);
    assert_hsm(HSM_FAULT, result);
    assert_int_equal(result.rv, CKR_MECHANISM_INVALID);
    assert_int_equal(used, CKM_AES_KEY_WRAP_KWP);
    assert_int_equal(out.len, 0);

    /* The length of what an RSA ciphertext holds is found without KWP, whichever number that has. */
    struct hsm_side source = rsa_side(&rsa->sealed[0], HSM_RSAES_OAEP_SHA_1);
    struct hsm_side destination = fixture_side(&rsa->fixture->sealed[0]);
    struct buffer blob = rsa_encrypted(rsa, &rsa->sealed[0], "SHA1", "payload", 7);
    struct envelope_header header;
    assert_hsm(HSM_OK,
               hsm_rewrap_re_encrypt(rsa->fixture->rewrap, &source, &destination, buffer_view(&blob), false, &out));
    assert_true(envelope_header_parse(buffer_view(&out), &header));
    assert_int_equal(header.payload_length, 7);
    buffer_clear(&out);
    buffer_clear(&blob);
    assert_int_equal(fixture_session_objects(rsa->fixture), 0);
    rsa->fixture->token->functions = real;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], RSA_MAKE_ONE) == 0) {
        return rsa_make_one();
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_bad_ciphertext_costs),
        cmocka_unit_test(test_every_answer_to_a_bad_ciphertext),
        cmocka_unit_test(test_a_bad_device),
        cmocka_unit_test(test_a_fault_that_passes),
        cmocka_unit_test(test_a_key_keeps_its_mechanism), /* last: it changes the profile */
    };
    return cmocka_run_group_tests(tests, setup, rsa_teardown);
}
