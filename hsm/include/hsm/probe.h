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

struct hsm_profile {
    unsigned long kwp;  /* the CK_MECHANISM_TYPE that is RFC 5649 on this token: 0x210B, or 0x210A if it proves to be */
    bool pads_payloads; /* zero-pads to a multiple of 8 before KWP and so loses the length (SoftHSM 2.6.1) */
    enum hsm_level level;
    const char *level_reason; /* static: the first thing the token does not enforce; NULL when it is sealed */
};

/*
 * Looks at a token whose user is logged in. HSM_UNSUPPORTED when it cannot do what suite 1 needs (what says which),
 * HSM_FAULT and others when it failed on the way; *ret is untouched then, and no object is left. Blocks for some tens
 * of token calls.
 */
REWRAP_MUST_USE struct hsm_result hsm_probe(struct hsm_token *token, struct hsm_profile *ret);

/*
 * The KWP mechanism alone, for the ceremony, which needs it for CKA_ALLOWED_MECHANISMS. Works in a user's session (it
 * needs session keys). The same failures as hsm_probe.
 */
REWRAP_MUST_USE struct hsm_result hsm_probe_kwp(struct hsm_token *token, unsigned long *ret_mechanism,
                                                bool *ret_pads_payloads);
