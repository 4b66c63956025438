/* What a grant gives conditions of policies to ask about, when it is made and when it is retired (KMS.md R-109). */
#pragma once

#include "frame/operation.h"

#define OPERATION_GRANT_FACTS_SINGLE 8 /* the condition keys besides the pairs of the constraints */
#define OPERATION_GRANT_FACTS_PAIRS  (2 * POLICY_GRANT_PAIRS_MAX)

/* Holds itself: do not copy. */
struct operation_grant_facts {
    struct policy_context_key keys[OPERATION_GRANT_FACTS_SINGLE + OPERATION_GRANT_FACTS_PAIRS];
    size_t n_keys;
    struct view singles[OPERATION_GRANT_FACTS_SINGLE];
    struct view operations[POLICY_GRANT_OPERATIONS];
    struct view types[2];
    struct policy_pair pairs[OPERATION_GRANT_FACTS_PAIRS]; /* of both constraints, each key once */
    size_t n_pairs;
    struct view pair_keys[OPERATION_GRANT_FACTS_PAIRS];
};

/* Of a grant that is to be made, and of one that is to be retired. They borrow from the grant. */
void operation_grant_facts_new(const struct registry_grant *grant, struct operation_grant_facts *ret);
void operation_grant_facts_retired(const struct registry_grant *grant, struct operation_grant_facts *ret);
