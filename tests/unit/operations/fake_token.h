/* A token in memory, for fake_workers.c: ciphertexts of the real layout, with a checksum in place of the cipher. */
#pragma once

#include "fake_workers.h"

#include "envelope/header.h"

/* Room for what an answer points to. */
struct fake_blob {
    uint8_t bytes[ENVELOPE_MAX_BYTES];
    size_t len;
};

/* Does the request and fills the response, which borrows from request and blob. made numbers the open keys. */
Hsm__Status fake_token_serve(struct fake_token *token, unsigned *made, const Hsm__Request *request,
                             Hsm__Response *response, struct fake_blob *blob);
