/* Framing: a 4-byte big-endian length, then one protobuf message of that many bytes (rewrap.proto, hsm.proto). */
#pragma once

#include "base/buffer.h"
#include "base/view.h"

#include <stdint.h>

#define FRAME_HEADER_BYTES 4

/*
 * The longest message in a frame. The largest honest request is a key policy of 131,072 characters (KMS.md R-81), each
 * up to two bytes of UTF-8, with room for its other members.
 */
#define FRAME_MAX_BYTES ((size_t)384 * 1024)

enum frame_state {
    FRAME_COMPLETE,   /* *ret_message holds one message */
    FRAME_INCOMPLETE, /* more bytes are needed */
    FRAME_OVERSIZED,  /* the length says more than FRAME_MAX_BYTES: answer an error and close */
    FRAME_EMPTY,      /* a length of zero: no message of ours is empty; answer an error and close */
};

/*
 * Looks at the front of bytes. On FRAME_COMPLETE *ret_message is the message, borrowed from bytes, and the frame took
 * FRAME_HEADER_BYTES + ret_message->len of them; otherwise *ret_message is untouched. Pure.
 */
enum frame_state frame_next(struct view bytes, struct view *ret_message);

/* Writes the frame's length for a message of len bytes (1 to FRAME_MAX_BYTES) into out. */
void frame_header(size_t len, uint8_t out[FRAME_HEADER_BYTES]);
