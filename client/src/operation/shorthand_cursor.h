/* A place in a shorthand text (shorthand.h), and what can be read from there. */
#pragma once

#include "command/fail.h"

#include "base/view.h"

#include <jansson.h>

/* Begins as zeros but for text and failure. */
struct cursor {
    struct view text; /* borrowed; without a NUL */
    size_t at;
    size_t values; /* how many scalars were read */
    unsigned depth;
    struct failure *failure;
};

bool cursor_at_end(const struct cursor *cursor);
/* The byte there, or NUL at the end. */
char cursor_peek(const struct cursor *cursor);
void cursor_skip_space(struct cursor *cursor);

/* Takes this byte, with the spaces around it; or fails as cursor_fail_expected. */
REWRAP_MUST_USE bool cursor_expect(struct cursor *cursor, char expected);

/*
 * Takes a scalar, quoted or not, which may be empty: *ret is the caller's. A later scalar of a comma list ends at '=',
 * since it would be the next key. False for a quote that does not end, more than SHORTHAND_MAX_VALUES, and what is not
 * UTF-8.
 */
REWRAP_MUST_USE bool cursor_scalar(struct cursor *cursor, bool later, json_t **ret);

/* Each fills in the failure: what it is, the text, a caret under the place, and more. Always false. */
bool cursor_fail_at(struct cursor *cursor, size_t at, const char *what, const char *more);
bool cursor_fail_expected(struct cursor *cursor, char expected);
