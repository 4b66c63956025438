/* Both halves on a real token, one behind the other, as p11-kit puts them: what they carry, and what they refuse. */
#include "fixture.h"
#include "p11/p11_call.h"

#include <stdlib.h>
#include <string.h>

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
static CK_ULONG aes_256_bytes = 32;
static CK_MECHANISM_TYPE allowed = CKM_AES_KEY_WRAP_PAD;

static int setup(void **state)
{
    assert_int_equal(fixture_setup_bare(state), 0);
    struct fixture *fixture = *state;
    assert_int_equal(setenv("REWRAPD_REMOTE_MODULE", FIXTURE_MODULE, 1), 0);
    struct hsm_token_config config = {.module = CLIENT_HALF, .uri = FIXTURE_URI, .init_args = "client=" SERVER_HALF};
    assert_hsm(HSM_OK, hsm_token_open(&config, &fixture->token));
    fixture_login(fixture, HSM_USER, FIXTURE_USER_PIN);
    return 0;
}

static CK_ATTRIBUTE unwrap[] = {{CKA_CLASS, &secret, sizeof secret},
                                {CKA_KEY_TYPE, &generic, sizeof generic},
                                {CKA_TOKEN, &no, sizeof no},
                                {CKA_EXTRACTABLE, &yes, sizeof yes}};
#define N_UNWRAP (sizeof unwrap / sizeof unwrap[0])

static CK_OBJECT_HANDLE make_kek(struct hsm_token *token)
{
    CK_ATTRIBUTE template[] = {{CKA_TOKEN, &no, sizeof no},
                               {CKA_VALUE_LEN, &aes_256_bytes, sizeof aes_256_bytes},
                               {CKA_WRAP, &yes, sizeof yes},
                               {CKA_UNWRAP, &yes, sizeof yes},
                               {CKA_ALLOWED_MECHANISMS, &allowed, sizeof allowed},
                               {CKA_UNWRAP_TEMPLATE, unwrap, sizeof unwrap}};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    assert_int_equal(p11_generate_key(token, CKM_AES_KEY_GEN, template, 6, &made), CKR_OK);
    return made;
}

static void a_template_is_on_the_token(void **state)
{
    struct hsm_token *token = ((struct fixture *)*state)->token;
    CK_OBJECT_HANDLE kek = make_kek(token);
    CK_MECHANISM_TYPE number = 0;
    CK_BBOOL wrap = CK_FALSE;
    CK_ATTRIBUTE found[N_UNWRAP] = {0};
    uint8_t values[N_UNWRAP][8] = {0};
    CK_ATTRIBUTE asked[] = {{CKA_ALLOWED_MECHANISMS, &number, sizeof number},
                            {CKA_UNWRAP_TEMPLATE, NULL, 0},
                            {CKA_WRAP, &wrap, sizeof wrap}};
    assert_int_equal(p11_get_attributes(token, kek, asked, 3), CKR_OK);
    assert_int_equal(asked[1].ulValueLen, sizeof found);
    assert_int_equal(number, CKM_AES_KEY_WRAP_PAD); /* not the number that stands in for it */
    assert_int_equal(wrap, CK_TRUE);

    asked[1].pValue = found;
    asked[1].ulValueLen = sizeof found - 1;
    assert_int_equal(p11_get_attributes(token, kek, asked, 3), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(asked[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    assert_int_equal(asked[2].ulValueLen, sizeof wrap);

    asked[1].ulValueLen = sizeof found;
    assert_int_equal(p11_get_attributes(token, kek, asked, 3), CKR_OK);
    for (size_t i = 0; i < N_UNWRAP; i++) {
        assert_true(found[i].ulValueLen == 1 || found[i].ulValueLen == 8);
        found[i].pValue = values[i];
    }
    found[0].ulValueLen = 0;
    assert_int_equal(p11_get_attributes(token, kek, asked, 3), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(found[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    found[0].ulValueLen = sizeof values[0];
    assert_int_equal(p11_get_attributes(token, kek, asked, 3), CKR_OK);
    for (size_t i = 0; i < N_UNWRAP; i++) {
        size_t j = 0;
        while (j < N_UNWRAP && found[j].type != unwrap[i].type) {
            j++;
        }
        assert_true(j < N_UNWRAP && found[j].ulValueLen == unwrap[i].ulValueLen);
        assert_memory_equal(found[j].pValue, unwrap[i].pValue, unwrap[i].ulValueLen);
    }
}

/* The token enforces it, and the mechanism goes through. */
static void a_template_is_enforced(void **state)
{
    struct hsm_token *token = ((struct fixture *)*state)->token;
    CK_OBJECT_HANDLE kek = make_kek(token);
    CK_ATTRIBUTE payload[] = {{CKA_TOKEN, &no, sizeof no},
                              {CKA_EXTRACTABLE, &yes, sizeof yes},
                              {CKA_VALUE_LEN, &aes_256_bytes, sizeof aes_256_bytes}};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    assert_int_equal(p11_generate_key(token, CKM_GENERIC_SECRET_KEY_GEN, payload, 3, &object), CKR_OK);
    CK_MECHANISM pad = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    uint8_t wrapped[64];
    CK_ULONG len = sizeof wrapped;
    assert_int_equal(p11_wrap_key(token, &pad, kek, object, wrapped, &len), CKR_OK);
    assert_int_equal(len, 40);
    CK_OBJECT_HANDLE back = CK_INVALID_HANDLE;
    assert_int_equal(p11_unwrap_key(token, &pad, kek, wrapped, len, unwrap, N_UNWRAP, &back), CKR_OK);
    CK_ATTRIBUTE against[N_UNWRAP];
    memcpy(against, unwrap, sizeof unwrap);
    against[3].pValue = &no;
    assert_int_equal(p11_unwrap_key(token, &pad, kek, wrapped, len, against, N_UNWRAP, &back),
                     CKR_TEMPLATE_INCONSISTENT);
    CK_MECHANISM other = {CKM_AES_KEY_WRAP, NULL, 0};
    assert_int_not_equal(p11_wrap_key(token, &other, kek, object, wrapped, &len), CKR_OK);

    /* p11-kit would lose the parameter. */
    uint8_t iv[4] = {1, 2, 3, 4};
    CK_MECHANISM with_iv = {CKM_AES_KEY_WRAP_PAD, iv, sizeof iv};
    len = sizeof wrapped;
    assert_int_equal(p11_wrap_key(token, &with_iv, kek, object, wrapped, &len), CKR_MECHANISM_PARAM_INVALID);
    assert_int_equal(p11_unwrap_key(token, &with_iv, kek, wrapped, 40, unwrap, N_UNWRAP, &back),
                     CKR_MECHANISM_PARAM_INVALID);
    CK_MECHANISM stands_in = {CKM_BATON_WRAP, NULL, 0};
    assert_int_equal(p11_wrap_key(token, &stands_in, kek, object, wrapped, &len), CKR_MECHANISM_INVALID);
}

static void lists_that_are_not_carried(void **state)
{
    struct hsm_token *token = ((struct fixture *)*state)->token;
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    CK_BYTE bytes[5] = {0};
    CK_ATTRIBUTE unknown[] = {{CKF_ARRAY_ATTRIBUTE | 0x999, unwrap, sizeof unwrap}};
    CK_ATTRIBUTE ours[] = {{0x92570212UL, bytes, sizeof bytes}};
    CK_ATTRIBUTE cut[] = {{CKA_UNWRAP_TEMPLATE, unwrap, sizeof unwrap - 1}};
    CK_ATTRIBUTE nested[] = {{CKA_UNWRAP_TEMPLATE, cut, sizeof cut}};
    assert_int_equal(p11_generate_key(token, CKM_AES_KEY_GEN, unknown, 1, &made), CKR_ATTRIBUTE_TYPE_INVALID);
    assert_int_equal(p11_generate_key(token, CKM_AES_KEY_GEN, ours, 1, &made), CKR_ATTRIBUTE_TYPE_INVALID);
    assert_int_equal(p11_generate_key(token, CKM_AES_KEY_GEN, cut, 1, &made), CKR_TEMPLATE_INCONSISTENT);
    assert_int_equal(p11_generate_key(token, CKM_AES_KEY_GEN, nested, 1, &made), CKR_TEMPLATE_INCONSISTENT);
    assert_int_equal(p11_set_attributes(token, make_kek(token), unknown, 1), CKR_ATTRIBUTE_TYPE_INVALID);
    assert_int_equal(p11_get_attributes(token, make_kek(token), unknown, 1), CKR_ATTRIBUTE_TYPE_INVALID);
    assert_int_equal(p11_find_init(token, unknown, 1), CKR_ATTRIBUTE_TYPE_INVALID);

    CK_ATTRIBUTE many[65];
    for (size_t i = 0; i < 65; i++) {
        many[i] = (CK_ATTRIBUTE){CKA_UNWRAP_TEMPLATE, unwrap, sizeof unwrap};
    }
    assert_int_equal(p11_generate_key(token, CKM_AES_KEY_GEN, many, 65, &made), CKR_TEMPLATE_INCONSISTENT);
    assert_int_equal(p11_generate_key(token, CKM_AES_KEY_GEN, many, 4, &made), CKR_TEMPLATE_INCONSISTENT);
}

static bool lists(const CK_MECHANISM_TYPE *types, CK_ULONG n, CK_MECHANISM_TYPE type)
{
    for (CK_ULONG i = 0; i < n; i++) {
        if (types[i] == type) {
            return true;
        }
    }
    return false;
}

static void mechanisms_have_their_own_numbers(void **state)
{
    struct hsm_token *token = ((struct fixture *)*state)->token;
    CK_MECHANISM_TYPE types[256];
    CK_ULONG told = 0;
    CK_ULONG n = sizeof types / sizeof types[0];
    assert_int_equal(p11_get_mechanism_list(token, NULL, &told), CKR_OK);
    assert_int_equal(p11_get_mechanism_list(token, types, &n), CKR_OK);
    assert_int_equal(n, told);
    assert_true(lists(types, n, CKM_AES_KEY_WRAP_PAD) && lists(types, n, CKM_AES_KEY_WRAP));
    assert_false(lists(types, n, CKM_BATON_WRAP) || lists(types, n, CKM_SKIPJACK_WRAP));
    CK_ULONG short_of_it = told - 1;
    assert_int_equal(p11_get_mechanism_list(token, types, &short_of_it), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(short_of_it, told);
    CK_MECHANISM_INFO info;
    assert_int_equal(p11_get_mechanism_info(token, CKM_AES_KEY_WRAP_PAD, &info), CKR_OK);
    assert_int_equal(info.flags & ~CKF_HW, CKF_WRAP | CKF_UNWRAP);
    assert_int_equal(p11_get_mechanism_info(token, CKM_BATON_WRAP, &info), CKR_MECHANISM_INVALID);
    assert_int_equal(p11_get_mechanism_info(token, CKM_AES_KEY_GEN, &info), CKR_OK);
}

static void the_level_is_the_tokens(void **state)
{
    struct fixture *fixture = *state;
    const size_t before = fixture_session_objects(fixture);
    assert_hsm(HSM_OK, hsm_probe(fixture->token, &fixture->profile));
    assert_int_equal(fixture->profile.level, HSM_LEVEL_SEALED);
    assert_int_equal(fixture_session_objects(fixture), before);
}

/* Opening fails, and what was loaded is gone again: the next one works. */
static void settings_that_are_wrong(void **state)
{
    struct fixture *fixture = *state;
    static const char *const wrong[] = {
        ("client=" SERVER_HALF " more"), "client=", "client=/nowhere.so", "client=p11-kit-client.so",
        ("client=" CLIENT_HALF),         "server"};
    fixture_close(fixture);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct hsm_token_config config = {.module = CLIENT_HALF, .uri = FIXTURE_URI, .init_args = wrong[i]};
        assert_hsm(HSM_MODULE, hsm_token_open(&config, &fixture->token));
        assert_null(fixture->token);
    }
    struct hsm_token_config config = {
        .module = CLIENT_HALF, .uri = FIXTURE_URI, .init_args = " client=" SERVER_HALF " "};
    static const char *const modules[] = {"", "libsofthsm2.so", SERVER_HALF};
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        assert_int_equal(setenv("REWRAPD_REMOTE_MODULE", modules[i], 1), 0);
        assert_hsm(HSM_MODULE, hsm_token_open(&config, &fixture->token));
    }
    assert_int_equal(unsetenv("REWRAPD_REMOTE_MODULE"), 0);
    assert_hsm(HSM_MODULE, hsm_token_open(&config, &fixture->token));
    assert_int_equal(setenv("REWRAPD_REMOTE_MODULE", FIXTURE_MODULE, 1), 0);
    assert_hsm(HSM_OK, hsm_token_open(&config, &fixture->token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_template_is_on_the_token), cmocka_unit_test(a_template_is_enforced),
        cmocka_unit_test(lists_that_are_not_carried), cmocka_unit_test(mechanisms_have_their_own_numbers),
        cmocka_unit_test(the_level_is_the_tokens),    cmocka_unit_test(settings_that_are_wrong),
    };
    return cmocka_run_group_tests(tests, setup, fixture_teardown);
}
