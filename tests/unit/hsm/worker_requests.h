/* Requests to a worker over its socket, for the tests of the real program. */
#pragma once

#include "worker_client.h"

/* A side of a request and what it points to. */
struct worker_side {
    Hsm__Side side;
    Hsm__Key key;
};
/* For that key, which is borrowed: an AES key without an encryption context, an RSA key with RSAES_OAEP_SHA_1. */
void worker_side_fill(struct worker_side *side, const struct hsm_key *key);

Hsm__Request worker_request(uint64_t id, Hsm__Request__BodyCase body);

/* One that has said that it is ready. */
struct worker_client worker_ready(struct fixture *fixture);

/* Each asks; the caller frees the response. */
Hsm__Response *worker_encrypt(struct worker_client *client, const struct hsm_key *key, const char *text);
Hsm__Response *worker_decrypt(struct worker_client *client, const struct hsm_key *key, ProtobufCBinaryData ciphertext);
Hsm__Response *worker_re_encrypt(struct worker_client *client, const struct hsm_key *source,
                                 const struct hsm_key *destination, ProtobufCBinaryData ciphertext, bool check_only);

/* That the response has this status, a detail and nothing else; frees it. */
void worker_refuses(Hsm__Status status, Hsm__Response *response);

/* Group setup: a token after the ceremony. The fixture's own session, which would only be in the way of the worker's,
 * is closed. */
int worker_setup(void **state);
