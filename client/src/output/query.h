/* --query: a member name, or a dotted path of them; the part of JMESPath that scripts need most (KMS.md R-150). */
#pragma once

#include "command/fail.h"

#include <jansson.h>

/* False, saying so, for every expression that is not identifiers joined by dots. */
REWRAP_MUST_USE bool query_check(const char *query, struct failure *failure);

/* What a checked query selects, borrowed from value; NULL when it is not there. */
const json_t *query_select(const char *query, const json_t *value);
