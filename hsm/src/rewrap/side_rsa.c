/* RSA keys: the ciphertext is what RSAES-OAEP makes of the payload (RFC 8017 section 7.1), and nothing else; see
 * rewrap_private.h. */
#include "objects/length.h"
#include "p11/errors.h"
#include "p11/oaep.h"
#include "p11/p11_call.h"
#include "rewrap_private.h"

static bool rsa_fits(enum hsm_spec spec)
{
    return spec == HSM_SPEC_RSA_2048 || spec == HSM_SPEC_RSA_3072 || spec == HSM_SPEC_RSA_4096;
}

/* The key was found, so that there is such a class. */
static size_t modulus_bytes(const struct prepared_side *side)
{
    return key_class_of(side->side->key.spec, side->side->key.boundary)->modulus_bits / 8;
}

static size_t oaep_max(const struct prepared_side *side)
{
    return oaep_payload_max(side->oaep, modulus_bytes(side));
}

/* A token with a limit on secrets below that of OAEP could not read again what it has made. */
static size_t rsa_payload_max(const struct hsm_rewrap *rewrap, const struct prepared_side *side)
{
    size_t of_token = rewrap->profile.payload_max_bytes;
    return of_token < oaep_max(side) ? of_token : oaep_max(side);
}

/* One answer to all bad ciphertexts: which step failed helps whoever searches for a good one (Manger 2001). */
static struct hsm_result not_authentic(void)
{
    return hsm_failure(HSM_INVALID_CIPHERTEXT, "RSAES-OAEP");
}

static struct hsm_result too_large(void)
{
    return hsm_failure(HSM_TOO_LARGE, "longer than a secret may be on this token");
}

/*
 * Whether the ciphertext was good, and what is in it longer than the token takes for a secret (NSS softokn: 256 bytes).
 * Only on a token with such a limit, and only answers that are about the object to be made, not about the padding.
 */
static bool may_be_too_long(const struct hsm_rewrap *rewrap, const struct prepared_side *source, CK_RV rv)
{
    return rewrap->profile.payload_max_bytes < oaep_max(source) &&
           (rv == CKR_TEMPLATE_INCONSISTENT || rv == CKR_KEY_SIZE_RANGE);
}

/*
 * Unwraps, or finds out why not. What the token answers to a bad ciphertext it may also answer to a passing fault of
 * its own, and a good one must not be called bad for that: when the canary shows the device to be well, the ciphertext
 * has another chance. Not opened then either, it was the ciphertext, unless the token now speaks of something else: a
 * session, a login or a device that it has lost since, or of memory.
 */
static struct hsm_result unwrap(struct hsm_rewrap *rewrap, const struct prepared_side *source, struct view ciphertext,
                                bool sensitive, CK_OBJECT_HANDLE *ret)
{
    struct oaep_mechanism oaep;
    oaep_mechanism_fill(source->oaep, &oaep);
    CK_RV first = side_unwrap_key(rewrap, source, &oaep.mechanism, ciphertext, sensitive, ret);
    if (first == CKR_OK) {
        return HSM_SUCCESS;
    }
    struct hsm_result device = canary_ask(rewrap, source);
    if (device.code != HSM_OK) {
        return device;
    }
    CK_RV rv = side_unwrap_key(rewrap, source, &oaep.mechanism, ciphertext, sensitive, ret);
    if (rv == CKR_OK) {
        return strays_destroy(rewrap, *ret); /* the first try was a fault, and may have left one */
    }
    /* The same answer twice, around a canary that sang, is the token's word for this ciphertext, whatever it is called.
     */
    device = device_fault(hsm_result_of(rv, "C_UnwrapKey"));
    if (rv != first && device.code != HSM_FAULT) {
        return device;
    }
    return may_be_too_long(rewrap, source, rv) ? too_large() : not_authentic();
}

/* Fills in the length if the token tells it at once. An empty message is nobody's plaintext (KMS.md R-70), and no token
 * wraps it again. */
static struct hsm_result look_at(struct hsm_rewrap *rewrap, struct payload *payload)
{
    bool empty = false;
    struct hsm_result result = HSM_SUCCESS;
    if (rewrap->profile.lengths == HSM_LENGTHS_BY_ATTRIBUTE) {
        result = length_by_attribute(rewrap->token, payload->object, &payload->length);
        empty = result.code == HSM_OK && payload->length == 0;
    } else if (rewrap->profile.lengths == HSM_LENGTHS_BY_DIGEST) {
        result = length_is_zero(rewrap->token, payload->object, &empty);
    }
    return empty ? not_authentic() : device_fault(result);
}

static struct hsm_result rsa_unwrap(struct hsm_rewrap *rewrap, const struct prepared_side *source,
                                    struct view ciphertext, bool sensitive, struct payload *ret)
{
    if (ciphertext.len != modulus_bytes(source)) {
        return not_authentic();
    }
    struct payload payload = {0};
    struct hsm_result result = unwrap(rewrap, source, ciphertext, sensitive, &payload.object);
    if (result.code != HSM_OK) {
        return result;
    }
    result = look_at(rewrap, &payload);
    if (result.code != HSM_OK) {
        return payload_destroy(rewrap, &payload, result);
    }
    *ret = payload;
    return HSM_SUCCESS;
}

/* Whether the token's object is as long as the payload is: nothing that follows it tells the zeros from the payload. */
static struct hsm_result check_length_kept(struct hsm_rewrap *rewrap, const struct payload *payload)
{
    if (!payload->maybe_long) {
        return HSM_SUCCESS;
    }
    const size_t padded = (payload->length + 7) / 8 * 8;
    size_t length = padded; /* what cannot be told is not kept, but where there is nothing to pad */
    struct hsm_result result = HSM_SUCCESS;
    if (rewrap->profile.lengths == HSM_LENGTHS_BY_ATTRIBUTE) {
        result = length_by_attribute(rewrap->token, payload->object, &length);
    } else if (rewrap->profile.lengths == HSM_LENGTHS_BY_DIGEST && padded != payload->length) {
        result = length_by_digest(rewrap->token, payload->object, padded, &length);
    }
    if (result.code != HSM_OK) {
        return device_fault(result);
    }
    return length == payload->length ? HSM_SUCCESS
                                     : hsm_failure(HSM_LENGTH_NOT_KEPT, "key wrap with padding on this token");
}

static struct hsm_result rsa_wrap(struct hsm_rewrap *rewrap, const struct prepared_side *destination,
                                  const struct payload *payload, struct buffer *out)
{
    if (payload->length > rsa_payload_max(rewrap, destination)) {
        return hsm_failure(HSM_TOO_LARGE, "RSAES-OAEP under a modulus of that size");
    }
    struct hsm_result result = check_length_kept(rewrap, payload);
    if (result.code != HSM_OK) {
        return result;
    }
    struct oaep_mechanism oaep;
    oaep_mechanism_fill(destination->oaep, &oaep);
    uint8_t wrapped[PAIR_MODULUS_MAX_BYTES];
    CK_ULONG len = sizeof wrapped;
    result = side_wrap_key(rewrap, destination, &oaep.mechanism, payload, wrapped, &len);
    if (result.code != HSM_OK) {
        return result;
    }
    if (len != modulus_bytes(destination)) {
        return hsm_failure(HSM_FAULT, "C_WrapKey: not the length of the modulus");
    }
    return buffer_append(out, wrapped, len) ? HSM_SUCCESS : hsm_failure(HSM_LIMIT, "output buffer");
}

const struct scheme side_rsa = {rsa_fits, rsa_payload_max, rsa_unwrap, rsa_wrap};
