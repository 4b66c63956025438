/* The work of a cryptographic operation at a token: the request with its sides, and what its answers mean for the
 * caller. */
#pragma once

#include "frame/operation.h"
#include "side.h"

/* A worker's request and the sides that its body points to. It points into itself: not to be copied. */
struct operation_job {
    Hsm__Request request;
    Hsm__Key source_key, destination_key;
    Hsm__Side source, destination;
};

/* Fills the sides that there are (NULL: none) and says what the body is, which the caller sets. Borrows from the sides.
 */
void operation_job_init(struct operation_job *job, Hsm__Request__BodyCase body, const struct operation_side *source,
                        const struct operation_side *destination);

/* The key alone, as a worker wants it; borrows from side. */
void operation_job_key(const struct operation_side *side, Hsm__Key *ret_key);

/* The ciphertext of a worker's response as an answer may carry it; false when the request was answered, since there is
 * none. */
REWRAP_MUST_USE bool operation_job_ciphertext(struct operation *operation, const Hsm__Response *response);
/* Likewise the plaintext, of 1 to most bytes. */
REWRAP_MUST_USE bool operation_job_plaintext(struct operation *operation, const Hsm__Response *response, size_t least,
                                             size_t most);

/*
 * Answers what a token cannot do with these sides (NULL: none), naming the token: for the refused member of
 * operation_kind. False, without an answer, for every other status.
 */
REWRAP_MUST_USE bool operation_job_refused(struct operation *operation, const struct operation_side *source,
                                           const struct operation_side *destination, Hsm__Status status);

/* Data of this length under the side's key and algorithm (KMS.md ), and through its token, as far as that has
 * said. False when the request was answered: it is too long. */
REWRAP_MUST_USE bool operation_job_check_length(struct operation *operation, const struct operation_side *destination,
                                                size_t length);
