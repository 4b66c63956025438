/* What a token enforces; see hsm/probe.h. */
#include "errors.h"
#include "p11_call.h"
#include "probe_private.h"

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/*
 * Each tries what whoever holds the session could try against a sealed payload, beside a control that has to work, so
 * that a refusal is one of the thing in question. HSM_OK with *ret_enforced, or why it could not be tried.
 */
struct trial {
    const char *name;
    struct hsm_result (*run)(struct probe *probe, bool *ret_enforced);
};

static struct hsm_result try_trusted(struct probe *probe, bool *ret_enforced)
{
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    *ret_enforced = probe_kek(probe, HSM_OPEN, true, &kek) != CKR_OK;
    return HSM_SUCCESS;
}

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
    *ret_enforced = probe_payload(probe, HSM_SEALED, true, 32, &sealed) == CKR_OK &&
                    probe_wrap(probe, probe->kwp, kek, sealed, wrapped, &len) != CKR_OK;
    return HSM_SUCCESS;
}

/* Whether the object came out sealed although the template did not say so: PKCS#11 lets a token merge the two
 * templates. */
static bool is_sealed_payload(struct probe *probe, CK_OBJECT_HANDLE object)
{
    CK_BBOOL sensitive = CK_FALSE;
    CK_BBOOL with_trusted = CK_FALSE;
    CK_ATTRIBUTE list[] = {{CKA_SENSITIVE, &sensitive, sizeof sensitive},
                           {CKA_WRAP_WITH_TRUSTED, &with_trusted, sizeof with_trusted}};
    return p11_get_attributes(probe->token, object, list, 2) == CKR_OK && sensitive == CK_TRUE &&
           with_trusted == CK_TRUE;
}

/* A blob of a KEK with the sealed unwrap template, unwrapped as if it were an open one's. */
static struct hsm_result try_unwrap_template(struct probe *probe, bool *ret_enforced)
{
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE unwrapped = CK_INVALID_HANDLE;
    uint8_t wrapped[PROBE_VALUE_MAX_BYTES];
    CK_ULONG len = 0;
    if (probe_kek(probe, HSM_SEALED, false, &kek) != CKR_OK) {
        *ret_enforced = false;
        return HSM_SUCCESS;
    }
    CK_RV rv = probe_payload(probe, HSM_OPEN, true, 32, &payload);
    if (rv == CKR_OK) {
        rv = probe_wrap(probe, probe->kwp, kek, payload, wrapped, &len);
    }
    if (rv == CKR_OK) {
        rv = probe_unwrap(probe, kek, wrapped, len, HSM_SEALED, true, &unwrapped);
    }
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_UnwrapKey with an unwrap template");
    }
    CK_OBJECT_HANDLE bent = CK_INVALID_HANDLE;
    rv = probe_unwrap(probe, kek, wrapped, len, HSM_OPEN, false, &bent);
    *ret_enforced = is_sealed_payload(probe, unwrapped) && (rv != CKR_OK || is_sealed_payload(probe, bent));
    return HSM_SUCCESS;
}

static struct hsm_result try_allowed_mechanisms(struct probe *probe, bool *ret_enforced)
{
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    uint8_t wrapped[PROBE_VALUE_MAX_BYTES];
    CK_ULONG len = 0;
    CK_RV rv = probe_kek(probe, HSM_OPEN, false, &kek);
    if (rv == CKR_OK) {
        rv = probe_payload(probe, HSM_OPEN, true, 32, &payload);
    }
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey");
    }
    *ret_enforced = probe_wrap(probe, CKM_AES_KEY_WRAP, kek, payload, wrapped, &len) != CKR_OK;
    return HSM_SUCCESS;
}

/* Turning a payload into a key that decrypts, in place and in a copy. */
static CK_ATTRIBUTE bend[] = {{CKA_DECRYPT, &yes, sizeof yes}};

static struct hsm_result try_modifiable(struct probe *probe, bool *ret_enforced)
{
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_RV rv = probe_payload(probe, HSM_SEALED, true, 32, &payload);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a sealed payload");
    }
    *ret_enforced = p11_set_attributes(probe->token, payload, bend, 1) != CKR_OK;
    return HSM_SUCCESS;
}

static struct hsm_result try_copyable(struct probe *probe, bool *ret_enforced)
{
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_RV rv = probe_payload(probe, HSM_SEALED, true, 32, &payload);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a sealed payload");
    }
    CK_ATTRIBUTE same[] = {{CKA_TOKEN, &no, sizeof no}};
    CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
    rv = p11_copy_object(probe->token, payload, same, 1, &copy);
    *ret_enforced = probe_register(probe, rv, &copy) != CKR_OK;
    return HSM_SUCCESS;
}

/* What a sealed key rests on, all of it. */
static const struct trial trials[] = {
    {"CKA_TRUSTED", try_trusted},
    {"CKA_WRAP_WITH_TRUSTED", try_wrap_with_trusted},
    {"CKA_UNWRAP_TEMPLATE", try_unwrap_template},
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
