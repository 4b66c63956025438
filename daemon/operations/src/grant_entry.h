/* A grant as ListGrants and ListRetirableGrants show it (KMS.md R-126). */
#pragma once

#include "operation.h"

#include "proto/rewrap.pb-c.h"

struct operation_grant_entry {
    Rewrap__GrantListEntry message;
    size_t bytes; /* about as many as it takes in an answer, never fewer */
};

/* In one piece of memory, to be freed with free(). NULL without memory. key is the grant's. */
REWRAP_MUST_USE struct operation_grant_entry *operation_grant_entry_new(const struct operations *operations,
                                                                        const struct registry_key *key,
                                                                        const struct registry_grant *grant);
