/* Finding the grant that a request means. */
#pragma once

#include "frame/operation.h"

/* The grant of that id on the key; NULL when there is none, and the request was answered with InvalidGrantIdException.
 */
REWRAP_MUST_USE const struct registry_grant *operation_grant_find(struct operation *operation,
                                                                  const struct registry_key *key, const char *grant_id);
