/*
 * Compiled policies. Equal texts of one kind are one document with a count of its uses: a hundred thousand keys with
 * the default policy hold one for each account.
 */
#pragma once

#include "base/map.h"
#include "policy/document.h"
#include "result.h"

struct policies {
    struct map of_kind[POLICY_KIND_IDENTITY + 1]; /* text → struct shared_policy, owned by their users together */
};

struct shared_policy {
    struct map *map; /* it is in */
    size_t uses;
    struct policy_document *document;
    size_t len;
    char text[]; /* with a NUL */
};

void policies_init(struct policies *policies);

/* Every use was dropped before. */
void policies_clear(struct policies *policies);

/*
 * The document of text, which has no NUL, compiled when it is not there yet; dropped with shared_policy_drop.
 * REGISTRY_STORE with the place and the reason when it does not compile. On failure *ret is untouched.
 */
REWRAP_MUST_USE struct registry_result policies_share(struct policies *policies, enum policy_kind kind,
                                                      struct view text, struct shared_policy **ret);

/* The document that a key without a policy of its own has (KMS.md R-91), in whatever partition the service is. */
REWRAP_MUST_USE struct registry_result policies_share_default(struct policies *policies, const char *account,
                                                              struct shared_policy **ret);

/* Frees it with its last use. NULL is allowed. */
void shared_policy_drop(struct shared_policy *shared);
