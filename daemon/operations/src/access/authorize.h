/*
 * Which action each operation needs on which resource, and the one place that asks policy for a decision. What is
 * denied is answered here, with the texts of KMS.md. Conditions are about operation->facts: a handler
 * fills in what its request says before it asks.
 */
#pragma once

#include "frame/operation.h"

#include "policy/evaluate.h"

struct operation_question;

enum operation_permission {
    OPERATION_MAY_RE_ENCRYPT_FROM,
    OPERATION_MAY_RE_ENCRYPT_TO,
    OPERATION_MAY_ENCRYPT,
    OPERATION_MAY_DECRYPT,
    OPERATION_MAY_GENERATE_DATA_KEY,
    OPERATION_MAY_GENERATE_DATA_KEY_WITHOUT_PLAINTEXT,
    OPERATION_MAY_GENERATE_RANDOM,
    OPERATION_MAY_GET_PUBLIC_KEY,
    OPERATION_MAY_CREATE_KEY,
    OPERATION_MAY_DESCRIBE_KEY,
    OPERATION_MAY_LIST_KEYS,
    OPERATION_MAY_UPDATE_KEY_DESCRIPTION,
    OPERATION_MAY_ENABLE_KEY,
    OPERATION_MAY_DISABLE_KEY,
    OPERATION_MAY_SCHEDULE_KEY_DELETION,
    OPERATION_MAY_CANCEL_KEY_DELETION,
    OPERATION_MAY_TAG_RESOURCE,
    OPERATION_MAY_UNTAG_RESOURCE,
    OPERATION_MAY_LIST_RESOURCE_TAGS,
    OPERATION_MAY_ENABLE_KEY_ROTATION,
    OPERATION_MAY_DISABLE_KEY_ROTATION,
    OPERATION_MAY_GET_KEY_ROTATION_STATUS,
    OPERATION_MAY_ROTATE_KEY_ON_DEMAND,
    OPERATION_MAY_LIST_KEY_ROTATIONS,
    OPERATION_MAY_CREATE_ALIAS,
    OPERATION_MAY_UPDATE_ALIAS,
    OPERATION_MAY_DELETE_ALIAS,
    OPERATION_MAY_LIST_ALIASES,
    OPERATION_MAY_CREATE_GRANT,
    OPERATION_MAY_LIST_GRANTS,
    OPERATION_MAY_LIST_RETIRABLE_GRANTS,
    OPERATION_MAY_RETIRE_GRANT,
    OPERATION_MAY_REVOKE_GRANT,
    OPERATION_MAY_GET_KEY_POLICY,
    OPERATION_MAY_PUT_KEY_POLICY,
    OPERATION_MAY_LIST_KEY_POLICIES,
    OPERATION_MAY_CREATE_USER,
    OPERATION_MAY_GET_USER,
    OPERATION_MAY_DELETE_USER,
    OPERATION_MAY_LIST_USERS,
    OPERATION_MAY_PUT_USER_POLICY,
    OPERATION_MAY_GET_USER_POLICY,
    OPERATION_MAY_DELETE_USER_POLICY,
    OPERATION_MAY_LIST_USER_POLICIES,
    OPERATION_MAY_CREATE_ROLE,
    OPERATION_MAY_GET_ROLE,
    OPERATION_MAY_DELETE_ROLE,
    OPERATION_MAY_LIST_ROLES,
    OPERATION_MAY_PUT_ROLE_POLICY,
    OPERATION_MAY_GET_ROLE_POLICY,
    OPERATION_MAY_DELETE_ROLE_POLICY,
    OPERATION_MAY_LIST_ROLE_POLICIES,
    OPERATION_MAY_CREATE_ACCESS_KEY,
    OPERATION_MAY_UPDATE_ACCESS_KEY,
    OPERATION_MAY_DELETE_ACCESS_KEY,
    OPERATION_MAY_LIST_ACCESS_KEYS,
    OPERATION_MAY_DOCTOR,
    OPERATION_MAY_EXPLAIN_RE_ENCRYPT,
    OPERATION_PERMISSIONS,
};

struct operation_permission_row {
    const char *operation; /* the rpc */
    const char *action;    /* "kms:ReEncryptFrom" */
    const char *resource;  /* for the reader: what it is asked of */
    bool foreign_keys;     /* keys of other accounts, by ARN (KMS.md R-54) */
    bool aliases;          /* a key may be named by an alias (KMS.md R-55) */
};

const struct operation_permission_row *operation_permission_row(enum operation_permission permission);

/* Of that rpc, or its first; "" for what is none. */
const char *operation_action_of(const char *rpc);

/* The decision alone; nothing is answered. */
REWRAP_MUST_USE bool operation_may_use_key(const struct operation *operation, enum operation_permission permission,
                                           const struct registry_key *key);

/* Each: false when the caller may not, and has been answered so. How a key of another account is denied does not tell
 * whether it exists, but to a caller whom the key's own side allows. The root of an account may always PutKeyPolicy
 * over a policy that is damaged (registry_policy_fault). */
REWRAP_MUST_USE bool operation_authorize_key(struct operation *operation, enum operation_permission permission,
                                             const struct registry_key *key);
/* For an ARN of the caller's account whose permissions are identity policies alone: an alias, a user, a role. */
REWRAP_MUST_USE bool operation_authorize_resource(struct operation *operation, enum operation_permission permission,
                                                  const char *resource);
/* For what has no resource, "*"; the root of an account may all of it. */
REWRAP_MUST_USE bool operation_authorize(struct operation *operation, enum operation_permission permission);

/*
 * For the key that a ciphertext names, when the caller named none: what he may not use looks as if it did not exist,
 * unless it is his own account's.
 */
REWRAP_MUST_USE bool operation_authorize_ciphertext(struct operation *operation, enum operation_permission permission,
                                                    const struct registry_key *key);

/* The answers themselves, for a key that is not there: to the caller it is the same as one that he may not see. */
void operation_refuse_foreign(struct operation *operation, enum operation_permission permission); /* */
void operation_refuse_ciphertext(struct operation *operation);                                    /* */

/* Of a decision that a handler has made itself, for a key of any account, and for another resource. */
void operation_refuse_key(struct operation *operation, enum operation_permission permission,
                          const struct registry_key *key, enum policy_reason reason);
void operation_refuse(struct operation *operation, enum operation_permission permission, const char *resource,
                      enum policy_reason reason);

/*
 * The question that is put to policy, for a handler that has more to ask; key, or NULL and a resource. The caller
 * clears it (question.h). False without memory: to be taken for a denial.
 */
REWRAP_MUST_USE bool operation_ask(const struct operation *operation, enum operation_permission permission,
                                   const struct registry_key *key, const char *resource,
                                   struct operation_question *ret);
