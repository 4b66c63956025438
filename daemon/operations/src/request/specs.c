/* The tables of specs, algorithms and states; see specs.h. */
#include "specs.h"

#include "envelope/header.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The maxima are KMS.md R-70: for OAEP the modulus less two hashes and two bytes (RFC 8017 section 7.1.1). */
#define SYMMETRIC                                                                                                      \
    {                                                                                                                  \
        REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SYMMETRIC_DEFAULT, HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT,      \
            ENVELOPE_PAYLOAD_MAX_BYTES                                                                                 \
    }
#define OAEP_SHA_1(max)                                                                                                \
    {                                                                                                                  \
        REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_1, HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_1, max    \
    }
#define OAEP_SHA_256(max)                                                                                              \
    {                                                                                                                  \
        REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_256, HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_256,    \
            max                                                                                                        \
    }

#define RSA(bits, sha_1_max, sha_256_max)                                                                              \
    {                                                                                                                  \
        .spec = KEY_SPEC_RSA_##bits, .value = REWRAP__KEY_SPEC__VALUE__RSA_##bits,                                     \
        .token_spec = HSM__KEY_SPEC__KEY_SPEC_RSA_##bits, .name = "RSA_" #bits, .is_pair = true, .n_algorithms = 2,    \
        .algorithms = {                                                                                                \
            OAEP_SHA_1(sha_1_max),                                                                                     \
            OAEP_SHA_256(sha_256_max)                                                                                  \
        }                                                                                                              \
    }

static const struct operation_spec specs[] = {
    {.spec = KEY_SPEC_SYMMETRIC_DEFAULT,
     .value = REWRAP__KEY_SPEC__VALUE__SYMMETRIC_DEFAULT,
     .token_spec = HSM__KEY_SPEC__KEY_SPEC_AES_256,
     .name = "SYMMETRIC_DEFAULT",
     .symmetric = true,
     .n_algorithms = 1,
     .algorithms = {SYMMETRIC}},
    RSA(2048, 214, 190),
    RSA(3072, 342, 318),
    RSA(4096, 470, 446),
    /* No worker makes or uses one. To destroy what is left of a deleted one, it is looked for among the secret keys. */
    {.spec = KEY_SPEC_HMAC_256,
     .value = REWRAP__KEY_SPEC__VALUE__HMAC_256,
     .token_spec = HSM__KEY_SPEC__KEY_SPEC_AES_256,
     .name = "HMAC_256"},
};

const struct operation_spec *operation_spec_of(enum key_spec spec)
{
    for (size_t i = 0; i < COUNT(specs); i++) {
        if (specs[i].spec == spec) {
            return &specs[i];
        }
    }
    abort(); /* the registry holds only specs of its enumeration */
}

const struct operation_spec *operation_spec_of_value(Rewrap__KeySpec__Value value)
{
    for (size_t i = 0; i < COUNT(specs); i++) {
        if (specs[i].value == value) {
            return &specs[i];
        }
    }
    return NULL;
}

const struct operation_algorithm *operation_spec_algorithm(const struct operation_spec *spec,
                                                           Rewrap__EncryptionAlgorithmSpec__Value algorithm)
{
    for (size_t i = 0; i < spec->n_algorithms; i++) {
        if (spec->algorithms[i].value == algorithm) {
            return &spec->algorithms[i];
        }
    }
    return NULL;
}

static const char *name_in(const ProtobufCEnumDescriptor *set, unsigned value)
{
    for (unsigned i = 0; i < set->n_values; i++) {
        if ((unsigned)set->values[i].value == value) {
            return set->values[i].name;
        }
    }
    return "?";
}

const char *operation_algorithm_name(Rewrap__EncryptionAlgorithmSpec__Value algorithm)
{
    return name_in(&rewrap__encryption_algorithm_spec__value__descriptor, (unsigned)algorithm);
}

const char *operation_key_spec_name(Rewrap__KeySpec__Value spec)
{
    return name_in(&rewrap__key_spec__value__descriptor, (unsigned)spec);
}

const char *operation_key_usage_name(Rewrap__KeyUsageType__Value usage)
{
    return name_in(&rewrap__key_usage_type__value__descriptor, (unsigned)usage);
}

const char *operation_origin_name(Rewrap__OriginType__Value origin)
{
    return name_in(&rewrap__origin_type__value__descriptor, (unsigned)origin);
}

Rewrap__KeyUsageType__Value operation_usage_value(enum key_usage usage)
{
    switch (usage) {
    case KEY_USAGE_ENCRYPT_DECRYPT:
        return REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT;
    case KEY_USAGE_SIGN_VERIFY:
        return REWRAP__KEY_USAGE_TYPE__VALUE__SIGN_VERIFY;
    case KEY_USAGE_GENERATE_VERIFY_MAC:
        return REWRAP__KEY_USAGE_TYPE__VALUE__GENERATE_VERIFY_MAC;
    default:
        abort(); /* the registry holds only usages of its enumeration */
    }
}

Rewrap__KeyState__Value operation_state_value(enum key_state state)
{
    switch (state) {
    case KEY_STATE_ENABLED:
        return REWRAP__KEY_STATE__VALUE__Enabled;
    case KEY_STATE_DISABLED:
        return REWRAP__KEY_STATE__VALUE__Disabled;
    case KEY_STATE_PENDING_DELETION:
        return REWRAP__KEY_STATE__VALUE__PendingDeletion;
    case KEY_STATE_PENDING_IMPORT:
        return REWRAP__KEY_STATE__VALUE__PendingImport;
    default:
        abort(); /* the registry holds only states of its enumeration */
    }
}

void operation_timestamp_fill(int64_t ms, Rewrap__Timestamp *out)
{
    rewrap__timestamp__init(out);
    int64_t below = ms % 1000;
    int64_t fraction = below < 0 ? below + 1000 : below;
    out->has_seconds = true;
    out->seconds = (ms - fraction) / 1000;
    out->has_nanos = true;
    out->nanos = (int32_t)(fraction * 1000000);
}
