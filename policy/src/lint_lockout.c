/* Whether anybody could still change a key policy (KMS.md R-90). */
#include "lint_private.h"

#include "pattern.h"

static const char put[] = "kms:putkeypolicy";

static bool some_matches(const struct policy_document *document, struct policy_range range, struct view text)
{
    for (size_t i = 0; i < range.count; i++) {
        if (policy_glob(policy_item_view(document, document->items[range.first + i]), text)) {
            return true;
        }
    }
    return false;
}

bool policy_lint_covers_action(const struct policy_document *document, const struct policy_rule *rule,
                               const char *action)
{
    return rule->actions.count != 0 &&
           some_matches(document, rule->actions, view_of_string(action)) != rule->not_action;
}

/* The account that owns the key, or everyone; if_unknown: any account, when it is not known which that is. */
static bool names_account(const struct policy_linting *linting, const struct policy_rule *rule, bool if_unknown)
{
    for (size_t i = 0; i < rule->principals.count; i++) {
        struct policy_principal principal =
            policy_principal_of_item(linting->document, linting->document->items[rule->principals.first + i]);
        bool own = linting->account.len == 0 ? if_unknown : view_equal(principal.text, linting->account);
        if (principal.kind == POLICY_PRINCIPAL_ANYONE || (principal.kind == POLICY_PRINCIPAL_ACCOUNT && own)) {
            return true;
        }
    }
    return false;
}

/* Whoever it names, is somebody in the account that owns the key (or, when that is not known, in any). */
static bool names_somebody(const struct policy_linting *linting, const struct policy_rule *rule)
{
    if (rule->not_principal) {
        return !names_account(linting, rule, false);
    }
    for (size_t i = 0; i < rule->principals.count; i++) {
        struct policy_principal principal =
            policy_principal_of_item(linting->document, linting->document->items[rule->principals.first + i]);
        bool nobody = principal.kind == POLICY_PRINCIPAL_UNIQUE_ID || principal.kind == POLICY_PRINCIPAL_OTHER ||
                      principal.kind == POLICY_PRINCIPAL_SERVICE;
        bool own = principal.kind == POLICY_PRINCIPAL_ANYONE || linting->account.len == 0 ||
                   memmem(principal.text.data, principal.text.len, linting->account.data, linting->account.len) != NULL;
        if (!nobody && own) {
            return true;
        }
    }
    return false;
}

static bool is_about_keys(const struct policy_rule *rule)
{
    return rule->resources.count != 0;
}

static bool allows_account(const struct policy_linting *linting, const struct policy_rule *rule)
{
    return names_account(linting, rule, !rule->not_principal) != rule->not_principal;
}

void policy_lint_lockout(struct policy_linting *linting)
{
    bool somebody = false;
    bool account = false;
    for (size_t i = 0; i < linting->document->rule_count; i++) {
        const struct policy_rule *rule = &linting->document->rules[i];
        if (!is_about_keys(rule) || !policy_lint_covers_action(linting->document, rule, put) ||
            policy_lint_never_matches(linting->document, rule)) {
            continue;
        }
        bool unconditional = policy_lint_is_unconditional(linting->document, rule);
        if (rule->effect == POLICY_ALLOW) {
            somebody |= names_somebody(linting, rule);
            account |= unconditional && allows_account(linting, rule);
        } else if (unconditional && !rule->not_principal && !rule->not_resource &&
                   names_account(linting, rule, false)) {
            linting->statement = i;
            policy_lint_report(
                linting, POLICY_SEVERITY_DANGER, "",
                "locks everyone out: it denies kms:PutKeyPolicy to the whole account, whatever the request");
        }
    }
    if (!somebody) {
        policy_lint_report(linting, POLICY_SEVERITY_DANGER, NULL,
                           "locks everyone out: no statement allows somebody of the key's account kms:PutKeyPolicy");
    } else if (!account) {
        policy_lint_report(
            linting, POLICY_SEVERITY_NOTE, NULL,
            "the account itself is not allowed kms:PutKeyPolicy: when the principals that are named have "
            "gone, nobody can change this policy");
    }
}
