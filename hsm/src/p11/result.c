/* What the codes of hsm/result.h are called. */
#include "hsm/result.h"

#include "p11.h"

#include <stdbool.h>
#include <stdio.h>

const char *hsm_code_text(enum hsm_code code)
{
    switch (code) {
    case HSM_OK:
        return "success";
    case HSM_MODULE:
        return "the PKCS#11 module did not load or initialize";
    case HSM_TOKEN_ABSENT:
        return "the URI matches no token, or more than one";
    case HSM_PIN_UNREADABLE:
        return "the PIN file is missing, empty, too long or open to others";
    case HSM_PIN_WRONG:
        return "the PIN is wrong";
    case HSM_PIN_LOCKED:
        return "the PIN is locked or one failure away from it";
    case HSM_NO_CEREMONY:
        return "the token has no binding root";
    case HSM_KEY_NOT_FOUND:
        return "no such key on the token";
    case HSM_KEY_REFUSED:
        return "the key lacks an attribute that its boundary needs";
    case HSM_KEY_AMBIGUOUS:
        return "two objects claim to be the same key";
    case HSM_INVALID_CIPHERTEXT:
        return "the ciphertext is not authentic";
    case HSM_NOT_WRAPPABLE:
        return "the token refuses to wrap this payload under that key";
    case HSM_TOO_LARGE:
        return "the payload is too long";
    case HSM_UNSUPPORTED:
        return "the token does not support this";
    case HSM_LENGTH_NOT_KEPT:
        return "the token would change the length of the payload";
    case HSM_TOKEN_UNAVAILABLE:
        return "the token, its session or its login is gone";
    case HSM_KEY_KEPT:
        return "the token does not let the user destroy the object";
    case HSM_LIMIT:
        return "no room on the token, or a limit reached";
    case HSM_NO_MEMORY:
        return "out of memory";
    case HSM_FAULT:
        return "the token failed";
    }
    return "unknown code";
}

const char *hsm_reason_text(struct hsm_result result)
{
    static const struct {
        unsigned long rv;
        const char *text;
    } reasons[] = {
        {CKR_PIN_EXPIRED, "the PIN has expired: set another one on the token, and put it into the PIN file"},
        {CKR_USER_PIN_NOT_INITIALIZED, "the token has no user PIN yet: the SO has to set one (C_InitPIN)"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].rv == result.rv) {
            return reasons[i].text;
        }
    }
    return hsm_code_text(result.code);
}

void hsm_result_text(struct hsm_result result, char *out, size_t size)
{
    const bool says_all =
        result.what != NULL && result.rv == 0 && (result.code == HSM_TOKEN_ABSENT || result.code == HSM_PIN_UNREADABLE);
    if (says_all) {
        snprintf(out, size, "%s", result.what);
        return;
    }
    snprintf(out, size, "%s%s%s%s%s%s", hsm_reason_text(result), result.what == NULL ? "" : " (",
             result.what == NULL ? "" : result.what, result.rv == 0 || result.what == NULL ? "" : ": ",
             result.rv == 0 || result.what == NULL ? "" : hsm_rv_name(result.rv), result.what == NULL ? "" : ")");
}
