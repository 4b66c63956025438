/* How a call into the token ended: our code, and the token's own value beside it. */
#pragma once

#include "base/attr.h"

#include <stddef.h>

enum hsm_code {
    HSM_OK = 0,
    HSM_MODULE,         /* the PKCS#11 module did not load or initialize */
    HSM_TOKEN_ABSENT,   /* no token, or more than one, matches the URI */
    HSM_PIN_UNREADABLE, /* the PIN file is missing, empty, too long or open to others */
    HSM_PIN_WRONG,
    HSM_PIN_LOCKED,  /* locked, or one failure away from it: no login was made */
    HSM_NO_CEREMONY, /* no binding root on the token */
    HSM_KEY_NOT_FOUND,
    HSM_KEY_REFUSED,   /* the object lacks an attribute its boundary needs */
    HSM_KEY_AMBIGUOUS, /* two objects claim to be the same key */
    HSM_INVALID_CIPHERTEXT,
    HSM_NOT_WRAPPABLE, /* the token refuses to wrap this payload under that key */
    HSM_TOO_LARGE,
    HSM_UNSUPPORTED, /* the token has no such mechanism, or refuses an attribute that is needed */
    HSM_LENGTH_NOT_KEPT,
    HSM_TOKEN_UNAVAILABLE, /* the token, the session or the login is gone */
    HSM_KEY_KEPT,          /* the token does not let the user destroy this object */
    HSM_LIMIT,             /* no room on the token, or a limit of ours reached */
    HSM_NO_MEMORY,
    HSM_FAULT, /* the token failed in a way it should not */
};

struct hsm_result {
    enum hsm_code code;
    unsigned long rv; /* the CK_RV behind it, CKR_OK when there was none */
    const char *what; /* static: the call or the attribute at fault ("C_UnwrapKey", "CKA_TRUSTED"); NULL on success.
                         What a loader said of a module, and the mode of a PIN file, until the next is tried */
};

#define HSM_SUCCESS ((struct hsm_result){.code = HSM_OK})

/* Constant texts, for messages: "the PIN is wrong". */
const char *hsm_code_text(enum hsm_code code);
/* The same, or what is to be done where the CK_RV says more than the code: a PIN that has expired, or was never set. */
const char *hsm_reason_text(struct hsm_result result);
/* For a person: "the token does not support this (C_WrapKey: CKR_MECHANISM_INVALID)", or what alone, where that says
 * all: a token that is not there, a PIN file that cannot be read. Cut to size, which is at least 1. */
void hsm_result_text(struct hsm_result result, char *out, size_t size);
/* "CKR_PIN_INCORRECT", or "CKR_…" with the number for one without a name; points to static memory. */
const char *hsm_rv_name(unsigned long rv);
