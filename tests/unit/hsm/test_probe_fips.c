/* The probe on a token that neither takes plaintext nor gives it out. */
#include "weak.h"

#include <string.h>

/*
 * A token in FIPS mode: every secret key is sensitive, and none is imported. It has RFC 5649 under the number that is
 * it by definition, for no test vector can be tried.
 */
static bool is_plain(const CK_ATTRIBUTE *list, CK_ULONG n)
{
    for (CK_ULONG i = 0; i < n; i++) {
        if (list[i].type == CKA_SENSITIVE && *(const CK_BBOOL *)list[i].pValue == CK_FALSE) {
            return true;
        }
    }
    return false;
}

static CK_MECHANISM_TYPE inner_type(CK_MECHANISM_TYPE type)
{
    return type == CKM_AES_KEY_WRAP_KWP   ? CKM_AES_KEY_WRAP_PAD
           : type == CKM_AES_KEY_WRAP_PAD ? CKM_VENDOR_DEFINED
                                          : type;
}

static CK_RV fips_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *ret)
{
    return real->C_GetMechanismInfo(slot, inner_type(type), ret);
}

static CK_RV fips_generate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *list, CK_ULONG n,
                           CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE changed[ATTRIBUTES_MAX];
    CK_MECHANISM_TYPE allowed[] = {CKM_AES_KEY_WRAP_PAD};
    memcpy(changed, list, n * sizeof list[0]);
    for (CK_ULONG i = 0; i < n; i++) {
        if (list[i].type == CKA_ALLOWED_MECHANISMS && *(CK_MECHANISM_TYPE *)list[i].pValue == CKM_AES_KEY_WRAP_KWP) {
            changed[i].pValue = allowed;
        }
    }
    return is_plain(list, n) ? CKR_ATTRIBUTE_VALUE_INVALID : real->C_GenerateKey(session, mechanism, changed, n, ret);
}

static CK_RV fips_create(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    for (CK_ULONG i = 0; i < n; i++) {
        if (list[i].type == CKA_CLASS && *(CK_OBJECT_CLASS *)list[i].pValue != CKO_PUBLIC_KEY) {
            return CKR_ATTRIBUTE_VALUE_INVALID;
        }
    }
    return real->C_CreateObject(session, list, n, ret);
}

static CK_RV fips_wrap(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek, CK_OBJECT_HANDLE key,
                       CK_BYTE *wrapped, CK_ULONG *len)
{
    CK_MECHANISM inner = *mechanism;
    inner.mechanism = inner_type(inner.mechanism);
    return real->C_WrapKey(session, &inner, kek, key, wrapped, len);
}

static CK_RV fips_unwrap(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek, CK_BYTE *wrapped,
                         CK_ULONG len, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    CK_MECHANISM inner = *mechanism;
    inner.mechanism = inner_type(inner.mechanism);
    return is_plain(list, n) ? CKR_ATTRIBUTE_VALUE_INVALID
                             : real->C_UnwrapKey(session, &inner, kek, wrapped, len, list, n, ret);
}

/* As fips_unwrap, and what comes out is another payload than what went in. */
static CK_RV fips_unwrap_another(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                                 CK_BYTE *wrapped, CK_ULONG len, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    CK_MECHANISM generates = {.mechanism = CKM_GENERIC_SECRET_KEY_GEN};
    CK_ULONG length = 13;
    CK_ATTRIBUTE made[ATTRIBUTES_UNWRAP_MAX + 1] = {{CKA_VALUE_LEN, &length, sizeof length}};
    (void)mechanism, (void)kek, (void)wrapped, (void)len;
    memcpy(made + 1, list, n * sizeof list[0]);
    return is_plain(list, n) ? CKR_ATTRIBUTE_VALUE_INVALID : real->C_GenerateKey(session, &generates, made, n + 1, ret);
}

static void weak_fips(void)
{
    weak.C_GetMechanismInfo = fips_info;
    weak.C_GenerateKey = fips_generate;
    weak.C_CreateObject = fips_create;
    weak.C_WrapKey = fips_wrap;
    weak.C_UnwrapKey = fips_unwrap;
}

static void test_nothing_can_be_read_or_imported(void **state)
{
    struct hsm_profile profile;
    weak_fips();
    assert_hsm(HSM_OK, weak_probe(*state, &profile));
    assert_string_equal(profile.level_reason == NULL ? "" : profile.level_reason, "");
    assert_int_equal(profile.level, HSM_LEVEL_SEALED);
    assert_int_equal(profile.kwp, CKM_AES_KEY_WRAP_KWP);
    assert_int_equal(profile.payload_max_bytes, 4096);
    assert_true(profile.pads_payloads); /* CKA_VALUE_LEN is wrong, so it cannot be told */
    weak_fips();
    weak.C_UnwrapKey = fips_unwrap_another;
    assert_hsm(HSM_UNSUPPORTED, weak_probe(*state, &profile));
}

/* A token that tells the length of what the probe unwraps first, which SoftHSM tells wrongly; but for one fault. */
static CK_RV read_length(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    static unsigned asked;
    if (n != 1 || list[0].type != CKA_VALUE_LEN) {
        return real->C_GetAttributeValue(session, object, list, n);
    }
    if (asked++ == 0) {
        return CKR_GENERAL_ERROR;
    }
    *(CK_ULONG *)list[0].pValue = 13;
    list[0].ulValueLen = sizeof(CK_ULONG);
    return CKR_OK;
}

static void test_a_fault_is_no_length_that_is_not_kept(void **state)
{
    struct hsm_profile profile;
    weak_fips();
    weak.C_GetAttributeValue = read_length;
    assert_hsm(HSM_OK, weak_probe(*state, &profile));
    assert_false(profile.pads_payloads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_can_be_read_or_imported),
        cmocka_unit_test(test_a_fault_is_no_length_that_is_not_kept),
    };
    return cmocka_run_group_tests(tests, weak_setup, fixture_teardown);
}
