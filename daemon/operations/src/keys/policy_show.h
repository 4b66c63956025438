/* A key policy as GetKeyPolicy shows it. */
#pragma once

#include "operations/operation.h"

/*
 * The text as it was put. Once somebody whom it names has departed since policy_ms, it is written anew with the unique
 * id of the user or role in the place of his ARN in a Principal or NotPrincipal, of a session its role's, if it is on
 * record (KMS.md R-85); what has another place, a condition for example, is a text like any other. For free(3); NULL
 * without memory. The text may be damaged, and is no less then. Never blocks.
 */
REWRAP_MUST_USE char *operation_policy_shown(const struct operations *operations, const char *text, int64_t policy_ms);
