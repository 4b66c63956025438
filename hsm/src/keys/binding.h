/*
 * Binding keys: B = HMAC-SHA256(binding root, label ‖ key id ‖ material id), computed on the token where the root
 * stays, once for a version of a key, and then kept in locked memory (docs/ciphertext.md).
 */
#pragma once

#include "envelope/envelope.h"
#include "hsm/spec.h"
#include "p11/p11.h"

struct binding;

/*
 * The check value of a root: the first bytes of HMAC-SHA256 of a fixed label under it. It tells nothing of the root,
 * and nobody can make another root that has it.
 */
REWRAP_MUST_USE struct hsm_result binding_check_value(struct hsm_token *token, CK_OBJECT_HANDLE root,
                                                      uint8_t out[HSM_BINDING_CHECK_BYTES]);

/*
 * Finds the binding root: with check (HSM_BINDING_CHECK_BYTES) the one with this check value, with NULL the only one.
 * HSM_NO_CEREMONY when there is none, HSM_KEY_REFUSED when no candidate has the attributes it needs, HSM_KEY_AMBIGUOUS
 * when two have and no check value was given. The token outlives the result. The caller frees with binding_free.
 */
REWRAP_MUST_USE struct hsm_result binding_new(struct hsm_token *token, const uint8_t *check, struct binding **ret);
void binding_free(struct binding *binding);

/* Finds the same root again, by its check value, after its handle became worthless. The failures of binding_new; the
 * binding is as it was then. */
REWRAP_MUST_USE struct hsm_result binding_renew(struct binding *binding);

/*
 * The binding key of a key version. *ret is ENVELOPE_BINDING_KEY_BYTES in locked memory, valid until the next call.
 * Asks the token when it is not in the cache of 1024, from which the oldest of the four that share its place is
 * dropped.
 */
REWRAP_MUST_USE struct hsm_result binding_key(struct binding *binding, const uint8_t key_id[ENVELOPE_KEY_ID_BYTES],
                                              const uint8_t material_id[ENVELOPE_MATERIAL_ID_BYTES],
                                              const uint8_t **ret);

/* Whether the token still answers, by using the root: the canary that tells a token that is gone from an object that
 * is. */
REWRAP_MUST_USE struct hsm_result binding_canary(struct binding *binding);
