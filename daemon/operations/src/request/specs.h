/* Key specs, algorithms, states and times in the three languages we speak: the registry's, the public contract's and
 * the worker's. */
#pragma once

#include "proto/hsm.pb-c.h"
#include "proto/rewrap.pb-c.h"
#include "registry/types.h"

#include "frame/errors.h"

#define OPERATION_SPEC_MAX_ALGORITHMS 2

/* What a spec can be used with. */
struct operation_algorithm {
    Rewrap__EncryptionAlgorithmSpec__Value value;
    Hsm__Algorithm token_value;
    unsigned max_plaintext_bytes;
};

struct operation_spec {
    enum key_spec spec;
    Rewrap__KeySpec__Value value;
    Hsm__KeySpec token_spec;
    const char *name;
    bool symmetric;      /* encrypts and decrypts with one key; an HMAC key does neither */
    bool is_pair;        /* has a public half */
    size_t n_algorithms; /* KMS.md */
    struct operation_algorithm algorithms[OPERATION_SPEC_MAX_ALGORITHMS];
};

/* The row of a spec that the registry can hold; static. */
const struct operation_spec *operation_spec_of(enum key_spec spec);

/* The row of a spec of the public contract; NULL for one that the registry cannot hold. */
const struct operation_spec *operation_spec_of_value(Rewrap__KeySpec__Value value);

/* NULL when the spec has no such algorithm. Static. */
const struct operation_algorithm *operation_spec_algorithm(const struct operation_spec *spec,
                                                           Rewrap__EncryptionAlgorithmSpec__Value algorithm);

/* "RSAES_OAEP_SHA_256", "RSA_2048", "SIGN_VERIFY": any value's name, "?" for a number that has none. Static. */
const char *operation_algorithm_name(Rewrap__EncryptionAlgorithmSpec__Value algorithm);
const char *operation_key_spec_name(Rewrap__KeySpec__Value spec);
const char *operation_key_usage_name(Rewrap__KeyUsageType__Value usage);
const char *operation_origin_name(Rewrap__OriginType__Value origin);

/* A key's usage as the contract calls it. */
Rewrap__KeyUsageType__Value operation_usage_value(enum key_usage usage);

/* A key's state as the contract calls it; what it means for each operation is in states.h. */
Rewrap__KeyState__Value operation_state_value(enum key_state state);

/* Milliseconds since the epoch as the contract has a time. */
void operation_timestamp_fill(int64_t ms, Rewrap__Timestamp *out);
