/* What ReEncrypt and its explanation do alike: reading the request. */
#pragma once

#include "side.h"

#include "proto/rewrap.pb-c.h"

struct operation_re_encrypt {
    struct operation_side source;
    struct operation_side destination;
};

/* Algorithms, contexts and what members ask of each other (KMS.md R-39 steps 1 to 4). False when the request was
 * answered; *state, which was zeroed, is cleared either way. */
REWRAP_MUST_USE bool operation_re_encrypt_begin(struct operation *operation, const Rewrap__ReEncryptRequest *request,
                                                struct operation_re_encrypt *state);
void operation_re_encrypt_clear(struct operation_re_encrypt *state);

/* What the source key is found by; borrows. */
struct operation_source operation_re_encrypt_source(const Rewrap__ReEncryptRequest *request);
