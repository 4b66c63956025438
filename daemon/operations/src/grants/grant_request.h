/* What a CreateGrant asks for, as the registry would have it (KMS.md ). */
#pragma once

#include "frame/operation.h"

#include "proto/rewrap.pb-c.h"

/* Borrows from the request. Holds itself: do not copy. */
struct operation_grant_wish {
    struct registry_grant grant; /* without id, key and time */
    struct policy_pair equals[POLICY_GRANT_PAIRS_MAX];
    struct policy_pair subset[POLICY_GRANT_PAIRS_MAX];
};

/*
 * What can be said of the request alone: who gets it, who may retire it, operations, constraints. False when the
 * request was answered.
 */
REWRAP_MUST_USE bool operation_grant_wish_read(struct operation *operation, const Rewrap__CreateGrantRequest *request,
                                               struct operation_grant_wish *ret);

/* Whether the principals are there. To be asked after the caller's permission, as it tells who there is. */
REWRAP_MUST_USE bool operation_grant_wish_check_principals(struct operation *operation,
                                                           const struct operation_grant_wish *wish);

/* Whether operations and constraints suit the key. */
REWRAP_MUST_USE bool operation_grant_wish_check_key(struct operation *operation,
                                                    const struct operation_grant_wish *wish,
                                                    const struct registry_key *key);

/* Of two grants on a key, whether they say the same: everything but id, key and time. */
REWRAP_MUST_USE bool operation_grant_is_same(const struct registry_grant *a, const struct registry_grant *b);
