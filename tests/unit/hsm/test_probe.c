/*
 * The probe on tokens that enforce less than SoftHSM does: its function table with one call in it that looks away. What
 * a token does not enforce, or what cannot be told, keeps it from being called sealed.
 */
#include "fixture.h"

#include "attributes_table.h"

#include <string.h>

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST weak;

static CK_ATTRIBUTE_TYPE ignored; /* what the token does not look at */

/* Copies list to out without the attributes that are ignored. */
static CK_ULONG without(const CK_ATTRIBUTE *list, CK_ULONG n, CK_ATTRIBUTE *out)
{
    CK_ULONG kept = 0;
    for (CK_ULONG i = 0; i < n; i++) {
        if (list[i].type != ignored) {
            out[kept++] = list[i];
        }
    }
    return kept;
}

static CK_RV generate_ignoring(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *list, CK_ULONG n,
                               CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE kept[ATTRIBUTES_MAX];
    n = without(list, n, kept);
    return real->C_GenerateKey(session, mechanism, kept, n, ret);
}

static CK_RV generate_pair_ignoring(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_half,
                                    CK_ULONG n_public, CK_ATTRIBUTE *private_half, CK_ULONG n_private,
                                    CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    CK_ATTRIBUTE kept[ATTRIBUTES_MAX];
    n_public = without(public_half, n_public, kept);
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

/* Copies list to out without what limits a key and is ignored, or with an unwrap template that lacks what is. */
static CK_ULONG lessen(const CK_ATTRIBUTE *list, CK_ULONG n, CK_ATTRIBUTE *out,
                       CK_ATTRIBUTE unwrap[ATTRIBUTES_UNWRAP_MAX])
{
    if (ignored == CKA_UNWRAP_TEMPLATE || ignored == CKA_ALLOWED_MECHANISMS) {
        return without(list, n, out);
    }
    memcpy(out, list, n * sizeof list[0]);
    for (CK_ULONG i = 0; i < n; i++) {
        if (list[i].type == CKA_UNWRAP_TEMPLATE) {
            CK_ULONG kept = without(list[i].pValue, list[i].ulValueLen / sizeof unwrap[0], unwrap);
            out[i] = (CK_ATTRIBUTE){CKA_UNWRAP_TEMPLATE, unwrap, kept * sizeof unwrap[0]};
        }
    }
    return n;
}

/* A token that keeps all of an unwrap template but one attribute. */
static CK_RV generate_ignoring_in_template(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *list,
                                           CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE changed[ATTRIBUTES_MAX];
    CK_ATTRIBUTE unwrap[ATTRIBUTES_UNWRAP_MAX];
    n = lessen(list, n, changed, unwrap);
    return real->C_GenerateKey(session, mechanism, changed, n, ret);
}

static CK_RV create_ignoring(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE kept[ATTRIBUTES_MAX];
    n = without(list, n, kept);
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
    n = lessen(list, n, kept, unwrap);
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
    n_private = lessen(private_half, n_private, kept, unwrap);
    return real->C_GenerateKeyPair(session, mechanism, public_half, n_public, kept, n_private, ret_public, ret_private);
}

static CK_RV copy_ignoring(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n,
                           CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE kept[ATTRIBUTES_MAX];
    n = without(list, n, kept);
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

static CK_RV copy_on_a_token_that_goes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list,
                                       CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    for (CK_ULONG i = 0; i < n; i++) {
        if (list[i].type == CKA_TRUSTED) {
            return CKR_DEVICE_REMOVED;
        }
    }
    return real->C_CopyObject(session, object, list, n, ret);
}

static CK_RV unwrap_ignoring(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek, CK_BYTE *wrapped,
                             CK_ULONG len, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE kept[ATTRIBUTES_MAX];
    n = without(list, n, kept);
    return real->C_UnwrapKey(session, mechanism, kek, wrapped, len, kept, n, ret);
}

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

static unsigned wraps_until_fault; /* how many C_WrapKey succeed before one that does not; 0: it has come */

static CK_RV wrap_with_one_fault(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                                 CK_OBJECT_HANDLE key, CK_BYTE *wrapped, CK_ULONG *len)
{
    if (wraps_until_fault > 0 && --wraps_until_fault == 0) {
        return CKR_GENERAL_ERROR;
    }
    return real->C_WrapKey(session, mechanism, kek, key, wrapped, len);
}

static struct hsm_result probe(struct fixture *fixture, struct hsm_profile *ret)
{
    fixture->token->functions = &weak;
    struct hsm_result result = hsm_probe(fixture->token, ret);
    fixture->token->functions = real;
    weak = *real;
    assert_int_equal(fixture_session_objects(fixture), 0);
    return result;
}

static void expect_not_sealed(struct fixture *fixture, const char *reason)
{
    struct hsm_profile profile = {0};
    assert_hsm(HSM_OK, probe(fixture, &profile));
    if (profile.level != HSM_LEVEL_SENSITIVE) {
        print_error("sealed, although attribute 0x%lx is not enforced\n", ignored);
    }
    assert_int_equal(profile.level, HSM_LEVEL_SENSITIVE);
    assert_string_equal(profile.level_reason, reason);
}

static int setup(void **state)
{
    fixture_setup_bare(state);
    struct fixture *fixture = *state;
    fixture_open(fixture);
    real = fixture->token->functions;
    weak = *real;
    return 0;
}

static void test_nothing_is_missing(void **state)
{
    struct hsm_profile profile;
    assert_hsm(HSM_OK, probe(*state, &profile));
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
        expect_not_sealed(*state, "CKA_UNWRAP_TEMPLATE");
    }
}

static void test_each_way_to_be_trusted(void **state)
{
    ignored = CKA_TRUSTED;
    weak.C_GenerateKey = generate_ignoring;
    expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_GenerateKeyPair = generate_pair_ignoring;
    expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_GenerateKeyPair = generate_rsa_ignoring;
    expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_CreateObject = create_ignoring;
    expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_CreateObject = create_public_ignoring;
    expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_SetAttributeValue = set_ignoring;
    expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_CopyObject = copy_ignoring;
    expect_not_sealed(*state, "CKA_TRUSTED");
    weak.C_UnwrapKey = unwrap_ignoring;
    expect_not_sealed(*state, "CKA_TRUSTED");
}

static void test_what_is_not_enforced(void **state)
{
    ignored = CKA_ALLOWED_MECHANISMS;
    weak.C_GenerateKey = generate_ignoring;
    expect_not_sealed(*state, "CKA_ALLOWED_MECHANISMS");
    ignored = CKA_DECRYPT;
    weak.C_SetAttributeValue = set_ignoring;
    expect_not_sealed(*state, "CKA_MODIFIABLE");
    ignored = CKA_COPYABLE;
    weak.C_GenerateKey = generate_ignoring;
    expect_not_sealed(*state, "CKA_COPYABLE");
    ignored = CKA_EXTRACTABLE;
    weak.C_CopyObject = copy_ignoring;
    expect_not_sealed(*state, "CKA_EXTRACTABLE");
    weak.C_SetAttributeValue = set_ignoring;
    expect_not_sealed(*state, "CKA_EXTRACTABLE");
}

/* A token that keeps to them with AES keys is not sealed: a sealed payload goes under RSA keys too. */
static void test_what_is_not_enforced_of_rsa(void **state)
{
    CK_ATTRIBUTE forced[ATTRIBUTES_UNWRAP_MAX];
    size_t n = attributes_forced(HSM_SEALED, forced);
    for (size_t i = 1; i < n; i++) { /* not CKA_CLASS, see above */
        ignored = forced[i].type;
        weak.C_CreateObject = create_private_ignoring;
        expect_not_sealed(*state, "CKA_UNWRAP_TEMPLATE");
    }
    ignored = CKA_UNWRAP_TEMPLATE;
    weak.C_CreateObject = create_private_ignoring;
    expect_not_sealed(*state, "CKA_UNWRAP_TEMPLATE");
    weak.C_CreateObject = create_no_private;
    weak.C_GenerateKeyPair = generate_private_ignoring;
    expect_not_sealed(*state, "CKA_UNWRAP_TEMPLATE");
    ignored = CKA_ALLOWED_MECHANISMS;
    weak.C_CreateObject = create_private_ignoring;
    expect_not_sealed(*state, "CKA_ALLOWED_MECHANISMS");
    weak.C_CreateObject = create_no_private;
    weak.C_GenerateKeyPair = generate_private_ignoring;
    expect_not_sealed(*state, "CKA_ALLOWED_MECHANISMS");
    weak.C_WrapKey = wrap_all_by_rsa;
    expect_not_sealed(*state, "CKA_WRAP_WITH_TRUSTED");
    weak.C_WrapKey = wrap_all_by_pkcs1;
    expect_not_sealed(*state, "CKA_WRAP_WITH_TRUSTED");
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
    assert_hsm(HSM_OK, probe(*state, &profile));
    assert_int_equal(profile.level, HSM_LEVEL_SEALED);
    assert_false(profile.oaep_sha1 || profile.oaep_sha256);
}

/* What a key or a payload may be used for, at the functions themselves. */
static void test_uses(void **state)
{
    ignored = CKA_DECRYPT;
    weak.C_GenerateKey = generate_for_all_uses;
    expect_not_sealed(*state, "CKA_DECRYPT");
    weak.C_DecryptInit = no_decrypt;
    expect_not_sealed(*state, "CKA_DECRYPT"); /* it cannot be told */
    ignored = CKA_SIGN;
    weak.C_GenerateKey = generate_for_all_uses;
    expect_not_sealed(*state, "CKA_SIGN or CKA_DERIVE");
    weak.C_DeriveKey = any_derive;
    expect_not_sealed(*state, "CKA_SIGN or CKA_DERIVE");
    weak.C_EncryptInit = any_init;
    weak.C_Encrypt = any_cipher;
    expect_not_sealed(*state, "CKA_SIGN or CKA_DERIVE");
}

/* On a token with one mechanism that wraps, a key that allows another must refuse it. */
static void test_one_mechanism(void **state)
{
    struct hsm_profile profile;
    weak.C_WrapKey = wrap_by_one;
    assert_hsm(HSM_OK, probe(*state, &profile));
    assert_int_equal(profile.level, HSM_LEVEL_SEALED);
    ignored = CKA_ALLOWED_MECHANISMS;
    weak.C_WrapKey = wrap_by_one;
    weak.C_GenerateKey = generate_ignoring;
    expect_not_sealed(*state, "CKA_ALLOWED_MECHANISMS");
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
    expect_not_sealed(*state, "CKA_UNWRAP_TEMPLATE");
}

static void test_what_cannot_be_told(void **state)
{
    weak.C_SetAttributeValue = set_never;
    expect_not_sealed(*state, "CKA_MODIFIABLE");
    weak.C_CopyObject = copy_never;
    expect_not_sealed(*state, "CKA_COPYABLE");
}

/* A token that is gone has refused nothing. */
static void test_a_fault_is_no_refusal(void **state)
{
    struct hsm_profile profile;
    weak.C_CopyObject = copy_on_a_token_that_goes;
    assert_hsm(HSM_TOKEN_UNAVAILABLE, probe(*state, &profile));
}

/* One that passes is none either, whenever it comes. */
static void test_a_passing_fault_is_no_refusal(void **state)
{
    for (unsigned n = 1; wraps_until_fault == 0; n++) {
        struct hsm_profile profile = {0};
        ignored = CKA_WRAP_WITH_TRUSTED;
        wraps_until_fault = n;
        weak.C_GenerateKey = generate_ignoring;
        weak.C_WrapKey = wrap_with_one_fault;
        if (probe(*state, &profile).code == HSM_OK && profile.level == HSM_LEVEL_SEALED) {
            fail_msg("sealed, with a fault of the C_WrapKey of number %u", n);
        }
    }
    wraps_until_fault = 0;
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
    assert_hsm(HSM_OK, probe(*state, &profile));
    assert_string_equal(profile.level_reason == NULL ? "" : profile.level_reason, "");
    assert_int_equal(profile.level, HSM_LEVEL_SEALED);
    assert_int_equal(profile.kwp, CKM_AES_KEY_WRAP_KWP);
    assert_int_equal(profile.payload_max_bytes, 4096);
    assert_true(profile.pads_payloads); /* CKA_VALUE_LEN is wrong, so it cannot be told */
    weak_fips();
    weak.C_UnwrapKey = fips_unwrap_another;
    assert_hsm(HSM_UNSUPPORTED, probe(*state, &profile));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_missing),
        cmocka_unit_test(test_each_attribute_of_the_template),
        cmocka_unit_test(test_each_way_to_be_trusted),
        cmocka_unit_test(test_what_is_not_enforced),
        cmocka_unit_test(test_what_is_not_enforced_of_rsa),
        cmocka_unit_test(test_sealed_without_rsa),
        cmocka_unit_test(test_uses),
        cmocka_unit_test(test_one_mechanism),
        cmocka_unit_test(test_what_is_only_said),
        cmocka_unit_test(test_what_cannot_be_told),
        cmocka_unit_test(test_a_fault_is_no_refusal),
        cmocka_unit_test(test_a_passing_fault_is_no_refusal),
        cmocka_unit_test(test_nothing_can_be_read_or_imported),
    };
    return cmocka_run_group_tests(tests, setup, fixture_teardown);
}
