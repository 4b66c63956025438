/*
 * Condition keys by number (KMS.md ). Those that a request to rewrapd can have are looked for in every
 * decision: a number is found sooner than a name. All others go by their names.
 */
#pragma once

#include "base/view.h"

enum policy_key {
    POLICY_KEY_BY_NAME = 0, /* whatever has no number; the name is the whole */
    /* Families: the name is what follows the prefix. */
    POLICY_KEY_ENCRYPTION_CONTEXT, /* kms:EncryptionContext: */
    POLICY_KEY_RESOURCE_TAG,       /* aws:ResourceTag/ */
    POLICY_KEY_REQUEST_TAG,        /* aws:RequestTag/ */
    /* All that follow are whole; their name is empty. */
    POLICY_KEY_CURRENT_TIME,
    POLICY_KEY_EPOCH_TIME,
    POLICY_KEY_REQUESTED_REGION,
    POLICY_KEY_SECURE_TRANSPORT,
    POLICY_KEY_VIA_AWS_SERVICE,
    POLICY_KEY_PRINCIPAL_IS_AWS_SERVICE,
    POLICY_KEY_PRINCIPAL_ARN,
    POLICY_KEY_PRINCIPAL_ACCOUNT,
    POLICY_KEY_PRINCIPAL_TYPE,
    POLICY_KEY_USER_ID,
    POLICY_KEY_USER_NAME,
    POLICY_KEY_CALLER_ACCOUNT,
    POLICY_KEY_SOURCE_ARN,
    POLICY_KEY_TAG_KEYS,
    POLICY_KEY_RESOURCE_ACCOUNT,
    POLICY_KEY_RESOURCE_ALIASES,
    POLICY_KEY_KEY_SPEC,
    POLICY_KEY_KEY_USAGE,
    POLICY_KEY_KEY_ORIGIN,
    POLICY_KEY_MULTI_REGION,
    POLICY_KEY_CUSTOMER_MASTER_KEY_SPEC,
    POLICY_KEY_CUSTOMER_MASTER_KEY_USAGE,
    POLICY_KEY_ENCRYPTION_ALGORITHM,
    POLICY_KEY_ENCRYPTION_CONTEXT_KEYS,
    POLICY_KEY_REQUEST_ALIAS,
    POLICY_KEY_RE_ENCRYPT_ON_SAME_KEY,
    POLICY_KEY_BYPASS_LOCKOUT_CHECK,
    POLICY_KEY_ROTATION_PERIOD,
    POLICY_KEY_DELETION_WINDOW,
    POLICY_KEY_GRANTEE_PRINCIPAL,
    POLICY_KEY_GRANTEE_SERVICE_PRINCIPAL,
    POLICY_KEY_RETIRING_PRINCIPAL,
    POLICY_KEY_RETIRING_SERVICE_PRINCIPAL,
    POLICY_KEY_GRANT_OPERATIONS,
    POLICY_KEY_GRANT_CONSTRAINT_TYPE,
    POLICY_KEY_GRANT_CONSTRAINT_SOURCE_ARN,
    POLICY_KEYS
};

#define POLICY_KEY_FIRST_WHOLE POLICY_KEY_CURRENT_TIME

/* A whole name in any case in its two parts; *ret_name borrows from it. Pure. */
enum policy_key policy_key_read(struct view text, struct view *ret_name);

/* The other way round: AWS's spelling of the key, or of the family with the prefix's last character. Empty of
 * POLICY_KEY_BY_NAME. Static. */
struct view policy_key_text(enum policy_key key);
