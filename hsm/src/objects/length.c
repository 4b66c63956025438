/* The length of a payload on the token; see length.h. */
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_Transform: EVP has no way to go on from a state */
#include "length.h"

#include "base/view.h"
#include "base/wipe.h"
#include "p11/errors.h"
#include "p11/p11_call.h"

#include <openssl/sha.h>
#include <string.h>

#define DIGEST_BYTES 32
#define PAD_MAX      7 /* to a multiple of 8 */

/* SHA-256, FIPS 180-4. */
#define BLOCK_BYTES  64
#define LENGTH_BYTES 8
#define PADDING_MAX  (BLOCK_BYTES + LENGTH_BYTES)

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

/* SHA-256 of the object's value and suffix. */
static struct hsm_result digest(struct hsm_token *token, CK_OBJECT_HANDLE object, struct view suffix,
                                uint8_t out[DIGEST_BYTES])
{
    CK_ULONG len = DIGEST_BYTES;
    CK_RV rv = p11_digest_key(token, CKM_SHA256, object, suffix.data, suffix.len, out, &len);
    struct hsm_result result = hsm_result_of(rv, "C_DigestKey");
    if (result.code == HSM_OK && len != DIGEST_BYTES) {
        result = hsm_failure(HSM_FAULT, "C_DigestFinal: SHA-256 of another length");
    }
    return result;
}

/* What SHA-256 itself puts behind a message of length bytes (FIPS 180-4 section 5.1.1). Returns how many. */
static size_t padding_of(size_t length, uint8_t out[PADDING_MAX])
{
    const size_t zeros = (2 * BLOCK_BYTES - 1 - LENGTH_BYTES - length % BLOCK_BYTES) % BLOCK_BYTES;
    const size_t size = 1 + zeros + LENGTH_BYTES;
    memset(out, 0, size);
    out[0] = 0x80;
    for (size_t i = 0; i < sizeof length; i++) {
        out[size - 1 - i] = (uint8_t)(8 * length >> 8 * i);
    }
    return size;
}

/*
 * The SHA-256 of a message of whole blocks, given the state after them, which is the digest of what they are without
 * the padding at their end.
 */
static void end_from(const uint8_t state[DIGEST_BYTES], size_t length, uint8_t out[DIGEST_BYTES])
{
    uint8_t padding[PADDING_MAX];
    SHA256_CTX context;
    SHA256_Init(&context);
    for (size_t i = 0; i < DIGEST_BYTES / 4; i++) {
        context.h[i] = (SHA_LONG)state[4 * i] << 24 | (SHA_LONG)state[4 * i + 1] << 16 |
                       (SHA_LONG)state[4 * i + 2] << 8 | state[4 * i + 3];
    }
    padding_of(length, padding); /* of whole blocks: one block */
    SHA256_Transform(&context, padding);
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        out[i] = (uint8_t)(context.h[i / 4] >> (24 - i % 4 * 8));
    }
    secret_wipe(&context, sizeof context);
}

/* Whether the payload, whose digest is known, is of that length: only then is its padding what it takes it for. */
static struct hsm_result is_length(struct hsm_token *token, CK_OBJECT_HANDLE payload, const uint8_t known[DIGEST_BYTES],
                                   size_t length, bool *ret)
{
    uint8_t padding[PADDING_MAX];
    uint8_t wanted[DIGEST_BYTES];
    uint8_t found[DIGEST_BYTES];
    const size_t size = padding_of(length, padding);
    struct hsm_result result = digest(token, payload, view_of(padding, size), found);
    if (result.code == HSM_OK) {
        end_from(known, length + size, wanted);
        *ret = secret_equal(found, wanted, sizeof found);
        secret_wipe(wanted, sizeof wanted);
    }
    secret_wipe(found, sizeof found);
    return result;
}

struct hsm_result length_by_digest(struct hsm_token *token, CK_OBJECT_HANDLE payload, size_t padded_len, size_t *ret)
{
    uint8_t known[DIGEST_BYTES];
    bool is_it = false;
    size_t length = padded_len;
    struct hsm_result result = digest(token, payload, view_of(NULL, 0), known);
    while (result.code == HSM_OK && !is_it && length > 0 && padded_len - length <= PAD_MAX) {
        result = is_length(token, payload, known, length, &is_it);
        length -= !is_it;
    }
    secret_wipe(known, sizeof known);
    if (result.code != HSM_OK) {
        return result;
    }
    if (!is_it) {
        return hsm_failure(HSM_FAULT, "C_DigestKey: not of the length that KWP has given it");
    }
    *ret = length;
    return HSM_SUCCESS;
}

struct hsm_result length_is_zero(struct hsm_token *token, CK_OBJECT_HANDLE payload, bool *ret)
{
    /* SHA-256 of nothing (FIPS 180-4). */
    static const uint8_t of_nothing[DIGEST_BYTES] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
                                                     0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
                                                     0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
    uint8_t found[DIGEST_BYTES];
    struct hsm_result result = digest(token, payload, view_of(NULL, 0), found);
    if (result.code == HSM_OK) {
        *ret = secret_equal(found, of_nothing, sizeof found);
    }
    secret_wipe(found, sizeof found);
    return result;
}
