/* Connections of callers; see connection.h. */
#include "connection.h"

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

#define READ_AT_MOST_BYTES ((size_t)256 * 1024) /* a turn: nobody keeps the loop to himself */

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
        free(exchange);
    }
    LIST_REMOVE(connection, entry);
    connection->server->n_connections--;
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

static void set_reading(struct connection *connection, bool wanted)
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

void connections_flush(struct server *server)
{
    struct connection *connection;
    while ((connection = STAILQ_FIRST(&server->dirty)) != NULL) {
        STAILQ_REMOVE_HEAD(&server->dirty, dirty_entry);
        /* Still marked: what taking frames puts out goes with the write below. */
        connection_take_frames(connection);
        connection->dirty = false;
        write_output(connection);
        if (has_ended(connection)) {
            free_connection(connection);
        } else {
            set_reading(connection, connection_may_read(connection));
        }
    }
}

static void on_readable(evutil_socket_t fd, short events, void *arg)
{
    (void)events;
    struct connection *connection = arg;
    int got = evbuffer_read(connection->input, fd, (int)READ_AT_MOST_BYTES);
    if (got == 0) {
        connection->input_ended = true;
    } else if (got < 0 && errno != EAGAIN && errno != EINTR) {
        connection->broken = true;
    } else {
        connection_take_frames(connection);
    }
    connection_mark_dirty(connection);
}

static void on_writable(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    connection_mark_dirty(arg);
}

/* ------------------------------------------------------------------ coming and going */

static struct connection *new_connection(struct server *server, int fd)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return NULL;
    }
    connection->fd = fd;
    connection->server = server;
    connection->input = evbuffer_new();
    connection->output = evbuffer_new();
    connection->readable = event_new(server->base, fd, EV_READ | EV_PERSIST, on_readable, connection);
    connection->writable = event_new(server->base, fd, EV_WRITE, on_writable, connection);
    if (connection->input != NULL && connection->output != NULL && connection->readable != NULL &&
        connection->writable != NULL) {
        return connection;
    }
    if (connection->input != NULL) {
        evbuffer_free(connection->input);
    }
    if (connection->output != NULL) {
        evbuffer_free(connection->output);
    }
    if (connection->readable != NULL) {
        event_free(connection->readable);
    }
    if (connection->writable != NULL) {
        event_free(connection->writable);
    }
    free(connection);
    return NULL;
}

void connection_accept(struct server *server, const char *listener, int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    struct connection *connection = NULL;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0) {
        connection = new_connection(server, fd);
    }
    if (connection == NULL) {
        log_error("[listen %s] a connection cannot be served: %s; closing it", listener, strerror(errno));
        close(fd);
        return;
    }
    connection->peer = peer;
    snprintf(connection->listener, sizeof connection->listener, "%s", listener);
    snprintf(connection->peer_text, sizeof connection->peer_text, "uid %u, gid %u", (unsigned)peer.uid,
             (unsigned)peer.gid);
    connection->principal = server_principal(server, connection->listener, peer.uid, peer.gid);
    LIST_INIT(&connection->exchanges);
    LIST_INSERT_HEAD(&server->connections, connection, entry);
    server->n_connections++;
    if (server->n_connections > server->settings->max_connections) {
        connection_refuse_stream(connection, "ThrottlingException", "There are too many connections.");
        return;
    }
    set_reading(connection, true);
}

void connections_sweep(struct server *server)
{
    int64_t now = server_now_ms(server);
    struct connection *connection;
    LIST_FOREACH(connection, &server->connections, entry)
    {
        if (connection->output_since_ms != 0 && now - connection->output_since_ms > CONNECTION_STALL_MS) {
            log_info("%s on [listen %s] does not read its answers; closing the connection", connection->peer_text,
                     connection->listener);
            connection->broken = true;
            connection_mark_dirty(connection);
        } else if (connection->frame_since_ms != 0 && connection->in_flight == 0 && !connection->closing &&
                   now - connection->frame_since_ms > CONNECTION_STALL_MS) {
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
