/* The names of condition keys; see policy/keys.h. */
#include "policy/keys.h"

#include "pattern.h"

#define KEY(text)                                                                                                      \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }

static const struct view texts[POLICY_KEYS] = {
    [POLICY_KEY_ENCRYPTION_CONTEXT] = KEY("kms:EncryptionContext:"),
    [POLICY_KEY_RESOURCE_TAG] = KEY("aws:ResourceTag/"),
    [POLICY_KEY_REQUEST_TAG] = KEY("aws:RequestTag/"),
    [POLICY_KEY_CURRENT_TIME] = KEY("aws:CurrentTime"),
    [POLICY_KEY_EPOCH_TIME] = KEY("aws:EpochTime"),
    [POLICY_KEY_REQUESTED_REGION] = KEY("aws:RequestedRegion"),
    [POLICY_KEY_SECURE_TRANSPORT] = KEY("aws:SecureTransport"),
    [POLICY_KEY_VIA_AWS_SERVICE] = KEY("aws:ViaAWSService"),
    [POLICY_KEY_PRINCIPAL_IS_AWS_SERVICE] = KEY("aws:PrincipalIsAWSService"),
    [POLICY_KEY_PRINCIPAL_ARN] = KEY("aws:PrincipalArn"),
    [POLICY_KEY_PRINCIPAL_ACCOUNT] = KEY("aws:PrincipalAccount"),
    [POLICY_KEY_PRINCIPAL_TYPE] = KEY("aws:PrincipalType"),
    [POLICY_KEY_USER_ID] = KEY("aws:userid"),
    [POLICY_KEY_USER_NAME] = KEY("aws:username"),
    [POLICY_KEY_CALLER_ACCOUNT] = KEY("kms:CallerAccount"),
    [POLICY_KEY_SOURCE_ARN] = KEY("aws:SourceArn"),
    [POLICY_KEY_TAG_KEYS] = KEY("aws:TagKeys"),
    [POLICY_KEY_RESOURCE_ACCOUNT] = KEY("aws:ResourceAccount"),
    [POLICY_KEY_RESOURCE_ALIASES] = KEY("kms:ResourceAliases"),
    [POLICY_KEY_KEY_SPEC] = KEY("kms:KeySpec"),
    [POLICY_KEY_KEY_USAGE] = KEY("kms:KeyUsage"),
    [POLICY_KEY_KEY_ORIGIN] = KEY("kms:KeyOrigin"),
    [POLICY_KEY_MULTI_REGION] = KEY("kms:MultiRegion"),
    [POLICY_KEY_CUSTOMER_MASTER_KEY_SPEC] = KEY("kms:CustomerMasterKeySpec"),
    [POLICY_KEY_CUSTOMER_MASTER_KEY_USAGE] = KEY("kms:CustomerMasterKeyUsage"),
    [POLICY_KEY_ENCRYPTION_ALGORITHM] = KEY("kms:EncryptionAlgorithm"),
    [POLICY_KEY_ENCRYPTION_CONTEXT_KEYS] = KEY("kms:EncryptionContextKeys"),
    [POLICY_KEY_REQUEST_ALIAS] = KEY("kms:RequestAlias"),
    [POLICY_KEY_RE_ENCRYPT_ON_SAME_KEY] = KEY("kms:ReEncryptOnSameKey"),
    [POLICY_KEY_BYPASS_LOCKOUT_CHECK] = KEY("kms:BypassPolicyLockoutSafetyCheck"),
    [POLICY_KEY_ROTATION_PERIOD] = KEY("kms:RotationPeriodInDays"),
    [POLICY_KEY_DELETION_WINDOW] = KEY("kms:ScheduleKeyDeletionPendingWindowInDays"),
    [POLICY_KEY_GRANTEE_PRINCIPAL] = KEY("kms:GranteePrincipal"),
    [POLICY_KEY_GRANTEE_SERVICE_PRINCIPAL] = KEY("kms:GranteeServicePrincipal"),
    [POLICY_KEY_RETIRING_PRINCIPAL] = KEY("kms:RetiringPrincipal"),
    [POLICY_KEY_RETIRING_SERVICE_PRINCIPAL] = KEY("kms:RetiringServicePrincipal"),
    [POLICY_KEY_GRANT_OPERATIONS] = KEY("kms:GrantOperations"),
    [POLICY_KEY_GRANT_CONSTRAINT_TYPE] = KEY("kms:GrantConstraintType"),
    [POLICY_KEY_GRANT_CONSTRAINT_SOURCE_ARN] = KEY("kms:GrantConstraintSourceArn"),
};

struct view policy_key_text(enum policy_key key)
{
    return texts[key];
}

static bool is_in_family(struct view text, enum policy_key family)
{
    return text.len >= texts[family].len && policy_equal_fold(view_of(text.data, texts[family].len), texts[family]);
}

enum policy_key policy_key_read(struct view text, struct view *ret_name)
{
    for (enum policy_key key = POLICY_KEY_BY_NAME + 1; key < POLICY_KEY_FIRST_WHOLE; key++) {
        if (is_in_family(text, key)) {
            *ret_name = view_of(text.data + texts[key].len, text.len - texts[key].len);
            return key;
        }
    }
    for (enum policy_key key = POLICY_KEY_FIRST_WHOLE; key < POLICY_KEYS; key++) {
        if (policy_equal_fold(text, texts[key])) {
            *ret_name = view_of(NULL, 0);
            return key;
        }
    }
    *ret_name = text;
    return POLICY_KEY_BY_NAME;
}
