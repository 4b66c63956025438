/* What kinds of wrapping key there are: the spec (which algorithm and size) and the boundary (may plaintext be handed
 * out). */
#pragma once

/* Which binding root is meant, by what it computes and not by what it is called: docs/ceremony.md. */
#define HSM_BINDING_CHECK_BYTES 16

enum hsm_spec {
    HSM_SPEC_AES_256 = 1, /* AWS's SYMMETRIC_DEFAULT */
    HSM_SPEC_RSA_2048,
    HSM_SPEC_RSA_3072,
    HSM_SPEC_RSA_4096,
};

enum hsm_boundary {
    HSM_SEALED = 1, /* the token itself refuses to give a payload out; made by the custodian in the ceremony */
    HSM_OPEN,       /* plaintext may be handed out; made by the worker at run time */
};
