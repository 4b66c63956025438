/* Key specs, algorithms and states in the three languages we speak: the registry's, the public contract's and the
 * worker's. */
#pragma once

#include "proto/hsm.pb-c.h"
#include "proto/rewrap.pb-c.h"
#include "registry/types.h"

#include "errors.h"

#define OPERATION_SPEC_MAX_ALGORITHMS 2

struct operation_spec {
    enum key_spec spec;
    Rewrap__KeySpec__Value value;
    Hsm__KeySpec token_spec;
    const char *name;
    bool symmetric;
    size_t n_algorithms; /* KMS.md R-69 */
    Rewrap__EncryptionAlgorithmSpec__Value algorithms[OPERATION_SPEC_MAX_ALGORITHMS];
};

/* The row of a spec that the registry can hold; static. */
const struct operation_spec *operation_spec_of(enum key_spec spec);

bool operation_spec_has_algorithm(const struct operation_spec *spec, Rewrap__EncryptionAlgorithmSpec__Value algorithm);

/* "RSAES_OAEP_SHA_256", "RSA_2048", "SIGN_VERIFY": any value's name, "?" for a number that has none. Static. */
const char *operation_algorithm_name(Rewrap__EncryptionAlgorithmSpec__Value algorithm);
const char *operation_key_spec_name(Rewrap__KeySpec__Value spec);
const char *operation_key_usage_name(Rewrap__KeyUsageType__Value usage);

/* A key's state: what it is called, and the error that a use of the key gets, code 0 where it may be used (KMS.md R-62,
 * */
struct operation_state_row {
    enum key_state state;
    Rewrap__KeyState__Value value;
    enum operation_code use;
    const char *use_text; /* after the key's ARN */
};

const struct operation_state_row *operation_state_of(enum key_state state);
