/* AES keys: the ciphertext is an envelope around what KWP makes of the payload (docs/ciphertext.md); see
 * rewrap_private.h. */
#include "objects/length.h"
#include "p11/errors.h"
#include "p11/p11_call.h"
#include "rewrap_private.h"

#include <string.h>

#define KWP_BLOCK_BYTES 8 /* what KWP puts before the padded payload (RFC 5649 section 4.1) */

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

static size_t symmetric_payload_max(const struct hsm_rewrap *rewrap, const struct prepared_side *side)
{
    (void)side;
    return rewrap->profile.payload_max_bytes;
}

/* The key's own: a token that has learnt the newer number of KWP since still allows the old one to its old keys. */
static CK_MECHANISM mechanism_of(const struct hsm_rewrap *rewrap, const struct prepared_side *side)
{
    CK_MECHANISM_TYPE own = side->handles.mechanism;
    return (CK_MECHANISM){.mechanism = own != 0 ? own : rewrap->profile.kwp};
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
    CK_MECHANISM kwp = mechanism_of(rewrap, source);
    struct payload payload = {.length = header.payload_length, .maybe_long = true};
    CK_RV rv = side_unwrap_key(rewrap, source, &kwp, view_of(inner, inner_len), sensitive, &payload.object);
    if (rv != CKR_OK) {
        side_forget_if_stale(rewrap, key, rv);
        return device_fault(hsm_result_of(rv, "C_UnwrapKey"));
    }
    *ret = payload;
    return HSM_SUCCESS;
}

/* The true length of a payload that came from an RSA ciphertext; inner is what KWP has made of it. */
static struct hsm_result measure(struct hsm_rewrap *rewrap, const struct payload *payload, struct view inner,
                                 size_t *ret)
{
    if (inner.len < envelope_inner_length(1) || inner.len > envelope_inner_length(ENVELOPE_PAYLOAD_MAX_BYTES)) {
        return hsm_failure(HSM_FAULT, "C_WrapKey: not a length of RFC 5649");
    }
    return device_fault(length_by_digest(rewrap->token, payload->object, inner.len - KWP_BLOCK_BYTES, ret));
}

static struct hsm_result symmetric_wrap(struct hsm_rewrap *rewrap, const struct prepared_side *destination,
                                        const struct payload *payload, struct buffer *out)
{
    const struct hsm_key *key = &destination->side->key;
    if (payload->length > symmetric_payload_max(rewrap, destination)) {
        return hsm_failure(HSM_TOO_LARGE, "longer than key wrap with padding takes on this token");
    }
    CK_MECHANISM kwp = mechanism_of(rewrap, destination);
    if (payload->length == 0 && rewrap->profile.lengths != HSM_LENGTHS_BY_DIGEST) {
        return hsm_failure(HSM_UNSUPPORTED, "the length of what an RSA ciphertext holds, on this token");
    }
    uint8_t inner[ENVELOPE_INNER_MAX_BYTES];
    CK_ULONG inner_len = sizeof inner;
    struct hsm_result result = side_wrap_key(rewrap, destination, &kwp, payload, inner, &inner_len);
    if (result.code != HSM_OK) {
        return result;
    }
    size_t length = payload->length;
    if (length == 0) {
        result = measure(rewrap, payload, view_of(inner, inner_len), &length);
    }
    if (result.code != HSM_OK) {
        return result;
    }
    if (inner_len != envelope_inner_length(length)) {
        return hsm_failure(HSM_FAULT, "C_WrapKey: not the length of RFC 5649");
    }
    const uint8_t *binding = NULL;
    result = binding_key(rewrap->binding, key->key_id, key->material_id, &binding);
    if (result.code != HSM_OK) {
        return device_fault(result);
    }
    struct envelope_header header = {.payload_length = (uint16_t)length};
    memcpy(header.key_id, key->key_id, sizeof header.key_id);
    memcpy(header.material_id, key->material_id, sizeof header.material_id);
    if (!envelope_salt(rewrap->crypto, header.salt)) {
        return hsm_failure(HSM_FAULT, "RAND_bytes");
    }
    return envelope_result(
        envelope_seal(rewrap->crypto, binding, &header, destination->side->context, view_of(inner, inner_len), out));
}

const struct scheme side_symmetric = {symmetric_fits, symmetric_payload_max, symmetric_unwrap, symmetric_wrap};
