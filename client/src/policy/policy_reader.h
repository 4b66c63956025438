/* Documents from a stream: one a line, or one over several lines; and what to do about lines that are neither. */
#pragma once

#include "base/buffer.h"

#include <stdio.h>

/* A key with its most grants (KMS.md R-130: 50,000) fits. */
#define POLICY_READER_MAX_BYTES ((size_t)32 * 1024 * 1024)

/* Fields are private. */
struct policy_reader {
    int fd;
    FILE *flush; /* what is flushed before each read, which may block: whoever asks line by line waits for it */
    struct buffer input;
    size_t start;   /* of what was not given out yet */
    size_t scanned; /* no line ends before */
    bool at_end;
    bool give_again; /* the last line belongs to the next document */
    struct view line;
    bool line_is_cut; /* it was longer than a document may be; the rest is dropped */
    size_t number;    /* of the line, from 1 */
    bool by_line;     /* a document stood on one line: then only a line that is "{" begins one over several */
    bool skipping;    /* to a line that begins with '{' */
    struct buffer document;
};

enum policy_read_code {
    POLICY_READ_DOCUMENT,
    POLICY_READ_BROKEN, /* a line, or several, that are no document; what follows can be read */
    POLICY_READ_END,
    POLICY_READ_FAILED, /* read(2); errno is its */
    POLICY_READ_NO_MEMORY,
};

struct policy_read {
    enum policy_read_code code;
    struct view text;   /* of a document; valid until the next call */
    size_t line;        /* where it begins */
    const char *reason; /* static; why it is broken */
    size_t fault_line;  /* where */
    bool too_large;     /* a limit, and no mistake, made it broken */
};

/* Borrows both. */
void policy_reader_init(struct policy_reader *reader, int fd, FILE *flush);
void policy_reader_clear(struct policy_reader *reader);

/*
 * The next document. One that is complete at the end of its line is given out then, without reading on. A line that
 * cannot be part of a document is broken by itself; a document over several lines is broken as one, up to the next line
 * that begins with '{'. A line that is a whole document with a member "request" always is one, even after a document
 * that was cut off. Once a document stood on one line, every line is answered by itself, unless it is a lone '{'.
 * Blocks as reading does.
 */
REWRAP_MUST_USE struct policy_read policy_reader_next(struct policy_reader *reader);
