/* Permissions; see authorize.h. */
#include "authorize.h"

#include "arn_text.h"
#include "question.h"

#include "policy/arn.h"
#include "registry/registry.h"

#include <string.h>
#include <syslog.h>

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
    [OPERATION_MAY_CREATE_GRANT] = {"CreateGrant", "kms:CreateGrant", "the key", true, false},
    [OPERATION_MAY_LIST_GRANTS] = {"ListGrants", "kms:ListGrants", "the key", true, false},
    [OPERATION_MAY_LIST_RETIRABLE_GRANTS] = {"ListRetirableGrants", "kms:ListRetirableGrants", "*", false, false},
    [OPERATION_MAY_RETIRE_GRANT] = {"RetireGrant", "kms:RetireGrant", "the key; the grant itself says who may", true,
                                    false},
    [OPERATION_MAY_REVOKE_GRANT] = {"RevokeGrant", "kms:RevokeGrant", "the key", true, false},
    [OPERATION_MAY_GET_KEY_POLICY] = {"GetKeyPolicy", "kms:GetKeyPolicy", "the key", false, false},
    [OPERATION_MAY_PUT_KEY_POLICY] = {"PutKeyPolicy", "kms:PutKeyPolicy", "the key", false, false},
    [OPERATION_MAY_LIST_KEY_POLICIES] = {"ListKeyPolicies", "kms:ListKeyPolicies", "the key", false, false},
    [OPERATION_MAY_CREATE_USER] = {"CreateUser", "iam:CreateUser", "the user", false, false},
    [OPERATION_MAY_GET_USER] = {"GetUser", "iam:GetUser", "the user", false, false},
    [OPERATION_MAY_DELETE_USER] = {"DeleteUser", "iam:DeleteUser", "the user", false, false},
    [OPERATION_MAY_LIST_USERS] = {"ListUsers", "iam:ListUsers", "the users of a path", false, false},
    [OPERATION_MAY_PUT_USER_POLICY] = {"PutUserPolicy", "iam:PutUserPolicy", "the user", false, false},
    [OPERATION_MAY_GET_USER_POLICY] = {"GetUserPolicy", "iam:GetUserPolicy", "the user", false, false},
    [OPERATION_MAY_DELETE_USER_POLICY] = {"DeleteUserPolicy", "iam:DeleteUserPolicy", "the user", false, false},
    [OPERATION_MAY_LIST_USER_POLICIES] = {"ListUserPolicies", "iam:ListUserPolicies", "the user", false, false},
    [OPERATION_MAY_CREATE_ROLE] = {"CreateRole", "iam:CreateRole", "the role", false, false},
    [OPERATION_MAY_GET_ROLE] = {"GetRole", "iam:GetRole", "the role", false, false},
    [OPERATION_MAY_DELETE_ROLE] = {"DeleteRole", "iam:DeleteRole", "the role", false, false},
    [OPERATION_MAY_LIST_ROLES] = {"ListRoles", "iam:ListRoles", "the roles of a path", false, false},
    [OPERATION_MAY_PUT_ROLE_POLICY] = {"PutRolePolicy", "iam:PutRolePolicy", "the role", false, false},
    [OPERATION_MAY_GET_ROLE_POLICY] = {"GetRolePolicy", "iam:GetRolePolicy", "the role", false, false},
    [OPERATION_MAY_DELETE_ROLE_POLICY] = {"DeleteRolePolicy", "iam:DeleteRolePolicy", "the role", false, false},
    [OPERATION_MAY_LIST_ROLE_POLICIES] = {"ListRolePolicies", "iam:ListRolePolicies", "the role", false, false},
    [OPERATION_MAY_CREATE_ACCESS_KEY] = {"CreateAccessKey", "iam:CreateAccessKey", "the user", false, false},
    [OPERATION_MAY_UPDATE_ACCESS_KEY] = {"UpdateAccessKey", "iam:UpdateAccessKey", "the user", false, false},
    [OPERATION_MAY_DELETE_ACCESS_KEY] = {"DeleteAccessKey", "iam:DeleteAccessKey", "the user", false, false},
    [OPERATION_MAY_LIST_ACCESS_KEYS] = {"ListAccessKeys", "iam:ListAccessKeys", "the user", false, false},
    [OPERATION_MAY_DOCTOR] = {"Doctor", "rewrapd:Doctor", "*", false, false},
    [OPERATION_MAY_EXPLAIN_RE_ENCRYPT] = {"ExplainReEncrypt", "rewrapd:ExplainReEncrypt", "*", false, false},
};

const struct operation_permission_row *operation_permission_row(enum operation_permission permission)
{
    return &rows[permission];
}

const char *operation_action_of(const char *rpc)
{
    for (size_t i = 0; i < OPERATION_PERMISSIONS; i++) {
        if (strcmp(rows[i].operation, rpc) == 0) {
            return rows[i].action;
        }
    }
    return "";
}

/* ------------------------------------------------------------------ the question */

bool operation_ask(const struct operation *operation, enum operation_permission permission,
                   const struct registry_key *key, const char *resource, struct operation_question *ret)
{
    struct operation_asking asking = {
        .operations = operation->operations,
        .principal = operation->principal,
        .account = operation->account,
        .action = rows[permission].action,
        .key = key,
        .resource = resource,
        .facts = &operation->facts,
    };
    return operation_question_make(&asking, ret);
}

/* What cannot be asked, without memory, is denied. */
static struct policy_decision decide(const struct operation *operation, enum operation_permission permission,
                                     const struct registry_key *key, const char *resource)
{
    struct operation_question question;
    if (!operation_ask(operation, permission, key, resource, &question)) {
        return (struct policy_decision){.verdict = POLICY_DENIED_IMPLICITLY, .reason = POLICY_REASON_BAD_REQUEST};
    }
    struct policy_decision decision = policy_decide(&question.question, NULL, 0);
    operation_question_clear(&question);
    return decision;
}

/* ------------------------------------------------------------------ the answers */

/* KMS.md R-111 with a reason of R-112. */
void operation_refuse(struct operation *operation, enum operation_permission permission, const char *resource,
                      enum policy_reason reason)
{
    const char *action = rows[permission].action;
    char why[POLICY_REASON_BYTES];
    policy_reason_write(reason, view_of_string(action), why);
    operation_fail(operation, OPERATION_ACCESS_DENIED, "User: %s is not authorized to perform: %s on resource: %s %s",
                   operation->principal, action, resource, why);
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

/* A key of another account is told of to those whom its policy or a grant allows, and who lack their own account's part
 * alone: of which the text of R-113 says nothing. */
static bool may_know(const struct operation *operation, const struct registry_key *key, enum policy_reason reason)
{
    return is_own(operation, key) || (reason == POLICY_REASON_NO_IDENTITY_ALLOW && !operation->for_another);
}

void operation_refuse_key(struct operation *operation, enum operation_permission permission,
                          const struct registry_key *key, enum policy_reason reason)
{
    if (!may_know(operation, key, reason)) {
        operation_refuse_foreign(operation, permission);
        return;
    }
    char arn[OPERATION_ARN_KEY_BYTES];
    operation_arn_of_key(operation->operations, key->account, key->key_id_text, arn);
    operation_refuse(operation, permission, arn, reason);
}

/* ------------------------------------------------------------------ keys */

bool operation_may_use_key(const struct operation *operation, enum operation_permission permission,
                           const struct registry_key *key)
{
    return decide(operation, permission, key, NULL).verdict == POLICY_ALLOWED;
}

static bool is_root(const struct operation *operation)
{
    struct policy_caller caller;
    return policy_caller_read(view_of_string(operation->principal), &caller) && caller.kind == POLICY_PRINCIPAL_ACCOUNT;
}

/*
 * A stored policy that does not compile denies everybody everything, since it may have denied anything. With nobody
 * left to put another, the key would be lost: the root of its account may, and nothing else. Who wrote such a row could
 * have written one that allows.
 */
static bool may_mend(const struct operation *operation, enum operation_permission permission,
                     const struct registry_key *key)
{
    if (permission != OPERATION_MAY_PUT_KEY_POLICY || !is_own(operation, key) || !is_root(operation) ||
        key->compiled == NULL || registry_policy_fault(key->compiled) == NULL) {
        return false;
    }
    operation_log(operation, LOG_WARNING,
                  "PutKeyPolicy for %s: the policy of key %s is damaged and denies everything (%s); the root of its "
                  "account may put another",
                  operation->principal, key->key_id_text, registry_policy_fault(key->compiled));
    return true;
}

bool operation_authorize_key(struct operation *operation, enum operation_permission permission,
                             const struct registry_key *key)
{
    struct policy_decision decision = decide(operation, permission, key, NULL);
    if (decision.verdict == POLICY_ALLOWED || may_mend(operation, permission, key)) {
        return true;
    }
    operation_refuse_key(operation, permission, key, decision.reason);
    return false;
}

bool operation_authorize_ciphertext(struct operation *operation, enum operation_permission permission,
                                    const struct registry_key *key)
{
    if (is_own(operation, key)) {
        return operation_authorize_key(operation, permission, key);
    }
    if (operation_may_use_key(operation, permission, key)) {
        return true;
    }
    operation_refuse_ciphertext(operation);
    return false;
}

/* ------------------------------------------------------------------ everything else */

bool operation_authorize_resource(struct operation *operation, enum operation_permission permission,
                                  const char *resource)
{
    struct policy_decision decision = decide(operation, permission, NULL, resource);
    if (decision.verdict == POLICY_ALLOWED) {
        return true;
    }
    operation_refuse(operation, permission, resource, decision.reason);
    return false;
}

bool operation_authorize(struct operation *operation, enum operation_permission permission)
{
    return operation_authorize_resource(operation, permission, "*");
}
