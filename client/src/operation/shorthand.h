/*
 * The shorthand syntax of the AWS CLI for maps and structures, "A=1,B='x,y'" (KMS.md R-143):
 *
 *     parameter = keyval *("," keyval)           keyval = key "=" value
 *     value     = scalar | scalar *("," scalar) | "[" value *("," value) "]" | "{" parameter "}"
 *     scalar    = 'quoted' | "quoted" | unquoted (no quote, comma, closing bracket; "\," is a comma)
 *     key       = letters, digits and - _ . # / :
 */
#pragma once

#include "command/fail.h"

#include "base/view.h"

#include <jansson.h>

#define SHORTHAND_MAX_BYTES  ((size_t)1024 * 1024)
#define SHORTHAND_MAX_DEPTH  8
#define SHORTHAND_MAX_VALUES 4096 /* in all lists and maps together, as in a message (proto/message.h) */

/*
 * Parses text into an object whose scalars are strings. The caller owns *ret (json_decref); on failure it is untouched
 * and *failure has the text of the AWS CLI, the input and a caret under the place. Pure.
 */
REWRAP_MUST_USE bool shorthand_parse(struct view text, json_t **ret, struct failure *failure);
