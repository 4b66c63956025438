/*
 * Patterns of policies as they are kept: the text with each wildcard as one byte that no UTF-8 text holds. JSON gives
 * valid UTF-8 only, so what a document says literally can never be taken for a wildcard.
 */
#pragma once

#include "base/attr.h"
#include "base/view.h"

#define POLICY_UNIT_STAR     0xff /* any run of characters */
#define POLICY_UNIT_ONE      0xfe /* one character */
#define POLICY_UNIT_VARIABLE 0xfd /* begins a variable, see variables.c */
#define POLICY_UNIT_LEAST    0xf8 /* this and above are in no UTF-8 text */

/*
 * True when the whole of text matches pattern, which holds no variables (any more). Time is linear in the two lengths
 * as long as runs with a POLICY_UNIT_ONE between two stars are short (POLICY_UNKNOWN_RUN_MAX_BYTES).
 */
REWRAP_MUST_USE bool policy_glob(struct view pattern, struct view text);

/* ArnLike (KMS.md R-100): the six parts one by one, the last may hold colons. False when either has fewer. */
REWRAP_MUST_USE bool policy_glob_arn(struct view pattern, struct view text);

/* ASCII only. */
static inline uint8_t policy_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

REWRAP_MUST_USE bool policy_equal_fold(struct view a, struct view b);
