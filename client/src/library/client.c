/* librewrap: requests and answers over a connection; see rewrap/client.h. */
#include "rewrap/client.h"

#include "connection.h"

#include "base/wipe.h"
#include "proto/frame.h"
#include "proto/message.h"

#include <errno.h>
#include <stdlib.h>

/* Requests are gathered up to this many bytes, then written. */
#define GATHER_BYTES ((size_t)32 * 1024)

struct rewrap_client {
    struct connection connection;
    uint64_t last_id; /* ids are 1, 2, 3 …: unique on this connection */
    size_t in_flight;
    struct buffer body;                 /* of the request being packed; kept for its memory */
    struct rewrap_client_result broken; /* why the connection cannot be used any more */
};

static const char *const code_texts[] = {
    [REWRAP_CLIENT_OK] = "done",
    [REWRAP_CLIENT_ENDPOINT] = "the endpoint is neither unix:PATH nor an absolute path, or its path is too long",
    [REWRAP_CLIENT_CONNECT] = "cannot connect",
    [REWRAP_CLIENT_CLOSED] = "the daemon closed the connection",
    [REWRAP_CLIENT_TIMEOUT] = "no answer in time",
    [REWRAP_CLIENT_PROTOCOL] = "what came is not an answer of rewrapd",
    [REWRAP_CLIENT_TOO_LARGE] = "the request is too large",
    [REWRAP_CLIENT_UNREAD] = "too many answers wait to be received",
    [REWRAP_CLIENT_IO] = "the connection failed",
    [REWRAP_CLIENT_NO_MEMORY] = "out of memory",
};

const char *rewrap_client_code_text(enum rewrap_client_code code)
{
    return code_texts[code];
}

static struct rewrap_client_result result_of(enum rewrap_client_code code)
{
    return (struct rewrap_client_result){.code = code};
}

static struct rewrap_client_result break_connection(struct rewrap_client *client, struct rewrap_client_result result)
{
    client->broken = result;
    return result;
}

struct rewrap_client_result rewrap_client_connect(const char *endpoint, struct rewrap_client **ret)
{
    struct rewrap_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return result_of(REWRAP_CLIENT_NO_MEMORY);
    }
    struct rewrap_client_result result = connection_open(&client->connection, endpoint);
    if (result.code != REWRAP_CLIENT_OK) {
        free(client);
        return result;
    }
    client->body = BUFFER_INIT(FRAME_MAX_BYTES);
    *ret = client;
    return result;
}

void rewrap_client_free(struct rewrap_client *client)
{
    if (client == NULL) {
        return;
    }
    connection_clear(&client->connection);
    buffer_clear(&client->body);
    free(client);
}

size_t rewrap_client_in_flight(const struct rewrap_client *client)
{
    return client->in_flight;
}

int rewrap_client_fd(const struct rewrap_client *client)
{
    return client->connection.fd;
}

static int64_t deadline_in(uint32_t wait_ms)
{
    return connection_now_ms() + wait_ms;
}

/* Writes until at most `keep` bytes are unsent. Answers are read meanwhile: a daemon that cannot write to us stops
 * reading from us. */
static struct rewrap_client_result drain(struct rewrap_client *client, size_t keep, int64_t deadline_ms)
{
    struct connection *connection = &client->connection;
    for (;;) {
        struct rewrap_client_result result = connection_write(connection);
        if (result.code != REWRAP_CLIENT_OK) {
            return break_connection(client, result);
        }
        if (connection->out_closed) {
            return result_of(REWRAP_CLIENT_CLOSED); /* not broken: the daemon's last answers can still be received */
        }
        if (connection_unsent(connection) <= keep) {
            return result;
        }
        size_t got = 0;
        result = connection_read(connection, &got);
        if (result.code == REWRAP_CLIENT_OK && got == 0) {
            result = connection->in_closed ? result_of(REWRAP_CLIENT_CLOSED) : connection_wait(connection, deadline_ms);
        }
        if (result.code != REWRAP_CLIENT_OK) {
            return result;
        }
    }
}

static struct rewrap_client_result result_of_packing(struct proto_result packed)
{
    return result_of(packed.code == PROTO_NO_MEMORY ? REWRAP_CLIENT_NO_MEMORY : REWRAP_CLIENT_TOO_LARGE);
}

/* Appends the frame of a request to what is unsent; leaves no copy of the body behind. */
static struct rewrap_client_result append_request(struct rewrap_client *client, const char *operation,
                                                  const ProtobufCMessage *request, uint32_t timeout_ms)
{
    struct proto_result packed = proto_pack(request, &client->body);
    if (packed.code != PROTO_OK) {
        buffer_reset(&client->body);
        return result_of_packing(packed);
    }
    Rewrap__Request frame = REWRAP__REQUEST__INIT;
    frame.has_id = 1;
    frame.id = client->last_id + 1;
    frame.operation = (char *)(uintptr_t)operation; /* protobuf-c has no const strings; packing does not write */
    frame.has_timeout_ms = timeout_ms != 0;
    frame.timeout_ms = timeout_ms;
    frame.has_body = 1;
    frame.body = (ProtobufCBinaryData){.data = client->body.data, .len = client->body.len};
    packed = proto_pack_frame(&frame.base, &client->connection.out);
    buffer_reset(&client->body);
    return packed.code == PROTO_OK ? result_of(REWRAP_CLIENT_OK) : result_of_packing(packed);
}

struct rewrap_client_result rewrap_client_send(struct rewrap_client *client, const char *operation,
                                               const ProtobufCMessage *request, uint32_t timeout_ms, uint64_t *ret_id)
{
    struct connection *connection = &client->connection;
    if (client->broken.code != REWRAP_CLIENT_OK) {
        return client->broken;
    }
    if (connection->out_closed) {
        return result_of(REWRAP_CLIENT_CLOSED);
    }
    if (connection_unsent(connection) >= GATHER_BYTES) {
        uint32_t wait_ms = timeout_ms == 0 ? REWRAP_CLIENT_DEFAULT_WAIT_MS : timeout_ms;
        struct rewrap_client_result result = drain(client, GATHER_BYTES - 1, deadline_in(wait_ms));
        if (result.code != REWRAP_CLIENT_OK) {
            return result;
        }
    }
    if (connection->out_start != 0) {
        buffer_consume(&connection->out, connection->out_start);
        connection->out_start = 0;
    }
    struct rewrap_client_result result = append_request(client, operation, request, timeout_ms);
    if (result.code != REWRAP_CLIENT_OK) {
        return result;
    }
    client->last_id++;
    client->in_flight++;
    *ret_id = client->last_id;
    return result;
}

struct rewrap_client_result rewrap_client_flush(struct rewrap_client *client, uint32_t wait_ms)
{
    if (client->broken.code != REWRAP_CLIENT_OK) {
        return client->broken;
    }
    return drain(client, 0, deadline_in(wait_ms));
}

/* What a hostile or confused daemon could send in place of an answer to one of our requests. */
static bool response_is_ours(const struct rewrap_client *client, const Rewrap__Response *response)
{
    if (response->result_case == REWRAP__RESPONSE__RESULT__NOT_SET) {
        return false;
    }
    if (!response->has_id) {
        return response->result_case == REWRAP__RESPONSE__RESULT_ERROR;
    }
    return client->in_flight > 0 && response->id >= 1 && response->id <= client->last_id;
}

/* Takes the next whole answer out of what was read: *ret is NULL when there is none yet. */
static struct rewrap_client_result take_response(struct rewrap_client *client, Rewrap__Response **ret)
{
    struct view message = {0};
    enum frame_state state = frame_next(connection_unread(&client->connection), &message);
    if (state == FRAME_INCOMPLETE) {
        *ret = NULL;
        return result_of(REWRAP_CLIENT_OK);
    }
    if (state != FRAME_COMPLETE) {
        return break_connection(client, result_of(REWRAP_CLIENT_PROTOCOL));
    }
    ProtobufCMessage *unpacked = NULL;
    struct proto_result result = proto_unpack(&rewrap__response__descriptor, message, &unpacked);
    if (result.code == PROTO_NO_MEMORY) {
        return result_of(REWRAP_CLIENT_NO_MEMORY);
    }
    connection_take(&client->connection, FRAME_HEADER_BYTES + message.len);
    Rewrap__Response *response = (Rewrap__Response *)unpacked;
    if (result.code != PROTO_OK || !response_is_ours(client, response)) {
        proto_free(unpacked);
        return break_connection(client, result_of(REWRAP_CLIENT_PROTOCOL));
    }
    if (response->has_id) {
        client->in_flight--;
    }
    *ret = response;
    return result_of(REWRAP_CLIENT_OK);
}

/* Moves bytes both ways once, or waits for the socket when none can be moved. */
static struct rewrap_client_result pump(struct rewrap_client *client, int64_t deadline_ms)
{
    struct connection *connection = &client->connection;
    struct rewrap_client_result result = connection_write(connection);
    if (result.code != REWRAP_CLIENT_OK) {
        return break_connection(client, result);
    }
    size_t got = 0;
    result = connection_read(connection, &got);
    if (result.code == REWRAP_CLIENT_IO) {
        return break_connection(client, result);
    }
    if (result.code != REWRAP_CLIENT_OK || got != 0) {
        return result;
    }
    if (connection->in_closed) {
        return break_connection(client, result_of(REWRAP_CLIENT_CLOSED));
    }
    return connection_wait(connection, deadline_ms);
}

static struct rewrap_client_result receive_until(struct rewrap_client *client, int64_t deadline_ms,
                                                 Rewrap__Response **ret)
{
    for (;;) {
        if (client->broken.code != REWRAP_CLIENT_OK) {
            return client->broken;
        }
        Rewrap__Response *response = NULL;
        struct rewrap_client_result result = take_response(client, &response);
        if (result.code != REWRAP_CLIENT_OK) {
            return result;
        }
        if (response != NULL) {
            *ret = response;
            return result;
        }
        result = pump(client, deadline_ms);
        if (result.code != REWRAP_CLIENT_OK) {
            return result;
        }
    }
}

struct rewrap_client_result rewrap_client_receive(struct rewrap_client *client, uint32_t wait_ms,
                                                  Rewrap__Response **ret)
{
    return receive_until(client, deadline_in(wait_ms), ret);
}

void rewrap_client_response_free(Rewrap__Response *response)
{
    proto_free((ProtobufCMessage *)response);
}

struct rewrap_client_result rewrap_client_call(struct rewrap_client *client, const char *operation,
                                               const ProtobufCMessage *request, uint32_t timeout_ms,
                                               Rewrap__Response **ret)
{
    uint64_t id = 0;
    struct rewrap_client_result result = rewrap_client_send(client, operation, request, timeout_ms, &id);
    if (result.code != REWRAP_CLIENT_OK) {
        return result;
    }
    uint64_t wait_ms =
        (timeout_ms == 0 ? (uint64_t)REWRAP_CLIENT_DEFAULT_WAIT_MS : timeout_ms) + REWRAP_CLIENT_GRACE_MS;
    int64_t deadline_ms = connection_now_ms() + (int64_t)wait_ms;
    for (;;) {
        Rewrap__Response *response = NULL;
        result = receive_until(client, deadline_ms, &response);
        if (result.code != REWRAP_CLIENT_OK) {
            return result;
        }
        if (!response->has_id || response->id == id) {
            *ret = response;
            return result;
        }
        rewrap_client_response_free(response); /* the late answer of a call that timed out */
    }
}
