/* Whom the principals of statements and grants cover; see cover.h. */
#include "cover.h"

/* ---------------------------------------------------------------- statements */

static bool is_account(const struct policy_caller *caller, const struct policy_principal *principal)
{
    return view_equal(caller->account, principal->text) &&
           (principal->partition.len == 0 || view_equal(caller->partition, principal->partition));
}

static enum policy_cover covers(const struct policy_caller *caller, const struct policy_principal *principal,
                                bool is_namesake)
{
    switch (principal->kind) {
    case POLICY_PRINCIPAL_ANYONE:
        return POLICY_COVERS_HIM;
    case POLICY_PRINCIPAL_ACCOUNT:
        return !is_account(caller, principal)             ? POLICY_COVERS_NOT
               : caller->kind == POLICY_PRINCIPAL_ACCOUNT ? POLICY_COVERS_HIM
                                                          : POLICY_COVERS_ACCOUNT;
    case POLICY_PRINCIPAL_ROLE:
        return !is_namesake && view_equal(caller->role, principal->text) ? POLICY_COVERS_HIM : POLICY_COVERS_NOT;
    case POLICY_PRINCIPAL_USER:
    case POLICY_PRINCIPAL_SESSION:
        return !is_namesake && view_equal(caller->arn, principal->text) ? POLICY_COVERS_HIM : POLICY_COVERS_NOT;
    case POLICY_PRINCIPAL_FEDERATED:
    case POLICY_PRINCIPAL_SERVICE:
        return view_equal(caller->arn, principal->text) ? POLICY_COVERS_HIM : POLICY_COVERS_NOT;
    case POLICY_PRINCIPAL_UNIQUE_ID:
    case POLICY_PRINCIPAL_OTHER:
        break;
    }
    return POLICY_COVERS_NOT;
}

/* What a caller is, each of which NotPrincipal has to name for him to be exempt. */
struct identities {
    bool himself;
    bool role;
    bool account;
};

static void note(struct identities *named, const struct policy_caller *caller, const struct policy_principal *principal,
                 bool is_namesake)
{
    enum policy_cover cover = covers(caller, principal, is_namesake);
    if (cover == POLICY_COVERS_NOT) {
        return;
    }
    bool anyone = principal->kind == POLICY_PRINCIPAL_ANYONE;
    named->account |= anyone || principal->kind == POLICY_PRINCIPAL_ACCOUNT;
    named->role |= anyone || principal->kind == POLICY_PRINCIPAL_ROLE;
    /* The root user is himself the account. */
    bool root = caller->kind == POLICY_PRINCIPAL_ACCOUNT && principal->kind == POLICY_PRINCIPAL_ACCOUNT;
    named->himself |= anyone || root || view_equal(caller->arn, principal->text);
}

static bool is_exempt(const struct policy_caller *caller, const struct identities *named, enum policy_effect effect)
{
    if (effect == POLICY_ALLOW) {
        /* To be named at all is enough to get nothing: nobody lists whom he wants to allow. */
        return named->himself || named->role || named->account;
    }
    bool is_session = caller->kind == POLICY_PRINCIPAL_SESSION;
    bool has_account = caller->kind != POLICY_PRINCIPAL_SERVICE;
    return named->himself && (named->role || !is_session) && (named->account || !has_account);
}

enum policy_cover policy_statement_covers(const struct policy_document *document, const struct policy_rule *rule,
                                          const struct policy_caller *caller, bool is_namesake)
{
    if (document->kind == POLICY_KIND_IDENTITY) {
        return POLICY_COVERS_HIM;
    }
    enum policy_cover best = POLICY_COVERS_NOT;
    struct identities named = {0};
    for (size_t i = 0; i < rule->principals.count; i++) {
        struct policy_principal principal =
            policy_principal_of_item(document, document->items[rule->principals.first + i]);
        if (rule->not_principal) {
            note(&named, caller, &principal, is_namesake);
            continue;
        }
        enum policy_cover cover = covers(caller, &principal, is_namesake);
        best = cover > best ? cover : best;
    }
    if (rule->not_principal) {
        return is_exempt(caller, &named, (enum policy_effect)rule->effect) ? POLICY_COVERS_NOT : POLICY_COVERS_HIM;
    }
    return best;
}

/* ---------------------------------------------------------------- grants */

enum policy_cover policy_grantee_covers(struct view grantee, const struct policy_caller *caller)
{
    for (size_t i = 0; i < caller->grantee_count; i++) {
        if (view_equal(caller->grantees[i], grantee)) {
            bool is_account = (const char *)caller->grantees[i].data == caller->root_text;
            return is_account ? POLICY_COVERS_ACCOUNT : POLICY_COVERS_HIM;
        }
    }
    return POLICY_COVERS_NOT;
}
