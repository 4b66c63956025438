/* Finding condition keys in a request. */
#pragma once

#include "policy/request.h"

/* Of a name in any case: names are looked for in every condition, and most entries have others. */
uint32_t policy_context_hash(struct view name);

#define POLICY_CONTEXT_BUCKETS 64 /* a request has some forty entries */

/* A request with its entries by the hashes of their names. */
struct policy_context {
    const struct policy_request *request;
    size_t *work; /* what is left of POLICY_WORK_MAX */
    /* Lists of entries, each in the order of the request: the number of an entry is 1 + its index, 0 ends the list. */
    uint16_t first[POLICY_CONTEXT_BUCKETS];
    uint16_t next[POLICY_CONTEXT_MAX_KEYS]; /* this and hashes: context_count of them */
    uint32_t hashes[POLICY_CONTEXT_MAX_KEYS];
};

/* request is within limits; it and work stay with the caller. */
void policy_context_init(struct policy_context *context, const struct policy_request *request, size_t *work);

/* Takes a comparison, and bytes besides, off what is left. False when that is nothing: then nothing matches any more.
 */
REWRAP_MUST_USE bool policy_context_spend(const struct policy_context *context, size_t bytes);

/*
 * Walks the entries of that name, which is in lower case: start with *cursor = 0 and call until NULL. There can be
 * several, since names have no case but the keys of an encryption context do (KMS.md R-105). Entries without values are
 * passed over.
 */
const struct policy_context_key *policy_context_next(const struct policy_context *context, struct view name,
                                                     uint32_t hash, size_t *cursor);

/* The one value of that key. False when there is none, or more than one. */
REWRAP_MUST_USE bool policy_context_single(const struct policy_request *request, struct view name,
                                           struct view *ret_value);

/* False for a request beyond the limits of request.h. */
REWRAP_MUST_USE bool policy_context_is_within_limits(const struct policy_request *request);

/* True for keys that have a set of values by their nature. name is in lower case. */
REWRAP_MUST_USE bool policy_context_is_multi_valued(struct view name);

/* The part of a context entry's name after "kms:EncryptionContext:", with its case. False for other names. */
REWRAP_MUST_USE bool policy_context_pair_key(struct view name, struct view *ret_key);
