/*
 * The wrapping keys that are on the token: found by label and id, verified, their handles kept by material id.
 *
 * The rule of exactly one: of the objects with one label and one CKA_ID, those that do not pass attributes_verify are
 * ignored, since anybody with the user PIN can make such an object; two that pass are HSM_KEY_AMBIGUOUS. Of RSA keys
 * pairs are counted, not objects: anybody with the user PIN can make a private half that passes, but none to the public
 * half of a sealed key, which only the SO can make (CKA_TRUSTED); so a half that is of no pair is ignored too (pair.h).
 * A key that is not known yet is looked for on the token, so that a ceremony may add keys while a worker runs.
 */
#pragma once

#include "hsm/rewrap.h"
#include "objects/classes.h"

struct keys;

struct key_handles {
    CK_OBJECT_HANDLE unwrap;
    CK_OBJECT_HANDLE wrap;       /* the same object for AES, the public half for RSA */
    CK_MECHANISM_TYPE mechanism; /* AES: the one that the key allows, 0 when the token does not say */
};

/* Reads the token's keys, at most max_objects (HSM_LIMIT beyond). The token outlives the result. The caller frees with
 * keys_free. */
REWRAP_MUST_USE struct hsm_result keys_new(struct hsm_token *token, size_t max_objects, struct keys **ret);
void keys_free(struct keys *keys);

/*
 * Reads them again: which are there, and of those that have not passed yet, or whose handle was forgotten, whether they
 * do. On failure keys is as it was.
 */
REWRAP_MUST_USE struct hsm_result keys_refresh(struct keys *keys);

/*
 * The handles of a key. HSM_KEY_NOT_FOUND, HSM_KEY_REFUSED (what: the first attribute it lacks), HSM_KEY_AMBIGUOUS,
 * HSM_LIMIT, HSM_UNSUPPORTED when no key of that spec has that boundary.
 */
REWRAP_MUST_USE struct hsm_result keys_find(struct keys *keys, enum hsm_spec spec, enum hsm_boundary boundary,
                                            const uint8_t material_id[MATERIAL_ID_BYTES], struct key_handles *ret);

/* The handles of this key did not work: the next keys_find looks on the token. */
void keys_forget(struct keys *keys, enum hsm_spec spec, enum hsm_boundary boundary,
                 const uint8_t material_id[MATERIAL_ID_BYTES]);

/* No handle works any more: each is looked up, and its object verified, before its next use. */
void keys_forget_all(struct keys *keys);

/* The objects of this key are gone from the token. */
void keys_remove(struct keys *keys, enum hsm_spec spec, enum hsm_boundary boundary,
                 const uint8_t material_id[MATERIAL_ID_BYTES]);

/* Whether one more object may be made. */
bool keys_have_room(const struct keys *keys);

void keys_visit(const struct keys *keys, bool (*visit)(void *state, const struct hsm_object *object), void *state);
