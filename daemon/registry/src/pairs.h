/* The pairs of a grant's constraint as bytes, the same on the wire and in the database. */
#pragma once

#include "base/buffer.h"
#include "base/reader.h"
#include "policy/grant.h"

/* A byte with their number, then each key and value with two bytes of length. False without room or memory. */
REWRAP_MUST_USE bool pairs_append(struct buffer *out, const struct policy_pair *pairs, size_t n);

/* They borrow from what the reader reads. False, with *ret_n untouched, for too few bytes or too many pairs. */
REWRAP_MUST_USE bool pairs_read(struct reader *reader, struct policy_pair pairs[POLICY_GRANT_PAIRS_MAX], size_t *ret_n);
