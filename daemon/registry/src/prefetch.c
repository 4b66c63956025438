/* Fetching what a decision will need into the processor's caches; see registry/registry.h. */
#include "model.h"

#define CACHE_LINE_BYTES 64
#define GRANTS_MAX       16 /* of more than these a search looks at few */

static void prefetch(const void *start, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += CACHE_LINE_BYTES) {
        __builtin_prefetch((const char *)start + at);
    }
}

void registry_key_prefetch_parts(const struct registry_key *key)
{
    if (key->entry == NULL) {
        return;
    }
    const struct grant_list *grants = &key->entry->grants[GRANTS_BY_GRANTEE];
    __builtin_prefetch(&key->entry->shared->document);
    prefetch(key->tags, key->n_tags * sizeof *key->tags);
    prefetch(grants->grants, (grants->n < GRANTS_MAX ? grants->n : GRANTS_MAX) * sizeof(void *));
    __builtin_prefetch(key->entry->first_alias);
}

void registry_policy_prefetch(const struct registry_policy *policy)
{
    if (policy->document != NULL) {
        policy_document_prefetch(policy->document, policy->document_bytes);
    }
}

void registry_key_prefetch_contents(const struct registry_key *key)
{
    if (key->entry == NULL) {
        return;
    }
    const struct grant_list *grants = &key->entry->grants[GRANTS_BY_GRANTEE];
    registry_policy_prefetch(key->entry->shared);
    for (size_t i = 0; i < key->n_tags; i++) {
        __builtin_prefetch(key->tags[i].key);
        __builtin_prefetch(key->tags[i].value);
    }
    for (size_t i = 0; i < grants->n && i < GRANTS_MAX; i++) {
        __builtin_prefetch(&grants->grants[i]->grantee);
    }
}
