/*
 * The canonical form of an encryption context: the bytes that are authenticated (docs/ciphertext.md, KMS.md R-44 to
 * Injective: {"a":"bc"} and {"ab":"c"} differ, the order of pairs does not matter, no context and an empty one
 * are the same.
 */
#pragma once

#include "base/attr.h"
#include "base/buffer.h"

#define CONTEXT_VERSION   1
#define CONTEXT_MAX_BYTES ((size_t)8192) /* of all keys and values together (KMS.md R-45) */
#define CONTEXT_MAX_PAIRS 1024
/* Version and count, then two 4-byte lengths a pair. */
#define CONTEXT_CANONICAL_MAX_BYTES (1 + 4 + CONTEXT_MAX_BYTES + (size_t)8 * CONTEXT_MAX_PAIRS)

struct context_pair {
    struct view key;
    struct view value;
};

enum context_code {
    CONTEXT_OK = 0,
    CONTEXT_TOO_LARGE, /* over CONTEXT_MAX_BYTES or CONTEXT_MAX_PAIRS */
    CONTEXT_DUPLICATE, /* a key given twice */
    CONTEXT_NO_MEMORY,
};

/*
 * Appends the canonical form of the pairs (in any order; not changed) to out, whose maximum must allow
 * CONTEXT_CANONICAL_MAX_BYTES. On failure out is as it was. Does not block.
 */
REWRAP_MUST_USE enum context_code context_canonical(const struct context_pair *pairs, size_t n_pairs,
                                                    struct buffer *out);
