/*
 * What a token really does, found out by trying with session objects that are destroyed again; its documents and its
 * mechanism list are not enough (a mechanism number says nothing of padding, an attribute that is accepted may not be
 * enforced).
 */
#pragma once

#include "hsm/result.h"

#include <stdbool.h>

struct hsm_token;

/* Who enforces the boundary of a sealed key; a higher number is a stronger promise. */
enum hsm_level {
    HSM_LEVEL_SENSITIVE = 1, /* payloads are sensitive on the token, but whoever holds the session could wrap one out */
    HSM_LEVEL_SEALED,        /* the token itself refuses that */
};

/* How the length of a payload that lies on the token is found out, when no header says it (RSA ciphertexts). */
enum hsm_lengths {
    HSM_LENGTHS_UNKNOWN = 0,  /* it cannot be: what needs it is refused */
    HSM_LENGTHS_BY_ATTRIBUTE, /* CKA_VALUE_LEN */
    HSM_LENGTHS_BY_DIGEST,    /* C_DigestKey of the payload, and of it and the padding of SHA-256 */
};

struct hsm_profile {
    unsigned long kwp;  /* the CK_MECHANISM_TYPE that is RFC 5649 on this token: 0x210B, or 0x210A if it proves to be */
    bool pads_payloads; /* zero-pads to a multiple of 8 before KWP and so loses the length (SoftHSM 2.6.1) */
    enum hsm_lengths lengths;
    bool oaep_sha1;   /* C_UnwrapKey and C_WrapKey with CKM_RSA_PKCS_OAEP, this hash and MGF1 with the same */
    bool oaep_sha256; /* likewise */
    unsigned
        payload_max_bytes; /* the longest payload that went through KWP and back, at most ENVELOPE_PAYLOAD_MAX_BYTES */
    enum hsm_level level;
    const char *level_reason; /* static: the first thing the token does not enforce; NULL when it is sealed */
};

/*
 * Looks at a token whose user is logged in. HSM_UNSUPPORTED when it cannot do what suite 1 needs (what says which),
 * HSM_FAULT and others when it failed on the way; *ret is untouched then, and no object is left. The token
 * remembers its level: what its keys must be like depends on it, and is the strict form before. Blocks for some tens of
 * token calls.
 */
REWRAP_MUST_USE struct hsm_result hsm_probe(struct hsm_token *token, struct hsm_profile *ret);

/*
 * The KWP mechanism alone, for the ceremony, which needs it for CKA_ALLOWED_MECHANISMS. Works in a user's session (it
 * needs session keys). The same failures as hsm_probe.
 */
REWRAP_MUST_USE struct hsm_result hsm_probe_kwp(struct hsm_token *token, unsigned long *ret_mechanism,
                                                bool *ret_pads_payloads);
