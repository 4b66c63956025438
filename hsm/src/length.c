/* The length of a payload on the token; see length.h. */
#include "length.h"

#include "base/wipe.h"
#include "errors.h"
#include "p11_call.h"

#define DIGEST_BYTES 32
#define PAD_MAX      7 /* to a multiple of 8 */

struct hsm_result length_by_attribute(struct hsm_token *token, CK_OBJECT_HANDLE payload, size_t *ret)
{
    CK_ULONG length = CK_UNAVAILABLE_INFORMATION;
    CK_ATTRIBUTE attribute = {CKA_VALUE_LEN, &length, sizeof length};
    struct hsm_result result = hsm_result_of(p11_get_attributes(token, payload, &attribute, 1), "CKA_VALUE_LEN");
    if (result.code != HSM_OK) {
        return result;
    }
    if (attribute.ulValueLen != sizeof length || length == CK_UNAVAILABLE_INFORMATION) {
        return hsm_failure(HSM_FAULT, "CKA_VALUE_LEN");
    }
    *ret = length;
    return HSM_SUCCESS;
}

/* SHA-256 of the object's value and that many zeros after it. */
static struct hsm_result digest(struct hsm_token *token, CK_OBJECT_HANDLE object, size_t zeros,
                                uint8_t out[DIGEST_BYTES])
{
    static const uint8_t padding[PAD_MAX];
    CK_ULONG len = DIGEST_BYTES;
    CK_RV rv = p11_digest_key(token, CKM_SHA256, object, padding, zeros, out, &len);
    struct hsm_result result = hsm_result_of(rv, "C_DigestKey");
    if (result.code == HSM_OK && len != DIGEST_BYTES) {
        result = hsm_failure(HSM_FAULT, "C_DigestFinal: SHA-256 of another length");
    }
    return result;
}

struct hsm_result length_by_digest(struct hsm_token *token, CK_OBJECT_HANDLE payload, CK_OBJECT_HANDLE padded,
                                   size_t padded_len, size_t *ret)
{
    uint8_t wanted[DIGEST_BYTES];
    uint8_t found[DIGEST_BYTES];
    struct hsm_result result = digest(token, padded, 0, wanted);
    bool same = false;
    size_t zeros = 0;
    while (result.code == HSM_OK && !same && zeros <= PAD_MAX) {
        result = digest(token, payload, zeros, found);
        same = result.code == HSM_OK && secret_equal(found, wanted, sizeof found);
        zeros += !same;
    }
    secret_wipe(wanted, sizeof wanted);
    secret_wipe(found, sizeof found);
    if (result.code != HSM_OK) {
        return result;
    }
    if (!same || padded_len <= zeros) {
        return hsm_failure(HSM_FAULT, "C_DigestKey: KWP has changed the payload");
    }
    *ret = padded_len - zeros;
    return HSM_SUCCESS;
}

struct hsm_result length_is_zero(struct hsm_token *token, CK_OBJECT_HANDLE payload, bool *ret)
{
    /* SHA-256 of nothing (FIPS 180-4). */
    static const uint8_t of_nothing[DIGEST_BYTES] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
                                                     0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
                                                     0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
    uint8_t found[DIGEST_BYTES];
    struct hsm_result result = digest(token, payload, 0, found);
    if (result.code == HSM_OK) {
        *ret = secret_equal(found, of_nothing, sizeof found);
    }
    secret_wipe(found, sizeof found);
    return result;
}
