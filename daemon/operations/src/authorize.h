/*
 * Which action each operation needs on which resource, and the one place that asks policy for a decision (decide.h).
 * What is denied is answered here, with the texts of KMS.md.
 */
#pragma once

#include "operation.h"

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
    OPERATION_MAY_DOCTOR,
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

/* The decision alone; nothing is answered. */
REWRAP_MUST_USE bool operation_may_use_key(const struct operation *operation, enum operation_permission permission,
                                           const struct registry_key *key);

/* Each: false when the caller may not, and has been answered so. */
REWRAP_MUST_USE bool operation_authorize_key(struct operation *operation, enum operation_permission permission,
                                             const struct registry_key *key);
REWRAP_MUST_USE bool operation_authorize_alias(struct operation *operation, enum operation_permission permission,
                                               const char *alias_arn);
/* For what has no resource, "*". */
REWRAP_MUST_USE bool operation_authorize(struct operation *operation, enum operation_permission permission);
/* For the service itself, which is nobody's resource: the root principal of any account that is served. */
REWRAP_MUST_USE bool operation_authorize_root(struct operation *operation, enum operation_permission permission);

/*
 * For the key that a ciphertext names, when the caller named none: what he may not use looks as if it did not exist,
 * unless it is his own account's.
 */
REWRAP_MUST_USE bool operation_authorize_ciphertext(struct operation *operation, enum operation_permission permission,
                                                    const struct registry_key *key);

/* The answers themselves, for a key that is not there: to the caller it is the same as one that he may not see. */
void operation_refuse_foreign(struct operation *operation, enum operation_permission permission); /* */
void operation_refuse_ciphertext(struct operation *operation);                                    /* */
