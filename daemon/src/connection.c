/* Connections of callers; see connection.h. */
#include "connection.h"

#include "callers.h"
#include "connection_private.h"
#include "log.h"
#include "server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ------------------------------------------------------------------ the end of a turn */

void connection_mark_dirty(struct connection *connection)
{
    if (connection->dirty) {
        return;
    }
    struct server *server = connection->server;
    connection->dirty = true;
    if (STAILQ_EMPTY(&server->dirty)) {
        event_active(server->flush, EV_TIMEOUT, 0);
    }
    STAILQ_INSERT_TAIL(&server->dirty, connection, dirty_entry);
}

static void free_connection(struct connection *connection)
{
    struct exchange *exchange;
    while ((exchange = LIST_FIRST(&connection->exchanges)) != NULL) {
        LIST_REMOVE(exchange, entry);
        operation_abandon(exchange->operation);
        caller_counts_remove(connection->server->requests, connection->peer.uid);
        free(exchange);
    }
    LIST_REMOVE(connection, entry);
    struct server *server = connection->server;
    server->n_connections--;
    server->buffered_bytes -= connection->buffered_bytes;
    caller_counts_remove(server->callers, connection->peer.uid);
    event_free(connection->readable);
    event_free(connection->writable);
    evbuffer_free(connection->input);
    evbuffer_free(connection->output);
    close(connection->fd);
    free(connection);
}

static void write_output(struct connection *connection)
{
    size_t waiting = evbuffer_get_length(connection->output);
    if (waiting == 0 || connection->broken) {
        return;
    }
    int written = evbuffer_write(connection->output, connection->fd);
    if (written < 0 && errno != EAGAIN && errno != EINTR) {
        connection->broken = true;
        return;
    }
    if (evbuffer_get_length(connection->output) == 0) {
        connection->output_since_ms = 0;
        return;
    }
    if (written > 0 || connection->output_since_ms == 0) {
        connection->output_since_ms = server_now_ms(connection->server);
    }
    event_add(connection->writable, NULL);
}

static bool has_ended(const struct connection *connection)
{
    if (connection->broken) {
        return true;
    }
    bool silent = connection->closing || connection->input_ended;
    return silent && connection->in_flight == 0 && evbuffer_get_length(connection->output) == 0;
}

bool connection_may_read(const struct connection *connection)
{
    return !connection->closing && !connection->input_ended && !connection->broken &&
           connection->in_flight < connection->server->settings->max_in_flight &&
           evbuffer_get_length(connection->output) < CONNECTION_MAX_OUTPUT_BYTES;
}

void connection_set_reading(struct connection *connection, bool wanted)
{
    if (wanted == connection->reading) {
        return;
    }
    connection->reading = wanted;
    if (wanted) {
        event_add(connection->readable, NULL);
    } else {
        event_del(connection->readable);
    }
}

/*
 * What all connections together hold is bounded too: whoever holds more than his share when it is too much has to go,
 * an unfinished frame or answers that he does not read.
 */
static void account(struct connection *connection)
{
    struct server *server = connection->server;
    size_t held = evbuffer_get_length(connection->input) + evbuffer_get_length(connection->output);
    server->buffered_bytes += held - connection->buffered_bytes;
    connection->buffered_bytes = held;
    if (server->buffered_bytes > CONNECTIONS_MAX_BYTES && held > CONNECTION_SHARE_BYTES && !connection->broken) {
        log_warning("%s on [listen %s] holds %zu bytes while all connections hold too much; closing it",
                    connection->peer_text, connection->listener, held);
        connection->broken = true;
    }
}

void connections_flush(struct server *server)
{
    struct connection *connection;
    while ((connection = STAILQ_FIRST(&server->dirty)) != NULL) {
        STAILQ_REMOVE_HEAD(&server->dirty, dirty_entry);
        /* Still marked: what taking frames puts out goes with the write below. */
        connection_take_frames(connection);
        connection->dirty = false;
        bool could_read = connection_may_read(connection);
        write_output(connection);
        account(connection);
        if (has_ended(connection)) {
            free_connection(connection);
            continue;
        }
        bool may_read = connection_may_read(connection);
        connection_set_reading(connection, may_read);
        if (may_read && !could_read) {
            connection_mark_dirty(connection); /* what was left in its input while its output was full */
        }
    }
}

/* ------------------------------------------------------------------ all of them */

void connections_sweep(struct server *server)
{
    int64_t now = server_now_ms(server);
    struct connection *connection;
    if (server->refused > 0) {
        log_warning("%u connections were refused: there are too many", server->refused);
        server->refused = 0;
    }
    LIST_FOREACH(connection, &server->connections, entry)
    {
        if (connection->output_since_ms != 0 &&
            now - connection->output_since_ms > (int64_t)server->settings->stall_timeout_ms) {
            log_info("%s on [listen %s] does not read its answers; closing the connection", connection->peer_text,
                     connection->listener);
            connection->broken = true;
            connection_mark_dirty(connection);
        } else if (connection->frame_since_ms != 0 && connection->in_flight == 0 && !connection->closing &&
                   now - connection->frame_since_ms > (int64_t)server->settings->stall_timeout_ms) {
            connection_refuse_stream(connection, "SerializationException",
                                     "A frame was begun and not finished in time.");
        }
    }
}

void connections_reidentify(struct server *server)
{
    struct connection *connection;
    LIST_FOREACH(connection, &server->connections, entry)
    {
        connection->principal =
            server_principal(server, connection->listener, connection->peer.uid, connection->peer.gid);
    }
}

bool connections_drained(const struct server *server)
{
    const struct connection *connection;
    LIST_FOREACH(connection, &server->connections, entry)
    {
        if (connection->in_flight > 0 || (evbuffer_get_length(connection->output) > 0 && !connection->broken)) {
            return false;
        }
    }
    return true;
}

void connections_close(struct server *server)
{
    struct connection *connection;
    while ((connection = LIST_FIRST(&server->connections)) != NULL) {
        free_connection(connection);
    }
    STAILQ_INIT(&server->dirty);
}
