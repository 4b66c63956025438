/* Grants, for a request that has been taken apart already. */
#pragma once

#include "context.h"
#include "policy/grant.h"

/* context: of the request. operation: the bit of its action. */
struct policy_grant_result policy_grant_covers(const struct policy_grant *grant, const struct policy_context *context,
                                               uint32_t operation);

/* "kms:ReEncryptFrom", in any case → its bit; 0 for what grants do not know. */
uint32_t policy_grant_operation_of_action(struct view action);

/* The bits of all whose actions match a pattern of a document, in lower case. */
uint32_t policy_grant_operations_of_pattern(struct view pattern, bool is_wild);
