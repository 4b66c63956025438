/*
 * librewrap: the C client of rewrapd. One connection, requests by name, answers in any order. Blocking, not for two
 * threads at once. The messages are those of rewrap.proto (proto/rewrap.pb-c.h). Buffers that held requests or answers
 * are erased.
 */
#pragma once

#include "base/attr.h"
#include "base/view.h"
#include "proto/rewrap.pb-c.h"

#include <stddef.h>
#include <stdint.h>

struct rewrap_client;

/* How long rewrap_client_call waits when the request has no timeout of its own, and what it adds for the way there and
 * back. */
#define REWRAP_CLIENT_DEFAULT_WAIT_MS 60000
#define REWRAP_CLIENT_GRACE_MS        1000

/* How many bytes of answers are kept for a caller who only sends; then rewrap_client_send says REWRAP_CLIENT_UNREAD. */
#define REWRAP_CLIENT_MAX_UNREAD_BYTES ((size_t)16 * 1024 * 1024)

enum rewrap_client_code {
    REWRAP_CLIENT_OK = 0,
    REWRAP_CLIENT_ENDPOINT,  /* neither "unix:PATH" nor an absolute path, or too long */
    REWRAP_CLIENT_CONNECT,   /* nobody listens, or no permission; saved_errno says which */
    REWRAP_CLIENT_CLOSED,    /* the daemon closed the connection; so for every later call */
    REWRAP_CLIENT_TIMEOUT,   /* not in time; what was asked may still be done and answered later */
    REWRAP_CLIENT_PROTOCOL,  /* what came is not an answer of rewrapd; so for every later call */
    REWRAP_CLIENT_TOO_LARGE, /* the request does not fit a frame; nothing was sent */
    REWRAP_CLIENT_UNREAD,    /* answers must be received before more can be sent; nothing was sent */
    REWRAP_CLIENT_IO,
    REWRAP_CLIENT_NO_MEMORY,
};

struct rewrap_client_result {
    enum rewrap_client_code code;
    int saved_errno; /* the errno behind it, or 0 */
};

/* A constant text: "nobody listens there". */
const char *rewrap_client_code_text(enum rewrap_client_code code);

/*
 * Connects to "unix:PATH". Blocks while the daemon's backlog is full, for at most ten seconds. The caller frees *ret
 * with rewrap_client_free; on failure it is untouched.
 */
REWRAP_MUST_USE struct rewrap_client_result rewrap_client_connect(const char *endpoint, struct rewrap_client **ret);

/* Closes the connection; what was not flushed is not sent. NULL is allowed. */
void rewrap_client_free(struct rewrap_client *client);

/*
 * Takes one request without waiting for its answer: *ret_id is the id its answer will carry, unique on this connection.
 * timeout_ms goes with the request (0: the daemon's default).
 *
 * Requests are gathered, so that many leave in one system call: they go out when there are enough of them, when
 * rewrap_client_receive has to wait, or with rewrap_client_flush. Blocks only while the socket is full (for timeout_ms,
 * or REWRAP_CLIENT_DEFAULT_WAIT_MS), and then reads answers meanwhile so that neither side stands still.
 */
REWRAP_MUST_USE struct rewrap_client_result rewrap_client_send(struct rewrap_client *client, const char *operation,
                                                               const ProtobufCMessage *request, uint32_t timeout_ms,
                                                               uint64_t *ret_id);

/* Sends what is gathered, waiting up to wait_ms for the socket to take it. */
REWRAP_MUST_USE struct rewrap_client_result rewrap_client_flush(struct rewrap_client *client, uint32_t wait_ms);

/*
 * Waits up to wait_ms (0: not at all) for the next answer, whichever it is. An answer without an id is about the
 * connection: the daemon could not read what it was sent and closes. The caller frees *ret with
 * rewrap_client_response_free; on failure it is untouched.
 */
REWRAP_MUST_USE struct rewrap_client_result rewrap_client_receive(struct rewrap_client *client, uint32_t wait_ms,
                                                                  Rewrap__Response **ret);
void rewrap_client_response_free(Rewrap__Response *response);

/* Requests that were taken and not answered yet. */
size_t rewrap_client_in_flight(const struct rewrap_client *client);

/* The socket, for poll(2) only; it stays the client's. Readable: rewrap_client_receive may have something. */
int rewrap_client_fd(const struct rewrap_client *client);

/*
 * Sends and waits for its answer: for use with no other request in flight. Waits timeout_ms (0:
 * REWRAP_CLIENT_DEFAULT_WAIT_MS) and REWRAP_CLIENT_GRACE_MS. After REWRAP_CLIENT_TIMEOUT the connection can be used
 * further; the late answer is dropped.
 */
REWRAP_MUST_USE struct rewrap_client_result rewrap_client_call(struct rewrap_client *client, const char *operation,
                                                               const ProtobufCMessage *request, uint32_t timeout_ms,
                                                               Rewrap__Response **ret);
