/*
 * The probe on tokens that enforce less than SoftHSM does. What a token does not enforce, or what cannot be told, keeps
 * it from being called sealed.
 */
#include "weak.h"

#include <string.h>

static CK_RV generate_pair_ignoring(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_half,
                                    CK_ULONG n_public, CK_ATTRIBUTE *private_half, CK_ULONG n_private,
                                    CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    CK_ATTRIBUTE kept[ATTRIBUTES_MAX];
    n_public = weak_without(public_half, n_public, kept);
    return real->C_GenerateKeyPair(session, mechanism, kept, n_public, private_half, n_private, ret_public,
                                   ret_private);
}

/* The same token, which has no curves. */
static CK_RV generate_rsa_ignoring(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_half,
                                   CK_ULONG n_public, CK_ATTRIBUTE *private_half, CK_ULONG n_private,
                                   CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    return mechanism->mechanism == CKM_EC_KEY_PAIR_GEN
               ? CKR_MECHANISM_INVALID
               : generate_pair_ignoring(session, mechanism, public_half, n_public, private_half, n_private, ret_public,
                                        ret_private);
}

/* A token that keeps all of an unwrap template but one attribute. */
static CK_RV generate_ignoring_in_template(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *list,
                                           CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE changed[ATTRIBUTES_MAX];
    CK_ATTRIBUTE unwrap[ATTRIBUTES_UNWRAP_MAX];
    n = weak_lessen(list, n, changed, unwrap);
    return real->C_GenerateKey(session, mechanism, changed, n, ret);
}

static CK_RV create_ignoring(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE kept[ATTRIBUTES_MAX];
    n = weak_without(list, n, kept);
    return real->C_CreateObject(session, kept, n, ret);
}

static CK_RV create_public_ignoring(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    for (CK_ULONG i = 0; i < n; i++) {
        if (list[i].type == CKA_MODULUS) {
            return create_ignoring(session, list, n, ret);
        }
    }
    return real->C_CreateObject(session, list, n, ret);
}

static CK_RV copy_ignoring(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n,
                           CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE kept[ATTRIBUTES_MAX];
    n = weak_without(list, n, kept);
    return real->C_CopyObject(session, object, kept, n, ret);
}

static CK_RV set_ignoring(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    return n == 1 && list[0].type == ignored ? CKR_OK : real->C_SetAttributeValue(session, object, list, n);
}

static CK_RV set_never(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    (void)session, (void)object, (void)list, (void)n;
    return CKR_ACTION_PROHIBITED;
}

static CK_RV copy_never(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n,
                        CK_OBJECT_HANDLE *ret)
{
    (void)session, (void)object, (void)list, (void)n, (void)ret;
    return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV wrap_by_one(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek, CK_OBJECT_HANDLE key,
                         CK_BYTE *wrapped, CK_ULONG *len)
{
    return mechanism->mechanism == CKM_AES_KEY_WRAP_PAD ? real->C_WrapKey(session, mechanism, kek, key, wrapped, len)
                                                        : CKR_MECHANISM_INVALID;
}

/* A token to which it is all the same that the attribute which is ignored is false. */
static CK_RV generate_for_all_uses(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *list, CK_ULONG n,
                                   CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE changed[ATTRIBUTES_MAX];
    CK_BBOOL yes = CK_TRUE;
    memcpy(changed, list, n * sizeof list[0]);
    for (CK_ULONG i = 0; i < n; i++) {
        if (list[i].type == ignored) {
            changed[i].pValue = &yes;
        }
    }
    return real->C_GenerateKey(session, mechanism, changed, n, ret);
}

/* It encrypts, decrypts and derives with everything. */
static CK_RV any_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session, (void)mechanism, (void)key;
    return CKR_OK;
}

static CK_RV any_cipher(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len)
{
    (void)session, (void)in, (void)in_len, (void)out;
    *out_len = 0;
    return CKR_OK;
}

static CK_RV any_derive(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base, CK_ATTRIBUTE *list,
                        CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    CK_MECHANISM generates = {.mechanism = CKM_GENERIC_SECRET_KEY_GEN};
    (void)mechanism, (void)base;
    return real->C_GenerateKey(session, &generates, list, n, ret);
}

static CK_RV no_decrypt(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session, (void)mechanism, (void)key;
    return CKR_MECHANISM_INVALID;
}

static CK_RV unwrap_ignoring(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek, CK_BYTE *wrapped,
                             CK_ULONG len, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE kept[ATTRIBUTES_MAX];
    n = weak_without(list, n, kept);
    return real->C_UnwrapKey(session, mechanism, kek, wrapped, len, kept, n, ret);
}

static void test_nothing_is_missing(void **state)
{
    struct hsm_profile profile;
    assert_hsm(HSM_OK, weak_probe(*state, &profile));
    assert_string_equal(profile.level_reason == NULL ? "" : profile.level_reason, "");
    assert_int_equal(profile.level, HSM_LEVEL_SEALED);
}

static void test_each_attribute_of_the_template(void **state)
{
    CK_ATTRIBUTE forced[ATTRIBUTES_UNWRAP_MAX];
    size_t n = attributes_forced(HSM_SEALED, forced);
    for (size_t i = 0; i < n; i++) {
        if (forced[i].type == CKA_CLASS) {
            continue; /* no other class can be made of these bytes, whether it is forced or not */
        }
        ignored = forced[i].type;
        weak.C_GenerateKey = generate_ignoring_in_template;
        weak_expect_not_sealed(*state, "CKA_UNWRAP_TEMPLATE");
    }
}

static void test_each_way_to_be_trusted(void **state)
{
    ignored = CKA_TRUSTED;
    weak.C_GenerateKey = weak_generate_ignoring;
    weak_expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_GenerateKeyPair = generate_pair_ignoring;
    weak_expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_GenerateKeyPair = generate_rsa_ignoring;
    weak_expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_CreateObject = create_ignoring;
    weak_expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_CreateObject = create_public_ignoring;
    weak_expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_SetAttributeValue = set_ignoring;
    weak_expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_CopyObject = copy_ignoring;
    weak_expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_UnwrapKey = unwrap_ignoring;
    weak_expect_not_sealed(*state, "CKA_TRUSTED");
}

static void test_what_is_not_enforced(void **state)
{
    ignored = CKA_ALLOWED_MECHANISMS;
    weak.C_GenerateKey = weak_generate_ignoring;
    weak_expect_not_sealed(*state, "CKA_ALLOWED_MECHANISMS");
    ignored = CKA_DECRYPT;
    weak.C_SetAttributeValue = set_ignoring;
    weak_expect_not_sealed(*state, "CKA_MODIFIABLE");
    ignored = CKA_COPYABLE;
    weak.C_GenerateKey = weak_generate_ignoring;
    weak_expect_not_sealed(*state, "CKA_COPYABLE");
    ignored = CKA_EXTRACTABLE;
    weak.C_CopyObject = copy_ignoring;
    weak_expect_not_sealed(*state, "CKA_EXTRACTABLE");
    weak.C_SetAttributeValue = set_ignoring;
    weak_expect_not_sealed(*state, "CKA_EXTRACTABLE");
}

/* What a key or a payload may be used for, at the functions themselves. */
static void test_uses(void **state)
{
    ignored = CKA_DECRYPT;
    weak.C_GenerateKey = generate_for_all_uses;
    weak_expect_not_sealed(*state, "CKA_DECRYPT");
    weak.C_DecryptInit = no_decrypt;
    weak_expect_not_sealed(*state, "CKA_DECRYPT"); /* it cannot be told */
    ignored = CKA_SIGN;
    weak.C_GenerateKey = generate_for_all_uses;
    weak_expect_not_sealed(*state, "CKA_SIGN or CKA_DERIVE");
    weak.C_DeriveKey = any_derive;
    weak_expect_not_sealed(*state, "CKA_SIGN or CKA_DERIVE");
    weak.C_EncryptInit = any_init;
    weak.C_Encrypt = any_cipher;
    weak_expect_not_sealed(*state, "CKA_SIGN or CKA_DERIVE");
}

/* On a token with one mechanism that wraps, a key that allows another must refuse it. */
static void test_one_mechanism(void **state)
{
    struct hsm_profile profile;
    weak.C_WrapKey = wrap_by_one;
    assert_hsm(HSM_OK, weak_probe(*state, &profile));
    assert_int_equal(profile.level, HSM_LEVEL_SEALED);
    ignored = CKA_ALLOWED_MECHANISMS;
    weak.C_WrapKey = wrap_by_one;
    weak.C_GenerateKey = weak_generate_ignoring;
    weak_expect_not_sealed(*state, "CKA_ALLOWED_MECHANISMS");
}

/* It forgets the attribute when it unwraps, and says all the same that it is there. */
static CK_RV lie_of_trusted(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    static const CK_BBOOL yes = CK_TRUE;
    CK_RV rv = real->C_GetAttributeValue(session, object, list, n);
    if (rv == CKR_OK && n == 1 && list[0].type == CKA_WRAP_WITH_TRUSTED && list[0].pValue != NULL) {
        memcpy(list[0].pValue, &yes, sizeof yes);
        list[0].ulValueLen = sizeof yes;
    }
    return rv;
}

static void test_what_is_only_said(void **state)
{
    ignored = CKA_WRAP_WITH_TRUSTED;
    weak.C_GenerateKey = generate_ignoring_in_template;
    weak.C_UnwrapKey = unwrap_ignoring;
    weak.C_GetAttributeValue = lie_of_trusted;
    weak_expect_not_sealed(*state, "CKA_UNWRAP_TEMPLATE");
}

static void test_what_cannot_be_told(void **state)
{
    weak.C_SetAttributeValue = set_never;
    weak_expect_not_sealed(*state, "CKA_MODIFIABLE");
    weak.C_CopyObject = copy_never;
    weak_expect_not_sealed(*state, "CKA_COPYABLE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_missing),
        cmocka_unit_test(test_each_attribute_of_the_template),
        cmocka_unit_test(test_each_way_to_be_trusted),
        cmocka_unit_test(test_what_is_not_enforced),
        cmocka_unit_test(test_uses),
        cmocka_unit_test(test_one_mechanism),
        cmocka_unit_test(test_what_is_only_said),
        cmocka_unit_test(test_what_cannot_be_told),
    };
    return cmocka_run_group_tests(tests, weak_setup, fixture_teardown);
}
