/* A grant as ListGrants and ListRetirableGrants show it (KMS.md R-126). */
#pragma once

#include "frame/operation.h"

#include "proto/rewrap.pb-c.h"

struct operation_grant_entry {
    Rewrap__GrantListEntry message;
    size_t bytes; /* about as many as it takes in an answer, never fewer */
};

/*
 * What a grant shows of its grantee, or of who may retire it: his ARN; the unique id if he has departed since it was
 * made (operation_departed_id, KMS.md R-118); a service's name. Valid until the event loop turns.
 */
struct view operation_grant_grantee(const struct operations *operations, const struct registry_grant *grant);
struct view operation_grant_retiring(const struct operations *operations, const struct registry_grant *grant);

/* In one piece of memory, to be freed with free(). NULL without memory. key is the grant's. */
REWRAP_MUST_USE struct operation_grant_entry *operation_grant_entry_new(const struct operations *operations,
                                                                        const struct registry_key *key,
                                                                        const struct registry_grant *grant);
