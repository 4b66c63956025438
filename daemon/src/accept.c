/* New callers: who they are, whether there is room for them, and what is read from them; see connection.h. */
#include "callers.h"
#include "connection.h"
#include "connection_private.h"
#include "log.h"
#include "proto/message.h"
#include "proto/rewrap.pb-c.h"
#include "server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 16384 /* a turn: nobody keeps the loop to himself */

/* recv(2) into the input. */
static ssize_t receive(struct connection *connection, int fd)
{
    struct evbuffer_iovec room;
    if (evbuffer_reserve_space(connection->input, READ_BYTES, &room, 1) != 1) {
        errno = ENOMEM;
        return -1;
    }
    size_t len = room.iov_len < READ_BYTES ? room.iov_len : READ_BYTES;
    ssize_t got = recv(fd, room.iov_base, len, MSG_DONTWAIT);
    int saved = errno;
    room.iov_len = got > 0 ? (size_t)got : 0;
    if (evbuffer_commit_space(connection->input, &room, 1) != 0) {
        errno = ENOMEM;
        return -1;
    }
    errno = saved;
    return got;
}

static void on_readable(evutil_socket_t fd, short events, void *arg)
{
    (void)events;
    struct connection *connection = arg;
    ssize_t got = receive(connection, fd);
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

/* There is no room for a caller: he is told so, and nothing is kept of him. */
static void turn_away(struct server *server, int fd, const char *message)
{
    Rewrap__Error body = REWRAP__ERROR__INIT;
    body.code = (char *)(uintptr_t) "ThrottlingException";
    body.message = (char *)(uintptr_t)message;
    body.has_retryable = true;
    body.retryable = true;
    Rewrap__Response response = REWRAP__RESPONSE__INIT;
    response.has_id = true;
    response.result_case = REWRAP__RESPONSE__RESULT_ERROR;
    response.error = &body;
    if (proto_pack_frame(&response.base, &server->frame).code == PROTO_OK) {
        rewrap_ignore(send(fd, server->frame.data, server->frame.len, MSG_DONTWAIT | MSG_NOSIGNAL),
                      "a new socket takes that much, unless its caller is gone");
    }
    buffer_reset(&server->frame);
    close(fd);
    server->refused++;
}

static void free_parts(struct connection *connection)
{
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
}

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
    if (connection->input == NULL || connection->output == NULL || connection->readable == NULL ||
        connection->writable == NULL) {
        free_parts(connection);
        return NULL;
    }
    return connection;
}

void connection_accept(struct server *server, const char *listener, int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
        log_error("[listen %s] the kernel does not say who connected: %s; closing it", listener, strerror(errno));
        close(fd);
        return;
    }
    size_t max = server->settings->max_connections;
    if (server->n_connections >= max) {
        turn_away(server, fd, "There are too many connections.");
        return;
    }
    /* The last quarter is for the others. */
    if (!caller_counts_add(server->callers, peer.uid, max - max / 4)) {
        turn_away(server, fd, "There are too many connections of your user.");
        return;
    }
    struct connection *connection = new_connection(server, fd);
    if (connection == NULL) {
        caller_counts_remove(server->callers, peer.uid);
        turn_away(server, fd, "There is no memory for another connection.");
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
    connection_set_reading(connection, true);
}
