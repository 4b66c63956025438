/* Private: one field of protobuf's wire form at a time (protobuf encoding guide). */
#pragma once

#include "base/attr.h"
#include "base/view.h"

#include <protobuf-c/protobuf-c.h>

struct wire_field {
    uint32_t number;
    ProtobufCWireType wire_type;
    struct view payload; /* what follows the tag; without the length for length-prefixed fields. Borrowed. */
};

/*
 * Takes the field at the front of *rest. False, with *ret untouched, when it is malformed, cut short, a group, or has
 * field number 0. Tags and lengths take at most 5 bytes, as protobuf-c has it.
 */
REWRAP_MUST_USE bool wire_next(struct view *rest, struct wire_field *ret);

/* The wire type that an unpacked value of this type has. */
ProtobufCWireType wire_type_of(ProtobufCType type);

/* How many elements a packed repeated field of this type holds, in *ret_count. False when the payload is not a run of
 * them. */
REWRAP_MUST_USE bool wire_count_packed(ProtobufCType type, struct view payload, size_t *ret_count);
