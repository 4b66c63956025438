/* Reading the parts of a request; rewrapd's bytes are trusted as little as a client's. */
#include "envelope/context.h"
#include "worker.h"

#include <assert.h>

/* The enumerations of hsm.proto and of the hsm module are the same numbers; each value is checked before it is taken
 * over. */
static_assert((int)HSM__KEY_SPEC__KEY_SPEC_AES_256 == (int)HSM_SPEC_AES_256, "key spec");
static_assert((int)HSM__KEY_SPEC__KEY_SPEC_RSA_4096 == (int)HSM_SPEC_RSA_4096, "key spec");
static_assert((int)HSM__BOUNDARY__BOUNDARY_SEALED == (int)HSM_SEALED, "boundary");
static_assert((int)HSM__BOUNDARY__BOUNDARY_OPEN == (int)HSM_OPEN, "boundary");
static_assert((int)HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT == (int)HSM_SYMMETRIC_DEFAULT, "algorithm");
static_assert((int)HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_256 == (int)HSM_RSAES_OAEP_SHA_256, "algorithm");
static_assert((int)HSM__LEVEL__LEVEL_SENSITIVE == (int)HSM_LEVEL_SENSITIVE, "level");
static_assert((int)HSM__LEVEL__LEVEL_SEALED == (int)HSM_LEVEL_SEALED, "level");

const char *request_key(const Hsm__Key *key, struct hsm_key *ret)
{
    if (key == NULL || !key->has_key_id || key->key_id.len != sizeof ret->key_id) {
        return "a key without a key id of 16 bytes";
    }
    if (!key->has_material_id || key->material_id.len != sizeof ret->material_id) {
        return "a key without a material id of 32 bytes";
    }
    if (!key->has_spec || protobuf_c_enum_descriptor_get_value(&hsm__key_spec__descriptor, (int)key->spec) == NULL) {
        return "a key without a known spec";
    }
    if (!key->has_boundary ||
        protobuf_c_enum_descriptor_get_value(&hsm__boundary__descriptor, (int)key->boundary) == NULL) {
        return "a key without a known boundary";
    }
    memcpy(ret->key_id, key->key_id.data, sizeof ret->key_id);
    memcpy(ret->material_id, key->material_id.data, sizeof ret->material_id);
    ret->spec = (enum hsm_spec)key->spec;
    ret->boundary = (enum hsm_boundary)key->boundary;
    return NULL;
}

const char *request_side(const Hsm__Side *side, struct hsm_side *ret)
{
    if (side == NULL) {
        return "a side is missing";
    }
    const char *fault = request_key(side->key, &ret->key);
    if (fault != NULL) {
        return fault;
    }
    if (!side->has_algorithm ||
        protobuf_c_enum_descriptor_get_value(&hsm__algorithm__descriptor, (int)side->algorithm) == NULL) {
        return "a side without a known algorithm";
    }
    ret->algorithm = (enum hsm_algorithm)side->algorithm;
    /* No canonical context is empty, so an absent one is a defect and not "no context". */
    if (ret->algorithm == HSM_SYMMETRIC_DEFAULT && (!side->has_context || side->context.len == 0)) {
        return "a symmetric side without its canonical context";
    }
    if (side->has_context && side->context.len > CONTEXT_CANONICAL_MAX_BYTES) {
        return "a context that is too long";
    }
    ret->context = side->has_context ? view_of(side->context.data, side->context.len) : view_of(NULL, 0);
    return NULL;
}
