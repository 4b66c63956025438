/* An open key that is made in the moment in which the session is lost: the next try gives that one, and none is left.
 */
#include "fixture.h"
#include "rewrap/rewrap_private.h"

#include <string.h>

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST losing;

/* Makes the key, and then the session is gone: nobody hears of it. */
static CK_RV generate_and_lose(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *list, CK_ULONG n,
                               CK_OBJECT_HANDLE *ret)
{
    (void)ret;
    CK_OBJECT_HANDLE made;
    assert_int_equal(real->C_GenerateKey(session, mechanism, list, n, &made), CKR_OK);
    assert_int_equal(real->C_CloseSession(session), CKR_OK);
    losing = *real;
    return CKR_SESSION_HANDLE_INVALID;
}

/* Makes the key, and says otherwise. */
static CK_RV generate_and_fail(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *list, CK_ULONG n,
                               CK_OBJECT_HANDLE *ret)
{
    (void)ret;
    CK_OBJECT_HANDLE made;
    assert_int_equal(real->C_GenerateKey(session, mechanism, list, n, &made), CKR_OK);
    losing = *real;
    return CKR_GENERAL_ERROR;
}

static CK_RV generate_pair_and_lose(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_half,
                                    CK_ULONG n_public, CK_ATTRIBUTE *private_half, CK_ULONG n_private,
                                    CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    (void)ret_public, (void)ret_private;
    CK_OBJECT_HANDLE made[2];
    assert_int_equal(
        real->C_GenerateKeyPair(session, mechanism, public_half, n_public, private_half, n_private, &made[0], &made[1]),
        CKR_OK);
    assert_int_equal(real->C_CloseSession(session), CKR_OK);
    losing = *real;
    return CKR_SESSION_HANDLE_INVALID;
}

/* And once more, when it is looked for. */
static CK_RV find_and_lose(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG n)
{
    (void)list, (void)n;
    assert_int_equal(real->C_CloseSession(session), CKR_OK);
    losing = *real;
    return CKR_SESSION_HANDLE_INVALID;
}

static CK_RV read_and_lose(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    (void)object, (void)list, (void)n;
    assert_int_equal(real->C_CloseSession(session), CKR_OK);
    losing = *real;
    return CKR_DEVICE_ERROR;
}

static CK_RV find_no_memory(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG n)
{
    (void)session, (void)list, (void)n;
    losing = *real;
    return CKR_HOST_MEMORY;
}

static bool count_open(void *state, const struct hsm_object *object)
{
    *(unsigned *)state += object->boundary == HSM_OPEN;
    return true;
}

static unsigned open_keys(struct fixture *fixture)
{
    unsigned n = 0;
    assert_hsm(HSM_OK, hsm_rewrap_refresh(fixture->rewrap));
    hsm_rewrap_objects(fixture->rewrap, count_open, &n);
    return n;
}

static void renew(struct fixture *fixture)
{
    assert_hsm(HSM_OK, fixture_renew(fixture));
    assert_hsm(HSM_OK, hsm_rewrap_renew(fixture->rewrap));
}

static void make_unheard(struct fixture *fixture, enum hsm_spec spec)
{
    uint8_t unheard[ENVELOPE_MATERIAL_ID_BYTES];
    losing.C_GenerateKey = generate_and_lose;
    losing.C_GenerateKeyPair = generate_pair_and_lose;
    assert_hsm(HSM_TOKEN_UNAVAILABLE, hsm_rewrap_make_open(fixture->rewrap, spec, unheard));
    renew(fixture);
}

/* The next try gives the key of which nobody has heard, and the one after it another. */
static void expect_it(struct fixture *fixture, enum hsm_spec spec, unsigned keys_before)
{
    struct hsm_key key = {.spec = spec, .boundary = HSM_OPEN};
    uint8_t next[ENVELOPE_MATERIAL_ID_BYTES];
    assert_hsm(HSM_OK, hsm_rewrap_make_open(fixture->rewrap, spec, key.material_id));
    assert_int_equal(open_keys(fixture), keys_before + 1);
    struct hsm_side side = fixture_side(&key);
    side.algorithm = spec == HSM_SPEC_AES_256 ? HSM_SYMMETRIC_DEFAULT : HSM_RSAES_OAEP_SHA_1;
    struct buffer blob = BUFFER_INIT(4096);
    assert_hsm(HSM_OK, hsm_rewrap_encrypt(fixture->rewrap, &side, view_of("payload", 8), &blob));
    buffer_clear(&blob);
    assert_hsm(HSM_OK, hsm_rewrap_make_open(fixture->rewrap, spec, next));
    assert_memory_not_equal(next, key.material_id, sizeof next);
    assert_int_equal(open_keys(fixture), keys_before + 2);
}

static const enum hsm_spec specs[] = {HSM_SPEC_AES_256, HSM_SPEC_RSA_2048};

static void test_a_key_that_was_made_unheard(void **state)
{
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        unsigned before = open_keys(*state);
        make_unheard(*state, specs[i]);
        expect_it(*state, specs[i], before);
    }
}

/* The same of a key that a token makes and calls a failure. */
static void test_a_key_that_was_made_in_spite_of_a_failure(void **state)
{
    struct fixture *fixture = *state;
    uint8_t unheard[ENVELOPE_MATERIAL_ID_BYTES];
    unsigned before = open_keys(fixture);
    losing.C_GenerateKey = generate_and_fail;
    assert_hsm(HSM_FAULT, hsm_rewrap_make_open(fixture->rewrap, HSM_SPEC_AES_256, unheard));
    expect_it(fixture, HSM_SPEC_AES_256, before);
}

/* The session is lost again while the key is looked for. */
static void test_a_second_loss(void **state)
{
    struct fixture *fixture = *state;
    uint8_t unheard[ENVELOPE_MATERIAL_ID_BYTES];
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        unsigned before = open_keys(fixture);
        make_unheard(fixture, specs[i]);
        losing.C_FindObjectsInit = find_and_lose;
        assert_hsm(HSM_TOKEN_UNAVAILABLE, hsm_rewrap_make_open(fixture->rewrap, specs[i], unheard));
        renew(fixture);
        losing.C_GetAttributeValue = read_and_lose;
        assert_hsm(HSM_TOKEN_UNAVAILABLE, hsm_rewrap_make_open(fixture->rewrap, specs[i], unheard));
        renew(fixture);
        expect_it(fixture, specs[i], before);
    }
}

/* There is no memory when the key is looked for: it is still the next one's. */
static void test_no_memory_for_the_search(void **state)
{
    struct fixture *fixture = *state;
    uint8_t unheard[ENVELOPE_MATERIAL_ID_BYTES];
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        unsigned before = open_keys(fixture);
        make_unheard(fixture, specs[i]);
        losing.C_FindObjectsInit = find_no_memory;
        assert_hsm(HSM_NO_MEMORY, hsm_rewrap_make_open(fixture->rewrap, specs[i], unheard));
        expect_it(fixture, specs[i], before);
    }
}

/* A key of which nobody has heard, and which is destroyed before the next try: that gives another. */
static void test_a_key_that_was_destroyed_since(void **state)
{
    struct fixture *fixture = *state;
    uint8_t unheard[ENVELOPE_MATERIAL_ID_BYTES];
    uint8_t next[ENVELOPE_MATERIAL_ID_BYTES];
    make_unheard(fixture, HSM_SPEC_AES_256);
    memcpy(unheard, fixture->rewrap->making.material_id, sizeof unheard);
    unsigned with_it = open_keys(fixture); /* it is known from here on */
    CK_ATTRIBUTE id = {CKA_ID, unheard, sizeof unheard};
    CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
    CK_ULONG n = 0;
    assert_int_equal(real->C_FindObjectsInit(fixture->token->session, &id, 1), CKR_OK);
    assert_int_equal(real->C_FindObjects(fixture->token->session, &found, 1, &n), CKR_OK);
    assert_int_equal(real->C_FindObjectsFinal(fixture->token->session), CKR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(real->C_DestroyObject(fixture->token->session, found), CKR_OK);
    assert_hsm(HSM_OK, hsm_rewrap_make_open(fixture->rewrap, HSM_SPEC_AES_256, next));
    assert_memory_not_equal(next, unheard, sizeof next);
    assert_int_equal(open_keys(fixture), with_it);
}

static int setup(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    real = fixture->token->functions;
    losing = *real;
    fixture->token->functions = &losing;
    return 0;
}

static int teardown(void **state)
{
    ((struct fixture *)*state)->token->functions = real;
    return fixture_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_that_was_made_unheard),
        cmocka_unit_test(test_a_key_that_was_made_in_spite_of_a_failure),
        cmocka_unit_test(test_a_second_loss),
        cmocka_unit_test(test_no_memory_for_the_search),
        cmocka_unit_test(test_a_key_that_was_destroyed_since),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
