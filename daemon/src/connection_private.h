/* Between the two halves of a connection: the socket and its buffers (connection.c), and the requests in them
 * (requests.c). */
#pragma once

#include "operations/operation.h"
#include "server.h"

#include <sys/socket.h>

struct evbuffer;
struct event;

/* A request that an operation is working on. */
struct exchange {
    LIST_ENTRY(exchange) entry;
    struct connection *connection;
    struct operation *operation; /* NULL while it starts */
    uint64_t id;
    char name[48]; /* of the operation, for the log; cut to fit */
};

struct connection {
    LIST_ENTRY(connection) entry;
    STAILQ_ENTRY(connection) dirty_entry;
    struct server *server;
    int fd;
    struct event *readable;
    struct event *writable;
    struct evbuffer *input;
    struct evbuffer *output;
    LIST_HEAD(, exchange) exchanges;
    unsigned in_flight;
    size_t buffered_bytes; /* of both buffers, as counted in server->buffered_bytes */

    char listener[SETTINGS_NAME_BYTES];
    struct ucred peer;
    char peer_text[48];
    const char *principal; /* borrowed from the settings; looked up again when they change */

    int64_t frame_since_ms;  /* when the frame that is not yet whole began; 0: none */
    int64_t output_since_ms; /* when the socket last took something while answers wait; 0: none wait */
    bool reading;            /* the readable event is added */
    bool input_ended;        /* he sends no more: answers still go out */
    bool closing;            /* after an error frame: nothing more is read */
    bool broken;             /* the socket failed: nothing more can be said */
    bool dirty;
};

/* Its socket is written, and it is freed if it has ended, at the end of this loop turn. */
void connection_mark_dirty(struct connection *connection);

/* True while more may be read from the caller, and more of his requests started. */
REWRAP_MUST_USE bool connection_may_read(const struct connection *connection);

void connection_set_reading(struct connection *connection, bool wanted);

/* Starts what has come whole, as far as the caller's share goes. */
void connection_take_frames(struct connection *connection);

/* The stream cannot be followed any further: says why, then hangs up. */
void connection_refuse_stream(struct connection *connection, const char *code, const char *message);
