/*
 * Policies. Equal texts of one kind are one with a count of its uses: a hundred thousand keys with the default policy
 * hold one for each account. A text is compiled when it is first asked for: compiling a hundred thousand different ones
 * takes longer than reading the registry.
 */
#pragma once

#include "base/map.h"
#include "policy/document.h"
#include "result.h"

#include <sys/queue.h>

struct registry_policy;

TAILQ_HEAD(policy_list, registry_policy);

struct policies {
    struct map of_kind[POLICY_KIND_IDENTITY + 1]; /* text → struct registry_policy, owned by their users together */
    struct policy_document *denials[POLICY_KIND_IDENTITY + 1]; /* of what does not compile; made when one is needed */
    struct policy_list texts;                                  /* not compiled yet, oldest first */
    size_t n_texts;
    size_t n_damaged; /* texts that do not compile, as far as that was tried */
    void (*on_damaged)(void *arg, const struct registry_policy *policy); /* once for each; may be NULL */
    void *arg;
};

struct registry_policy {
    struct policies *policies; /* it is in */
    TAILQ_ENTRY(registry_policy) link;
    enum policy_kind kind;
    size_t uses;
    const struct policy_document *document; /* NULL: not compiled yet. Owned without a fault; else one of denials */
    size_t document_bytes;
    char *fault; /* owned: where and why it does not compile; NULL: nothing known */
    size_t len;
    char text[]; /* with a NUL */
};

void policies_init(struct policies *policies);

/* Every use was dropped before. */
void policies_clear(struct policies *policies);

/*
 * The policy with that text, which has no NUL; dropped with registry_policy_drop. Does not compile it. On failure *ret
 * is untouched.
 */
REWRAP_MUST_USE struct registry_result policies_share(struct policies *policies, enum policy_kind kind,
                                                      struct view text, struct registry_policy **ret);

/* The one that a key without a policy of its own has (KMS.md R-91), in whatever partition the service is. */
REWRAP_MUST_USE struct registry_result policies_share_default(struct policies *policies, const char *account,
                                                              struct registry_policy **ret);

/* Compiles it, if that was not done before. REGISTRY_STORE with the place and the reason when it does not compile. */
REWRAP_MUST_USE struct registry_result policies_compile(struct registry_policy *policy);

/* Frees it with its last use. NULL is allowed. */
void registry_policy_drop(struct registry_policy *policy);
