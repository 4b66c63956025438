/* The socket to rewrapd: whole frames in, whole frames out, both blocking. */
#pragma once

#include "base/buffer.h"

#include <protobuf-c/protobuf-c.h>

struct channel {
    int fd;           /* borrowed */
    struct buffer in; /* what was read; it may hold several frames */
    size_t used;      /* bytes of in that were given out */
    struct buffer out;
};

enum channel_state {
    CHANNEL_MESSAGE,
    CHANNEL_CLOSED, /* the other side is gone */
    CHANNEL_BROKEN, /* a frame that is none, or memory ran out: nothing more can be understood */
};

void channel_init(struct channel *channel, int fd);
void channel_clear(struct channel *channel);

/* The next message, borrowed until the next call. Reads only when no whole frame is left of the last read. */
REWRAP_MUST_USE enum channel_state channel_next(struct channel *channel, struct view *ret_message);

/* Sends the message as a frame and erases its traces here. False when the other side is gone or the message cannot be
 * packed. */
REWRAP_MUST_USE bool channel_send(struct channel *channel, const ProtobufCMessage *message);
