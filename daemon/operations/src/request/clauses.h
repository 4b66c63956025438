/* The text of a validation error: its clauses, in the grammar of KMS.md R-11. */
#pragma once

#include "base/attr.h"
#include "base/buffer.h"

/*
 * A value is repeated whole up to this many bytes: more than one that is too long by a little needs, less than what
 * makes an error a way to have the service send much.
 */
#define OPERATION_CLAUSE_VALUE_MAX_BYTES 16384
#define OPERATION_CLAUSES_MAX_BYTES      ((size_t)128 * 1024) /* an error still fits into a frame */
#define OPERATION_CLAUSES_MAX            64

/* The clauses found so far. Once one did not fit, no more are taken: the number at the front is that of the clauses
 * behind it. */
struct operation_clauses {
    struct buffer text; /* buffer_clear frees it */
    unsigned n;
    bool full;
};

#define OPERATION_CLAUSES_INIT ((struct operation_clauses){.text = BUFFER_INIT(OPERATION_CLAUSES_MAX_BYTES)})

/* Where a value stands, as a chain on the stack: it is written out, "tags.1.member.tagKey", only for a clause. */
struct operation_path {
    const struct operation_path *parent; /* NULL for a member of the request */
    const char *field;                   /* as the descriptor names it; NULL for an element of the parent's list */
    size_t element;                      /* from 1 */
};

/*
 * Adds the clause that the value at path breaks a constraint ("have length less than or equal to " and a detail,
 * "4096"). value is what may be repeated of it; NULL for blobs and what is sensitive.
 */
void operation_clauses_add(struct operation_clauses *clauses, const struct operation_path *path, const char *value,
                           const char *constraint, const char *detail);

/* Adds the clause that the member at path is missing. */
void operation_clauses_add_null(struct operation_clauses *clauses, const struct operation_path *path);

/* The whole text, "2 validation errors detected: …", to be freed with free(); NULL without memory. There is at least
 * one clause. */
REWRAP_MUST_USE char *operation_clauses_text(const struct operation_clauses *clauses);
