/* The names of condition keys; see policy/keys.h. */
#include "policy/keys.h"

#include "pattern.h"

static const struct view texts[POLICY_KEYS] = {
    [POLICY_KEY_ENCRYPTION_CONTEXT] = VIEW_INIT("kms:EncryptionContext:"),
    [POLICY_KEY_RESOURCE_TAG] = VIEW_INIT("aws:ResourceTag/"),
    [POLICY_KEY_REQUEST_TAG] = VIEW_INIT("aws:RequestTag/"),
    [POLICY_KEY_CURRENT_TIME] = VIEW_INIT("aws:CurrentTime"),
    [POLICY_KEY_EPOCH_TIME] = VIEW_INIT("aws:EpochTime"),
    [POLICY_KEY_REQUESTED_REGION] = VIEW_INIT("aws:RequestedRegion"),
    [POLICY_KEY_SECURE_TRANSPORT] = VIEW_INIT("aws:SecureTransport"),
    [POLICY_KEY_VIA_AWS_SERVICE] = VIEW_INIT("aws:ViaAWSService"),
    [POLICY_KEY_PRINCIPAL_IS_AWS_SERVICE] = VIEW_INIT("aws:PrincipalIsAWSService"),
    [POLICY_KEY_PRINCIPAL_ARN] = VIEW_INIT("aws:PrincipalArn"),
    [POLICY_KEY_PRINCIPAL_ACCOUNT] = VIEW_INIT("aws:PrincipalAccount"),
    [POLICY_KEY_PRINCIPAL_TYPE] = VIEW_INIT("aws:PrincipalType"),
    [POLICY_KEY_USER_ID] = VIEW_INIT("aws:userid"),
    [POLICY_KEY_USER_NAME] = VIEW_INIT("aws:username"),
    [POLICY_KEY_CALLER_ACCOUNT] = VIEW_INIT("kms:CallerAccount"),
    [POLICY_KEY_SOURCE_ARN] = VIEW_INIT("aws:SourceArn"),
    [POLICY_KEY_TAG_KEYS] = VIEW_INIT("aws:TagKeys"),
    [POLICY_KEY_RESOURCE_ACCOUNT] = VIEW_INIT("aws:ResourceAccount"),
    [POLICY_KEY_RESOURCE_ALIASES] = VIEW_INIT("kms:ResourceAliases"),
    [POLICY_KEY_KEY_SPEC] = VIEW_INIT("kms:KeySpec"),
    [POLICY_KEY_KEY_USAGE] = VIEW_INIT("kms:KeyUsage"),
    [POLICY_KEY_KEY_ORIGIN] = VIEW_INIT("kms:KeyOrigin"),
    [POLICY_KEY_MULTI_REGION] = VIEW_INIT("kms:MultiRegion"),
    [POLICY_KEY_CUSTOMER_MASTER_KEY_SPEC] = VIEW_INIT("kms:CustomerMasterKeySpec"),
    [POLICY_KEY_CUSTOMER_MASTER_KEY_USAGE] = VIEW_INIT("kms:CustomerMasterKeyUsage"),
    [POLICY_KEY_ENCRYPTION_ALGORITHM] = VIEW_INIT("kms:EncryptionAlgorithm"),
    [POLICY_KEY_ENCRYPTION_CONTEXT_KEYS] = VIEW_INIT("kms:EncryptionContextKeys"),
    [POLICY_KEY_REQUEST_ALIAS] = VIEW_INIT("kms:RequestAlias"),
    [POLICY_KEY_RE_ENCRYPT_ON_SAME_KEY] = VIEW_INIT("kms:ReEncryptOnSameKey"),
    [POLICY_KEY_BYPASS_LOCKOUT_CHECK] = VIEW_INIT("kms:BypassPolicyLockoutSafetyCheck"),
    [POLICY_KEY_ROTATION_PERIOD] = VIEW_INIT("kms:RotationPeriodInDays"),
    [POLICY_KEY_DELETION_WINDOW] = VIEW_INIT("kms:ScheduleKeyDeletionPendingWindowInDays"),
    [POLICY_KEY_GRANTEE_PRINCIPAL] = VIEW_INIT("kms:GranteePrincipal"),
    [POLICY_KEY_GRANTEE_SERVICE_PRINCIPAL] = VIEW_INIT("kms:GranteeServicePrincipal"),
    [POLICY_KEY_RETIRING_PRINCIPAL] = VIEW_INIT("kms:RetiringPrincipal"),
    [POLICY_KEY_RETIRING_SERVICE_PRINCIPAL] = VIEW_INIT("kms:RetiringServicePrincipal"),
    [POLICY_KEY_GRANT_OPERATIONS] = VIEW_INIT("kms:GrantOperations"),
    [POLICY_KEY_GRANT_CONSTRAINT_TYPE] = VIEW_INIT("kms:GrantConstraintType"),
    [POLICY_KEY_GRANT_CONSTRAINT_SOURCE_ARN] = VIEW_INIT("kms:GrantConstraintSourceArn"),
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
