/*
 * One token: the module that serves it, loaded through p11-kit unmanaged (one function table, no proxy), and one
 * read-write session. Everything here may block for as long as the module does: it is called in a worker or by the
 * custodian's command, never in rewrapd.
 */
#pragma once

#include "hsm/result.h"

#include <stdbool.h>
#include <stdint.h>

struct secbuf;

struct hsm_token_config {
    const char *module;    /* path, or a name in p11-kit's module folder */
    const char *init_args; /* C_Initialize's pReserved, for NSS softokn; NULL for none */
    const char *uri;       /* RFC 7512: which token; must match exactly one */
};

struct hsm_token; /* module, slot and session */

struct hsm_token_info {
    char label[33];
    char manufacturer[33];
    char model[17];
    char serial[17];
};

enum hsm_user { HSM_USER, HSM_SO };

/* Loads the module, finds the token, opens the session. On failure *ret is untouched. The caller frees with
 * hsm_token_close. */
REWRAP_MUST_USE struct hsm_result hsm_token_open(const struct hsm_token_config *config, struct hsm_token **ret);

/* Logs out, closes, unloads. NULL is allowed. */
void hsm_token_close(struct hsm_token *token);

const struct hsm_token_info *hsm_token_info(const struct hsm_token *token);

/*
 * Reads a PIN from a file: its content up to the first line break, 1 to 255 bytes. HSM_PIN_UNREADABLE when it cannot be
 * read, is not a regular file, or can be read or written by others than its owner and group. *ret is owned by the
 * caller (secbuf_free).
 */
REWRAP_MUST_USE struct hsm_result hsm_pin_read(const char *path, struct secbuf **ret);

/*
 * Logs the session in, once. HSM_PIN_LOCKED without an attempt when the token says that the next failure locks it or
 * that it is locked. An answer "already logged in" is success. One user at a time: log out in between.
 */
REWRAP_MUST_USE struct hsm_result hsm_token_login(struct hsm_token *token, enum hsm_user user,
                                                  const struct secbuf *pin);
REWRAP_MUST_USE struct hsm_result hsm_token_logout(struct hsm_token *token);

/*
 * After a call answered that the session, the login or the handles are gone: closes what is left of the session and
 * opens another, in which nobody is logged in yet. Session objects of before are gone, handles of before are worthless.
 * HSM_TOKEN_UNAVAILABLE when the session cannot be closed, the token is not there or not the one of before, or
 * somebody's PIN was refused since the last login, so that no login should be made; else the failures of C_OpenSession.
 * After a failure the token is to be closed.
 */
REWRAP_MUST_USE struct hsm_result hsm_token_reopen(struct hsm_token *token);
