/* The requests of a connection: frames to operations, and their answers to frames; see connection.h. */
#include "callers.h"
#include "connection.h"
#include "connection_private.h"
#include "log.h"
#include "proto/frame.h"
#include "proto/message.h"
#include "proto/rewrap.pb-c.h"
#include "workers/workers.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ answers */

static void send_response(struct connection *connection, const Rewrap__Response *response)
{
    struct server *server = connection->server;
    struct proto_result packed = proto_pack_frame(&response->base, &server->frame);
    if (packed.code != PROTO_OK || evbuffer_add(connection->output, server->frame.data, server->frame.len) != 0) {
        log_error("an answer to %s cannot be sent: %s; closing the connection", connection->peer_text,
                  proto_code_text(packed.code));
        connection->broken = true;
    }
    buffer_reset(&server->frame); /* it may have held a plaintext */
    connection_mark_dirty(connection);
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

void connection_refuse_stream(struct connection *connection, const char *code, const char *message)
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
    log_debug("%s by %s (%s on [listen %s]): %s", exchange->name,
              connection->principal == NULL ? "nobody" : connection->principal, connection->peer_text,
              connection->listener, error == NULL ? "done" : error->code);
    if (error != NULL) {
        send_error(connection, exchange->id, error);
    } else {
        send_body(connection, exchange->id, body);
    }
    LIST_REMOVE(exchange, entry);
    connection->in_flight--;
    caller_counts_remove(connection->server->requests, connection->peer.uid);
    free(exchange);
}

/* ------------------------------------------------------------------ requests */

static const struct operation_error stopping_error = {.code = "ServiceUnavailableException",
                                                      .message =
                                                          "rewrapd is stopping. Send the request again in a moment.",
                                                      .retryable = true};
static const struct operation_error memory_error = {
    .code = "KMSInternalException", .message = "There is no memory for the request.", .retryable = true};

static const struct operation_error share_error = {
    .code = "ThrottlingException",
    .message = "You have too many requests in flight. Reduce the frequency of your calls.",
    .retryable = true};

/*
 * How many requests one user may have in flight, over all his connections: what keeps the workers of a token busy, and
 * three quarters of its queue, so that there is always room in it for others. With several tokens the least of them
 * counts: which one a request is for is known later.
 */
static size_t share_of_user(const struct settings *settings)
{
    size_t share = SIZE_MAX;
    for (size_t i = 0; i < settings->n_tokens; i++) {
        const struct settings_token *token = &settings->tokens[i];
        size_t of_token = (size_t)token->workers * WORKERS_DEPTH + token->max_queue - token->max_queue / 4;
        share = of_token < share ? of_token : share;
    }
    return share;
}

static void start_request(struct connection *connection, const Rewrap__Request *request)
{
    struct server *server = connection->server;
    if (server->phase == SERVER_STOPPING) {
        send_error(connection, request->id, &stopping_error);
        return;
    }
    if (!caller_counts_add(server->requests, connection->peer.uid, share_of_user(server->settings))) {
        send_error(connection, request->id, &share_error);
        return;
    }
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) {
        caller_counts_remove(server->requests, connection->peer.uid);
        send_error(connection, request->id, &memory_error);
        return;
    }
    exchange->connection = connection;
    exchange->id = request->id;
    const char *name = request->operation == NULL ? "" : request->operation;
    snprintf(exchange->name, sizeof exchange->name, "%s", name);
    LIST_INSERT_HEAD(&connection->exchanges, exchange, entry);
    connection->in_flight++;
    struct operation_caller caller = {.principal = connection->principal, .peer = connection->peer_text};
    struct operation *operation =
        operation_start(&server->operations, &caller, name, view_of(request->body.data, request->body.len),
                        request->timeout_ms, on_done, exchange);
    if (operation != NULL) {
        exchange->operation = operation; /* otherwise it is answered, and the exchange gone */
    }
}

static void take_message(struct connection *connection, struct view message)
{
    ProtobufCMessage *request = NULL;
    struct proto_result unpacked = proto_unpack(&rewrap__request__descriptor, message, &request);
    if (unpacked.code != PROTO_OK) {
        connection_refuse_stream(connection, "SerializationException", "A frame does not hold a Request message.");
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

void connection_take_frames(struct connection *connection)
{
    bool took = false;
    while (connection_may_read(connection)) {
        struct view message = view_of(NULL, 0);
        enum frame_state state = next_frame(connection->input, &message);
        if (state == FRAME_INCOMPLETE) {
            break;
        }
        if (state == FRAME_OVERSIZED) {
            connection_refuse_stream(connection, "RequestEntityTooLargeException",
                                     "A frame is longer than a request can be.");
            break;
        }
        if (state == FRAME_EMPTY) {
            connection_refuse_stream(connection, "SerializationException", "A frame is empty.");
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
