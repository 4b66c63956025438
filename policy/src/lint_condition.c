/* Conditions that do not say what they seem to (KMS.md R-100 to R-105). */
#include "lint_private.h"

#include "condition.h"
#include "pattern.h"

#include <stdio.h>

static bool holds_with(const struct policy_document *document, const struct policy_clause *clause, struct view value)
{
    struct policy_context_key entry = {.name = policy_item_view(document, clause->key), .values = &value, .count = 1};
    struct policy_request request = {.context = &entry, .context_count = 1};
    struct policy_context context;
    size_t work = POLICY_WORK_MAX;
    return policy_context_init(&context, &request, &work) &&
           policy_clause_holds(document, clause, POLICY_ALLOW, &context);
}

static bool has_variables(const struct policy_document *document, const struct policy_clause *clause)
{
    for (size_t i = 0; i < clause->values.count; i++) {
        if ((document->items[clause->values.first + i].flags & POLICY_ITEM_VARIABLE) != 0) {
            return true;
        }
    }
    return false;
}

/* Whether every request comes to the same, since its key is never there or always has one value. */
static bool is_settled(const struct policy_document *document, const struct policy_clause *clause, bool *ret_holds)
{
    struct view key = policy_item_view(document, clause->key);
    bool without = policy_clause_holds_without_key(document, clause);
    if (policy_lint_key_of(key) != POLICY_LINT_KEY_TOLD) {
        *ret_holds = without;
        return true;
    }
    const struct policy_lint_constant *constant = policy_lint_key_constant(key);
    if (constant == NULL || has_variables(document, clause)) {
        return false;
    }
    bool with = holds_with(document, clause, view_of_string(constant->value));
    bool may_lack = constant->is_of_keys && document->kind == POLICY_KIND_IDENTITY;
    if (may_lack && with != without) {
        return false;
    }
    *ret_holds = with;
    return true;
}

bool policy_lint_never_matches(const struct policy_document *document, const struct policy_rule *rule)
{
    for (size_t i = 0; i < rule->clauses.count; i++) {
        bool holds;
        if (is_settled(document, &document->clauses[rule->clauses.first + i], &holds) && !holds) {
            return true;
        }
    }
    return false;
}

bool policy_lint_is_unconditional(const struct policy_document *document, const struct policy_rule *rule)
{
    for (size_t i = 0; i < rule->clauses.count; i++) {
        bool holds;
        if (!is_settled(document, &document->clauses[rule->clauses.first + i], &holds) || !holds) {
            return false;
        }
    }
    return true;
}

/* Of a key that is never there. */
static const char *what_of_absence(const struct policy_document *document, const struct policy_clause *clause)
{
    bool holds = policy_clause_holds_without_key(document, clause);
    if (policy_lint_key_of(policy_item_view(document, clause->key)) == POLICY_LINT_KEY_UNKNOWN) {
        return holds ? "KMS has no such condition key: the condition always holds"
                     : "KMS has no such condition key: the statement never matches";
    }
    return holds ? "no request to rewrapd has this condition key: the condition always holds"
                 : "no request to rewrapd has this condition key: the statement never matches";
}

/* Of a key that always has one value. A Deny of another is as its author wants it: one of requests without TLS, say. */
static const char *what_of_constant(const struct policy_linting *linting, const struct policy_clause *clause)
{
    const struct policy_lint_constant *constant =
        policy_lint_key_constant(policy_item_view(linting->document, clause->key));
    bool holds;
    bool never = constant != NULL && linting->rule->effect == POLICY_ALLOW &&
                 is_settled(linting->document, clause, &holds) && !holds;
    return never ? constant->never : NULL;
}

/* Where a request has one of the second, it has the first. */
static const struct {
    const char *names;
    const char *pair; /* and a name behind it */
} pairs[] = {
    {"kms:encryptioncontextkeys", "kms:encryptioncontext:"},
    {"aws:tagkeys", "aws:requesttag/"},
};

static bool comes_with(struct view key, struct view other)
{
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        size_t len = strlen(pairs[i].pair);
        if (view_equal(key, view_of_string(pairs[i].names)) && other.len > len &&
            memcmp(other.data, pairs[i].pair, len) == 0) {
            return true;
        }
    }
    return view_equal(key, other);
}

/* Whether another condition of the statement fails when the clause's key is not there. */
static bool is_asked_for(const struct policy_linting *linting, const struct policy_clause *clause)
{
    const struct policy_document *document = linting->document;
    struct view key = policy_item_view(document, clause->key);
    for (size_t i = 0; i < linting->rule->clauses.count; i++) {
        const struct policy_clause *other = &document->clauses[linting->rule->clauses.first + i];
        if (comes_with(key, policy_item_view(document, other->key)) &&
            !policy_clause_holds_without_key(document, other)) {
            return true;
        }
    }
    return false;
}

/* Every CreateGrant has operations, and nothing else has. */
static bool is_always_there(const struct policy_linting *linting, const struct policy_clause *clause)
{
    struct policy_range actions = linting->rule->actions;
    if (linting->rule->not_action ||
        !view_equal(policy_item_view(linting->document, clause->key), view_of_string("kms:grantoperations"))) {
        return false;
    }
    for (size_t i = 0; i < actions.count; i++) {
        struct view action = policy_item_view(linting->document, linting->document->items[actions.first + i]);
        if (!view_equal(action, view_of_string("kms:creategrant"))) {
            return false;
        }
    }
    return true;
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
    if (policy_lint_key_of(policy_item_view(linting->document, clause->key)) != POLICY_LINT_KEY_TOLD) {
        return what_of_absence(linting->document, clause);
    }
    if (operator->class == POLICY_CLASS_NULL && clause->set != POLICY_SET_NONE) {
        return "before Null, ForAllValues always holds and ForAnyValue never: leave it away";
    }
    const char *never = what_of_constant(linting, clause);
    if (never != NULL || operator->class == POLICY_CLASS_NULL) {
        return never;
    }
    if (clause->multi_valued_key && clause->set == POLICY_SET_NONE) {
        return "the key has several values: without ForAllValues or ForAnyValue it never matches";
    }
    if (clause->values.count == 0 && !operator->negated) {
        return "without values it matches only when the key is not there, if at all";
    }
    if (clause->set == POLICY_SET_ALL && linting->rule->effect == POLICY_ALLOW && !is_asked_for(linting, clause) &&
        !is_always_there(linting, clause)) {
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
