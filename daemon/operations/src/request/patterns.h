/* The regular expressions of the API model, each with a function by hand in place of an engine (KMS.md,
 * appendix A). */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>

enum operation_pattern {
    OPERATION_PATTERN_NONE = 0,
    OPERATION_PATTERN_ALIAS_NAME,
    OPERATION_PATTERN_MARKER,
    OPERATION_PATTERN_POLICY,
    OPERATION_PATTERN_XKS_KEY_ID,
    OPERATION_PATTERN_PRINCIPAL,
    OPERATION_PATTERN_SERVICE,
    OPERATION_PATTERN_SOURCE_ARN,
    OPERATION_PATTERN_NAME,
    OPERATION_PATTERN_PATH,
    OPERATION_PATTERN_PATH_PREFIX,
    OPERATION_PATTERN_WORD,
    OPERATION_PATTERNS,
};

/* As the model spells it, for texts; static. */
const char *operation_pattern_text(enum operation_pattern pattern);

/* True when all of text (valid UTF-8) matches. Lengths are checked elsewhere. */
REWRAP_MUST_USE bool operation_pattern_matches(enum operation_pattern pattern, const char *text);

/* How many code points text (valid UTF-8) has: what a limit of characters counts. */
size_t operation_text_length(const char *text);

/* The bytes of text (valid UTF-8) that fit into max_bytes, without a part of a code point at the end. */
size_t operation_text_cut(const char *text, size_t max_bytes);
