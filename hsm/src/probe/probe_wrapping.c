/* The probe's trials of wrapping keys: under which ones a sealed payload goes, and by which mechanisms they work. */
#include "p11/errors.h"
#include "p11/oaep.h"
#include "p11/p11_call.h"
#include "probe_private.h"

static CK_RV sealed_payload(struct probe *probe, CK_OBJECT_HANDLE *ret)
{
    const CK_RV rv = probe_payload(probe, HSM_LEVEL_SEALED, HSM_SEALED, true, 32, ret);
    probe->detail = rv == CKR_OK ? NULL : "no payload that asks for it can be made";
    return rv;
}

/* A sealed payload under a key that anybody could have made; the control is an open payload under the same key. */
struct hsm_result probe_try_wrap_with_trusted(struct probe *probe, bool *ret_enforced)
{
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE open = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE sealed = CK_INVALID_HANDLE;
    uint8_t wrapped[PROBE_VALUE_MAX_BYTES];
    CK_ULONG len = 0;
    CK_RV rv = probe_kek(probe, HSM_LEVEL_SEALED, HSM_OPEN, false, &kek);
    if (rv == CKR_OK) {
        rv = probe_payload(probe, HSM_LEVEL_SEALED, HSM_OPEN, true, 32, &open);
    }
    if (rv == CKR_OK) {
        rv = probe_wrap(probe, probe->kwp, kek, open, wrapped, &len);
    }
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "wrapping a payload");
    }
    if (sealed_payload(probe, &sealed) != CKR_OK) {
        *ret_enforced = false;
        return HSM_SUCCESS;
    }
    return probe_refused(probe, probe_wrap(probe, probe->kwp, kek, sealed, wrapped, &len), "C_WrapKey", ret_enforced);
}

static CK_RV wrap_rsa(struct probe *probe, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE public_half,
                      CK_OBJECT_HANDLE payload)
{
    uint8_t wrapped[PROBE_RSA_BYTES];
    CK_ULONG len = sizeof wrapped;
    return p11_wrap_key(probe->token, mechanism, public_half, payload, wrapped, &len);
}

/* The same under an RSA key: one that the user imports, or where the token imports none, makes. */
struct hsm_result probe_try_wrap_with_trusted_rsa(struct probe *probe, bool *ret_enforced)
{
    struct oaep_mechanism oaep;
    oaep_mechanism_fill(oaep_of(probe->oaep), &oaep);
    CK_MECHANISM pkcs = {.mechanism = CKM_RSA_PKCS};
    CK_MECHANISM *const mechanisms[] = {&oaep.mechanism, &pkcs};
    struct probe_pair pair = {0};
    CK_OBJECT_HANDLE open = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE sealed = CK_INVALID_HANDLE;
    CK_RV rv = probe_import_public(probe, &pair.public_half);
    if (rv != CKR_OK) {
        rv = probe_make_pair(probe, HSM_LEVEL_SENSITIVE, CKM_RSA_PKCS_OAEP, &pair);
    }
    if (rv == CKR_OK) {
        rv = probe_payload(probe, HSM_LEVEL_SEALED, HSM_OPEN, true, 32, &open);
    }
    if (rv == CKR_OK) {
        rv = wrap_rsa(probe, &oaep.mechanism, pair.public_half, open);
    }
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "wrapping a payload under an RSA key");
    }
    bool refused = sealed_payload(probe, &sealed) == CKR_OK;
    struct hsm_result result = HSM_SUCCESS;
    for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0] && refused && result.code == HSM_OK; i++) {
        result = probe_refused(probe, wrap_rsa(probe, mechanisms[i], pair.public_half, sealed), "C_WrapKey", &refused);
    }
    *ret_enforced = refused;
    return result;
}

static CK_RV wrap_by(struct probe *probe, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE kek, CK_OBJECT_HANDLE payload)
{
    CK_BYTE iv[16] = {0};
    bool has_iv = type == CKM_AES_CBC_PAD;
    CK_MECHANISM mechanism = {type, has_iv ? iv : NULL, has_iv ? sizeof iv : 0};
    uint8_t wrapped[PROBE_VALUE_MAX_BYTES];
    CK_ULONG len = sizeof wrapped;
    return p11_wrap_key(probe->token, &mechanism, kek, payload, wrapped, &len);
}

/* Like a free KEK, but that one mechanism only may use it. */
static CK_RV kek_of_one(struct probe *probe, CK_MECHANISM_TYPE only, CK_OBJECT_HANDLE *ret)
{
    const CK_ATTRIBUTE allowed = {CKA_ALLOWED_MECHANISMS, &only, sizeof only};
    return probe_free_kek_with(probe, &allowed, 1, ret);
}

/*
 * A key that allows another mechanism must refuse KWP, which a key that allows all does; and what that one does by
 * other mechanisms must be refused by a key that allows KWP only.
 */
struct hsm_result probe_try_allowed_mechanisms(struct probe *probe, bool *ret_enforced)
{
    static const CK_MECHANISM_TYPE others[] = {CKM_AES_KEY_WRAP, CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD,
                                               CKM_AES_CBC_PAD, CKM_AES_ECB};
    CK_OBJECT_HANDLE bound = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE free = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE of_another = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_RV rv = probe_kek(probe, HSM_LEVEL_SEALED, HSM_OPEN, false, &bound);
    if (rv == CKR_OK) {
        rv = probe_free_kek(probe, &free);
    }
    if (rv == CKR_OK) {
        rv = probe_payload(probe, HSM_LEVEL_SEALED, HSM_OPEN, true, 32, &payload);
    }
    if (rv == CKR_OK) {
        rv = wrap_by(probe, probe->kwp, free, payload);
    }
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "wrapping a payload");
    }
    if (kek_of_one(probe, CKM_AES_CBC, &of_another) != CKR_OK) {
        probe->detail = "no key that has one can be made";
        *ret_enforced = false;
        return HSM_SUCCESS;
    }
    bool refused = false;
    struct hsm_result result =
        probe_refused(probe, wrap_by(probe, probe->kwp, of_another, payload), "C_WrapKey", &refused);
    for (size_t i = 0; i < sizeof others / sizeof others[0] && refused && result.code == HSM_OK; i++) {
        if (others[i] != probe->kwp && wrap_by(probe, others[i], free, payload) == CKR_OK) {
            result = probe_refused(probe, wrap_by(probe, others[i], bound, payload), "C_WrapKey", &refused);
        }
    }
    *ret_enforced = refused;
    return result;
}

/*
 * Unwraps, by OAEP, what is wrapped for a pair whose private half may do that or may not. The CK_RV of C_UnwrapKey;
 * *ret_made false when it did not come to that.
 */
static CK_RV unwrap_with_pair_of(struct probe *probe, CK_MECHANISM_TYPE unwraps_by, bool *ret_made)
{
    struct oaep_mechanism oaep;
    oaep_mechanism_fill(oaep_of(probe->oaep), &oaep);
    struct probe_pair pair = {0};
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE again = CK_INVALID_HANDLE;
    uint8_t wrapped[PROBE_RSA_BYTES];
    CK_ULONG len = sizeof wrapped;
    CK_RV rv = probe_make_pair(probe, HSM_LEVEL_SEALED, unwraps_by, &pair);
    if (rv == CKR_OK) {
        rv = probe_payload(probe, HSM_LEVEL_SEALED, HSM_OPEN, true, 32, &payload);
    }
    if (rv == CKR_OK) {
        rv = p11_wrap_key(probe->token, &oaep.mechanism, pair.public_half, payload, wrapped, &len);
    }
    *ret_made = rv == CKR_OK;
    if (rv != CKR_OK) {
        return rv;
    }
    CK_ATTRIBUTE list[ATTRIBUTES_UNWRAP_MAX];
    const size_t n = attributes_unwrap(HSM_LEVEL_SEALED, HSM_SEALED, true, list, sizeof list / sizeof list[0]);
    rv = p11_unwrap_key(probe->token, &oaep.mechanism, pair.private_half, wrapped, len, list, n, &again);
    return probe_register(probe, rv, &again);
}

/* By the same OAEP: with a key that allows another mechanism, beside one that allows it. */
struct hsm_result probe_try_allowed_mechanisms_rsa(struct probe *probe, bool *ret_enforced)
{
    bool made = false;
    CK_RV rv = unwrap_with_pair_of(probe, CKM_RSA_PKCS_OAEP, &made);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "unwrapping with an RSA key");
    }
    rv = unwrap_with_pair_of(probe, CKM_RSA_PKCS, &made);
    if (!made) {
        return hsm_result_of(rv, "an RSA key that allows another mechanism");
    }
    return probe_refused(probe, rv, "C_UnwrapKey", ret_enforced);
}
