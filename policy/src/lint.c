/* What in a document is likely not meant so; see policy/lint.h. */
#include "lint_private.h"

#include "actions.h"
#include "condition.h"
#include "pattern.h"

#include "policy/arn.h"

#include <stdio.h>

void policy_lint_report(struct policy_linting *linting, enum policy_severity severity, const char *element,
                        const char *text)
{
    if (linting->count < linting->max) {
        struct policy_finding *finding = &linting->findings[linting->count];
        *finding = (struct policy_finding){.severity = severity, .text = text};
        if (element != NULL) {
            rewrap_ignore(
                snprintf(finding->place, sizeof(finding->place), "Statement[%zu]%s", linting->statement, element),
                "a longer place is cut");
        }
    }
    linting->count++;
}

static void warn(struct policy_linting *linting, const char *element, const char *text)
{
    policy_lint_report(linting, POLICY_SEVERITY_WARNING, element, text);
}

static struct policy_item item_at(const struct policy_linting *linting, struct policy_range range, size_t i)
{
    return linting->document->items[range.first + i];
}

static bool holds_star(const struct policy_linting *linting, struct policy_range range)
{
    for (size_t i = 0; i < range.count; i++) {
        if ((item_at(linting, range, i).flags & POLICY_ITEM_ANY) != 0) {
            return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------------- principals */

static size_t count_named(const struct policy_linting *linting, enum policy_principal_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < linting->rule->principals.count; i++) {
        count += item_at(linting, linting->rule->principals, i).kind == kind;
    }
    return count;
}

/* Conditions that say who calls: with one of them "*" is not everyone. */
static const char *const of_callers[] = {
    "kms:calleraccount", "aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:userid", "aws:username",
};

static bool is_about_callers(struct view key)
{
    for (size_t i = 0; i < sizeof(of_callers) / sizeof(of_callers[0]); i++) {
        if (view_equal(key, view_of_string(of_callers[i]))) {
            return true;
        }
    }
    return false;
}

/* Not those that hold for whoever lacks the key, or lets all but a few pass. */
static bool picks_some(const struct policy_linting *linting, const struct policy_clause *clause)
{
    const struct policy_operator *operator= policy_operator_at(clause->operator_index);
    bool holds_without = operator->negated || operator->class == POLICY_CLASS_NULL || clause->if_exists ||
                         clause->set == POLICY_SET_ALL;
    return !holds_without && !holds_star(linting, clause->values);
}

static bool limits_callers(const struct policy_linting *linting)
{
    for (size_t i = 0; i < linting->rule->clauses.count; i++) {
        const struct policy_clause *clause = &linting->document->clauses[linting->rule->clauses.first + i];
        if (is_about_callers(policy_item_view(linting->document, clause->key)) && picks_some(linting, clause)) {
            return true;
        }
    }
    return false;
}

static void lint_anyone(struct policy_linting *linting)
{
    if (linting->rule->effect != POLICY_ALLOW || linting->rule->actions.count == 0 ||
        policy_lint_never_matches(linting->document, linting->rule)) {
        return;
    }
    if (!limits_callers(linting)) {
        policy_lint_report(
            linting, POLICY_SEVERITY_DANGER, ".Principal",
            "allows everyone: each principal of the key's account by this alone, those of other accounts "
            "as soon as their own policies allow it");
        return;
    }
    policy_lint_report(linting, POLICY_SEVERITY_NOTE, ".Principal",
                       "allows everyone whom the conditions let pass, of the key's account without an identity policy");
}

static void lint_principal(struct policy_linting *linting, size_t i)
{
    struct policy_item item = item_at(linting, linting->rule->principals, i);
    switch ((enum policy_principal_kind)item.kind) {
    case POLICY_PRINCIPAL_ANYONE:
        lint_anyone(linting);
        return;
    case POLICY_PRINCIPAL_UNIQUE_ID:
        warn(linting, ".Principal", "names the id of somebody who was deleted: it matches nobody, not even a namesake");
        return;
    case POLICY_PRINCIPAL_OTHER:
        warn(linting, ".Principal", "Federated and CanonicalUser match nobody here");
        return;
    case POLICY_PRINCIPAL_ACCOUNT:
    case POLICY_PRINCIPAL_USER:
    case POLICY_PRINCIPAL_ROLE:
    case POLICY_PRINCIPAL_SESSION:
    case POLICY_PRINCIPAL_FEDERATED:
    case POLICY_PRINCIPAL_SERVICE:
        return;
    }
}

static void lint_not_principal(struct policy_linting *linting)
{
    if (linting->rule->effect == POLICY_ALLOW) {
        policy_lint_report(linting, POLICY_SEVERITY_DANGER, ".NotPrincipal",
                           "Allow with NotPrincipal allows everyone who is not listed");
        return;
    }
    /* A service has no account that would have to be listed too (KMS.md R-86). */
    bool services_alone = count_named(linting, POLICY_PRINCIPAL_SERVICE) == linting->rule->principals.count;
    if (count_named(linting, POLICY_PRINCIPAL_ANYONE) != 0) {
        warn(linting, ".NotPrincipal", "exempts everyone: the statement never matches");
    } else if (count_named(linting, POLICY_PRINCIPAL_ACCOUNT) == 0 && !services_alone) {
        warn(linting, ".NotPrincipal",
             "no user, role or session is exempt: a user is by his ARN and his account's, a session by its own, its "
             "role's and its account's together");
    } else if (count_named(linting, POLICY_PRINCIPAL_ROLE) != 0 &&
               count_named(linting, POLICY_PRINCIPAL_SESSION) == 0) {
        warn(
            linting, ".NotPrincipal",
            "exempts no session of the role: each has to be listed too. To exempt all, deny everyone under a condition "
            "on aws:PrincipalArn");
    }
}

static void lint_principals(struct policy_linting *linting)
{
    if (linting->rule->not_principal) {
        lint_not_principal(linting);
        return;
    }
    for (size_t i = 0; i < linting->rule->principals.count; i++) {
        lint_principal(linting, i);
    }
}

/* ---------------------------------------------------------------- actions and resources */

static bool is_of_kms(struct view action)
{
    return action.data[0] == POLICY_UNIT_STAR || (action.len > 4 && memcmp(action.data, "kms:", 4) == 0);
}

/* An identity policy may speak of other services, whose condition keys are not known here. */
static bool is_about_kms(const struct policy_linting *linting)
{
    if (linting->document->kind == POLICY_KIND_KEY || linting->rule->not_action) {
        return true;
    }
    for (size_t i = 0; i < linting->rule->actions.count; i++) {
        if (is_of_kms(policy_item_view(linting->document, item_at(linting, linting->rule->actions, i)))) {
            return true;
        }
    }
    return false;
}

static void lint_action(struct policy_linting *linting, struct policy_item item)
{
    struct view action = policy_item_view(linting->document, item);
    if (view_equal(action, view_of_string("kms:reencrypt"))) {
        warn(linting, ".Action", "kms:ReEncrypt is no action: ReEncrypt needs kms:ReEncryptFrom and kms:ReEncryptTo");
        return;
    }
    bool ours = is_of_kms(action);
    if (!ours && linting->document->kind == POLICY_KIND_KEY) {
        warn(linting, ".Action", "is of another service: no key is ever asked about it");
    } else if (ours && !policy_action_is_known(action)) {
        warn(linting, ".Action", "matches no action of KMS");
    }
}

static bool begins_alias(struct view resource)
{
    struct view alias = view_of_string(":alias/");
    return memmem(resource.data, resource.len, alias.data, alias.len) != NULL;
}

static bool has_alias_action(const struct policy_linting *linting)
{
    return policy_lint_covers_action(linting->document, linting->rule, "kms:createalias") ||
           policy_lint_covers_action(linting->document, linting->rule, "kms:updatealias") ||
           policy_lint_covers_action(linting->document, linting->rule, "kms:deletealias");
}

/* A key of that account in some region: what a resource of its policy must be able to match. */
static bool may_be_key_of(struct view resource, struct view account)
{
    struct arn arn;
    if (memchr(resource.data, POLICY_UNIT_STAR, resource.len) != NULL ||
        memchr(resource.data, POLICY_UNIT_ONE, resource.len) != NULL ||
        memchr(resource.data, POLICY_UNIT_VARIABLE, resource.len) != NULL) {
        return true;
    }
    struct view key = view_of_string("key/");
    return arn_parse(resource, &arn) && view_equal(arn.service, view_of_string("kms")) &&
           (account.len == 0 || view_equal(arn.account, account)) && arn.resource.len > key.len &&
           view_equal(view_of(arn.resource.data, key.len), key);
}

static void lint_resource(struct policy_linting *linting, struct policy_item item)
{
    struct view resource = policy_item_view(linting->document, item);
    if ((item.flags & POLICY_ITEM_ANY) != 0) {
        return;
    }
    if (begins_alias(resource) && (linting->document->kind == POLICY_KIND_KEY || !has_alias_action(linting))) {
        warn(linting, ".Resource",
             "an alias is the resource of CreateAlias, UpdateAlias and DeleteAlias only: to tell keys by their aliases "
             "there is kms:ResourceAliases");
    } else if (linting->document->kind == POLICY_KIND_KEY && !may_be_key_of(resource, linting->account)) {
        warn(linting, ".Resource", "is not this key: in a key policy that is \"*\"");
    }
}

static void lint_elements(struct policy_linting *linting)
{
    if (linting->rule->actions.count == 0 || linting->rule->resources.count == 0) {
        warn(linting, "", "without an Action and a Resource the statement never matches");
        return;
    }
    if (linting->rule->not_action && holds_star(linting, linting->rule->actions)) {
        warn(linting, ".NotAction", "leaves no action: the statement never matches");
    }
    if (linting->rule->not_resource && holds_star(linting, linting->rule->resources)) {
        warn(linting, ".NotResource", "leaves no resource: the statement never matches");
    }
    for (size_t i = 0; i < linting->rule->actions.count; i++) {
        lint_action(linting, item_at(linting, linting->rule->actions, i));
    }
    for (size_t i = 0; i < linting->rule->resources.count; i++) {
        lint_resource(linting, item_at(linting, linting->rule->resources, i));
    }
}

/* ---------------------------------------------------------------- the whole */

size_t policy_lint(const struct policy_document *document, struct view account, struct policy_finding *findings,
                   size_t max)
{
    struct policy_linting linting = {.document = document, .account = account, .findings = findings, .max = max};
    for (; linting.statement < document->rule_count; linting.statement++) {
        linting.rule = &document->rules[linting.statement];
        lint_principals(&linting);
        lint_elements(&linting);
        if (is_about_kms(&linting)) {
            policy_lint_conditions(&linting);
        }
    }
    if (document->kind == POLICY_KIND_KEY) {
        policy_lint_lockout(&linting);
    }
    return linting.count;
}

const char *policy_severity_text(enum policy_severity severity)
{
    static const char *const texts[] = {
        [POLICY_SEVERITY_NOTE] = "note",
        [POLICY_SEVERITY_WARNING] = "warning",
        [POLICY_SEVERITY_DANGER] = "danger",
    };
    return texts[severity];
}
