/* What tags a key may have (KMS.md R-78), wherever a request brings some. */
#pragma once

#include "frame/operation.h"

#include "proto/rewrap.pb-c.h"

#define OPERATION_TAGS_MAX 50 /* of a key */

/* The tag that says which boundary a key was made with (docs/operations.md); nobody can change it. */
#define OPERATION_BOUNDARY_TAG "rewrapd:boundary"

/* Keys that begin with aws: or rewrapd: are reserved, but for `allowed` (NULL: none). False when the request was
 * answered. */
REWRAP_MUST_USE bool operation_tag_key_check(struct operation *operation, const char *key, const char *allowed);

/* The tags of a request: not too many, no reserved keys, no key twice. False when it was answered. */
REWRAP_MUST_USE bool operation_tags_check(struct operation *operation, Rewrap__Tag *const *tags, size_t n,
                                          const char *allowed);

/* The answer to more than OPERATION_TAGS_MAX. */
void operation_tags_refuse_too_many(struct operation *operation);
