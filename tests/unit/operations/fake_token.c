/* What a fake token does with a request; see fake_token.h. */
#include "fake_token.h"

#include <stdlib.h>
#include <string.h>

/* Holds in every build, unlike assert. */
#define require(condition) ((condition) ? (void)0 : abort())

static void checksum(const uint8_t *bytes, size_t len, const ProtobufCBinaryData *context,
                     uint8_t out[ENVELOPE_TAG_BYTES])
{
    uint64_t sum[2] = {14695981039346656037u, 88172645463325252u};
    for (size_t i = 0; i < len + context->len; i++) {
        uint8_t byte = i < len ? bytes[i] : context->data[i - len];
        sum[i % 2] = (sum[i % 2] ^ byte) * 1099511628211u;
        sum[1 - i % 2] ^= sum[i % 2] >> 7;
    }
    memcpy(out, sum, ENVELOPE_TAG_BYTES);
}

static Hsm__Status seal_symmetric(const Hsm__Side *side, const uint8_t *payload, size_t len, struct fake_blob *out)
{
    struct envelope_header header = {.payload_length = (uint16_t)len};
    require(side->key->key_id.len == 16 && side->key->material_id.len == 32 && side->has_context);
    memcpy(header.key_id, side->key->key_id.data, 16);
    memcpy(header.material_id, side->key->material_id.data, 32);
    struct buffer buffer = BUFFER_INIT(ENVELOPE_MAX_BYTES);
    if (!envelope_header_write(&header, &buffer)) {
        return HSM__STATUS__STATUS_INTERNAL;
    }
    memset(out->bytes, 0, sizeof out->bytes);
    memcpy(out->bytes, buffer.data, buffer.len);
    memcpy(out->bytes + buffer.len, payload, len);
    out->len = buffer.len + (len + 7) / 8 * 8 + 8;
    checksum(out->bytes, out->len, &side->context, out->bytes + out->len);
    out->len += ENVELOPE_TAG_BYTES;
    buffer_clear(&buffer);
    return HSM__STATUS__STATUS_OK;
}

static Hsm__Status open_symmetric(const Hsm__Side *side, const ProtobufCBinaryData *blob, const uint8_t **payload,
                                  size_t *len)
{
    struct envelope_header header;
    uint8_t tag[ENVELOPE_TAG_BYTES];
    if (!envelope_header_parse(view_of(blob->data, blob->len), &header)) {
        return HSM__STATUS__STATUS_INVALID_CIPHERTEXT;
    }
    checksum(blob->data, blob->len - sizeof tag, &side->context, tag);
    if (memcmp(tag, blob->data + blob->len - sizeof tag, sizeof tag) != 0 ||
        memcmp(header.key_id, side->key->key_id.data, 16) != 0 ||
        memcmp(header.material_id, side->key->material_id.data, 32) != 0) {
        return HSM__STATUS__STATUS_INVALID_CIPHERTEXT;
    }
    *payload = blob->data + ENVELOPE_HEADER_BYTES;
    *len = header.payload_length;
    return HSM__STATUS__STATUS_OK;
}

/* ------------------------------------------------------------------ RSA: tag, length, payload, up to the modulus */

#define RSA_HEAD_BYTES (ENVELOPE_TAG_BYTES + 2)

static size_t modulus_bytes(Hsm__KeySpec spec)
{
    return spec == HSM__KEY_SPEC__KEY_SPEC_RSA_2048 ? 256 : spec == HSM__KEY_SPEC__KEY_SPEC_RSA_3072 ? 384 : 512;
}

/* A tag over all that follows it, under the pair and the algorithm. */
static void rsa_tag(const uint8_t *material_id, Hsm__Algorithm algorithm, const uint8_t *rest, size_t len,
                    uint8_t out[ENVELOPE_TAG_BYTES])
{
    uint8_t suffix[33];
    memcpy(suffix, material_id, 32);
    suffix[32] = (uint8_t)algorithm;
    ProtobufCBinaryData after = {.data = suffix, .len = sizeof suffix};
    checksum(rest, len, &after, out);
}

size_t fake_rsa_encrypt(Hsm__KeySpec spec, Hsm__Algorithm algorithm, const uint8_t *material_id, const uint8_t *payload,
                        size_t len, uint8_t out[FAKE_RSA_MAX_BYTES])
{
    size_t modulus = modulus_bytes(spec);
    size_t hash = algorithm == HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_1 ? 20 : 32;
    if (len > modulus - 2 * hash - 2) {
        return 0;
    }
    memset(out, 0, modulus);
    out[ENVELOPE_TAG_BYTES] = (uint8_t)(len >> 8);
    out[ENVELOPE_TAG_BYTES + 1] = (uint8_t)len;
    memcpy(out + RSA_HEAD_BYTES, payload, len);
    rsa_tag(material_id, algorithm, out + ENVELOPE_TAG_BYTES, modulus - ENVELOPE_TAG_BYTES, out);
    return modulus;
}

static Hsm__Status open_rsa(const Hsm__Side *side, const ProtobufCBinaryData *blob, const uint8_t **payload,
                            size_t *len)
{
    uint8_t tag[ENVELOPE_TAG_BYTES];
    require(!side->has_context);
    if (blob->len != modulus_bytes(side->key->spec)) {
        return HSM__STATUS__STATUS_INVALID_CIPHERTEXT;
    }
    rsa_tag(side->key->material_id.data, side->algorithm, blob->data + sizeof tag, blob->len - sizeof tag, tag);
    if (memcmp(tag, blob->data, sizeof tag) != 0) {
        return HSM__STATUS__STATUS_INVALID_CIPHERTEXT;
    }
    *payload = blob->data + RSA_HEAD_BYTES;
    *len = (size_t)blob->data[ENVELOPE_TAG_BYTES] << 8 | blob->data[ENVELOPE_TAG_BYTES + 1];
    return HSM__STATUS__STATUS_OK;
}

/* ------------------------------------------------------------------ either */

static bool is_symmetric(const Hsm__Side *side)
{
    bool symmetric = side->algorithm == HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT;
    require(symmetric == (side->key->spec == HSM__KEY_SPEC__KEY_SPEC_AES_256));
    return symmetric;
}

static Hsm__Status seal(const Hsm__Side *side, const uint8_t *payload, size_t len, struct fake_blob *out)
{
    if (is_symmetric(side)) {
        return seal_symmetric(side, payload, len, out);
    }
    require(!side->has_context);
    out->len =
        fake_rsa_encrypt(side->key->spec, side->algorithm, side->key->material_id.data, payload, len, out->bytes);
    return out->len == 0 ? HSM__STATUS__STATUS_TOO_LARGE : HSM__STATUS__STATUS_OK;
}

static Hsm__Status open_blob(const Hsm__Side *side, const ProtobufCBinaryData *blob, const uint8_t **payload,
                             size_t *len)
{
    return is_symmetric(side) ? open_symmetric(side, blob, payload, len) : open_rsa(side, blob, payload, len);
}

static void give_blob(Hsm__Response *response, struct fake_blob *blob)
{
    response->has_ciphertext = true;
    response->ciphertext = (ProtobufCBinaryData){.data = blob->bytes, .len = blob->len};
}

static void give_plaintext(Hsm__Response *response, const uint8_t *bytes, size_t len)
{
    response->has_plaintext = true;
    response->plaintext = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)bytes, .len = len};
}

static Hsm__Status re_encrypt(const struct fake_token *token, const Hsm__ReEncrypt *body, Hsm__Response *response,
                              struct fake_blob *blob)
{
    const uint8_t *payload;
    size_t len;
    Hsm__Status status = open_blob(body->source, &body->ciphertext, &payload, &len);
    if (status != HSM__STATUS__STATUS_OK || body->check_only) {
        return status;
    }
    if (body->source->key->boundary == HSM__BOUNDARY__BOUNDARY_SEALED &&
        body->destination->key->boundary == HSM__BOUNDARY__BOUNDARY_OPEN) {
        return HSM__STATUS__STATUS_NOT_WRAPPABLE;
    }
    status = seal(body->destination, payload, len, blob);
    give_blob(response, blob);
    bool padded = token->pads_payloads && is_symmetric(body->source) && len % 8 != 0;
    return status == HSM__STATUS__STATUS_OK && padded && !is_symmetric(body->destination)
               ? HSM__STATUS__STATUS_LENGTH_NOT_KEPT
               : status;
}

static Hsm__Status decrypt(const Hsm__Decrypt *body, Hsm__Response *response)
{
    const uint8_t *payload;
    size_t len;
    Hsm__Status status = open_blob(body->source, &body->ciphertext, &payload, &len);
    if (status == HSM__STATUS__STATUS_OK && !body->check_only) {
        give_plaintext(response, payload, len);
    }
    return status;
}

static Hsm__Status make_open(unsigned *made, Hsm__Response *response, struct fake_blob *blob)
{
    memset(blob->bytes, 0x0E, 32);
    memcpy(blob->bytes, made, sizeof *made);
    (*made)++;
    response->has_material_id = true;
    response->material_id = (ProtobufCBinaryData){.data = blob->bytes, .len = 32};
    return HSM__STATUS__STATUS_OK;
}

static Hsm__Status destroy(struct fake_token *token, const Hsm__DestroyKey *body)
{
    const Hsm__Key *key = body->key;
    require(key->key_id.len == 16 && key->material_id.len == 32 && key->has_spec && key->has_boundary);
    if (token->keeps_keys) {
        return HSM__STATUS__STATUS_KEY_KEPT;
    }
    token->destroyed++;
    memcpy(token->last_destroyed, key->material_id.data, sizeof token->last_destroyed);
    return HSM__STATUS__STATUS_OK;
}

static Hsm__Status list(struct fake_token *token)
{
    for (size_t i = 0; i < token->n_stock; i++) {
        token->stock[i].hidden = false;
    }
    return HSM__STATUS__STATUS_OK;
}

Hsm__Status fake_token_serve(struct fake_token *token, unsigned *made, const Hsm__Request *request,
                             Hsm__Response *response, struct fake_blob *blob)
{
    static const uint8_t data_key[1024] = {0x5A, 0x5A};
    Hsm__Status status;
    switch (request->body_case) {
    case HSM__REQUEST__BODY_RE_ENCRYPT:
        return re_encrypt(token, request->re_encrypt, response, blob);
    case HSM__REQUEST__BODY_ENCRYPT:
        status = seal(request->encrypt->destination, request->encrypt->plaintext.data, request->encrypt->plaintext.len,
                      blob);
        give_blob(response, blob);
        return status;
    case HSM__REQUEST__BODY_DECRYPT:
        return decrypt(request->decrypt, response);
    case HSM__REQUEST__BODY_GENERATE_DATA_KEY:
        status = seal(request->generate_data_key->destination, data_key, request->generate_data_key->length, blob);
        give_blob(response, blob);
        if (request->generate_data_key->with_plaintext) {
            require(request->generate_data_key->destination->key->boundary == HSM__BOUNDARY__BOUNDARY_OPEN);
            give_plaintext(response, data_key, request->generate_data_key->length);
        }
        return status;
    case HSM__REQUEST__BODY_GENERATE_RANDOM:
        give_plaintext(response, data_key, request->generate_random->length);
        return HSM__STATUS__STATUS_OK;
    case HSM__REQUEST__BODY_GET_PUBLIC_KEY:
        response->has_public_key = true;
        response->public_key = request->get_public_key->key->material_id; /* as good as any */
        return HSM__STATUS__STATUS_OK;
    case HSM__REQUEST__BODY_MAKE_OPEN_KEY:
        return make_open(made, response, blob);
    case HSM__REQUEST__BODY_LIST_OBJECTS:
        return list(token);
    case HSM__REQUEST__BODY_DESTROY_KEY:
        return destroy(token, request->destroy_key);
    case HSM__REQUEST__BODY_CONFIGURE:
    case HSM__REQUEST__BODY__NOT_SET:
    case _HSM__REQUEST__BODY__CASE_IS_INT_SIZE:
    default:
        return HSM__STATUS__STATUS_BAD_REQUEST;
    }
}
