/* The two sides of a re-encryption, by algorithm; see rewrap_private.h. */
#include "errors.h"
#include "p11_call.h"
#include "rewrap_private.h"

#include <string.h>

/* What an algorithm does. */
struct scheme {
    bool (*fits)(enum hsm_spec spec);
    struct hsm_result (*unwrap)(struct hsm_rewrap *rewrap, const struct prepared_side *source, struct view ciphertext,
                                bool sensitive, struct payload *ret);
    struct hsm_result (*wrap)(struct hsm_rewrap *rewrap, const struct prepared_side *destination,
                              const struct payload *payload, struct buffer *out);
};

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

/* A handle that is no longer valid: the object is gone, or the module has renumbered its objects. */
static bool is_stale(CK_RV rv)
{
    return rv == CKR_KEY_HANDLE_INVALID || rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_UNWRAPPING_KEY_HANDLE_INVALID ||
           rv == CKR_WRAPPING_KEY_HANDLE_INVALID;
}

static void forget_if_stale(struct hsm_rewrap *rewrap, const struct hsm_key *key, CK_RV rv)
{
    if (is_stale(rv)) {
        keys_forget(rewrap->keys, key->spec, key->boundary, key->material_id);
    }
}

static struct hsm_result envelope_result(enum envelope_code code)
{
    switch (code) {
    case ENVELOPE_OK:
        return HSM_SUCCESS;
    case ENVELOPE_INVALID:
        return hsm_failure(HSM_INVALID_CIPHERTEXT, "envelope");
    case ENVELOPE_NO_MEMORY:
        return hsm_failure(HSM_LIMIT, "output buffer");
    case ENVELOPE_FAULT:
        break;
    }
    return hsm_failure(HSM_FAULT, "libcrypto");
}

static bool symmetric_fits(enum hsm_spec spec)
{
    return spec == HSM_SPEC_AES_256;
}

/* The header must name the key and the material that the request means; what it says beyond that is believed after
 * envelope_open. */
static bool header_names(struct view ciphertext, const struct hsm_key *key)
{
    struct envelope_header header;
    return envelope_header_parse(ciphertext, &header) &&
           memcmp(header.key_id, key->key_id, sizeof header.key_id) == 0 &&
           memcmp(header.material_id, key->material_id, sizeof header.material_id) == 0;
}

static struct payload_template *template_for(struct hsm_rewrap *rewrap, enum hsm_boundary boundary, bool sensitive)
{
    if (boundary == HSM_SEALED) {
        return &rewrap->templates[PAYLOAD_SEALED];
    }
    return &rewrap->templates[sensitive ? PAYLOAD_OPEN : PAYLOAD_OPEN_TO_READ];
}

static struct hsm_result symmetric_unwrap(struct hsm_rewrap *rewrap, const struct prepared_side *source,
                                          struct view ciphertext, bool sensitive, struct payload *ret)
{
    const struct hsm_key *key = &source->side->key;
    if (!header_names(ciphertext, key)) {
        return hsm_failure(HSM_INVALID_CIPHERTEXT, "envelope header");
    }
    const uint8_t *binding = NULL;
    struct hsm_result result = binding_key(rewrap->binding, key->key_id, key->material_id, &binding);
    if (result.code != HSM_OK) {
        return device_fault(result);
    }
    struct envelope_header header;
    uint8_t inner[ENVELOPE_INNER_MAX_BYTES];
    size_t inner_len = 0;
    result = envelope_result(
        envelope_open(rewrap->crypto, binding, ciphertext, source->side->context, &header, inner, &inner_len));
    if (result.code != HSM_OK) {
        return result;
    }
    CK_MECHANISM kwp = {.mechanism = rewrap->profile.kwp};
    struct payload_template *template = template_for(rewrap, key->boundary, sensitive);
    struct payload payload = {.length = header.payload_length};
    CK_RV rv = p11_unwrap_key(rewrap->token, &kwp, source->handles.unwrap, inner, inner_len, template->list,
                              template->n, &payload.object);
    if (rv != CKR_OK) {
        forget_if_stale(rewrap, key, rv);
        return device_fault(hsm_result_of(rv, "C_UnwrapKey"));
    }
    *ret = payload;
    return HSM_SUCCESS;
}

/* C_WrapKey, with the refusals that are not the device's fault. */
static struct hsm_result wrap(struct hsm_rewrap *rewrap, const struct prepared_side *destination,
                              CK_MECHANISM *mechanism, const struct payload *payload, uint8_t *out, CK_ULONG *len)
{
    CK_RV rv = p11_wrap_key(rewrap->token, mechanism, destination->handles.wrap, payload->object, out, len);
    struct hsm_result result = hsm_result_of(rv, "C_WrapKey");
    if (result.code == HSM_OK || result.code == HSM_NOT_WRAPPABLE || result.code == HSM_TOO_LARGE) {
        return result;
    }
    forget_if_stale(rewrap, &destination->side->key, rv);
    return device_fault(result);
}

static struct hsm_result symmetric_wrap(struct hsm_rewrap *rewrap, const struct prepared_side *destination,
                                        const struct payload *payload, struct buffer *out)
{
    const struct hsm_key *key = &destination->side->key;
    CK_MECHANISM kwp = {.mechanism = rewrap->profile.kwp};
    uint8_t inner[ENVELOPE_INNER_MAX_BYTES];
    CK_ULONG inner_len = sizeof inner;
    struct hsm_result result = wrap(rewrap, destination, &kwp, payload, inner, &inner_len);
    if (result.code != HSM_OK) {
        return result;
    }
    if (inner_len != envelope_inner_length(payload->length)) {
        return hsm_failure(HSM_FAULT, "C_WrapKey: not the length of RFC 5649");
    }
    const uint8_t *binding = NULL;
    result = binding_key(rewrap->binding, key->key_id, key->material_id, &binding);
    if (result.code != HSM_OK) {
        return device_fault(result);
    }
    struct envelope_header header = {.payload_length = (uint16_t)payload->length};
    memcpy(header.key_id, key->key_id, sizeof header.key_id);
    memcpy(header.material_id, key->material_id, sizeof header.material_id);
    if (!envelope_salt(rewrap->crypto, header.salt)) {
        return hsm_failure(HSM_FAULT, "RAND_bytes");
    }
    return envelope_result(
        envelope_seal(rewrap->crypto, binding, &header, destination->side->context, view_of(inner, inner_len), out));
}

/* By hsm_algorithm. Those without functions are known and not done: HSM_UNSUPPORTED. */
static const struct scheme schemes[] = {
    [HSM_SYMMETRIC_DEFAULT] = {symmetric_fits, symmetric_unwrap, symmetric_wrap},
    [HSM_RSAES_OAEP_SHA_1] = {NULL, NULL, NULL},
    [HSM_RSAES_OAEP_SHA_256] = {NULL, NULL, NULL},
};
#define N_SCHEMES (sizeof schemes / sizeof schemes[0])

struct hsm_result side_prepare(struct hsm_rewrap *rewrap, const struct hsm_side *side, struct prepared_side *ret)
{
    if ((size_t)side->algorithm >= N_SCHEMES || schemes[side->algorithm].fits == NULL) {
        return hsm_failure(HSM_UNSUPPORTED, "this encryption algorithm");
    }
    const struct scheme *scheme = &schemes[side->algorithm];
    if (!scheme->fits(side->key.spec)) {
        return hsm_failure(HSM_UNSUPPORTED, "this encryption algorithm with a key of this spec");
    }
    struct prepared_side prepared = {.side = side, .scheme = scheme};
    const struct hsm_key *key = &side->key;
    struct hsm_result result = keys_find(rewrap->keys, key->spec, key->boundary, key->material_id, &prepared.handles);
    if (result.code == HSM_OK) {
        *ret = prepared;
    }
    return result;
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
