/* The probe's trials of the boundary, and the level that comes of them; see hsm/probe.h. */
#include "p11/errors.h"
#include "p11/p11_call.h"
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
    bool of_rsa; /* made only while nothing was let through, and where OAEP works: it may have to make pairs */
};

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
    return probe_refused(probe, p11_set_attributes(probe->token, payload, bend, 1), "C_SetAttributeValue",
                         ret_enforced);
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
    return probe_refused(probe, copy(probe, payload), "C_CopyObject", ret_enforced);
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
    struct hsm_result result = probe_refused(probe, rv, "C_CopyObject", ret_enforced);
    if (result.code != HSM_OK || !*ret_enforced) {
        probe->detail = "a copy may be made extractable again";
        return result;
    }
    probe->detail = "it may be set to true again";
    return probe_refused(probe, p11_set_attributes(probe->token, key, bend, 1), "C_SetAttributeValue", ret_enforced);
}

/*
 * What a sealed key rests on, all of it. RSA too: a sealed payload goes under the public half of a sealed pair as well,
 * so a private half that is not held to its template is a way out for every payload.
 */
static const struct trial trials[] = {
    {"CKA_TRUSTED", "the user asks for CKA_TRUSTED, in seven ways", probe_try_trusted, false},
    {"CKA_WRAP_WITH_TRUSTED", "a sealed payload is wrapped under a key that is not trusted",
     probe_try_wrap_with_trusted, false},
    {"CKA_UNWRAP_TEMPLATE", "a payload is unwrapped without, or against, each attribute forced",
     probe_try_unwrap_template, false},
    {"CKA_ALLOWED_MECHANISMS", "a key wraps by a mechanism that it does not allow", probe_try_allowed_mechanisms,
     false},
    {"CKA_DECRYPT", "a key that may only wrap and unwrap decrypts", probe_try_decrypt, false},
    {"CKA_SIGN or CKA_DERIVE", "a payload signs, encrypts, decrypts, or a key is derived from it",
     probe_try_payload_use, false},
    {"CKA_MODIFIABLE", "a payload is turned into a key that decrypts", try_modifiable, false},
    {"CKA_COPYABLE", "a payload is copied", try_copyable, false},
    {"CKA_EXTRACTABLE", "a key that may not leave is copied or set to be one that may", try_extractable, false},
    {"CKA_WRAP_WITH_TRUSTED", "a sealed payload is wrapped under an RSA key that everybody knows",
     probe_try_wrap_with_trusted_rsa, true},
    {"CKA_UNWRAP_TEMPLATE", "an RSA key unwraps without, or against, each attribute forced",
     probe_try_unwrap_template_rsa, true},
    {"CKA_ALLOWED_MECHANISMS", "an RSA key unwraps by a mechanism that it does not allow",
     probe_try_allowed_mechanisms_rsa, true},
};

static struct hsm_result run_once(struct probe *probe, const struct trial *trial, bool *ret_enforced)
{
    probe->detail = NULL;
    probe->let_through = false;
    *ret_enforced = false;
    return probe_end(probe, trial->run(probe, ret_enforced));
}

/* Enforced twice in a row: a fault looks like a refusal, but passes. */
static struct hsm_result run_twice(struct probe *probe, const struct trial *trial, bool *ret_enforced)
{
    const struct hsm_result result = run_once(probe, trial, ret_enforced);
    return result.code == HSM_OK && *ret_enforced ? run_once(probe, trial, ret_enforced) : result;
}

/* One trial and its row. *ret_enforced false too when it could not be made. */
static struct hsm_result run_trial(struct probe *probe, const struct trial *trial, bool *ret_enforced)
{
    bool enforced = false;
    struct hsm_result result = run_twice(probe, trial, &enforced);
    const bool is_good = result.code == HSM_OK && enforced;
    if (!is_good && !probe->let_through && !probe_must_end(result)) {
        result = run_twice(probe, trial, &enforced); /* a fault in a control looks like one that cannot be told */
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
    if (probe->oaep_unknown) { /* it may have RSA, and nobody knows what that lets through */
        out->level = HSM_LEVEL_SENSITIVE;
        out->level_reason = "OAEP";
    }
    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
        if (trials[i].of_rsa && (probe->oaep == 0 || out->level != HSM_LEVEL_SEALED)) {
            continue;
        }
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
