/* Twins of RSA pairs: what somebody with the user PIN puts beside a pair neither stands for a half of it nor makes it
 * ambiguous. */
#include "rsa_fixture.h"

#include "hsm/ceremony.h"
#include "keys/keys.h"
#include "keys/pair.h"
#include "objects/attributes.h"
#include "objects/classes.h"
#include "p11/p11_call.h"

#include <string.h>

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

struct twins {
    CK_OBJECT_HANDLE public_half;
    CK_OBJECT_HANDLE private_half;
};

static struct hsm_result look(struct rsa_fixture *rsa, const struct hsm_key *key, struct key_handles *ret)
{
    struct keys *keys = NULL;
    assert_hsm(HSM_OK, keys_new(rsa->fixture->token, 1000, &keys));
    struct hsm_result result = keys_find(keys, key->spec, key->boundary, key->material_id, ret);
    if (result.code == HSM_OK) { /* the same at a second look, at what is new only */
        struct key_handles again;
        assert_hsm(HSM_OK, keys_refresh(keys));
        assert_hsm(HSM_OK, keys_find(keys, key->spec, key->boundary, key->material_id, &again));
        assert_int_equal(again.unwrap, ret->unwrap);
        assert_int_equal(again.wrap, ret->wrap);
    }
    keys_free(keys);
    return result;
}

static CK_RV destroy(struct rsa_fixture *rsa, CK_OBJECT_HANDLE object)
{
    return p11_destroy_object(rsa->fixture->token, object);
}

static void set(struct attributes_template *template, CK_ATTRIBUTE_TYPE type, CK_BBOOL *value)
{
    for (CK_ULONG i = 0; i < template->n; i++) {
        if (template->list[i].type == type) {
            template->list[i].pValue = value;
        }
    }
}

/* A pair that the user makes with every attribute of a key's class that he may give, its label and its id; both halves
 * can be destroyed again. bits is the size. */
static struct twins make_twins(struct rsa_fixture *rsa, const struct hsm_key *key, CK_ULONG bits)
{
    const struct key_class *class = key_class_of(key->spec, key->boundary);
    struct attributes_wish wish = {.level = HSM_LEVEL_SEALED,
                                   .on_token = true,
                                   .label = class->label,
                                   .id = key->material_id,
                                   .id_len = MATERIAL_ID_BYTES,
                                   .modulus_bits = bits};
    struct attributes_template private_half;
    struct attributes_template public_half;
    attributes_create(class->unwrap_kind, &wish, &private_half);
    attributes_create(class->wrap_kind, &wish, &public_half);
    set(&public_half, CKA_TRUSTED, &no);
    if (key->boundary == HSM_OPEN) {
        set(&private_half, CKA_DESTROYABLE, &yes);
    }
    struct twins twins = {0};
    assert_int_equal(p11_generate_key_pair(rsa->fixture->token, CKM_RSA_PKCS_KEY_PAIR_GEN, public_half.list,
                                           public_half.n, private_half.list, private_half.n, &twins.public_half,
                                           &twins.private_half),
                     CKR_OK);
    return twins;
}

/* A public key of any numbers, which the user knows. */
static CK_OBJECT_HANDLE plant_public(struct rsa_fixture *rsa, const struct hsm_key *key,
                                     const struct pair_numbers *numbers)
{
    const struct key_class *class = key_class_of(key->spec, key->boundary);
    CK_OBJECT_CLASS object_class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_RSA;
    CK_ATTRIBUTE list[] = {
        {CKA_CLASS, &object_class, sizeof object_class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &no, sizeof no},
        {CKA_WRAP, &yes, sizeof yes},
        {CKA_LABEL, (void *)(uintptr_t) class->label, strlen(class->label)},
        {CKA_ID, (void *)(uintptr_t)key->material_id, MATERIAL_ID_BYTES},
        {CKA_MODULUS, (void *)(uintptr_t)numbers->modulus, numbers->modulus_len},
        {CKA_PUBLIC_EXPONENT, (void *)(uintptr_t)numbers->exponent, numbers->exponent_len},
    };
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    assert_int_equal(p11_create_object(rsa->fixture->token, list, sizeof list / sizeof list[0], &object), CKR_OK);
    return object;
}

/* A private key with the modulus of another and a private exponent of nobody's. */
static CK_OBJECT_HANDLE plant_private(struct rsa_fixture *rsa, const struct hsm_key *key,
                                      const struct pair_numbers *numbers)
{
    const struct key_class *class = key_class_of(key->spec, key->boundary);
    CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
    CK_KEY_TYPE type = CKK_RSA;
    CK_ATTRIBUTE list[] = {
        {CKA_CLASS, &object_class, sizeof object_class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &yes, sizeof yes},
        {CKA_UNWRAP, &yes, sizeof yes},
        {CKA_LABEL, (void *)(uintptr_t) class->label, strlen(class->label)},
        {CKA_ID, (void *)(uintptr_t)key->material_id, MATERIAL_ID_BYTES},
        {CKA_MODULUS, (void *)(uintptr_t)numbers->modulus, numbers->modulus_len},
        {CKA_PUBLIC_EXPONENT, (void *)(uintptr_t)numbers->exponent, numbers->exponent_len},
        {CKA_PRIVATE_EXPONENT, (void *)(uintptr_t)numbers->modulus, numbers->modulus_len},
    };
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    assert_int_equal(p11_create_object(rsa->fixture->token, list, sizeof list / sizeof list[0], &object), CKR_OK);
    return object;
}

static void assert_same(const struct key_handles *a, const struct key_handles *b)
{
    assert_int_equal(a->unwrap, b->unwrap);
    assert_int_equal(a->wrap, b->wrap);
}

/* The survey of the ceremony sees it as the worker does. */
static void assert_survey_passes(struct rsa_fixture *rsa, const struct hsm_key *key, bool passes)
{
    struct ceremony_survey survey;
    size_t passing = 0;
    assert_hsm(HSM_OK, ceremony_survey(rsa->fixture->token, &survey));
    for (size_t i = 0; i < survey.n; i++) {
        passing += memcmp(survey.objects[i].material_id, key->material_id, MATERIAL_ID_BYTES) == 0 &&
                   survey.objects[i].refused_for == NULL;
    }
    ceremony_survey_clear(&survey);
    assert_int_equal(passing, passes);
}

/* Copies of a key's numbers that the token did not make. */
static void test_planted_halves(void **state)
{
    struct rsa_fixture *rsa = *state;
    const struct hsm_key *keys[] = {&rsa->sealed[0], &rsa->open[0]};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct key_handles before;
        struct key_handles after;
        struct pair_numbers numbers;
        assert_hsm(HSM_OK, look(rsa, keys[i], &before));
        assert_hsm(HSM_OK, pair_numbers_read(rsa->fixture->token, before.wrap, 2048, &numbers));
        CK_OBJECT_HANDLE planted[3];
        planted[0] = plant_public(rsa, keys[i], &numbers);
        planted[1] = plant_private(rsa, keys[i], &numbers);
        numbers.modulus[9] ^= 1;
        planted[2] = plant_public(rsa, keys[i], &numbers);
        assert_hsm(HSM_OK, look(rsa, keys[i], &after));
        assert_same(&before, &after);
        assert_survey_passes(rsa, keys[i], true);
        for (size_t n = 0; n < 3; n++) {
            assert_int_equal(destroy(rsa, planted[n]), CKR_OK);
        }
    }
}

/*
 * A pair that the user makes on the token with the id of a sealed one: its private half passes in every attribute, and
 * would be taken if it were not for the public half, which only the SO can make.
 */
static void test_a_pair_of_the_users_beside_a_sealed_one(void **state)
{
    struct rsa_fixture *rsa = *state;
    const struct hsm_key *key = &rsa->sealed[0];
    struct key_handles before;
    struct key_handles after;
    assert_hsm(HSM_OK, look(rsa, key, &before));
    struct twins twins = make_twins(rsa, key, 2048);
    assert_hsm(HSM_OK, attributes_verify(rsa->fixture->token, twins.private_half, ATTRIBUTES_SEALED_RSA_PRIVATE));
    assert_hsm(HSM_OK, pair_verify(rsa->fixture->token, twins.private_half, twins.public_half, 2048));
    assert_hsm(HSM_KEY_REFUSED, pair_verify(rsa->fixture->token, twins.private_half, before.wrap, 2048));
    assert_hsm(HSM_OK, look(rsa, key, &after));
    assert_same(&before, &after);
    assert_survey_passes(rsa, key, true);

    /* And it is used: a ciphertext for the real pair is read while the fake one is there. */
    struct buffer blob = rsa_encrypted(rsa, key, "SHA1", "payload!", 8);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct hsm_side source = rsa_side(key, HSM_RSAES_OAEP_SHA_1);
    struct hsm_side destination = fixture_side(&rsa->fixture->sealed[0]);
    assert_hsm(HSM_OK, hsm_rewrap_refresh(rsa->fixture->rewrap));
    assert_hsm(HSM_OK,
               hsm_rewrap_re_encrypt(rsa->fixture->rewrap, &source, &destination, buffer_view(&blob), false, &out));
    buffer_clear(&blob);
    buffer_clear(&out);
}

/* Alone, it is refused for what the public half lacks. */
static void test_a_pair_of_the_users_alone(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct hsm_key key = {.spec = HSM_SPEC_RSA_2048, .boundary = HSM_SEALED, .material_id = {0xd1}};
    make_twins(rsa, &key, 2048);
    struct key_handles handles;
    struct hsm_result result = look(rsa, &key, &handles);
    assert_hsm(HSM_KEY_REFUSED, result);
    assert_string_equal(result.what, "CKA_TRUSTED");
    assert_survey_passes(rsa, &key, false);
}

/* Open pairs are the user's: two of them with one id are two, and neither is meant. */
static void test_two_open_pairs_are_ambiguous(void **state)
{
    struct rsa_fixture *rsa = *state;
    const struct hsm_key *key = &rsa->open[0];
    struct key_handles before;
    struct key_handles after;
    assert_hsm(HSM_OK, look(rsa, key, &before));
    struct twins twins = make_twins(rsa, key, 2048);
    assert_hsm(HSM_KEY_AMBIGUOUS, look(rsa, key, &after));
    assert_survey_passes(rsa, key, false);
    /* A half of a pair that is not whole does not count. */
    assert_int_equal(destroy(rsa, twins.public_half), CKR_OK);
    assert_hsm(HSM_OK, look(rsa, key, &after));
    assert_same(&before, &after);
    assert_int_equal(destroy(rsa, twins.private_half), CKR_OK);
    twins = make_twins(rsa, key, 2048);
    assert_int_equal(destroy(rsa, twins.private_half), CKR_OK);
    assert_hsm(HSM_OK, look(rsa, key, &after));
    assert_same(&before, &after);
    assert_int_equal(destroy(rsa, twins.public_half), CKR_OK);
}

static void test_halves_alone(void **state)
{
    struct rsa_fixture *rsa = *state;
    struct hsm_key key = {.spec = HSM_SPEC_RSA_2048, .boundary = HSM_OPEN, .material_id = {0xd2}};
    struct key_handles handles;
    struct twins first = make_twins(rsa, &key, 2048);
    struct twins second = make_twins(rsa, &key, 2048);
    assert_int_equal(destroy(rsa, first.public_half), CKR_OK);
    assert_int_equal(destroy(rsa, second.private_half), CKR_OK);
    struct hsm_result result = look(rsa, &key, &handles); /* two halves, of two pairs */
    assert_hsm(HSM_KEY_REFUSED, result);
    assert_string_equal(result.what, "CKA_MODULUS");
    assert_int_equal(destroy(rsa, first.private_half), CKR_OK);
    result = look(rsa, &key, &handles);
    assert_hsm(HSM_KEY_REFUSED, result);
    assert_string_equal(result.what, "no private half");
    assert_int_equal(destroy(rsa, second.public_half), CKR_OK);
    assert_hsm(HSM_KEY_NOT_FOUND, look(rsa, &key, &handles));

    first = make_twins(rsa, &key, 2048);
    assert_int_equal(destroy(rsa, first.public_half), CKR_OK);
    result = look(rsa, &key, &handles);
    assert_hsm(HSM_KEY_REFUSED, result);
    assert_string_equal(result.what, "no public half");
    assert_int_equal(destroy(rsa, first.private_half), CKR_OK);
}

/* The label claims another size than the key has. */
static void test_another_size(void **state)
{
    struct rsa_fixture *rsa = *state;
    static const CK_ULONG bits[] = {1024, 2047, 3072};
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        struct hsm_key key = {.spec = HSM_SPEC_RSA_2048, .boundary = HSM_OPEN, .material_id = {0xd3}};
        struct key_handles handles;
        struct twins twins = make_twins(rsa, &key, bits[i]);
        struct hsm_result result = look(rsa, &key, &handles);
        assert_hsm(HSM_KEY_REFUSED, result);
        assert_string_equal(result.what, "CKA_MODULUS");
        assert_int_equal(destroy(rsa, twins.public_half), CKR_OK);
        assert_int_equal(destroy(rsa, twins.private_half), CKR_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planted_halves),
        cmocka_unit_test(test_a_pair_of_the_users_beside_a_sealed_one),
        cmocka_unit_test(test_a_pair_of_the_users_alone),
        cmocka_unit_test(test_two_open_pairs_are_ambiguous),
        cmocka_unit_test(test_halves_alone),
        cmocka_unit_test(test_another_size),
    };
    return cmocka_run_group_tests(tests, rsa_setup_small, rsa_teardown);
}
