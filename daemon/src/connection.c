/* Connections of callers; see connection.h. */
#include "connection.h"

#include "log.h"
#include "proto/frame.h"
#include "proto/message.h"
#include "proto/rewrap.pb-c.h"
#include "server.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_AT_MOST_BYTES ((size_t)256 * 1024) /* a turn: nobody keeps the loop to himself */

/* A request that an operation is working on. */
struct exchange {
    LIST_ENTRY(exchange) entry;
    struct connection *connection;
    struct operation *operation; /* NULL while it starts */
    uint64_t id;
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

/* ------------------------------------------------------------------ the end of a turn */

static void mark_dirty(struct connection *connection)
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

static bool may_read(const struct connection *connection)
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

static void take_frames(struct connection *connection);

void connections_flush(struct server *server)
{
    struct connection *connection;
    while ((connection = STAILQ_FIRST(&server->dirty)) != NULL) {
        STAILQ_REMOVE_HEAD(&server->dirty, dirty_entry);
        /* Still marked: what taking frames puts out goes with the write below. */
        take_frames(connection);
        connection->dirty = false;
        write_output(connection);
        if (has_ended(connection)) {
            free_connection(connection);
        } else {
            set_reading(connection, may_read(connection));
        }
    }
}

/* ------------------------------------------------------------------ answers */

static void send_response(struct connection *connection, const Rewrap__Response *response)
{
    struct server *server = connection->server;
    buffer_reset(&server->frame);
    struct proto_result packed = proto_pack_frame(&response->base, &server->frame);
    if (packed.code != PROTO_OK || evbuffer_add(connection->output, server->frame.data, server->frame.len) != 0) {
        log_error("an answer to %s (%zu bytes) cannot be sent: %s; closing the connection", connection->peer_text,
                  server->frame.len, proto_code_text(packed.code));
        connection->broken = true;
    }
    mark_dirty(connection);
}

static void send_error(struct connection *connection, uint64_t id, const struct operation_error *error)
{
    Rewrap__Error body = REWRAP__ERROR__INIT;
    body.code = (char *)(uintptr_t)error->code;
    body.message = (char *)(uintptr_t)error->message;
    body.has_retryable = true;
    body.retryable = error->retryable;
    Rewrap__Response response = REWRAP__RESPONSE__INIT;
    response.has_id = true;
    response.id = id;
    response.result_case = REWRAP__RESPONSE__RESULT_ERROR;
    response.error = &body;
    send_response(connection, &response);
}

/* The stream cannot be followed any further: say why, then hang up. */
static void refuse_stream(struct connection *connection, const char *code, const char *message)
{
    log_info("%s on [listen %s]: %s; closing the connection", connection->peer_text, connection->listener, message);
    connection->closing = true;
    send_error(connection, 0, &(struct operation_error){.code = code, .message = message});
}

static void send_body(struct connection *connection, uint64_t id, struct view body)
{
    Rewrap__Response response = REWRAP__RESPONSE__INIT;
    response.has_id = true;
    response.id = id;
    response.result_case = REWRAP__RESPONSE__RESULT_BODY;
    response.body = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)body.data, .len = body.len};
    send_response(connection, &response);
}

static void on_done(void *arg, const struct operation_error *error, struct view body)
{
    struct exchange *exchange = arg;
    struct connection *connection = exchange->connection;
    if (error != NULL) {
        send_error(connection, exchange->id, error);
    } else {
        send_body(connection, exchange->id, body);
    }
    LIST_REMOVE(exchange, entry);
    connection->in_flight--;
    free(exchange);
}

/* ------------------------------------------------------------------ requests */

static const struct operation_error stopping_error = {.code = "ServiceUnavailableException",
                                                      .message =
                                                          "rewrapd is stopping. Send the request again in a moment.",
                                                      .retryable = true};
static const struct operation_error memory_error = {
    .code = "KMSInternalException", .message = "There is no memory for the request.", .retryable = true};

static void start_request(struct connection *connection, const Rewrap__Request *request)
{
    struct server *server = connection->server;
    if (server->phase == SERVER_STOPPING) {
        send_error(connection, request->id, &stopping_error);
        return;
    }
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) {
        send_error(connection, request->id, &memory_error);
        return;
    }
    exchange->connection = connection;
    exchange->id = request->id;
    LIST_INSERT_HEAD(&connection->exchanges, exchange, entry);
    connection->in_flight++;
    struct operation_caller caller = {.principal = connection->principal, .peer = connection->peer_text};
    struct operation *operation =
        operation_start(&server->operations, &caller, request->operation == NULL ? "" : request->operation,
                        view_of(request->body.data, request->body.len), request->timeout_ms, on_done, exchange);
    if (operation != NULL) {
        exchange->operation = operation; /* otherwise it is answered, and the exchange gone */
    }
}

static void take_message(struct connection *connection, struct view message)
{
    ProtobufCMessage *request = NULL;
    struct proto_result unpacked = proto_unpack(&rewrap__request__descriptor, message, &request);
    if (unpacked.code != PROTO_OK) {
        refuse_stream(connection, "SerializationException", "A frame does not hold a Request message.");
        return;
    }
    start_request(connection, (const Rewrap__Request *)request);
    proto_free(request);
}

/* The next frame, contiguous. It is drained by the caller, after use. */
static enum frame_state next_frame(struct evbuffer *input, struct view *ret_message)
{
    size_t have = evbuffer_get_length(input);
    if (have < FRAME_HEADER_BYTES) {
        return FRAME_INCOMPLETE;
    }
    struct view front = view_of(evbuffer_pullup(input, FRAME_HEADER_BYTES), FRAME_HEADER_BYTES);
    enum frame_state state = frame_next(front, ret_message);
    if (state != FRAME_INCOMPLETE) {
        return state;
    }
    size_t len = 0;
    for (size_t i = 0; i < FRAME_HEADER_BYTES; i++) {
        len = len << 8 | front.data[i];
    }
    if (have < FRAME_HEADER_BYTES + len) {
        return FRAME_INCOMPLETE;
    }
    const uint8_t *whole = evbuffer_pullup(input, (ev_ssize_t)(FRAME_HEADER_BYTES + len));
    return whole == NULL ? FRAME_OVERSIZED : frame_next(view_of(whole, FRAME_HEADER_BYTES + len), ret_message);
}

/* Starts what has come whole, as far as the caller's share goes. */
static void take_frames(struct connection *connection)
{
    bool took = false;
    while (may_read(connection)) {
        struct view message = view_of(NULL, 0);
        enum frame_state state = next_frame(connection->input, &message);
        if (state == FRAME_INCOMPLETE) {
            break;
        }
        if (state == FRAME_OVERSIZED) {
            refuse_stream(connection, "RequestEntityTooLargeException", "A frame is longer than a request can be.");
            break;
        }
        if (state == FRAME_EMPTY) {
            refuse_stream(connection, "SerializationException", "A frame is empty.");
            break;
        }
        take_message(connection, message);
        evbuffer_drain(connection->input, FRAME_HEADER_BYTES + message.len);
        took = true;
    }
    if (evbuffer_get_length(connection->input) == 0) {
        connection->frame_since_ms = 0;
    } else if (took || connection->frame_since_ms == 0) {
        connection->frame_since_ms = server_now_ms(connection->server);
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
        take_frames(connection);
    }
    mark_dirty(connection);
}

static void on_writable(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    mark_dirty(arg);
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
        refuse_stream(connection, "ThrottlingException", "There are too many connections.");
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
            mark_dirty(connection);
        } else if (connection->frame_since_ms != 0 && connection->in_flight == 0 && !connection->closing &&
                   now - connection->frame_since_ms > CONNECTION_STALL_MS) {
            refuse_stream(connection, "SerializationException", "A frame was begun and not finished in time.");
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
