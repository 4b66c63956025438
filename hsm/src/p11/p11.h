/* PKCS#11's names, and the inside of a token. Private to the hsm module: no public header may show a CK_ type. */
#pragma once

#include "hsm/probe.h"
#include "hsm/token.h"

#include <p11-kit/pkcs11.h>

/* PKCS#11 v3.0 section 2.14: RFC 5649. Missing from p11-kit's v2.40 header. */
#define CKM_AES_KEY_WRAP_KWP 0x210BUL

struct hsm_token {
    CK_FUNCTION_LIST *functions; /* the module's own table, from p11-kit */
    bool initialized;            /* C_Initialize succeeded: C_Finalize is owed */
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session; /* CK_INVALID_HANDLE until it is open */
    struct hsm_token_info info;
    enum hsm_level level; /* which attributes are asked of its objects (attributes.h); 0, the strict ones, until it is
                             probed */
};
