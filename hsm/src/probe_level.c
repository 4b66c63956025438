/* The probe's trials of the boundary, and the level that comes of them; see hsm/probe.h. */
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
    const char *name;  /* the reason of the level */
    const char *tried; /* for the report */
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
    if (probe_payload(probe, HSM_LEVEL_SEALED, HSM_SEALED, true, 32, &sealed) != CKR_OK) {
        probe->detail = "no payload that asks for it can be made";
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
    CK_RV rv = probe_kek(probe, HSM_LEVEL_SEALED, HSM_OPEN, false, &bound);
    if (rv == CKR_OK) {
        rv = probe_free_kek(probe, &free);
    }
    if (rv == CKR_OK) {
        rv = probe_payload(probe, HSM_LEVEL_SEALED, HSM_OPEN, true, 32, &payload);
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
    probe->detail = tried ? NULL : "cannot be told: the token has no other mechanism that wraps";
    *ret_enforced = tried && refused;
    return result;
}

/* Turning a payload into a key that decrypts; one that is CKA_MODIFIABLE lets it be done, or it cannot be told. */
static struct hsm_result try_modifiable(struct probe *probe, bool *ret_enforced)
{
    CK_ATTRIBUTE bend[] = {{CKA_DECRYPT, &yes, sizeof yes}};
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE control = CK_INVALID_HANDLE;
    CK_RV rv = probe_payload(probe, HSM_LEVEL_SEALED, HSM_SEALED, true, 32, &payload);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a sealed payload");
    }
    if (probe_free_payload(probe, false, &control) != CKR_OK ||
        p11_set_attributes(probe->token, control, bend, 1) != CKR_OK) {
        probe->detail = "cannot be told: one that may be changed is not changed either";
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
        probe->detail = "cannot be told: one that may be copied is not copied either";
        *ret_enforced = false;
        return HSM_SUCCESS;
    }
    return probe_refused(copy(probe, payload), "C_CopyObject", ret_enforced);
}

/*
 * A key that was made not to be taken out must stay so, whoever copies or changes it: some tokens forget it in a copy.
 */
static struct hsm_result try_extractable(struct probe *probe, bool *ret_enforced)
{
    CK_ATTRIBUTE bend[] = {{CKA_EXTRACTABLE, &yes, sizeof yes}};
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    CK_RV rv = probe_free_kek(probe, &key);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey");
    }
    rv = p11_copy_object(probe->token, key, bend, 1, &made);
    rv = probe_register(probe, rv, &made);
    struct hsm_result result = probe_refused(rv, "C_CopyObject", ret_enforced);
    if (result.code != HSM_OK || !*ret_enforced) {
        probe->detail = "a copy may be made extractable again";
        return result;
    }
    probe->detail = "it may be set to true again";
    return probe_refused(p11_set_attributes(probe->token, key, bend, 1), "C_SetAttributeValue", ret_enforced);
}

/* What a sealed key rests on, all of it. */
static const struct trial trials[] = {
    {"CKA_TRUSTED", "the user asks for CKA_TRUSTED, in seven ways", probe_try_trusted},
    {"CKA_WRAP_WITH_TRUSTED", "a sealed payload is wrapped under a key that is not trusted", try_wrap_with_trusted},
    {"CKA_UNWRAP_TEMPLATE", "a payload is unwrapped without, or against, each attribute forced",
     probe_try_unwrap_template},
    {"CKA_ALLOWED_MECHANISMS", "a key wraps by a mechanism that it does not allow", try_allowed_mechanisms},
    {"CKA_MODIFIABLE", "a payload is turned into a key that decrypts", try_modifiable},
    {"CKA_COPYABLE", "a payload is copied", try_copyable},
    {"CKA_EXTRACTABLE", "a key that may not leave is copied or set to be one that may", try_extractable},
};

static struct hsm_result run_once(struct probe *probe, const struct trial *trial, bool *ret_enforced)
{
    probe->detail = NULL;
    *ret_enforced = false;
    return probe_end(probe, trial->run(probe, ret_enforced));
}

/* One trial and its row. *ret_enforced false too when it could not be made. */
static struct hsm_result run_trial(struct probe *probe, const struct trial *trial, bool *ret_enforced)
{
    bool enforced = false;
    struct hsm_result result = run_once(probe, trial, &enforced);
    if (result.code == HSM_OK && enforced) {
        result = run_once(probe, trial, &enforced); /* a fault looks like a refusal, but passes */
    }
    if (probe_must_end(result)) {
        return result;
    }
    if (result.code != HSM_OK) {
        probe_tell_failure(probe, trial->name, HSM_COUNTS_LEVEL, trial->tried, result);
        *ret_enforced = false;
        return HSM_SUCCESS;
    }
    probe_tell(probe, trial->name, enforced ? HSM_COUNTS_GOOD : HSM_COUNTS_LEVEL, trial->tried, "%s",
               enforced                ? "refused"
               : probe->detail != NULL ? probe->detail
                                       : "let through");
    *ret_enforced = enforced;
    return HSM_SUCCESS;
}

struct hsm_result probe_level(struct probe *probe, struct hsm_profile *out)
{
    out->level = HSM_LEVEL_SEALED;
    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
        bool enforced = false;
        const struct hsm_result result = run_trial(probe, &trials[i], &enforced);
        if (result.code != HSM_OK) {
            return result;
        }
        if (!enforced && out->level == HSM_LEVEL_SEALED) {
            out->level = HSM_LEVEL_SENSITIVE;
            out->level_reason = trials[i].name;
        }
    }
    return HSM_SUCCESS;
}
