/* A buffer for a secret: locked memory, left out of core dumps, erased when freed. */
#pragma once

#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>

struct secbuf {
    uint8_t *data; /* owned, size bytes, zeroed at birth */
    size_t size;   /* what was asked for */
    size_t mapped; /* bytes of the mapping behind data */
};

#define SECBUF_MAX_BYTES ((size_t)1 << 20) /* far above any PIN, binding key or payload: a larger wish is a bug */

/*
 * Allocates size bytes (1 to SECBUF_MAX_BYTES) in pages of their own. The caller frees with secbuf_free. NULL when
 * there is no memory, or when it cannot be locked (RLIMIT_MEMLOCK): a secret is not put into memory that may be swapped
 * out. Does not block.
 */
REWRAP_MUST_USE struct secbuf *secbuf_new(size_t size);

/* Erases and unmaps. NULL is allowed. */
void secbuf_free(struct secbuf *secret);
