/* Conditions that do not say what they seem to (KMS.md R-100 to R-104). */
#include "lint_private.h"

#include "condition.h"
#include "pattern.h"

#include <stdio.h>

/* What this service can know of a request (R-104, R-109, R-110). Keys with a name of the caller's end in ':' or '/'. */
static const char *const known_keys[] = {
    "kms:bypasspolicylockoutsafetycheck",
    "kms:calleraccount",
    "kms:customermasterkeyspec",
    "kms:customermasterkeyusage",
    "kms:datakeypairspec",
    "kms:encryptionalgorithm",
    "kms:encryptioncontext:",
    "kms:encryptioncontextkeys",
    "kms:expirationmodel",
    "kms:grantconstraintsourcearn",
    "kms:grantconstrainttype",
    "kms:granteeprincipal",
    "kms:granteeserviceprincipal",
    "kms:grantisforawsresource",
    "kms:grantoperations",
    "kms:keyagreementalgorithm",
    "kms:keyorigin",
    "kms:keyspec",
    "kms:keyusage",
    "kms:macalgorithm",
    "kms:messagetype",
    "kms:multiregion",
    "kms:multiregionkeytype",
    "kms:primaryregion",
    "kms:recipientattestation:",
    "kms:reencryptonsamekey",
    "kms:replicaregion",
    "kms:requestalias",
    "kms:resourcealiases",
    "kms:retiringprincipal",
    "kms:retiringserviceprincipal",
    "kms:rotationperiodindays",
    "kms:scheduledeletionpendingwindowindays",
    "kms:schedulekeydeletionpendingwindowindays",
    "kms:signingalgorithm",
    "kms:trailingdayswithoutkeyusage",
    "kms:validto",
    "kms:viaservice",
    "kms:wrappingalgorithm",
    "kms:wrappingkeyspec",
};

static bool begins(struct view text, struct view word)
{
    return text.len >= word.len && view_equal(view_of(text.data, word.len), word);
}

static bool is_known(struct view key)
{
    if (!begins(key, view_of_string("kms:"))) {
        return true; /* AWS's global keys: too many, and some are the caller's own */
    }
    for (size_t i = 0; i < sizeof(known_keys) / sizeof(known_keys[0]); i++) {
        struct view known = view_of_string(known_keys[i]);
        bool open_ended = known.data[known.len - 1] == ':';
        if (view_equal(key, known) || (open_ended && begins(key, known) && key.len > known.len)) {
            return true;
        }
    }
    return false;
}

static bool holds(struct view text, const char *wanted)
{
    return memmem(text.data, text.len, wanted, strlen(wanted)) != NULL;
}

static size_t colons(struct view text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += text.data[i] == ':';
    }
    return count;
}

static const char *what_of_value(const struct policy_document *document, enum policy_class class,
                                 struct policy_item item)
{
    struct view value = policy_item_view(document, item);
    bool variable = (item.flags & POLICY_ITEM_VARIABLE) != 0;
    bool text = class == POLICY_CLASS_STRING || class == POLICY_CLASS_STRING_FOLD;
    if (text && !variable && (holds(value, "*") || holds(value, "?"))) {
        return "'*' and '?' are themselves here: wildcards are for StringLike";
    }
    if (class == POLICY_CLASS_ARN && !variable && colons(value) < 5) {
        return "is no ARN with six parts: it never matches";
    }
    if (!document->has_variables && (text || class == POLICY_CLASS_LIKE || class == POLICY_CLASS_ARN) &&
        holds(value, "${")) {
        return "variables are replaced only when the Version is \"2012-10-17\"";
    }
    return NULL;
}

static const char *what_of_clause(const struct policy_linting *linting, const struct policy_clause *clause)
{
    const struct policy_operator *operator= policy_operator_at(clause->operator_index);
    if (!is_known(policy_item_view(linting->document, clause->key))) {
        return "KMS has no such condition key: it is never there";
    }
    if (operator->class == POLICY_CLASS_NULL) {
        return NULL;
    }
    if (clause->multi_valued_key && clause->set == POLICY_SET_NONE) {
        return "the key has several values: without ForAllValues or ForAnyValue it never matches";
    }
    if (clause->values.count == 0 && !operator->negated) {
        return "without values it matches only when the key is not there, if at all";
    }
    if (clause->set == POLICY_SET_ALL && linting->rule->effect == POLICY_ALLOW) {
        return "ForAllValues also holds when the key is not there: ask for it with Null, or use ForAnyValue too";
    }
    for (size_t i = 0; i < clause->values.count; i++) {
        const char *text =
            what_of_value(linting->document, operator->class, linting->document->items[clause->values.first + i]);
        if (text != NULL) {
            return text;
        }
    }
    return NULL;
}

void policy_lint_conditions(struct policy_linting *linting)
{
    for (size_t i = 0; i < linting->rule->clauses.count; i++) {
        const struct policy_clause *clause = &linting->document->clauses[linting->rule->clauses.first + i];
        const char *text = what_of_clause(linting, clause);
        if (text == NULL) {
            continue;
        }
        struct view key = policy_item_view(linting->document, clause->key);
        char element[POLICY_PLACE_BYTES];
        static const char *const sets[] = {
            [POLICY_SET_NONE] = "", [POLICY_SET_ALL] = "ForAllValues:", [POLICY_SET_ANY] = "ForAnyValue:"};
        rewrap_ignore(snprintf(element, sizeof(element), ".Condition.%s%s%s.%.*s", sets[clause->set],
                               policy_operator_at(clause->operator_index)->name, clause->if_exists ? "IfExists" : "",
                               (int)key.len, (const char *)key.data),
                      "a longer place is cut");
        policy_lint_report(linting, POLICY_SEVERITY_WARNING, element, text);
    }
}
