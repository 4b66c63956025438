/* Grants, for a request that has been taken apart already. */
#pragma once

#include "policy/grant.h"
#include "rule.h"

/* Whether the grant covers the request: grantee, operation, constraints, in this order. */
struct policy_outcome policy_grant_apply(const struct policy_grant *grant, const struct policy_asking *asking);

/* "kms:ReEncryptFrom", in any case → its bit; 0 for what grants do not know. */
uint32_t policy_grant_operation_of_action(struct view action);

/* The bits of all whose actions match a pattern of a document, in lower case. */
uint32_t policy_grant_operations_of_pattern(struct view pattern, bool is_wild);
