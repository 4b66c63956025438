/* A key policy as GetKeyPolicy shows it. */
#pragma once

#include "operations/operation.h"

/*
 * The text as it was put, but for the ARNs of users, roles and sessions who have departed since policy_ms: in a
 * Principal or NotPrincipal the unique id stands in the place of each, of a session its role's, if it is on record
 * (KMS.md R-85). What has another place, a condition for example, is a text like any other. For free(3); NULL without
 * memory. The text may be damaged, and is no less then. Never blocks.
 */
REWRAP_MUST_USE char *operation_policy_shown(const struct operations *operations, const char *text, int64_t policy_ms);
