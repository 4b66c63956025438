/*
 * Mechanism numbers under which AES key wrap travels. p11-kit's protocol carries a fixed set of mechanisms, AES key
 * wrap is not among them in any version, and no setting adds to it. What it does carry, without parameters, is the key
 * wrap of ciphers that no token has had since the Fortezza cards: those numbers stand in.
 */
#pragma once

#include "base/attr.h"

#include <p11-kit/pkcs11.h>
#include <stdbool.h>

/* PKCS#11 v3.0 section 2.14: RFC 5649. Missing from p11-kit's v2.40 header. */
#define CKM_AES_KEY_WRAP_KWP 0x210BUL

enum remote_way { REMOTE_TO_WIRE, REMOTE_FROM_WIRE };

enum remote_mechanism {
    REMOTE_MECHANISM_AS_IT_IS, /* *ret is type */
    REMOTE_MECHANISM_MAPPED,   /* *ret is the number on the other side */
    REMOTE_MECHANISM_REFUSED,  /* a number that stands for another one on the other side: *ret is untouched */
};
REWRAP_MUST_USE enum remote_mechanism remote_mechanism_map(CK_MECHANISM_TYPE type, enum remote_way way,
                                                           CK_MECHANISM_TYPE *ret);
