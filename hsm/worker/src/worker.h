/* What the files of rewrapd-hsm share. */
#pragma once

#include "channel.h"
#include "hsm/rewrap.h"
#include "hsm/token.h"
#include "proto/hsm.pb-c.h"

#define DETAIL_BYTES 256

struct worker {
    struct channel channel;
    struct hsm_token *token;
    struct hsm_rewrap *rewrap;
    struct hsm_profile profile;
    struct buffer result; /* the ciphertext or plaintext of the request at hand */
};

/* Opens the token as told, logs in, looks at it and says Hello. False when the worker has to leave: it said why. */
REWRAP_MUST_USE bool worker_start(struct worker *worker, const Hsm__Request *request);

/* Serves until the other side is gone or the token is. */
void worker_serve(struct worker *worker);

/* A response and what its pointers point to. */
struct answer {
    Hsm__Response response;
    char detail[DETAIL_BYTES];
    uint8_t material_id[ENVELOPE_MATERIAL_ID_BYTES];
};

void answer_init(struct answer *answer, const Hsm__Request *request);

/* Sets status, detail and the token's return value. */
void answer_result(struct answer *answer, struct hsm_result result);
void answer_bad_request(struct answer *answer, const char *why);

/* "C_UnwrapKey: the token failed (CKR_GENERAL_ERROR)". */
void result_text(struct hsm_result result, char out[DETAIL_BYTES]);

/* Reads one side of a request. NULL, or what is wrong with it; *ret borrows from side. */
REWRAP_MUST_USE const char *request_side(const Hsm__Side *side, struct hsm_side *ret);

/*
 * Sends the token's objects, as many in a frame as fit: in hello, with its first part in it, or without (NULL) as the
 * answer to a ListObjects. False when the other side is gone.
 */
REWRAP_MUST_USE bool objects_send(struct worker *worker, uint64_t id, Hsm__Hello *hello);
