/* Values that come from files: file://PATH, fileb://PATH, and - for the standard input (KMS.md R-145). */
#pragma once

#include "command/fail.h"

#include "base/buffer.h"

enum param_source {
    PARAM_LITERAL, /* the word itself */
    PARAM_TEXT,    /* file://: what the file has, as if it had been typed */
    PARAM_BYTES,   /* fileb:// */
};

/* What a word says about where its value is; *ret_path is borrowed from word, or NULL for a literal. Pure. */
enum param_source param_file_source(const char *word, const char **ret_path);

/*
 * Appends the whole file to out, or fails when it is longer than out has room for. "-" is the standard input; a pipe or
 * a device is read to its end, which blocks. The failure says "Unable to load paramfile WORD: …".
 */
REWRAP_MUST_USE bool param_file_read(const char *word, const char *path, struct buffer *out, struct failure *failure);
