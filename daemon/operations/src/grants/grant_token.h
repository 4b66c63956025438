/*
 * Grant tokens (KMS.md ). Opaque to callers, who may hold them for as long as they like: one names
 * its grant and tells nothing else, and no two are alike. It is no secret, since it gives nobody a right: a grant is in
 * force once CreateGrant has answered, with its token or without.
 */
#pragma once

#include "frame/operation.h"

#define OPERATION_GRANT_TOKEN_BYTES      57 /* version, grant id, what makes it another one, check */
#define OPERATION_GRANT_TOKEN_TEXT_BYTES (2 * OPERATION_GRANT_TOKEN_BYTES + 1)
#define OPERATION_GRANT_ID_TEXT_BYTES    (2 * GRANT_ID_BYTES + 1)

/* A new id for a grant, from the kernel's generator. */
void operation_grant_id_make(uint8_t out[GRANT_ID_BYTES]);

/* A new token of that grant, with a NUL. */
void operation_grant_token_make(const uint8_t grant_id[GRANT_ID_BYTES], char out[OPERATION_GRANT_TOKEN_TEXT_BYTES]);

/* The grant that a token names, which may be gone. False, with out undefined, for a text that was never a token. */
REWRAP_MUST_USE bool operation_grant_token_read(const char *text, uint8_t out[GRANT_ID_BYTES]);

/*
 * The tokens of a request: false when one is malformed, and the request was answered with InvalidGrantTokenException.
 * Those of other keys and of grants that are gone are passed over, and the others add nothing.
 */
REWRAP_MUST_USE bool operation_grant_tokens_check(struct operation *operation, char *const *tokens, size_t n);

/* Answers that a token is none, or none any more. */
void operation_grant_token_refuse(struct operation *operation);
