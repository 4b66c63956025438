/* What a token enforces; see hsm/probe.h. */
#include "errors.h"
#include "p11_call.h"
#include "probe_private.h"

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/*
 * Each tries what whoever holds the session could try against a sealed payload, beside a control that has to work, so
 * that a refusal is one of the thing in question; what cannot be told from a refusal of everything is not enforced.
 * HSM_OK with *ret_enforced, or why it could not be tried.
 */
struct trial {
    const char *name;
    struct hsm_result (*run)(struct probe *probe, bool *ret_enforced);
};

/* A sealed payload under a key that anybody could have made; the control is an open payload under the same key. */
static struct hsm_result try_wrap_with_trusted(struct probe *probe, bool *ret_enforced)
{
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE open = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE sealed = CK_INVALID_HANDLE;
    uint8_t wrapped[PROBE_VALUE_MAX_BYTES];
    CK_ULONG len = 0;
    CK_RV rv = probe_kek(probe, HSM_OPEN, false, &kek);
    if (rv == CKR_OK) {
        rv = probe_payload(probe, HSM_OPEN, true, 32, &open);
    }
    if (rv == CKR_OK) {
        rv = probe_wrap(probe, probe->kwp, kek, open, wrapped, &len);
    }
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "wrapping a payload");
    }
    if (probe_payload(probe, HSM_SEALED, true, 32, &sealed) != CKR_OK) {
        *ret_enforced = false;
        return HSM_SUCCESS;
    }
    return probe_refused(probe_wrap(probe, probe->kwp, kek, sealed, wrapped, &len), "C_WrapKey", ret_enforced);
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

/*
 * Every mechanism that wraps under a key which allows them all must be refused by a key that allows only one. On a
 * token that has no second mechanism it cannot be told.
 */
static struct hsm_result try_allowed_mechanisms(struct probe *probe, bool *ret_enforced)
{
    static const CK_MECHANISM_TYPE others[] = {CKM_AES_KEY_WRAP, CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD,
                                               CKM_AES_CBC_PAD, CKM_AES_ECB};
    CK_OBJECT_HANDLE bound = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE free = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_RV rv = probe_kek(probe, HSM_OPEN, false, &bound);
    if (rv == CKR_OK) {
        rv = probe_free_kek(probe, &free);
    }
    if (rv == CKR_OK) {
        rv = probe_payload(probe, HSM_OPEN, true, 32, &payload);
    }
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey");
    }
    bool tried = false;
    bool refused = true;
    struct hsm_result result = HSM_SUCCESS;
    for (size_t i = 0; i < sizeof others / sizeof others[0] && refused && result.code == HSM_OK; i++) {
        if (others[i] != probe->kwp && wrap_by(probe, others[i], free, payload) == CKR_OK) {
            tried = true;
            result = probe_refused(wrap_by(probe, others[i], bound, payload), "C_WrapKey", &refused);
        }
    }
    *ret_enforced = tried && refused;
    return result;
}

/* Turning a payload into a key that decrypts; one that is CKA_MODIFIABLE lets it be done, or it cannot be told. */
static struct hsm_result try_modifiable(struct probe *probe, bool *ret_enforced)
{
    CK_ATTRIBUTE bend[] = {{CKA_DECRYPT, &yes, sizeof yes}};
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE control = CK_INVALID_HANDLE;
    CK_RV rv = probe_payload(probe, HSM_SEALED, true, 32, &payload);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a sealed payload");
    }
    if (probe_free_payload(probe, false, &control) != CKR_OK ||
        p11_set_attributes(probe->token, control, bend, 1) != CKR_OK) {
        *ret_enforced = false;
        return HSM_SUCCESS;
    }
    return probe_refused(p11_set_attributes(probe->token, payload, bend, 1), "C_SetAttributeValue", ret_enforced);
}

static CK_RV copy(struct probe *probe, CK_OBJECT_HANDLE object)
{
    CK_ATTRIBUTE same[] = {{CKA_TOKEN, &no, sizeof no}};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    CK_RV rv = p11_copy_object(probe->token, object, same, 1, &made);
    return probe_register(probe, rv, &made);
}

/*
 * A payload that is CKA_COPYABLE can be copied, or it cannot be told. Both may be changed: SoftHSM 2.6.1 copies nothing
 * that is not CKA_MODIFIABLE, whatever its CKA_COPYABLE.
 */
static struct hsm_result try_copyable(struct probe *probe, bool *ret_enforced)
{
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE control = CK_INVALID_HANDLE;
    CK_RV rv = probe_free_payload(probe, false, &payload);
    if (rv == CKR_OK) {
        rv = probe_free_payload(probe, true, &control);
    }
    if (rv != CKR_OK || copy(probe, control) != CKR_OK) {
        *ret_enforced = false;
        return HSM_SUCCESS;
    }
    return probe_refused(copy(probe, payload), "C_CopyObject", ret_enforced);
}

/* What a sealed key rests on, all of it. */
static const struct trial trials[] = {
    {"CKA_TRUSTED", probe_try_trusted},
    {"CKA_WRAP_WITH_TRUSTED", try_wrap_with_trusted},
    {"CKA_UNWRAP_TEMPLATE", probe_try_unwrap_template},
    {"CKA_ALLOWED_MECHANISMS", try_allowed_mechanisms},
    {"CKA_MODIFIABLE", try_modifiable},
    {"CKA_COPYABLE", try_copyable},
};

/* Without this there is no boundary at all. */
static struct hsm_result check_sensitive(struct probe *probe)
{
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    uint8_t value[PROBE_VALUE_MAX_BYTES];
    CK_RV rv = probe_payload(probe, HSM_OPEN, true, 32, &payload);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a payload");
    }
    return probe_value(probe, payload, value) == 0 ? HSM_SUCCESS
                                                   : hsm_failure(HSM_UNSUPPORTED, "CKA_SENSITIVE is not enforced");
}

static struct hsm_result find_level(struct probe *probe, struct hsm_profile *out)
{
    struct hsm_result result = check_sensitive(probe);
    out->level = HSM_LEVEL_SEALED;
    for (size_t i = 0; i < sizeof trials / sizeof trials[0] && result.code == HSM_OK; i++) {
        bool enforced = false;
        result = probe_end(probe, trials[i].run(probe, &enforced));
        if (result.code == HSM_OK && !enforced) {
            out->level = HSM_LEVEL_SENSITIVE;
            out->level_reason = trials[i].name;
            break;
        }
    }
    return result;
}

struct hsm_result hsm_probe(struct hsm_token *token, struct hsm_profile *ret)
{
    struct probe probe = {.token = token};
    struct hsm_profile profile = {0};
    struct hsm_result result = probe_end(&probe, probe_choose_kwp(&probe, &profile.pads_payloads));
    if (result.code == HSM_OK) {
        profile.kwp = probe.kwp;
        result = probe_end(&probe, find_level(&probe, &profile));
    }
    if (result.code == HSM_OK) {
        result = probe_end(&probe, probe_find_oaep(&probe, &profile));
    }
    if (result.code == HSM_OK) {
        token->level = profile.level;
        *ret = profile;
    }
    return result;
}

struct hsm_result hsm_probe_kwp(struct hsm_token *token, unsigned long *ret_mechanism, bool *ret_pads_payloads)
{
    struct probe probe = {.token = token};
    bool pads = false;
    struct hsm_result result = probe_end(&probe, probe_choose_kwp(&probe, &pads));
    if (result.code == HSM_OK) {
        *ret_mechanism = probe.kwp;
        *ret_pads_payloads = pads;
    }
    return result;
}
