/* One non-blocking Unix socket with a bounded buffer each way: bytes, not messages. */
#pragma once

#include "base/buffer.h"
#include "rewrap/client.h"

struct connection {
    int fd;            /* owned, -1 when there is none */
    struct buffer out; /* taken and not yet written */
    size_t out_start;  /* how much of out is written already: moved away in one go, not after every write */
    struct buffer in;  /* read and not yet taken */
    size_t in_start;   /* how much of in is taken already */
    bool out_closed;   /* the peer takes no more bytes; what it sent before can still be read */
    bool in_closed;    /* the peer sent its last byte */
};

#define CONNECTION_SUCCESS ((struct rewrap_client_result){.code = REWRAP_CLIENT_OK})

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t connection_now_ms(void);

/* Connects; on failure *connection needs no clearing. Blocks: see rewrap_client_connect. */
REWRAP_MUST_USE struct rewrap_client_result connection_open(struct connection *connection, const char *endpoint);

/* Closes, and erases both buffers. Can be called twice. */
void connection_clear(struct connection *connection);

/* Bytes that wait to be written. */
size_t connection_unsent(const struct connection *connection);

/* What was read and not taken, borrowed until the next read or take. */
struct view connection_unread(const struct connection *connection);

/* Drops len of the unread bytes, and erases them at the latest with the next read. */
void connection_take(struct connection *connection, size_t len);

/*
 * One write of everything unsent, as far as the socket takes it now. A peer that is gone is not a failure here
 * (out_closed is set and the unsent bytes are dropped): its last words may still be unread.
 */
REWRAP_MUST_USE struct rewrap_client_result connection_write(struct connection *connection);

/* One read of what there is. *ret_read is the number of bytes, 0 when there is nothing now or in_closed was set.
 * REWRAP_CLIENT_UNREAD when full. */
REWRAP_MUST_USE struct rewrap_client_result connection_read(struct connection *connection, size_t *ret_read);

/* Waits until the socket can be read, or written when bytes are unsent. REWRAP_CLIENT_TIMEOUT at the deadline. */
REWRAP_MUST_USE struct rewrap_client_result connection_wait(const struct connection *connection, int64_t deadline_ms);
