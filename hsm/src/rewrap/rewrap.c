/* Re-encrypt, encrypt, decrypt, generate; see hsm/rewrap.h. What the algorithms do is in sides.c. */
#include "hsm/rewrap.h"

#include "base/secbuf.h"
#include "base/wipe.h"
#include "objects/attributes.h"
#include "p11/errors.h"
#include "p11/p11_call.h"
#include "rewrap_private.h"

#define GENERATE_MAX_BYTES 1024 /* KMS.md R-72 */

/* Whether an operation with a payload is to be done once more, with nothing left of the first try. Otherwise *result is
 * what is to be answered. */
static bool begins_again(struct hsm_rewrap *rewrap, struct hsm_result *result)
{
    if (!rewrap_met_stale_handle(*result)) {
        return false;
    }
    struct hsm_result left = strays_destroy(rewrap, CK_INVALID_HANDLE);
    if (left.code != HSM_OK) {
        *result = left;
    }
    return left.code == HSM_OK;
}

/* Wraps the payload under the destination and destroys it. out as it was unless all of it succeeded. */
static struct hsm_result finish(struct hsm_rewrap *rewrap, const struct prepared_side *destination,
                                const struct payload *payload, bool check_only, struct buffer *out)
{
    struct buffer unused = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct buffer *target = check_only ? &unused : out;
    size_t before = target->len;
    struct hsm_result result = side_wrap(rewrap, destination, payload, target);
    result = payload_destroy(rewrap, payload, result);
    if (result.code != HSM_OK) {
        target->len = before;
    }
    buffer_clear(&unused);
    return result;
}

static struct hsm_result re_encrypt(struct hsm_rewrap *rewrap, const struct hsm_side *source,
                                    const struct hsm_side *destination, struct view ciphertext, bool check_only,
                                    struct buffer *out)
{
    struct prepared_side from;
    struct prepared_side to;
    struct hsm_result result = side_prepare(rewrap, source, &from);
    if (result.code == HSM_OK) {
        result = side_prepare(rewrap, destination, &to);
    }
    if (result.code != HSM_OK) {
        return result;
    }
    if (rewrap->profile.level < HSM_LEVEL_SEALED && source->key.boundary < destination->key.boundary) {
        return hsm_failure(HSM_NOT_WRAPPABLE, "sealed to open, on a token that does not refuse it itself");
    }
    struct payload payload;
    result = side_unwrap(rewrap, &from, ciphertext, true, &payload);
    if (result.code != HSM_OK) {
        return result;
    }
    return finish(rewrap, &to, &payload, check_only, out);
}

struct hsm_result hsm_rewrap_re_encrypt(struct hsm_rewrap *rewrap, const struct hsm_side *source,
                                        const struct hsm_side *destination, struct view ciphertext, bool check_only,
                                        struct buffer *out)
{
    struct hsm_result result = re_encrypt(rewrap, source, destination, ciphertext, check_only, out);
    if (begins_again(rewrap, &result)) {
        result = re_encrypt(rewrap, source, destination, ciphertext, check_only, out);
    }
    return rewrap_diagnose(rewrap, result);
}

/* What making a payload may answer: TOO_LARGE and what is not the payload's fault. */
static struct hsm_result made(CK_RV rv, const char *what)
{
    struct hsm_result result = hsm_result_of(rv, what);
    return result.code == HSM_TOO_LARGE ? result : device_fault(result);
}

static struct hsm_result encrypt(struct hsm_rewrap *rewrap, const struct hsm_side *destination, struct view plaintext,
                                 struct buffer *out)
{
    if (plaintext.len == 0 || plaintext.len > ENVELOPE_PAYLOAD_MAX_BYTES) {
        return hsm_failure(HSM_TOO_LARGE, "1 to 4096 bytes");
    }
    struct prepared_side to;
    struct hsm_result result = side_prepare(rewrap, destination, &to);
    if (result.code != HSM_OK) {
        return result;
    }
    if (plaintext.len > side_payload_max(rewrap, &to)) {
        return hsm_failure(HSM_TOO_LARGE, "longer than the algorithm takes under this key");
    }
    CK_ATTRIBUTE value = {CKA_VALUE, (void *)(uintptr_t)plaintext.data, plaintext.len};
    CK_ATTRIBUTE attributes[PAYLOAD_ATTRIBUTES_MAX];
    size_t n = attributes_payload(rewrap->profile.level, destination->key.boundary, true, &value, 1, attributes,
                                  PAYLOAD_ATTRIBUTES_MAX);
    struct payload payload = {.length = plaintext.len};
    result = made(p11_create_object(rewrap->token, attributes, n, &payload.object), "C_CreateObject");
    if (result.code != HSM_OK) {
        return result;
    }
    return finish(rewrap, &to, &payload, false, out);
}

struct hsm_result hsm_rewrap_encrypt(struct hsm_rewrap *rewrap, const struct hsm_side *destination,
                                     struct view plaintext, struct buffer *out)
{
    struct hsm_result result = encrypt(rewrap, destination, plaintext, out);
    if (begins_again(rewrap, &result)) {
        result = encrypt(rewrap, destination, plaintext, out);
    }
    return rewrap_diagnose(rewrap, result);
}

/* Whether a payload's object may be that long; one whose length is not known is as long as it is. */
static bool is_value_length(const struct payload *payload, CK_ULONG length)
{
    size_t padded = (payload->length + 7) / 8 * 8;
    return length == payload->length || (payload->maybe_long && length == padded) ||
           (payload->length == 0 && length > 0 && length <= ENVELOPE_PAYLOAD_MAX_BYTES);
}

/* Appends the payload's value, cut to its true length: the token may have padded it with zeros to a multiple of 8. */
static struct hsm_result read_value(struct hsm_rewrap *rewrap, const struct payload *payload, struct buffer *out)
{
    CK_ATTRIBUTE value = {CKA_VALUE, rewrap->plaintext->data, rewrap->plaintext->size};
    struct hsm_result result = device_fault(
        hsm_result_of(p11_get_attributes(rewrap->token, payload->object, &value, 1), "C_GetAttributeValue"));
    if (result.code != HSM_OK) {
        return result;
    }
    if (!is_value_length(payload, value.ulValueLen)) {
        return hsm_failure(HSM_FAULT, "CKA_VALUE: not of the length in the ciphertext");
    }
    size_t length = payload->length == 0 ? value.ulValueLen : payload->length;
    return buffer_append(out, rewrap->plaintext->data, length) ? HSM_SUCCESS : hsm_failure(HSM_LIMIT, "output buffer");
}

/* Takes back what was appended to a plaintext's buffer. */
static void plaintext_forget(struct buffer *plaintext, size_t before)
{
    if (plaintext->len > before) {
        secret_wipe(plaintext->data + before, plaintext->len - before);
        plaintext->len = before;
    }
}

/* Reads the payload, wraps it under the destination and destroys it. Both buffers as they were unless all of it
 * succeeded. */
static struct hsm_result finish_readable(struct hsm_rewrap *rewrap, const struct prepared_side *destination,
                                         const struct payload *payload, struct buffer *out, struct buffer *plaintext)
{
    size_t before = plaintext->len;
    struct hsm_result result = read_value(rewrap, payload, plaintext);
    secret_wipe(rewrap->plaintext->data, rewrap->plaintext->size);
    if (result.code != HSM_OK) {
        return payload_destroy(rewrap, payload, result);
    }
    result = finish(rewrap, destination, payload, false, out);
    if (result.code != HSM_OK) {
        plaintext_forget(plaintext, before);
    }
    return result;
}

static struct hsm_result generate(struct hsm_rewrap *rewrap, const struct hsm_side *destination, size_t length,
                                  struct buffer *out, struct buffer *plaintext)
{
    if (length == 0 || length > GENERATE_MAX_BYTES) {
        return hsm_failure(HSM_TOO_LARGE, "1 to 1024 bytes");
    }
    if (plaintext != NULL && destination->key.boundary != HSM_OPEN) {
        return hsm_failure(HSM_UNSUPPORTED, "a sealed key gives no plaintext");
    }
    if (destination->algorithm != HSM_SYMMETRIC_DEFAULT) {
        return hsm_failure(HSM_UNSUPPORTED, "a data key under an asymmetric key"); /* KMS.md R-72 */
    }
    struct prepared_side to;
    struct hsm_result result = side_prepare(rewrap, destination, &to);
    if (result.code != HSM_OK) {
        return result;
    }
    if (length > side_payload_max(rewrap, &to)) {
        return hsm_failure(HSM_TOO_LARGE, "longer than the algorithm takes under this key");
    }
    CK_ULONG value_len = length;
    CK_ATTRIBUTE extra = {CKA_VALUE_LEN, &value_len, sizeof value_len};
    CK_ATTRIBUTE attributes[PAYLOAD_ATTRIBUTES_MAX];
    bool sensitive = plaintext == NULL;
    size_t n = attributes_payload(rewrap->profile.level, destination->key.boundary, sensitive, &extra, 1, attributes,
                                  PAYLOAD_ATTRIBUTES_MAX);
    struct payload payload = {.length = length};
    CK_RV rv = p11_generate_key(rewrap->token, CKM_GENERIC_SECRET_KEY_GEN, attributes, n, &payload.object);
    result = made(rv, "C_GenerateKey");
    if (result.code != HSM_OK) {
        return result;
    }
    return plaintext == NULL ? finish(rewrap, &to, &payload, false, out)
                             : finish_readable(rewrap, &to, &payload, out, plaintext);
}

struct hsm_result hsm_rewrap_generate(struct hsm_rewrap *rewrap, const struct hsm_side *destination, size_t length,
                                      struct buffer *out, struct buffer *plaintext)
{
    struct hsm_result result = generate(rewrap, destination, length, out, plaintext);
    if (begins_again(rewrap, &result)) {
        result = generate(rewrap, destination, length, out, plaintext);
    }
    return rewrap_diagnose(rewrap, result);
}

static struct hsm_result decrypt(struct hsm_rewrap *rewrap, const struct hsm_side *source, struct view ciphertext,
                                 bool check_only, struct buffer *out)
{
    if (source->key.boundary != HSM_OPEN) {
        return hsm_failure(HSM_UNSUPPORTED, "a sealed key gives no plaintext");
    }
    struct prepared_side from;
    struct hsm_result result = side_prepare(rewrap, source, &from);
    if (result.code != HSM_OK) {
        return result;
    }
    struct payload payload;
    result = side_unwrap(rewrap, &from, ciphertext, check_only, &payload);
    if (result.code != HSM_OK) {
        return result;
    }
    if (check_only) {
        return payload_destroy(rewrap, &payload, HSM_SUCCESS);
    }
    size_t before = out->len;
    result = payload_destroy(rewrap, &payload, read_value(rewrap, &payload, out));
    secret_wipe(rewrap->plaintext->data, rewrap->plaintext->size);
    if (result.code != HSM_OK) {
        plaintext_forget(out, before);
    }
    return result;
}

struct hsm_result hsm_rewrap_decrypt(struct hsm_rewrap *rewrap, const struct hsm_side *source, struct view ciphertext,
                                     bool check_only, struct buffer *out)
{
    struct hsm_result result = decrypt(rewrap, source, ciphertext, check_only, out);
    if (begins_again(rewrap, &result)) {
        result = decrypt(rewrap, source, ciphertext, check_only, out);
    }
    return rewrap_diagnose(rewrap, result);
}
