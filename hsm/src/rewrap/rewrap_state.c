/* What the operations work with, from its making to its end, and what their failures mean; see hsm/rewrap.h. */
#include "base/secbuf.h"
#include "objects/objects.h"
#include "p11/errors.h"
#include "p11/p11_call.h"
#include "rewrap_private.h"

#include <stdlib.h>

#define STRAYS_MAX 1000 /* more than one request leaves behind */

struct hsm_result hsm_rewrap_new(struct hsm_token *token, const struct hsm_profile *profile, size_t max_objects,
                                 const uint8_t *binding_check, struct hsm_rewrap **ret)
{
    struct hsm_rewrap *rewrap = calloc(1, sizeof *rewrap);
    if (rewrap == NULL) {
        return hsm_failure(HSM_NO_MEMORY, "rewrap");
    }
    rewrap->token = token;
    rewrap->profile = *profile;
    struct hsm_result result = hsm_failure(HSM_NO_MEMORY, "libcrypto, or locked memory");
    rewrap->crypto = envelope_crypto_new();
    rewrap->plaintext = secbuf_new(ENVELOPE_INNER_MAX_BYTES);
    if (rewrap->crypto != NULL && rewrap->plaintext != NULL) {
        result = binding_new(token, binding_check, &rewrap->binding);
    }
    if (result.code == HSM_OK) {
        result = keys_new(token, max_objects, &rewrap->keys);
    }
    if (result.code != HSM_OK) {
        hsm_rewrap_free(rewrap);
        return result;
    }
    for (size_t i = 0; i < PAYLOAD_TEMPLATES; i++) {
        payload_template_fill(&rewrap->templates[i], profile->level, (enum payload_use)i);
    }
    *ret = rewrap;
    return HSM_SUCCESS;
}

void hsm_rewrap_free(struct hsm_rewrap *rewrap)
{
    if (rewrap == NULL) {
        return;
    }
    keys_free(rewrap->keys);
    binding_free(rewrap->binding);
    secbuf_free(rewrap->plaintext);
    envelope_crypto_free(rewrap->crypto);
    free(rewrap);
}

struct hsm_result strays_destroy(struct hsm_rewrap *rewrap, CK_OBJECT_HANDLE keep)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE payloads[] = {
        {CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type}, {CKA_TOKEN, &no, sizeof no}};
    struct object_list list = {0};
    struct hsm_result found =
        objects_find(rewrap->token, payloads, sizeof payloads / sizeof payloads[0], STRAYS_MAX, &list);
    for (size_t i = 0; i < list.count && found.code == HSM_OK; i++) {
        if (list.handles[i] != keep) {
            found = hsm_result_of(p11_destroy_object(rewrap->token, list.handles[i]), "C_DestroyObject");
        }
    }
    object_list_clear(&list);
    return found.code == HSM_OK
               ? HSM_SUCCESS
               : (struct hsm_result){.code = HSM_TOKEN_UNAVAILABLE, .rv = found.rv, .what = found.what};
}

struct hsm_result rewrap_diagnose(struct hsm_rewrap *rewrap, struct hsm_result result)
{
    bool made_perhaps = result.code == HSM_FAULT || result.code == HSM_NO_MEMORY || result.code == HSM_LIMIT;
    if (result.code == HSM_FAULT || result.code == HSM_KEY_NOT_FOUND) {
        struct hsm_result canary = binding_canary(rewrap->binding);
        if (canary.code != HSM_OK) {
            return (struct hsm_result){.code = HSM_TOKEN_UNAVAILABLE, .rv = canary.rv, .what = canary.what};
        }
    }
    struct hsm_result left = made_perhaps ? strays_destroy(rewrap, CK_INVALID_HANDLE) : HSM_SUCCESS;
    return left.code == HSM_OK ? result : left;
}

bool rewrap_met_stale_handle(struct hsm_result result)
{
    return result.code == HSM_FAULT && side_is_stale(result.rv);
}

struct hsm_result hsm_rewrap_renew(struct hsm_rewrap *rewrap)
{
    struct hsm_result result = binding_renew(rewrap->binding);
    if (result.code == HSM_OK) {
        keys_forget_all(rewrap->keys);
    }
    return result;
}

struct hsm_result hsm_rewrap_refresh(struct hsm_rewrap *rewrap)
{
    struct hsm_result result = keys_refresh(rewrap->keys);
    if (rewrap_met_stale_handle(result)) { /* an object was destroyed between the search and the look at it */
        result = keys_refresh(rewrap->keys);
    }
    if (result.code == HSM_OK && binding_canary(rewrap->binding).code != HSM_OK) {
        return hsm_failure(HSM_TOKEN_UNAVAILABLE, "a search without the login, which finds fewer objects");
    }
    return rewrap_diagnose(rewrap, result);
}

void hsm_rewrap_objects(const struct hsm_rewrap *rewrap, bool (*visit)(void *state, const struct hsm_object *object),
                        void *state)
{
    keys_visit(rewrap->keys, visit, state);
}
