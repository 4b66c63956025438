/* The halves of an RSA pair; see pair.h. */
#include "pair.h"

#include "base/view.h"
#include "p11/errors.h"
#include "p11/p11_call.h"

#include <openssl/evp.h>
#include <string.h>

/* Some tokens give their numbers with zeros before them. */
static size_t drop_leading_zeros(uint8_t *number, size_t len)
{
    size_t zeros = 0;
    while (zeros < len && number[zeros] == 0) {
        zeros++;
    }
    memmove(number, number + zeros, len - zeros);
    return len - zeros;
}

/* room is one more than the number's, for such a zero. */
static struct hsm_result read_number(struct hsm_token *token, CK_OBJECT_HANDLE half, CK_ATTRIBUTE_TYPE type,
                                     const char *name, uint8_t *out, size_t room, size_t *ret_len)
{
    CK_ATTRIBUTE attribute = {type, out, room};
    CK_RV rv = p11_get_attributes(token, half, &attribute, 1);
    bool not_given = rv == CKR_BUFFER_TOO_SMALL || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE;
    if (not_given || (rv == CKR_OK && attribute.ulValueLen > room)) {
        return hsm_failure(HSM_KEY_REFUSED, name);
    }
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GetAttributeValue");
    }
    *ret_len = drop_leading_zeros(out, attribute.ulValueLen);
    return HSM_SUCCESS;
}

struct hsm_result pair_numbers_read(struct hsm_token *token, CK_OBJECT_HANDLE half, CK_ULONG modulus_bits,
                                    struct pair_numbers *ret)
{
    uint8_t modulus[PAIR_MODULUS_MAX_BYTES + 1] = {0};
    uint8_t exponent[PAIR_EXPONENT_MAX_BYTES + 1] = {0};
    size_t modulus_len = 0;
    size_t exponent_len = 0;
    struct hsm_result result =
        read_number(token, half, CKA_MODULUS, "CKA_MODULUS", modulus, sizeof modulus, &modulus_len);
    if (result.code == HSM_OK &&
        (modulus_len > PAIR_MODULUS_MAX_BYTES || modulus_len * 8 != modulus_bits || (modulus[0] & 0x80) == 0)) {
        result = hsm_failure(HSM_KEY_REFUSED, "CKA_MODULUS");
    }
    if (result.code == HSM_OK) {
        result = read_number(token, half, CKA_PUBLIC_EXPONENT, "CKA_PUBLIC_EXPONENT", exponent, sizeof exponent,
                             &exponent_len);
    }
    if (result.code == HSM_OK && (exponent_len == 0 || exponent_len > PAIR_EXPONENT_MAX_BYTES)) {
        result = hsm_failure(HSM_KEY_REFUSED, "CKA_PUBLIC_EXPONENT");
    }
    if (result.code != HSM_OK) {
        return result;
    }
    memcpy(ret->modulus, modulus, modulus_len);
    ret->modulus_len = modulus_len;
    memcpy(ret->exponent, exponent, exponent_len);
    ret->exponent_len = exponent_len;
    return HSM_SUCCESS;
}

/* The modulus has a known length, so that modulus ‖ exponent is one pair's only. */
struct hsm_result pair_name(struct hsm_token *token, CK_OBJECT_HANDLE half, CK_ULONG modulus_bits,
                            uint8_t ret[PAIR_NAME_BYTES])
{
    struct pair_numbers numbers;
    struct hsm_result result = pair_numbers_read(token, half, modulus_bits, &numbers);
    if (result.code != HSM_OK) {
        return result;
    }
    uint8_t both[PAIR_MODULUS_MAX_BYTES + PAIR_EXPONENT_MAX_BYTES];
    memcpy(both, numbers.modulus, numbers.modulus_len);
    memcpy(both + numbers.modulus_len, numbers.exponent, numbers.exponent_len);
    size_t len = numbers.modulus_len + numbers.exponent_len;
    uint8_t name[PAIR_NAME_BYTES];
    if (EVP_Digest(both, len, name, NULL, EVP_sha256(), NULL) != 1) {
        return hsm_failure(HSM_NO_MEMORY, "libcrypto");
    }
    memcpy(ret, name, sizeof name);
    return HSM_SUCCESS;
}

struct hsm_result pair_verify(struct hsm_token *token, CK_OBJECT_HANDLE private_half, CK_OBJECT_HANDLE public_half,
                              CK_ULONG modulus_bits)
{
    uint8_t of_private[PAIR_NAME_BYTES];
    uint8_t of_public[PAIR_NAME_BYTES];
    struct hsm_result result = pair_name(token, private_half, modulus_bits, of_private);
    if (result.code == HSM_OK) {
        result = pair_name(token, public_half, modulus_bits, of_public);
    }
    if (result.code == HSM_OK &&
        !view_equal(view_of(of_private, sizeof of_private), view_of(of_public, sizeof of_public))) {
        result = hsm_failure(HSM_KEY_REFUSED, "CKA_MODULUS");
    }
    return result;
}
