/* The tables of specs, algorithms and states; see specs.h. */
#include "specs.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SYMMETRIC_DEFAULT REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SYMMETRIC_DEFAULT
#define OAEP_SHA_1        REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_1
#define OAEP_SHA_256      REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_256

static const struct operation_spec specs[] = {
    {KEY_SPEC_SYMMETRIC_DEFAULT,
     REWRAP__KEY_SPEC__VALUE__SYMMETRIC_DEFAULT,
     HSM__KEY_SPEC__KEY_SPEC_AES_256,
     "SYMMETRIC_DEFAULT",
     true,
     1,
     {SYMMETRIC_DEFAULT}},
    {KEY_SPEC_RSA_2048,
     REWRAP__KEY_SPEC__VALUE__RSA_2048,
     HSM__KEY_SPEC__KEY_SPEC_RSA_2048,
     "RSA_2048",
     false,
     2,
     {OAEP_SHA_1, OAEP_SHA_256}},
    {KEY_SPEC_RSA_3072,
     REWRAP__KEY_SPEC__VALUE__RSA_3072,
     HSM__KEY_SPEC__KEY_SPEC_RSA_3072,
     "RSA_3072",
     false,
     2,
     {OAEP_SHA_1, OAEP_SHA_256}},
    {KEY_SPEC_RSA_4096,
     REWRAP__KEY_SPEC__VALUE__RSA_4096,
     HSM__KEY_SPEC__KEY_SPEC_RSA_4096,
     "RSA_4096",
     false,
     2,
     {OAEP_SHA_1, OAEP_SHA_256}},
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

bool operation_spec_has_algorithm(const struct operation_spec *spec, Rewrap__EncryptionAlgorithmSpec__Value algorithm)
{
    for (size_t i = 0; i < spec->n_algorithms; i++) {
        if (spec->algorithms[i] == algorithm) {
            return true;
        }
    }
    return false;
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

static const struct operation_state_row states[] = {
    {KEY_STATE_ENABLED, REWRAP__KEY_STATE__VALUE__Enabled, 0, NULL},
    {KEY_STATE_DISABLED, REWRAP__KEY_STATE__VALUE__Disabled, OPERATION_DISABLED, "is disabled."},
    {KEY_STATE_PENDING_DELETION, REWRAP__KEY_STATE__VALUE__PendingDeletion, OPERATION_INVALID_STATE,
     "is pending deletion."},
};

const struct operation_state_row *operation_state_of(enum key_state state)
{
    for (size_t i = 0; i < COUNT(states); i++) {
        if (states[i].state == state) {
            return &states[i];
        }
    }
    abort(); /* the registry holds only states of its enumeration */
}
