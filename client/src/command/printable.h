/* Text of others on its way to a terminal: what would drive it, or reorder what is read, is written as an escape. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stdio.h>

enum printable_lines {
    PRINTABLE_ONE_LINE, /* a line break is "\n", written out */
    PRINTABLE_LINES,    /* line breaks are kept */
    PRINTABLE_TEXT,     /* and tabs */
};

/*
 * Escapes as JSON does ("\t", "\u009b"): control characters (C0, DEL, C1), the line separators U+2028 and U+2029, and
 * the characters with the property Bidi_Control (Unicode Standard Annex #9). A byte that is not UTF-8 becomes U+FFFD.
 * The rest of the text is as it was. False when it could not be written, or does not fit into out.
 */
REWRAP_MUST_USE bool printable_write(const char *text, enum printable_lines lines, FILE *file);
REWRAP_MUST_USE bool printable_append(const char *text, enum printable_lines lines, struct buffer *out);
