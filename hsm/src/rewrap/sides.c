/* The two sides of a re-encryption, by algorithm; see rewrap_private.h. */
#include "p11/errors.h"
#include "p11/oaep.h"
#include "p11/p11_call.h"
#include "rewrap_private.h"

#include <string.h>

static const struct payload_purpose {
    enum hsm_boundary boundary;
    bool sensitive;
} purposes[PAYLOAD_TEMPLATES] = {
    [PAYLOAD_SEALED] = {HSM_SEALED, true},
    [PAYLOAD_OPEN] = {HSM_OPEN, true},
    [PAYLOAD_OPEN_TO_READ] = {HSM_OPEN, false},
};

void payload_template_fill(struct payload_template *template, enum hsm_level level, enum payload_use use)
{
    template->n = attributes_unwrap(level, purposes[use].boundary, purposes[use].sensitive, template->list,
                                    PAYLOAD_ATTRIBUTES_MAX);
}

struct hsm_result device_fault(struct hsm_result result)
{
    bool says_more = result.code == HSM_TOKEN_UNAVAILABLE || result.code == HSM_NO_MEMORY || result.code == HSM_LIMIT;
    if (result.code != HSM_OK && !says_more) {
        result.code = HSM_FAULT;
    }
    return result;
}

bool side_is_stale(CK_RV rv)
{
    return rv == CKR_KEY_HANDLE_INVALID || rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_UNWRAPPING_KEY_HANDLE_INVALID ||
           rv == CKR_WRAPPING_KEY_HANDLE_INVALID;
}

void side_forget_if_stale(struct hsm_rewrap *rewrap, const struct hsm_key *key, CK_RV rv)
{
    if (side_is_stale(rv)) {
        keys_forget(rewrap->keys, key->spec, key->boundary, key->material_id);
    }
}

static struct payload_template *template_for(struct hsm_rewrap *rewrap, enum hsm_boundary boundary, bool sensitive)
{
    if (boundary == HSM_SEALED) {
        return &rewrap->templates[PAYLOAD_SEALED];
    }
    return &rewrap->templates[sensitive ? PAYLOAD_OPEN : PAYLOAD_OPEN_TO_READ];
}

CK_RV side_unwrap_key(struct hsm_rewrap *rewrap, const struct prepared_side *source, CK_MECHANISM *mechanism,
                      struct view wrapped, bool sensitive, CK_OBJECT_HANDLE *ret)
{
    struct payload_template *template = template_for(rewrap, source->side->key.boundary, sensitive);
    return p11_unwrap_key(rewrap->token, mechanism, source->handles.unwrap, wrapped.data, wrapped.len, template->list,
                          template->n, ret);
}

struct hsm_result side_wrap_key(struct hsm_rewrap *rewrap, const struct prepared_side *destination,
                                CK_MECHANISM *mechanism, const struct payload *payload, uint8_t *out, CK_ULONG *len)
{
    CK_RV rv = p11_wrap_key(rewrap->token, mechanism, destination->handles.wrap, payload->object, out, len);
    struct hsm_result result = hsm_result_of(rv, "C_WrapKey");
    if (result.code == HSM_OK || result.code == HSM_NOT_WRAPPABLE || result.code == HSM_TOO_LARGE) {
        return result;
    }
    side_forget_if_stale(rewrap, &destination->side->key, rv);
    return device_fault(result);
}

struct hsm_result payload_destroy(struct hsm_rewrap *rewrap, const struct payload *payload, struct hsm_result result)
{
    CK_RV rv = p11_destroy_object(rewrap->token, payload->object);
    if (rv != CKR_OK) {
        return (struct hsm_result){.code = HSM_TOKEN_UNAVAILABLE, .rv = rv, .what = "C_DestroyObject"};
    }
    return result;
}

static const struct scheme *const schemes[] = {
    [HSM_SYMMETRIC_DEFAULT] = &side_symmetric,
    [HSM_RSAES_OAEP_SHA_1] = &side_rsa,
    [HSM_RSAES_OAEP_SHA_256] = &side_rsa,
};
#define N_SCHEMES (sizeof schemes / sizeof schemes[0])

struct hsm_result side_prepare(struct hsm_rewrap *rewrap, const struct hsm_side *side, struct prepared_side *ret)
{
    if ((size_t)side->algorithm >= N_SCHEMES || schemes[side->algorithm] == NULL) {
        return hsm_failure(HSM_UNSUPPORTED, "this encryption algorithm");
    }
    struct prepared_side prepared = {
        .side = side, .scheme = schemes[side->algorithm], .oaep = oaep_of(side->algorithm)};
    if (!prepared.scheme->fits(side->key.spec)) {
        return hsm_failure(HSM_UNSUPPORTED, "this encryption algorithm with a key of this spec");
    }
    if (prepared.oaep != NULL && !oaep_is_done(&rewrap->profile, side->algorithm)) {
        return hsm_failure(HSM_UNSUPPORTED, prepared.oaep->missing);
    }
    const struct hsm_key *key = &side->key;
    struct hsm_result result = keys_find(rewrap->keys, key->spec, key->boundary, key->material_id, &prepared.handles);
    if (result.code == HSM_OK) {
        *ret = prepared;
    }
    return result;
}

size_t side_payload_max(const struct hsm_rewrap *rewrap, const struct prepared_side *side)
{
    return side->scheme->payload_max(rewrap, side);
}

struct hsm_result side_unwrap(struct hsm_rewrap *rewrap, const struct prepared_side *source, struct view ciphertext,
                              bool sensitive, struct payload *ret)
{
    return source->scheme->unwrap(rewrap, source, ciphertext, sensitive, ret);
}

struct hsm_result side_wrap(struct hsm_rewrap *rewrap, const struct prepared_side *destination,
                            const struct payload *payload, struct buffer *out)
{
    return destination->scheme->wrap(rewrap, destination, payload, out);
}
