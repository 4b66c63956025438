/*
 * The probe on tokens that keep to what they are told with AES keys, and not with RSA keys: a sealed payload goes under
 * both, so neither may let it out.
 */
#include "weak.h"

#include <string.h>

static bool is_private_key(const CK_ATTRIBUTE *list, CK_ULONG n)
{
    for (CK_ULONG i = 0; i < n; i++) {
        if (list[i].type == CKA_CLASS) {
            return *(const CK_OBJECT_CLASS *)list[i].pValue == CKO_PRIVATE_KEY;
        }
    }
    return false;
}

/* Private keys of RSA that are imported without the attribute, or with an unwrap template that lacks it. */
static CK_RV create_private_ignoring(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    if (!is_private_key(list, n)) {
        return real->C_CreateObject(session, list, n, ret);
    }
    CK_ATTRIBUTE kept[ATTRIBUTES_MAX];
    CK_ATTRIBUTE unwrap[ATTRIBUTES_UNWRAP_MAX];
    n = weak_lessen(list, n, kept, unwrap);
    return real->C_CreateObject(session, kept, n, ret);
}

/* The same of pairs that are made, by a token that imports no private key. */
static CK_RV create_no_private(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    return is_private_key(list, n) ? CKR_FUNCTION_NOT_SUPPORTED : real->C_CreateObject(session, list, n, ret);
}

static CK_RV generate_private_ignoring(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_half,
                                       CK_ULONG n_public, CK_ATTRIBUTE *private_half, CK_ULONG n_private,
                                       CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    CK_ATTRIBUTE kept[ATTRIBUTES_MAX];
    CK_ATTRIBUTE unwrap[ATTRIBUTES_UNWRAP_MAX];
    n_private = weak_lessen(private_half, n_private, kept, unwrap);
    return real->C_GenerateKeyPair(session, mechanism, public_half, n_public, kept, n_private, ret_public, ret_private);
}

/* A token that looks at CKA_WRAP_WITH_TRUSTED under AES keys only. */
static CK_RV wrap_all_by_rsa(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                             CK_OBJECT_HANDLE key, CK_BYTE *wrapped, CK_ULONG *len)
{
    CK_RV rv = real->C_WrapKey(session, mechanism, kek, key, wrapped, len);
    const bool is_rsa = mechanism->mechanism == CKM_RSA_PKCS_OAEP || mechanism->mechanism == CKM_RSA_PKCS;
    if (rv != CKR_KEY_NOT_WRAPPABLE || !is_rsa) {
        return rv;
    }
    memset(wrapped, 0x5a, *len);
    return CKR_OK;
}

static CK_RV wrap_all_by_pkcs1(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                               CK_OBJECT_HANDLE key, CK_BYTE *wrapped, CK_ULONG *len)
{
    return mechanism->mechanism == CKM_RSA_PKCS ? wrap_all_by_rsa(session, mechanism, kek, key, wrapped, len)
                                                : real->C_WrapKey(session, mechanism, kek, key, wrapped, len);
}

/* A token that keeps to them with AES keys is not sealed: a sealed payload goes under RSA keys too. */
static void test_what_is_not_enforced_of_rsa(void **state)
{
    CK_ATTRIBUTE forced[ATTRIBUTES_UNWRAP_MAX];
    size_t n = attributes_forced(HSM_SEALED, forced);
    for (size_t i = 1; i < n; i++) { /* not CKA_CLASS: no other can be made of these bytes */
        ignored = forced[i].type;
        weak.C_CreateObject = create_private_ignoring;
        weak_expect_not_sealed(*state, "CKA_UNWRAP_TEMPLATE");
    }
    ignored = CKA_UNWRAP_TEMPLATE;
    weak.C_CreateObject = create_private_ignoring;
    weak_expect_not_sealed(*state, "CKA_UNWRAP_TEMPLATE");
    weak.C_CreateObject = create_no_private;
    weak.C_GenerateKeyPair = generate_private_ignoring;
    weak_expect_not_sealed(*state, "CKA_UNWRAP_TEMPLATE");
    ignored = CKA_ALLOWED_MECHANISMS;
    weak.C_CreateObject = create_private_ignoring;
    weak_expect_not_sealed(*state, "CKA_ALLOWED_MECHANISMS");
    weak.C_CreateObject = create_no_private;
    weak.C_GenerateKeyPair = generate_private_ignoring;
    weak_expect_not_sealed(*state, "CKA_ALLOWED_MECHANISMS");
    weak.C_WrapKey = wrap_all_by_rsa;
    weak_expect_not_sealed(*state, "CKA_WRAP_WITH_TRUSTED");
    weak.C_WrapKey = wrap_all_by_pkcs1;
    weak_expect_not_sealed(*state, "CKA_WRAP_WITH_TRUSTED");
}

static CK_RV pair_with_curve_only(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_half,
                                  CK_ULONG n_public, CK_ATTRIBUTE *private_half, CK_ULONG n_private,
                                  CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    return mechanism->mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN
               ? CKR_MECHANISM_INVALID
               : real->C_GenerateKeyPair(session, mechanism, public_half, n_public, private_half, n_private, ret_public,
                                         ret_private);
}

/* Without RSA there is nothing to be tried of it. */
static void test_sealed_without_rsa(void **state)
{
    struct hsm_profile profile;
    weak.C_CreateObject = create_no_private;
    weak.C_GenerateKeyPair = pair_with_curve_only;
    assert_hsm(HSM_OK, weak_probe(*state, &profile));
    assert_int_equal(profile.level, HSM_LEVEL_SEALED);
    assert_false(profile.oaep_sha1 || profile.oaep_sha256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_not_enforced_of_rsa),
        cmocka_unit_test(test_sealed_without_rsa),
    };
    return cmocka_run_group_tests(tests, weak_setup, fixture_teardown);
}
