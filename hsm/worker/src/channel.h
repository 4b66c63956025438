/* The socket to rewrapd: whole frames in, whole frames out, both blocking. */
#pragma once

#include "base/buffer.h"

#include <protobuf-c/protobuf-c.h>

struct progress;

struct channel {
    int fd;                    /* borrowed */
    struct progress *progress; /* where rewrapd sees which request this is at; NULL: nowhere, so nothing is held back */
    struct buffer in;          /* what was read; it may hold several frames */
    size_t used;               /* bytes of in that were given out */
    struct buffer out;         /* answers that are held back */
    unsigned held;             /* how many */
    uint64_t held_since_ns;    /* the first of them */
    uint64_t begun_ns;         /* when the request at hand was begun */
};

enum channel_state {
    CHANNEL_MESSAGE,
    CHANNEL_CLOSED, /* the other side is gone */
    CHANNEL_BROKEN, /* a frame that is none, or memory ran out: nothing more can be understood */
};

/* progress may be NULL. Both are borrowed. */
void channel_init(struct channel *channel, int fd, struct progress *progress);
void channel_clear(struct channel *channel);

/* The next message, borrowed until the next call. Reads only when no whole frame is left of the last read. */
REWRAP_MUST_USE enum channel_state channel_next(struct channel *channel, struct view *ret_message);

/* Says that this request is begun now. Called before every one. */
void channel_begin(struct channel *channel, uint64_t request_id);

/* How long the request at hand has waited for other workers, as rewrapd is told, and what it is told from now on. */
uint32_t channel_waited_ms(const struct channel *channel);
void channel_say_waited(struct channel *channel, uint32_t waited_ms);

/*
 * Sends the message as a frame and erases its traces here: at once, but with the page and if its request was a fast one
 * after a few more or when the next request is waited for. False when the other side is gone or the message cannot be
 * packed.
 */
REWRAP_MUST_USE bool channel_send(struct channel *channel, const ProtobufCMessage *message);

/* Sends what is held back; before the worker leaves. False when the other side is gone. */
REWRAP_MUST_USE bool channel_flush(struct channel *channel);
