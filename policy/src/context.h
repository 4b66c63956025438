/* Finding condition keys in a request. */
#pragma once

#include "policy/request.h"

#define POLICY_CONTEXT_BUCKETS 32 /* of the entries that have a name, of which most requests have few */

/* What is looked for: in a condition it is made once, when the document is compiled. */
struct policy_context_name {
    enum policy_key key;
    uint32_t hash;    /* of text */
    struct view text; /* lower case: what follows a family's prefix, or of a key without number the whole */
};

/* Of a whole name in lower case, from which *ret borrows. */
struct policy_context_name policy_context_name_of(struct view text);

/* An entry of the request, by its number. */
struct policy_context_entry {
    uint32_t hash; /* of the name, if it has one */
    uint16_t next; /* in its list: 1 + an index; 0 ends it */
    uint8_t key;   /* enum policy_key */
    uint8_t skip;  /* how much of the name is the family's prefix */
};

/* A request with its entries in lists, each in the order of the request: one for every key that is whole, and the
 * others by the hashes of their names. */
struct policy_context {
    const struct policy_request *request;
    size_t *work; /* what is left of POLICY_WORK_MAX */
    uint16_t first[POLICY_KEYS + POLICY_CONTEXT_BUCKETS];
    struct policy_context_entry entries[POLICY_CONTEXT_MAX_KEYS]; /* context_count of them */
};

/* False for a request beyond the limits of request.h. It and work stay with the caller. */
REWRAP_MUST_USE bool policy_context_init(struct policy_context *context, const struct policy_request *request,
                                         size_t *work);

/* Takes a comparison, and bytes besides, off what is left. False when that is nothing: then nothing matches any more.
 */
REWRAP_MUST_USE bool policy_context_spend(const struct policy_context *context, size_t bytes);

/* What a key is told to be: one value or more. */
struct policy_context_values {
    const struct view *values;
    size_t count;
};

/*
 * Walks what is told of that name: start with *cursor = 0 and call until false. It can be told several times, since
 * names have no case but the keys of an encryption context do (KMS.md R-105). Entries without values are passed over.
 */
REWRAP_MUST_USE bool policy_context_next(const struct policy_context *context, const struct policy_context_name *name,
                                         size_t *cursor, struct policy_context_values *ret);

/* The one value of that key. False when there is none, or more than one. */
REWRAP_MUST_USE bool policy_context_single(const struct policy_context *context, const struct policy_context_name *name,
                                           struct view *ret_value);

/* The name of entry i in the encryption context, with its case. False for an entry of another kind. */
REWRAP_MUST_USE bool policy_context_pair(const struct policy_context *context, size_t i, struct view *ret_name);

/* True for keys that have a set of values by their nature. name is in lower case. */
REWRAP_MUST_USE bool policy_context_is_multi_valued(struct view name);
