/*
 * The canary of an RSA pair: a ciphertext that is known to be good. A token that fails to unwrap somebody's ciphertext
 * says nothing reliable about whose fault it is (SoftHSM 2.6.1 answers CKR_GENERAL_ERROR to a bad one, others
 * CKR_DEVICE_ERROR): when the canary can be unwrapped, it was the ciphertext.
 */
#pragma once

#include "hsm/rewrap.h"
#include "keys/pair.h"
#include "objects/classes.h"

#define CANARY_CACHE 32 /* a power of two; one that is not there costs an encryption with the public key */

struct canary {
    size_t len; /* 0: none */
    const struct key_class *class;
    enum hsm_algorithm algorithm;
    uint8_t material_id[MATERIAL_ID_BYTES];
    uint8_t ciphertext[PAIR_MODULUS_MAX_BYTES];
};

struct canary_cache {
    struct canary slots[CANARY_CACHE];
};

struct hsm_rewrap;
struct prepared_side;

/*
 * Whether the token can unwrap a good ciphertext under this pair now: HSM_SUCCESS, else what is wrong with the device,
 * never HSM_INVALID_CIPHERTEXT. Costs one unwrapping, and the first time the reading of the public half.
 */
REWRAP_MUST_USE struct hsm_result canary_ask(struct hsm_rewrap *rewrap, const struct prepared_side *source);
