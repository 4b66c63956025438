/* What each operation does and which options matter, for its help; see operation.h. docs/operations.md has the rest. */
#include "operation.h"

#include <string.h>

static const struct operation_about table[] = {
    {"ReEncrypt", "Turns data under one key into data under another, inside the token.",
     "--ciphertext-blob and --destination-key-id; --source-encryption-context if it was made with one"},
    {"Encrypt", "Encrypts 1 to 4096 bytes under a key.", "--key-id and --plaintext"},
    {"Decrypt", "Decrypts data under an open key; sealed keys have no Decrypt.",
     "--ciphertext-blob; --encryption-context if it was made with one"},
    {"GenerateDataKey", "Makes a random data key on the token and gives it out encrypted and in clear; open keys only.",
     "--key-id, and --key-spec or --number-of-bytes"},
    {"GenerateDataKeyWithoutPlaintext", "Makes a random data key on the token and gives it out encrypted only.",
     "--key-id, and --key-spec or --number-of-bytes"},
    {"GenerateRandom", "Gives 1 to 1024 random bytes of a token.", "--number-of-bytes"},
    {"GetPublicKey", "Gives the public half of an RSA key: SubjectPublicKeyInfo in DER.", "--key-id"},
    {"CreateKey", "Makes a key: a sealed one from the stock of its token, or an open one with --boundary OPEN.",
     "none; --key-spec and --key-usage ENCRYPT_DECRYPT for an RSA key"},
    {"DescribeKey", "Shows what there is to know of a key.", "--key-id"},
    {"ListKeys", "Lists the keys of the account.", "none"},
    {"UpdateKeyDescription", "Gives a key another description.", "--key-id and --description"},
    {"EnableKey", "Lets a disabled key be used again.", "--key-id"},
    {"DisableKey", "Keeps a key from being used, until EnableKey.", "--key-id"},
    {"ScheduleKeyDeletion", "Deletes a key, with all that is under it, at the end of a waiting period of 7 to 30 days.",
     "--key-id; --pending-window-in-days (30)"},
    {"CancelKeyDeletion", "Keeps a key that waits to be deleted; it is disabled then.", "--key-id"},
    {"TagResource", "Gives a key tags, or other values to those it has.", "--key-id and --tags TagKey=K,TagValue=V …"},
    {"UntagResource", "Takes tags from a key.", "--key-id and --tag-keys"},
    {"ListResourceTags", "Lists the tags of a key.", "--key-id"},
    {"EnableKeyRotation", "Has a symmetric key rotated by itself, every 90 to 2560 days.",
     "--key-id; --rotation-period-in-days (365)"},
    {"DisableKeyRotation", "Has a key rotated no more by itself; its materials stay.", "--key-id"},
    {"GetKeyRotationStatus", "Shows whether and when a key is rotated by itself.", "--key-id"},
    {"RotateKeyOnDemand", "Gives a symmetric key new material now; what is under the old stays readable.", "--key-id"},
    {"ListKeyRotations", "Lists the rotations of a key.", "--key-id; --include-key-material ALL_KEY_MATERIAL"},
    {"CreateAlias", "Gives a key a name, for use in place of its id.", "--alias-name (alias/NAME) and --target-key-id"},
    {"UpdateAlias", "Moves an alias to another key.", "--alias-name and --target-key-id"},
    {"DeleteAlias", "Takes an alias away; its key stays.", "--alias-name"},
    {"ListAliases", "Lists the aliases of the account, or of one key with --key-id.", "none"},
    {"GetKeyPolicy", "Shows the policy of a key.", "--key-id"},
    {"PutKeyPolicy", "Gives a key another policy.", "--key-id and --policy (file://PATH)"},
    {"ListKeyPolicies", "Lists the names of a key's policies: default, always.", "--key-id"},
    {"CreateGrant", "Lets a principal use a key, for certain operations and contexts.",
     "--key-id, --grantee-principal and --operations; --constraints"},
    {"ListGrants", "Lists the grants on a key.", "--key-id; --grantee-principal or --grant-id"},
    {"ListRetirableGrants", "Lists the grants that a principal may retire, on all keys.", "--retiring-principal"},
    {"RetireGrant", "Ends a grant, by whoever it lets do so.", "--grant-token, or --key-id (an ARN) and --grant-id"},
    {"RevokeGrant", "Takes a grant back, as who manages the key.", "--key-id and --grant-id"},
    {"CreateUser", "Makes a user of the account.", "--user-name; --path (/)"},
    {"GetUser", "Shows a user.", "none; --user-name, else the caller"},
    {"DeleteUser", "Deletes a user that has no policies and no access keys any more.", "--user-name"},
    {"ListUsers", "Lists the users of the account.", "none; --path-prefix"},
    {"PutUserPolicy", "Gives a user an identity policy, or another text to one it has.",
     "--user-name, --policy-name and --policy-document (file://PATH)"},
    {"GetUserPolicy", "Shows an identity policy of a user.", "--user-name and --policy-name"},
    {"DeleteUserPolicy", "Takes an identity policy from a user.", "--user-name and --policy-name"},
    {"ListUserPolicies", "Lists the names of the identity policies of a user.", "--user-name"},
    {"CreateRole", "Makes a role of the account.", "--role-name; --path (/)"},
    {"GetRole", "Shows a role.", "--role-name"},
    {"DeleteRole", "Deletes a role that has no policies any more.", "--role-name"},
    {"ListRoles", "Lists the roles of the account.", "none; --path-prefix"},
    {"PutRolePolicy", "Gives a role an identity policy, or another text to one it has.",
     "--role-name, --policy-name and --policy-document (file://PATH)"},
    {"GetRolePolicy", "Shows an identity policy of a role.", "--role-name and --policy-name"},
    {"DeleteRolePolicy", "Takes an identity policy from a role.", "--role-name and --policy-name"},
    {"ListRolePolicies", "Lists the names of the identity policies of a role.", "--role-name"},
    {"CreateAccessKey", "Makes an access key of a user and shows its secret, this once.",
     "none; --user-name, else the caller"},
    {"UpdateAccessKey", "Puts an access key out of use, or back.", "--access-key-id and --status Active or Inactive"},
    {"DeleteAccessKey", "Deletes an access key.", "--access-key-id; --user-name, else the caller"},
    {"ListAccessKeys", "Lists the access keys of a user, without their secrets.", "none; --user-name, else the caller"},
    {"Doctor", "Looks at tokens, stock, registry and file modes, for the operator.", "none"},
    {"ExplainReEncrypt", "Tells why a principal may or may not re-encrypt; see also policy explain re-encrypt.",
     "--principal and --request (the members of ReEncrypt, as JSON)"},
};

const struct operation_about *operation_about(const char *rpc)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].rpc, rpc) == 0) {
            return &table[i];
        }
    }
    return NULL;
}
