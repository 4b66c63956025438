/* A policy with other principals in it (KMS.md R-85): what an ARN means changes when somebody departs. */
#pragma once

#include "base/attr.h"
#include "base/view.h"

/* What stands in the place of an ARN; NULL: the ARN. Borrowed until the next call. */
typedef const char *(*policy_rename_fn)(void *arg, struct view arn);

/*
 * Asks about each principal under AWS in a Principal or NotPrincipal. Where none gets another name, *ret is the text as
 * it is, byte for byte; otherwise the document with the new names, written out anew without white space. What is no
 * JSON, in a damaged row, comes back as it is. *ret is for free(3). False, with *ret untouched, without memory. Never
 * blocks.
 */
REWRAP_MUST_USE bool policy_rename(struct view text, policy_rename_fn rename, void *arg, char **ret);
