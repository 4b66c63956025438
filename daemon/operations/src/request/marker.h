/*
 * Markers of the list operations: where the next page begins. Opaque to callers: a letter for the kind of list and, in
 * hexadecimal, the last entry that was given. They hold no secret and need no state; what is not of this form is
 * refused (KMS.md R-75).
 */
#pragma once

#include "frame/operation.h"

#include "base/view.h"

/* Of the entry inside: a whole name of an alias; a tag's key may have a byte more. The text is as long as a marker of a
 * request may be, 1024 characters. */
#define OPERATION_MARKER_MAX_BYTES  511
#define OPERATION_MARKER_TEXT_BYTES (1 + 2 * OPERATION_MARKER_MAX_BYTES + 1)

enum operation_marker {
    OPERATION_MARKER_KEYS = 'K',
    OPERATION_MARKER_ALIASES = 'A',
    OPERATION_MARKER_TAGS = 'T',
    OPERATION_MARKER_ROTATIONS = 'R',
    OPERATION_MARKER_GRANTS = 'G',
    OPERATION_MARKER_RETIRABLE_GRANTS = 'E',
    OPERATION_MARKER_USERS = 'U',
    OPERATION_MARKER_ROLES = 'O',
    OPERATION_MARKER_POLICIES = 'P',
    OPERATION_MARKER_ACCESS_KEYS = 'C',
};

void operation_marker_write(enum operation_marker kind, struct view entry, char out[OPERATION_MARKER_TEXT_BYTES]);

/*
 * Reads a marker into out, with a NUL behind its *ret_len bytes (1 to OPERATION_MARKER_MAX_BYTES). False when the
 * request was answered with InvalidMarkerException.
 */
REWRAP_MUST_USE bool operation_marker_read(struct operation *operation, enum operation_marker kind, const char *text,
                                           uint8_t out[OPERATION_MARKER_MAX_BYTES + 1], size_t *ret_len);

void operation_marker_refuse(struct operation *operation);
