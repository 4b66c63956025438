/*
 * How long a payload is that lies on the token: hsm_profile.lengths says which of the ways works. What is read here of
 * a payload (its length, and digests that are wiped) says nothing that a caller is not told.
 */
#pragma once

#include "hsm/result.h"
#include "p11.h"

#include <stdbool.h>
#include <stddef.h>

/* By attribute: CKA_VALUE_LEN. HSM_UNSUPPORTED and others when the token does not give it. */
REWRAP_MUST_USE struct hsm_result length_by_attribute(struct hsm_token *token, CK_OBJECT_HANDLE payload, size_t *ret);

/*
 * By digest, on a token that zero-pads to a multiple of 8 when it wraps (hsm_profile.pads_payloads): padded is the
 * payload wrapped and unwrapped again, padded_len its length. How many zeros have to follow the payload so that both
 * have one SHA-256 is by how much it was padded. HSM_FAULT when none does.
 */
REWRAP_MUST_USE struct hsm_result length_by_digest(struct hsm_token *token, CK_OBJECT_HANDLE payload,
                                                   CK_OBJECT_HANDLE padded, size_t padded_len, size_t *ret);

/* By digest too, on any token that has C_DigestKey: whether there is nothing in it. */
REWRAP_MUST_USE struct hsm_result length_is_zero(struct hsm_token *token, CK_OBJECT_HANDLE payload, bool *ret);
