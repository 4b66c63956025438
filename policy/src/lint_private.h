/* The parts of lint: each looks at one statement and reports. */
#pragma once

#include "document_private.h"
#include "policy/lint.h"

struct policy_linting {
    const struct policy_document *document;
    struct view account;
    struct policy_finding *findings;
    size_t max;
    size_t count;
    size_t statement;
    const struct policy_rule *rule;
};

/* element is "" for the statement as a whole, or like ".Principal"; NULL for the document. text is static. */
void policy_lint_report(struct policy_linting *linting, enum policy_severity severity, const char *element,
                        const char *text);

void policy_lint_conditions(struct policy_linting *linting); /* lint_condition.c */
void policy_lint_lockout(struct policy_linting *linting);    /* lint_lockout.c; once, for a key policy */

enum policy_lint_key {
    POLICY_LINT_KEY_TOLD,       /* there are requests to rewrapd that have it */
    POLICY_LINT_KEY_NEVER_TOLD, /* it is AWS's, or of another service, and there are none */
    POLICY_LINT_KEY_UNKNOWN,    /* it begins with "kms:", and KMS has none such */
};

/* name is in lower case. */
enum policy_lint_key policy_lint_key_of(struct view name); /* lint_keys.c */

/* A condition key with one value in every request to rewrapd. */
struct policy_lint_constant {
    const char *value;
    const char *never; /* what is said of an Allow that wants another */
    bool is_of_keys;   /* requests about no key have not got it, like ListKeys */
};

/* NULL where the values differ. Static. */
const struct policy_lint_constant *policy_lint_key_constant(struct view name);

/* Whether its conditions fail, or hold, for every request to rewrapd, since their keys are never there or are always
 * the same. */
REWRAP_MUST_USE bool policy_lint_never_matches(const struct policy_document *document, const struct policy_rule *rule);
REWRAP_MUST_USE bool policy_lint_is_unconditional(const struct policy_document *document,
                                                  const struct policy_rule *rule);

/* Whether the rule's Action or NotAction covers it, in lower case; and its Resource or NotResource some key. */
REWRAP_MUST_USE bool policy_lint_covers_action(const struct policy_document *document, const struct policy_rule *rule,
                                               const char *action);
