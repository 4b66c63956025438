/* Where a JSON document ends, told byte by byte, so that a stream can hold one document a line or one over many. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_FRAMING_MAX_DEPTH 64 /* a request with a policy in it needs ten */
/* Of all objects, lists, strings, names and words together. jansson takes up to 300 bytes for each. */
#define POLICY_FRAMING_MAX_VALUES 1000000

enum policy_framing_code {
    POLICY_FRAMING_MORE,     /* the document goes on */
    POLICY_FRAMING_COMPLETE, /* this byte was its last */
    POLICY_FRAMING_BROKEN,   /* no JSON object begins so */
    POLICY_FRAMING_TOO_DEEP,
    POLICY_FRAMING_TOO_MANY,
};

/* Fields are private; all zero is the start of a document. */
struct policy_framing {
    unsigned state;
    bool is_name; /* the string is the name of a member */
    size_t depth;
    size_t values;
    bool is_object[POLICY_FRAMING_MAX_DEPTH];
};

/*
 * Takes the next byte of a document, which is one JSON object. Brackets, commas, colons and quotes are checked; how
 * numbers and words are spelled is left to the parser. After anything but POLICY_FRAMING_MORE, begin anew.
 */
REWRAP_MUST_USE enum policy_framing_code policy_framing_take(struct policy_framing *framing, uint8_t c);
