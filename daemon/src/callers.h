/* How many connections, or requests in flight, each local user has: one of them must not take the place of all others.
 */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct caller_counts;

/* NULL when there is no memory. The caller frees with caller_counts_free; NULL is allowed there. */
REWRAP_MUST_USE struct caller_counts *caller_counts_new(void);
void caller_counts_free(struct caller_counts *counts);

/* Counts one more; false, and nothing counted, when the uid has max already or there is no memory. */
REWRAP_MUST_USE bool caller_counts_add(struct caller_counts *counts, uid_t uid, size_t max);

/* Counts one less. */
void caller_counts_remove(struct caller_counts *counts, uid_t uid);
