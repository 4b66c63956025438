/* RSAES-OAEP (RFC 8017 section 7.1) as PKCS#11 names it: MGF1 with the same hash, an empty label. */
#pragma once

#include "hsm/rewrap.h"
#include "p11.h"

struct oaep {
    const char *missing; /* what a token lacks that does not do it */
    CK_MECHANISM_TYPE hash;
    CK_RSA_PKCS_MGF_TYPE mgf;
    size_t hash_bytes;
    const char *digest; /* OpenSSL's name of the hash */
};

/* NULL for an algorithm that is not one of RSA. */
const struct oaep *oaep_of(enum hsm_algorithm algorithm);

/* Whether the probe has seen the token do it. */
bool oaep_is_done(const struct hsm_profile *profile, enum hsm_algorithm algorithm);

/* The longest message under a modulus of that many bytes. */
size_t oaep_payload_max(const struct oaep *oaep, size_t modulus_bytes);

/* The mechanism points to the parameters: fill it where it stays. */
struct oaep_mechanism {
    CK_MECHANISM mechanism;
    CK_RSA_PKCS_OAEP_PARAMS parameters;
};
void oaep_mechanism_fill(const struct oaep *oaep, struct oaep_mechanism *out);
