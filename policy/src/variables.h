/* Policy variables and escapes (KMS.md R-103): from the text of a document to a pattern, and from that to one without
 * them. */
#pragma once

#include "base/buffer.h"
#include "context.h"
#include "document_private.h"

/* What is special in a text. */
struct policy_encoding {
    bool wildcards; /* '*' and '?' */
    bool variables; /* "${…}" */
    bool fold;      /* to lower case */
};

/* Room for what a pattern can come to and still match: the longest text, and the wildcards of the longest pattern. */
#define POLICY_EXPANDED_BYTES (POLICY_CONTEXT_MAX_VALUE_BYTES + POLICY_STRING_MAX_BYTES)

/*
 * Appends the pattern of text to out. *ret_flags are its POLICY_ITEM_… Otherwise POLICY_FOREIGN_CHARACTER (no UTF-8),
 * POLICY_BAD_VARIABLE, POLICY_BAD_PATTERN or POLICY_NO_MEMORY, with out perhaps longer.
 */
REWRAP_MUST_USE enum policy_error policy_encode(struct view text, struct policy_encoding encoding, struct buffer *out,
                                                uint8_t *ret_flags);

/*
 * Puts the values of the request in the place of the variables. False when one has no value and no default, or when the
 * outcome is too long to match anything.
 */
REWRAP_MUST_USE bool policy_expand(struct view pattern, const struct policy_context *context,
                                   uint8_t out[POLICY_EXPANDED_BYTES], size_t *ret_len);

/* Writes the pattern as a document would say it; see policy_document_action. escapes: whether "${*}" has a meaning. */
size_t policy_decode(struct view pattern, bool escapes, char *out, size_t cap);
