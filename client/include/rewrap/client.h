/*
 * librewrap: the C client of rewrapd. One connection, requests by name, answers in any order. Blocking, not for two threads at once.
 * The messages are those of rewrap.proto (proto/rewrap.pb-c.h).
 */
#pragma once

#include "base/attr.h"
#include "base/view.h"
#include "proto/rewrap.pb-c.h"

#include <stdint.h>

struct rewrap_client;

enum rewrap_client_code {
    REWRAP_CLIENT_OK = 0,
    REWRAP_CLIENT_ENDPOINT,  /* not "unix:PATH", or the path is too long */
    REWRAP_CLIENT_CONNECT,   /* nobody listens, or no permission; saved_errno says which */
    REWRAP_CLIENT_CLOSED,    /* the daemon closed the connection */
    REWRAP_CLIENT_TIMEOUT,   /* no answer in time; the connection cannot be used further */
    REWRAP_CLIENT_PROTOCOL,  /* what came is not an answer of rewrapd */
    REWRAP_CLIENT_TOO_LARGE, /* the request does not fit a frame */
    REWRAP_CLIENT_IO,
    REWRAP_CLIENT_NO_MEMORY,
};

struct rewrap_client_result {
    enum rewrap_client_code code;
    int saved_errno; /* the errno behind it, or 0 */
};

const char *rewrap_client_code_text(enum rewrap_client_code code);

/* Connects to "unix:PATH". The caller frees *ret with rewrap_client_free; on failure it is untouched. */
REWRAP_MUST_USE struct rewrap_client_result rewrap_client_connect(const char *endpoint, struct rewrap_client **ret);
void rewrap_client_free(struct rewrap_client *client);

/*
 * Sends one request without waiting for its answer: *ret_id is the id its answer will carry. timeout_ms goes with the request (0: the
 * daemon's default). Blocks only while the socket is full, and then reads answers meanwhile so that neither side stands still.
 */
REWRAP_MUST_USE struct rewrap_client_result rewrap_client_send(struct rewrap_client *client, const char *operation,
                                                               const ProtobufCMessage *request, uint32_t timeout_ms,
                                                               uint64_t *ret_id);

/* Waits up to wait_ms for the next answer, whichever it is. The caller frees *ret with rewrap_client_response_free. */
REWRAP_MUST_USE struct rewrap_client_result rewrap_client_receive(struct rewrap_client *client, uint32_t wait_ms,
                                                                  Rewrap__Response **ret);
void rewrap_client_response_free(Rewrap__Response *response);

/* Sends and waits for its answer: for use with no other request in flight. Waits timeout_ms (0: a minute) and a second of grace. */
REWRAP_MUST_USE struct rewrap_client_result rewrap_client_call(struct rewrap_client *client, const char *operation,
                                                               const ProtobufCMessage *request, uint32_t timeout_ms,
                                                               Rewrap__Response **ret);
