/* Which object is the binding root, whatever else bears its label. */
#include "fixture.h"

#include "binding.h"
#include "classes.h"
#include "p11_call.h"

#include <string.h>

#define DECOYS 17

static CK_OBJECT_HANDLE plant(struct fixture *fixture, CK_BBOOL private)
{
    static uint8_t value[32] = {1};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE;
    char label[] = LABEL_BINDING_ROOT;
    CK_ATTRIBUTE list[] = {
        {CKA_CLASS, &class, sizeof class},       {CKA_KEY_TYPE, &type, sizeof type},   {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &private, sizeof private}, {CKA_LABEL, label, sizeof label - 1}, {CKA_SIGN, &yes, sizeof yes},
        {CKA_VALUE, value, sizeof value},
    };
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    assert_int_equal(p11_create_object(fixture->token, list, sizeof list / sizeof list[0], &object), CKR_OK);
    return object;
}

/* Made by somebody without a PIN, who can write public objects only. */
static void test_decoys_made_without_login(void **state)
{
    struct fixture *fixture = *state;
    CK_OBJECT_HANDLE decoys[DECOYS];
    struct binding *binding = NULL;
    assert_hsm(HSM_OK, hsm_token_logout(fixture->token));
    for (size_t i = 0; i < DECOYS; i++) {
        decoys[i] = plant(fixture, CK_FALSE);
    }
    fixture_login(fixture, HSM_USER, FIXTURE_USER_PIN);
    assert_hsm(HSM_OK, binding_new(fixture->token, &binding));
    binding_free(binding);
    for (size_t i = 0; i < DECOYS; i++) {
        assert_int_equal(p11_destroy_object(fixture->token, decoys[i]), CKR_OK);
    }
}

static void test_decoys_made_with_the_user_pin(void **state)
{
    struct fixture *fixture = *state;
    CK_OBJECT_HANDLE decoys[DECOYS];
    struct binding *binding = NULL;
    for (size_t i = 0; i < DECOYS; i++) {
        decoys[i] = plant(fixture, CK_TRUE);
    }
    assert_hsm(HSM_OK, binding_new(fixture->token, &binding));
    binding_free(binding);
    for (size_t i = 0; i < DECOYS; i++) {
        assert_int_equal(p11_destroy_object(fixture->token, decoys[i]), CKR_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decoys_made_without_login),
        cmocka_unit_test(test_decoys_made_with_the_user_pin),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
