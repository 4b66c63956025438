/* Permissions; see authorize.h. */
#include "authorize.h"

#include "arn_text.h"

#include "policy/arn.h"
#include "policy/decide.h"

#include <string.h>

static const struct operation_permission_row rows[OPERATION_PERMISSIONS] = {
    [OPERATION_MAY_RE_ENCRYPT_FROM] = {"ReEncrypt", "kms:ReEncryptFrom", "the source key", true, true},
    [OPERATION_MAY_RE_ENCRYPT_TO] = {"ReEncrypt", "kms:ReEncryptTo", "the destination key", true, true},
    [OPERATION_MAY_ENCRYPT] = {"Encrypt", "kms:Encrypt", "the key", true, true},
    [OPERATION_MAY_DECRYPT] = {"Decrypt", "kms:Decrypt", "the key", true, true},
    [OPERATION_MAY_GENERATE_DATA_KEY_WITHOUT_PLAINTEXT] = {"GenerateDataKeyWithoutPlaintext",
                                                           "kms:GenerateDataKeyWithoutPlaintext", "the key", true,
                                                           true},
    [OPERATION_MAY_GENERATE_DATA_KEY] = {"GenerateDataKey", "kms:GenerateDataKey", "the key", true, true},
    [OPERATION_MAY_GENERATE_RANDOM] = {"GenerateRandom", "kms:GenerateRandom", "*", false, false},
    [OPERATION_MAY_GET_PUBLIC_KEY] = {"GetPublicKey", "kms:GetPublicKey", "the key", true, true},
    [OPERATION_MAY_CREATE_KEY] = {"CreateKey", "kms:CreateKey", "*", false, false},
    [OPERATION_MAY_DESCRIBE_KEY] = {"DescribeKey", "kms:DescribeKey", "the key", true, true},
    [OPERATION_MAY_LIST_KEYS] = {"ListKeys", "kms:ListKeys", "*", false, false},
    [OPERATION_MAY_UPDATE_KEY_DESCRIPTION] = {"UpdateKeyDescription", "kms:UpdateKeyDescription", "the key", false,
                                              false},
    [OPERATION_MAY_ENABLE_KEY] = {"EnableKey", "kms:EnableKey", "the key", false, false},
    [OPERATION_MAY_DISABLE_KEY] = {"DisableKey", "kms:DisableKey", "the key", false, false},
    [OPERATION_MAY_SCHEDULE_KEY_DELETION] = {"ScheduleKeyDeletion", "kms:ScheduleKeyDeletion", "the key", false, false},
    [OPERATION_MAY_CANCEL_KEY_DELETION] = {"CancelKeyDeletion", "kms:CancelKeyDeletion", "the key", false, false},
    [OPERATION_MAY_TAG_RESOURCE] = {"TagResource", "kms:TagResource", "the key", false, false},
    [OPERATION_MAY_UNTAG_RESOURCE] = {"UntagResource", "kms:UntagResource", "the key", false, false},
    [OPERATION_MAY_LIST_RESOURCE_TAGS] = {"ListResourceTags", "kms:ListResourceTags", "the key", false, false},
    [OPERATION_MAY_ENABLE_KEY_ROTATION] = {"EnableKeyRotation", "kms:EnableKeyRotation", "the key", false, false},
    [OPERATION_MAY_DISABLE_KEY_ROTATION] = {"DisableKeyRotation", "kms:DisableKeyRotation", "the key", false, false},
    [OPERATION_MAY_GET_KEY_ROTATION_STATUS] = {"GetKeyRotationStatus", "kms:GetKeyRotationStatus", "the key", true,
                                               false},
    [OPERATION_MAY_ROTATE_KEY_ON_DEMAND] = {"RotateKeyOnDemand", "kms:RotateKeyOnDemand", "the key", false, false},
    [OPERATION_MAY_LIST_KEY_ROTATIONS] = {"ListKeyRotations", "kms:ListKeyRotations", "the key", false, false},
    [OPERATION_MAY_CREATE_ALIAS] = {"CreateAlias", "kms:CreateAlias", "the alias and its key", false, false},
    [OPERATION_MAY_UPDATE_ALIAS] = {"UpdateAlias", "kms:UpdateAlias", "the alias and both its keys", false, false},
    [OPERATION_MAY_DELETE_ALIAS] = {"DeleteAlias", "kms:DeleteAlias", "the alias and its key", false, false},
    [OPERATION_MAY_LIST_ALIASES] = {"ListAliases", "kms:ListAliases", "*", false, false},
    [OPERATION_MAY_DOCTOR] = {"Doctor", "rewrapd:Doctor", "the service; root principals only", false, false},
};

const struct operation_permission_row *operation_permission_row(enum operation_permission permission)
{
    return &rows[permission];
}

/* The one question to policy. */
static struct decision_result ask(const struct operation *operation, enum operation_permission permission,
                                  const char *resource, const char *account)
{
    struct decision_request request = {
        .principal = view_of_string(operation->principal),
        .action = view_of_string(rows[permission].action),
        .resource = view_of_string(resource),
        .resource_account = view_of_string(account),
    };
    return decide(&request);
}

/* KMS.md R-111 with a reason of R-112. */
static void refuse(struct operation *operation, enum operation_permission permission, const char *resource,
                   struct decision_result result)
{
    const char *action = rows[permission].action;
    if (result.decision == DECISION_DENIED_EXPLICITLY) {
        operation_fail(operation, OPERATION_ACCESS_DENIED,
                       "User: %s is not authorized to perform: %s on resource: %s %s", operation->principal, action,
                       resource, result.reason);
        return;
    }
    operation_fail(operation, OPERATION_ACCESS_DENIED,
                   "User: %s is not authorized to perform: %s on resource: %s %s %s action", operation->principal,
                   action, resource, result.reason, action);
}

void operation_refuse_foreign(struct operation *operation, enum operation_permission permission)
{
    operation_fail(operation, OPERATION_ACCESS_DENIED,
                   "User: %s is not authorized to perform: %s on this resource because the resource does not exist in "
                   "this Region, no resource-based policies allow access, or a resource-based policy explicitly denies "
                   "access",
                   operation->principal, rows[permission].action);
}

void operation_refuse_ciphertext(struct operation *operation)
{
    operation_fail(operation, OPERATION_ACCESS_DENIED,
                   "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
                   "or you are not allowed to access.");
}

static bool is_own(const struct operation *operation, const struct registry_key *key)
{
    return strcmp(operation->account, key->account) == 0;
}

static struct decision_result ask_for_key(const struct operation *operation, enum operation_permission permission,
                                          const struct registry_key *key, char ret_arn[OPERATION_ARN_KEY_BYTES])
{
    operation_arn_of_key(operation->operations, key->account, key->key_id_text, ret_arn);
    return ask(operation, permission, ret_arn, key->account);
}

bool operation_may_use_key(const struct operation *operation, enum operation_permission permission,
                           const struct registry_key *key)
{
    char arn[OPERATION_ARN_KEY_BYTES];
    return ask_for_key(operation, permission, key, arn).decision == DECISION_ALLOWED;
}

/* How a key of another account is denied must not tell whether it exists: it depends on who named it. */
static bool authorize_key(struct operation *operation, enum operation_permission permission,
                          const struct registry_key *key, bool only_ciphertext_names_it)
{
    char arn[OPERATION_ARN_KEY_BYTES];
    struct decision_result result = ask_for_key(operation, permission, key, arn);
    if (result.decision == DECISION_ALLOWED) {
        return true;
    }
    if (is_own(operation, key)) {
        refuse(operation, permission, arn, result);
    } else if (only_ciphertext_names_it) {
        operation_refuse_ciphertext(operation);
    } else {
        operation_refuse_foreign(operation, permission);
    }
    return false;
}

bool operation_authorize_key(struct operation *operation, enum operation_permission permission,
                             const struct registry_key *key)
{
    return authorize_key(operation, permission, key, false);
}

bool operation_authorize_ciphertext(struct operation *operation, enum operation_permission permission,
                                    const struct registry_key *key)
{
    return authorize_key(operation, permission, key, true);
}

static bool authorize_text(struct operation *operation, enum operation_permission permission, const char *resource)
{
    struct decision_result result = ask(operation, permission, resource, operation->account);
    if (result.decision == DECISION_ALLOWED) {
        return true;
    }
    refuse(operation, permission, resource, result);
    return false;
}

bool operation_authorize_alias(struct operation *operation, enum operation_permission permission, const char *alias_arn)
{
    return authorize_text(operation, permission, alias_arn);
}

bool operation_authorize(struct operation *operation, enum operation_permission permission)
{
    return authorize_text(operation, permission, "*");
}

bool operation_authorize_root(struct operation *operation, enum operation_permission permission)
{
    struct arn principal;
    if (arn_parse_principal(view_of_string(operation->principal), &principal) &&
        view_equal(principal.resource, view_of_string("root"))) {
        return true;
    }
    operation_fail(operation, OPERATION_ACCESS_DENIED,
                   "User: %s is not authorized to perform: %s because only the root principal of an account may",
                   operation->principal, rows[permission].action);
    return false;
}
