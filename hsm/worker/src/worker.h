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
    char *pin_file;          /* owned, as the next two; for the renewal of a lost login */
    char *module;            /* its path, without links where it has one */
    char *turn_folder;       /* or NULL */
    int turn;                /* the descriptor that holds the token's turn (turn.c), or -1 */
    int module_turn;         /* that of the module, or -1 */
    uint64_t renewed_ms;     /* when the session was last renewed */
    bool renewed_in_vain;    /* and no request has succeeded since */
    struct buffer result;    /* the ciphertext or public key of the request at hand */
    struct buffer plaintext; /* its plaintext */
};

/* Opens the token as told, logs in, looks at it and says Hello. False when the worker has to leave: it said why. */
REWRAP_MUST_USE bool worker_start(struct worker *worker, const Hsm__Request *request);

/* Serves until the other side is gone or the token is. */
void worker_serve(struct worker *worker);

/* CLOCK_MONOTONIC. */
uint64_t now_ms(void);

/* A word of why a start or a renewal failed, for rewrapd. */
Hsm__HelloStatus hello_status(enum hsm_code code);

/*
 * Logs the user in, once, with the PIN that the file has now: the failures of hsm_pin_read and hsm_token_login. Who
 * calls this has the turn (below). A PIN that the token refuses leaves a mark in the turn's file, by which the workers
 * of the token, whatever URI they have it by, do not try that PIN file for half a minute, unless it is written: they
 * answer HSM_PIN_WRONG without a CK_RV. By then rewrapd knows, and starts no more of them. A login that succeeds takes
 * the mark away. The same wrong PIN in two files is tried twice. HSM_TOKEN_UNAVAILABLE when rewrapd does not wait for
 * it any more.
 */
REWRAP_MUST_USE struct hsm_result worker_log_in(struct worker *worker);

/*
 * The login lives in this process, so it is killed when rewrapd dies, whatever it is at (PR_SET_PDEATHSIG). But not in
 * the middle of C_Login: SoftHSM empties the file of its token there before it writes it anew, and a kill in between is
 * the end of the token and of all its keys. While the lifeline is loose this process goes on for six seconds more,
 * which end a login that hangs. While rewrapd lives no signal disturbs the module. lifeline_tie is called once, before
 * there is a login; false: it cannot be tied, or rewrapd is gone already.
 */
REWRAP_MUST_USE bool lifeline_tie(int channel_fd);
void lifeline_loosen(void);
void lifeline_tighten(void);
/* rewrapd is gone, or wants this process to leave. */
bool lifeline_is_cut(void);

/*
 * After a request answered HSM_TOKEN_UNAVAILABLE: another session, logged in, with everything looked up again. HSM_OK
 * when the request may be done once more; otherwise the worker has to leave.
 */
REWRAP_MUST_USE struct hsm_result worker_renew(struct worker *worker);

/*
 * The workers of one token take turns at C_Login and at making keys: of several that have lost their logins at once
 * only one at a time tries the PIN, and SoftHSM may lose sight of what another process makes meanwhile (make_open.c).
 * The turn is a lock on a file of the token's in Configure.turn_folder. False when another still has it after max_ms:
 * who goes on all the same must still return it. The token is open. Without that folder there are no turns.
 *
 * Nor is a module opened, by C_Initialize, while one of its tokens has a turn: SoftHSM rewrites its token's object in
 * C_Login, and whoever reads it in that moment finds an empty file and then no token, or a broken one. That is a lock
 * on a file of the module's, which all who have a turn share, so that no token waits for another; nobody waits for it
 * long.
 */
bool turn_take_within(struct worker *worker, unsigned max_ms);
/* The turn to open the module. */
void turn_take_to_open(struct worker *worker);
/* Either. */
void turn_return(struct worker *worker);

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

/* Reads a key of a request. NULL, or what is wrong with it. */
REWRAP_MUST_USE const char *request_key(const Hsm__Key *key, struct hsm_key *ret);

/* Reads one side of a request. NULL, or what is wrong with it; *ret borrows from side. */
REWRAP_MUST_USE const char *request_side(const Hsm__Side *side, struct hsm_side *ret);

/*
 * Sends the token's objects, as many in a frame as fit: in hello, with its first part in it, or without (NULL) as the
 * answer to a ListObjects. False when the other side is gone.
 */
REWRAP_MUST_USE bool objects_send(struct worker *worker, uint64_t id, Hsm__Hello *hello);
