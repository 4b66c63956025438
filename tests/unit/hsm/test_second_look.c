/* A key that was looked at while the token failed, or while a ceremony was making it, is not refused for ever. */
#include "fixture.h"

#include "keys/keys.h"

#include <string.h>
#include <time.h>

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST faulty;
static CK_RV answer; /* to the check of a secret key's attributes; CKR_OK: the token's own */
static size_t searches;

static CK_RV get_attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    CK_RV rv = real->C_GetAttributeValue(session, object, list, n);
    if (answer == CKR_OK || list[0].type != CKA_VALUE_LEN) {
        return rv;
    }
    list[0].ulValueLen = (CK_ULONG)-1;
    return answer;
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG n)
{
    searches++;
    return real->C_FindObjectsInit(session, list, n);
}

static int setup(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    real = fixture->token->functions;
    faulty = *real;
    faulty.C_GetAttributeValue = get_attributes;
    faulty.C_FindObjectsInit = find_init;
    fixture->token->functions = &faulty;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    fixture->token->functions = real;
    return fixture_teardown(state);
}

static struct keys *read_keys(struct fixture *fixture, CK_RV rv)
{
    struct keys *keys = NULL;
    answer = rv;
    assert_hsm(HSM_OK, keys_new(fixture->token, 1000, &keys));
    return keys;
}

static struct hsm_result find(struct fixture *fixture, struct keys *keys)
{
    struct key_handles handles;
    return keys_find(keys, HSM_SPEC_AES_256, HSM_SEALED, fixture->sealed[0].material_id, &handles);
}

static void test_a_fault_passes(void **state)
{
    struct keys *keys = read_keys(*state, CKR_GENERAL_ERROR);
    assert_int_equal(find(*state, keys).code, HSM_FAULT);
    answer = CKR_OK;
    assert_hsm(HSM_OK, find(*state, keys));
    keys_free(keys);
}

static void test_a_key_that_was_being_made(void **state)
{
    struct keys *keys = read_keys(*state, CKR_ATTRIBUTE_TYPE_INVALID);
    answer = CKR_OK;
    assert_hsm(HSM_OK, find(*state, keys));
    keys_free(keys);
}

static void test_a_bad_key_does_not_cost_a_search_each_time(void **state)
{
    struct keys *keys = read_keys(*state, CKR_ATTRIBUTE_TYPE_INVALID);
    time_t began = time(NULL);
    searches = 0;
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(find(*state, keys).code, HSM_KEY_REFUSED);
    }
    assert_true(searches >= 1);
    assert_true(searches <= 2 + (size_t)(time(NULL) - began));
    answer = CKR_OK;
    keys_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fault_passes),
        cmocka_unit_test(test_a_key_that_was_being_made),
        cmocka_unit_test(test_a_bad_key_does_not_cost_a_search_each_time),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
