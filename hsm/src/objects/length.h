/*
 * How long a payload is that lies on the token: hsm_profile.lengths says which of the ways works. What is read here of
 * a payload (its length, and digests that are wiped) says nothing that a caller is not told.
 */
#pragma once

#include "hsm/result.h"
#include "p11/p11.h"

#include <stdbool.h>
#include <stddef.h>

/* By attribute: CKA_VALUE_LEN. HSM_UNSUPPORTED and others when the token does not give it. */
REWRAP_MUST_USE struct hsm_result length_by_attribute(struct hsm_token *token, CK_OBJECT_HANDLE payload, size_t *ret);

/*
 * By digest, on any token that has C_DigestKey: padded_len is the length up to the next multiple of 8, which KWP tells.
 * SHA-256 puts the length of a message behind it, so that the digest of a payload and of the same payload with that
 * padding behind it belong together only for the right one of eight lengths. HSM_FAULT when it is none of them.
 */
REWRAP_MUST_USE struct hsm_result length_by_digest(struct hsm_token *token, CK_OBJECT_HANDLE payload, size_t padded_len,
                                                   size_t *ret);

/* By digest too, on any token that has C_DigestKey: whether there is nothing in it. */
REWRAP_MUST_USE struct hsm_result length_is_zero(struct hsm_token *token, CK_OBJECT_HANDLE payload, bool *ret);
