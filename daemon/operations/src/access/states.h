/* What each operation answers in each state of its key (KMS.md ): one table. */
#pragma once

#include "authorize.h"
#include "frame/operation.h"

/* The outcomes of R-62 that keys of ours come to. */
enum operation_state_outcome {
    OPERATION_STATE_MISSING = 0, /* no row was written for the operation: a defect of the table */
    OPERATION_STATE_OK,
    OPERATION_STATE_E1, /* DisabledException "<arn> is disabled." */
    OPERATION_STATE_E3, /* KMSInvalidStateException "<arn> is pending deletion." */
    OPERATION_STATE_E4, /* KMSInvalidStateException "<arn> is not pending deletion." */
    OPERATION_STATE_E5, /* KMSInvalidStateException "<arn> is pending import." */
    OPERATION_STATE_E6, /* UnsupportedOperationException "<arn> origin is EXTERNAL which is not valid for this
                           operation." */
};

/* What the table says. OPERATION_STATE_OK for an operation on no key. */
enum operation_state_outcome operation_state_outcome(enum operation_permission permission, enum key_state state);

/*
 * Answers what the state of the key does not let the operation do, and then what its kind does not: operations of
 * rotation are for symmetric keys (E7). False when the request was answered. The caller is authorised before.
 */
REWRAP_MUST_USE bool operation_check_state(struct operation *operation, enum operation_permission permission,
                                           const struct registry_key *key);

/*
 * What most operations on one key begin with: resolves the key that the request names (resolve.h), authorises the
 * caller (authorize.h), and checks its state. False when the request was answered. The key is valid until the event
 * loop turns.
 */
REWRAP_MUST_USE bool operation_admit(struct operation *operation, enum operation_permission permission,
                                     const char *key_id, const struct registry_key **ret_key);
