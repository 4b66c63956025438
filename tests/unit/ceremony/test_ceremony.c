/* The ceremony and its survey, on a token of its own for each test. */
#include "fixture.h"
#include "hsm/ceremony.h"
#include "objects/classes.h"
#include "p11/p11_call.h"

#include <stdlib.h>
#include <string.h>

struct seen {
    size_t made;
    size_t there;
    struct ceremony_object last[64];
};

static void saw(void *state, const struct ceremony_object *object, bool made)
{
    struct seen *seen = state;
    assert_true(seen->made + seen->there < 64);
    seen->last[seen->made + seen->there] = *object;
    seen->made += made;
    seen->there += !made;
}

static void reopen(struct fixture *fixture, enum hsm_user user)
{
    const struct hsm_token_config config = {.module = FIXTURE_MODULE, .uri = FIXTURE_URI};
    fixture_close(fixture);
    assert_hsm(HSM_OK, hsm_token_open(&config, &fixture->token));
    fixture_login(fixture, user, user == HSM_SO ? FIXTURE_SO_PIN : FIXTURE_USER_PIN);
}

static struct hsm_result init(struct fixture *fixture, struct seen *seen)
{
    *seen = (struct seen){0};
    const struct ceremony_watch watch = {.saw = saw, .state = seen};
    reopen(fixture, HSM_USER);
    return ceremony_init(fixture->token, &watch);
}

static struct hsm_result add(struct fixture *fixture, enum hsm_user user, enum hsm_spec spec, size_t count,
                             struct seen *seen)
{
    *seen = (struct seen){0};
    const struct ceremony_watch watch = {.saw = saw, .state = seen};
    reopen(fixture, user);
    return ceremony_add(fixture->token, spec, count, CKM_AES_KEY_WRAP_PAD, &watch);
}

static struct ceremony_survey survey(struct fixture *fixture)
{
    struct ceremony_survey found;
    reopen(fixture, HSM_USER);
    assert_hsm(HSM_OK, ceremony_survey(fixture->token, &found));
    return found;
}

static void expect(struct fixture *fixture, size_t roots, size_t audits, size_t aes, size_t rsa, size_t refused)
{
    struct ceremony_survey found = survey(fixture);
    assert_int_equal(ceremony_survey_count(&found, CEREMONY_BINDING_ROOT, 0, true), roots);
    assert_int_equal(ceremony_survey_count(&found, CEREMONY_AUDIT_KEY, 0, true), audits);
    assert_int_equal(ceremony_survey_count(&found, CEREMONY_SEALED_KEY, HSM_SPEC_AES_256, true), aes);
    assert_int_equal(ceremony_survey_count(&found, CEREMONY_SEALED_KEY, HSM_SPEC_RSA_2048, true), rsa);
    assert_int_equal(found.n, roots + audits + aes + rsa + refused);
    ceremony_survey_clear(&found);
}

static void test_init_makes_once(void **state)
{
    struct fixture *fixture = *state;
    struct seen first;
    struct seen second;
    expect(fixture, 0, 0, 0, 0, 0);
    assert_hsm(HSM_OK, init(fixture, &first));
    assert_int_equal(first.made, 2);
    assert_hsm(HSM_OK, init(fixture, &second));
    assert_int_equal(second.made, 0);
    assert_int_equal(second.there, 2);
    assert_memory_equal(first.last[0].material_id, second.last[0].material_id, CEREMONY_ID_BYTES);
    expect(fixture, 1, 1, 0, 0, 0);
}

static void test_add_makes_that_many(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    assert_hsm(HSM_OK, add(fixture, HSM_SO, HSM_SPEC_AES_256, 3, &seen));
    assert_int_equal(seen.made, 3);
    assert_memory_not_equal(seen.last[0].material_id, seen.last[1].material_id, CEREMONY_ID_BYTES);
    assert_hsm(HSM_OK, add(fixture, HSM_SO, HSM_SPEC_RSA_2048, 1, &seen));
    assert_hsm(HSM_OK, add(fixture, HSM_SO, HSM_SPEC_AES_256, 1, &seen));
    assert_hsm(HSM_OK, add(fixture, HSM_SO, HSM_SPEC_AES_256, 0, &seen));
    expect(fixture, 0, 0, 4, 1, 0);
}

static void test_add_refuses(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    assert_hsm(HSM_LIMIT, add(fixture, HSM_SO, HSM_SPEC_AES_256, CEREMONY_MAX_SPARES + 1, &seen));
    assert_hsm(HSM_UNSUPPORTED, add(fixture, HSM_SO, (enum hsm_spec)77, 1, &seen));
    expect(fixture, 0, 0, 0, 0, 0);
    /* The user cannot make trusted keys, and the rehearsal finds that out. */
    assert_int_not_equal(add(fixture, HSM_USER, HSM_SPEC_AES_256, 1, &seen).code, HSM_OK);
    assert_int_not_equal(add(fixture, HSM_USER, HSM_SPEC_RSA_2048, 1, &seen).code, HSM_OK);
    assert_int_equal(seen.made, 0);
    expect(fixture, 0, 0, 0, 0, 0);
    /* Nor can the SO make the user's keys. */
    const struct ceremony_watch watch = {.saw = saw, .state = &seen};
    reopen(fixture, HSM_SO);
    assert_int_not_equal(ceremony_init(fixture->token, &watch).code, HSM_OK);
    expect(fixture, 0, 0, 0, 0, 0);
}

/* A token object as the user can make it, which claims to be another. */
static void make_decoy(struct fixture *fixture, enum attributes_kind kind, const char *label, const uint8_t *id,
                       size_t id_len)
{
    const struct attributes_wish wish = {
        .on_token = true, .label = label, .id = id, .id_len = id_len, .kwp = CKM_AES_KEY_WRAP_PAD};
    struct attributes_template template;
    CK_OBJECT_HANDLE decoy;
    attributes_create(kind, &wish, &template);
    const CK_MECHANISM_TYPE generate = kind == ATTRIBUTES_BINDING_ROOT ? CKM_GENERIC_SECRET_KEY_GEN : CKM_AES_KEY_GEN;
    assert_int_equal(p11_generate_key(fixture->token, generate, template.list, template.n, &decoy), CKR_OK);
}

/* An RSA pair of the user's that claims to be a sealed one: nothing of it is trusted. */
static void make_decoy_pair(struct fixture *fixture, enum attributes_kind public_kind,
                            enum attributes_kind private_kind, const uint8_t *id)
{
    const struct attributes_wish wish = {
        .on_token = true, .label = "rewrapd:rsa:RSA_2048", .id = id, .id_len = CEREMONY_ID_BYTES, .modulus_bits = 2048};
    struct attributes_template public;
    struct attributes_template private;
    CK_OBJECT_HANDLE halves[2];
    attributes_create(public_kind, &wish, &public);
    attributes_create(private_kind, &wish, &private);
    assert_int_equal(p11_generate_key_pair(fixture->token, CKM_RSA_PKCS_KEY_PAIR_GEN, public.list, public.n,
                                           private.list, private.n, &halves[0], &halves[1]),
                     CKR_OK);
}

static void test_decoys_do_not_count(void **state)
{
    struct fixture *fixture = *state;
    struct seen aes;
    struct seen rsa;
    assert_hsm(HSM_OK, add(fixture, HSM_SO, HSM_SPEC_AES_256, 1, &aes));
    assert_hsm(HSM_OK, add(fixture, HSM_SO, HSM_SPEC_RSA_2048, 1, &rsa));
    expect(fixture, 0, 0, 1, 1, 0);

    const char *kek = "rewrapd:kek:SYMMETRIC_DEFAULT";
    make_decoy(fixture, ATTRIBUTES_OPEN_KEK, kek, aes.last[0].material_id, CEREMONY_ID_BYTES);
    expect(fixture, 0, 0, 1, 1, 1);
    make_decoy(fixture, ATTRIBUTES_OPEN_KEK, kek, (const uint8_t *)"short", 5);
    expect(fixture, 0, 0, 1, 1, 2);
    /* A private half that passes by itself, since only the public one is trusted: it has no public half that passes. */
    make_decoy_pair(fixture, ATTRIBUTES_OPEN_RSA_PUBLIC, ATTRIBUTES_SEALED_RSA_PRIVATE, rsa.last[0].material_id);
    expect(fixture, 0, 0, 1, 1, 3);

    struct ceremony_survey found = survey(fixture);
    size_t wrong_id = 0;
    for (size_t i = 0; i < found.n; i++) {
        wrong_id += found.objects[i].refused_for != NULL && strcmp(found.objects[i].refused_for, "CKA_ID") == 0;
    }
    assert_int_equal(wrong_id, 1);
    ceremony_survey_clear(&found);
}

static void test_halves_alone_do_not_count(void **state)
{
    struct fixture *fixture = *state;
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_RSA;
    CK_BBOOL yes = CK_TRUE;
    CK_BYTE modulus[256] = {0xff, [255] = 1};
    CK_BYTE exponent[] = {1, 0, 1};
    char label[] = "rewrapd:rsa:RSA_2048";
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class},      {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},          {CKA_LABEL, label, sizeof label - 1},
        {CKA_MODULUS, modulus, sizeof modulus}, {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent},
    };
    CK_OBJECT_HANDLE half;
    reopen(fixture, HSM_USER);
    assert_int_equal(p11_create_object(fixture->token, template, 6, &half), CKR_OK);
    struct ceremony_survey found = survey(fixture);
    assert_int_equal(found.n, 1);
    assert_string_equal(found.objects[0].refused_for, "its private half is missing");
    ceremony_survey_clear(&found);
}

static void test_two_roots_are_ambiguous(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    const uint8_t id[CEREMONY_ID_BYTES] = {9};
    assert_hsm(HSM_OK, init(fixture, &seen));
    /* Not one that passes: a root that may be copied. */
    make_decoy(fixture, ATTRIBUTES_OPEN_KEK, LABEL_BINDING_ROOT, id, sizeof id);
    assert_hsm(HSM_OK, init(fixture, &seen));
    assert_int_equal(seen.there, 2);
    make_decoy(fixture, ATTRIBUTES_BINDING_ROOT, LABEL_BINDING_ROOT, id, sizeof id);
    const struct hsm_result result = init(fixture, &seen);
    assert_hsm(HSM_KEY_AMBIGUOUS, result);
    assert_string_equal(result.what, LABEL_BINDING_ROOT);
    expect(fixture, 2, 1, 0, 0, 1);
}

/* A twin that bears the id of the first one, too: a run must not make a third. */
static void test_twins_are_ambiguous(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    assert_hsm(HSM_OK, init(fixture, &seen));
    make_decoy(fixture, ATTRIBUTES_BINDING_ROOT, LABEL_BINDING_ROOT, seen.last[0].material_id, CEREMONY_ID_BYTES);
    assert_hsm(HSM_KEY_AMBIGUOUS, init(fixture, &seen));
    assert_int_equal(seen.made, 0);
    expect(fixture, 2, 1, 0, 0, 0);
}

/* Another ceremony makes its root as soon as this one has made its own. */
static void make_another(void *state, const struct ceremony_object *object, bool made)
{
    struct fixture *fixture = state;
    const uint8_t id[CEREMONY_ID_BYTES] = {10};
    assert_true(made);
    if (object->role == CEREMONY_BINDING_ROOT) {
        make_decoy(fixture, ATTRIBUTES_BINDING_ROOT, LABEL_BINDING_ROOT, id, sizeof id);
    }
}

static void test_two_ceremonies_at_once(void **state)
{
    struct fixture *fixture = *state;
    const struct ceremony_watch watch = {.saw = make_another, .state = fixture};
    reopen(fixture, HSM_USER);
    const struct hsm_result result = ceremony_init(fixture->token, &watch);
    assert_hsm(HSM_KEY_AMBIGUOUS, result);
    assert_string_equal(result.what, LABEL_BINDING_ROOT);
}

static void test_without_login_nothing_is_made(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {0};
    const struct ceremony_watch watch = {.saw = saw, .state = &seen};
    const struct hsm_token_config config = {.module = FIXTURE_MODULE, .uri = FIXTURE_URI};
    assert_hsm(HSM_OK, hsm_token_open(&config, &fixture->token));
    assert_int_not_equal(ceremony_init(fixture->token, &watch).code, HSM_OK);
    assert_int_not_equal(ceremony_add(fixture->token, HSM_SPEC_AES_256, 1, CKM_AES_KEY_WRAP_PAD, &watch).code, HSM_OK);
    assert_int_equal(seen.made, 0);
    expect(fixture, 0, 0, 0, 0, 0);
}

#define ON_A_TOKEN(test) cmocka_unit_test_setup_teardown(test, fixture_setup_bare, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_TOKEN(test_init_makes_once),
        ON_A_TOKEN(test_add_makes_that_many),
        ON_A_TOKEN(test_add_refuses),
        ON_A_TOKEN(test_decoys_do_not_count),
        ON_A_TOKEN(test_halves_alone_do_not_count),
        ON_A_TOKEN(test_two_roots_are_ambiguous),
        ON_A_TOKEN(test_twins_are_ambiguous),
        ON_A_TOKEN(test_two_ceremonies_at_once),
        ON_A_TOKEN(test_without_login_nothing_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
