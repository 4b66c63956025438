/* One statement against one request. */
#pragma once

#include "context.h"
#include "cover.h"
#include "policy/evaluate.h"

/* The request, checked and taken apart once. */
struct policy_asking {
    const struct policy_request *request;
    struct policy_context context;
    size_t work;        /* what is left of it */
    struct view action; /* lower case, in action_text */
    char action_text[POLICY_ACTION_MAX_BYTES];
    bool has_key;       /* the resource is a key: its policy and grants count */
    bool allows_count;  /* false: an alias with an action that is not for aliases (KMS.md R-88) */
    bool own;           /* the caller's account owns the resource */
    bool is_namesake;   /* the key policy was put before the caller had his name: see policy_statement_covers */
    uint32_t operation; /* of grants; 0: none */
    bool tells_misses;  /* somebody asks which step it was that a statement stopped at; else any will do */
};

/* False for what cannot be decided on: see POLICY_REASON_BAD_REQUEST. *ret borrows from request, and from itself. */
REWRAP_MUST_USE bool policy_asking_read(const struct policy_request *request, struct policy_asking *ret);

struct policy_outcome {
    enum policy_step step;
    size_t detail;           /* the condition that did not hold */
    enum policy_cover cover; /* of a rule that matched */
};

/* True when the statement cannot match, which is known without a look at its texts: the action is none of its own. */
static inline bool policy_rule_is_of_others(const struct policy_rule *rule, const struct policy_asking *asking)
{
    return asking->operation != 0 && (rule->operations & asking->operation) == 0;
}

struct policy_outcome policy_rule_apply(const struct policy_document *document, const struct policy_rule *rule,
                                        const struct policy_asking *asking);
