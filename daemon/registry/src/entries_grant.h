/* A grant as the registry owns it: in one piece, with the texts that repeat shared. */
#pragma once

#include "texts.h"

struct grant_entry {
    struct registry_grant grant;
    bool shared; /* grantee, retiring, issuing_account and source_arn are shared texts, else in this piece */
    bool gone;   /* its key goes */
    struct policy_pair pairs[];
    /* Behind them the texts. */
};

#define GRANT_ID_TEXT_BYTES ((size_t)2 * GRANT_ID_BYTES)

/* A deep copy of grant, its texts shared through texts, or of its own when that is NULL. grant.id is not looked at: it
 * is made of the id. NULL without memory. */
REWRAP_MUST_USE struct grant_entry *grant_entry_copy(const struct registry_grant *grant, struct texts *texts);

/* NULL is allowed. */
void grant_entry_free(struct grant_entry *entry);

static inline struct grant_entry *grant_entry_of(const struct policy_grant *grant)
{
    return (struct grant_entry *)((uintptr_t)grant_around(grant) - offsetof(struct grant_entry, grant));
}
