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

static Hsm__Status seal(const Hsm__Side *side, const uint8_t *payload, size_t len, struct fake_blob *out)
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

static Hsm__Status open_blob(const Hsm__Side *side, const ProtobufCBinaryData *blob, const uint8_t **payload,
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

static void give_blob(Hsm__Response *response, struct fake_blob *blob)
{
    response->has_ciphertext = true;
    response->ciphertext = (ProtobufCBinaryData){.data = blob->bytes, .len = blob->len};
}

static Hsm__Status re_encrypt(const Hsm__ReEncrypt *body, Hsm__Response *response, struct fake_blob *blob)
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
    return status;
}

static Hsm__Status decrypt(const Hsm__Decrypt *body, Hsm__Response *response)
{
    const uint8_t *payload;
    size_t len;
    Hsm__Status status = open_blob(body->source, &body->ciphertext, &payload, &len);
    if (status == HSM__STATUS__STATUS_OK && !body->check_only) {
        response->has_plaintext = true;
        response->plaintext = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)payload, .len = len};
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
        return re_encrypt(request->re_encrypt, response, blob);
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
        return status;
    case HSM__REQUEST__BODY_MAKE_OPEN_KEY:
        return make_open(made, response, blob);
    case HSM__REQUEST__BODY_LIST_OBJECTS:
        return list(token);
    case HSM__REQUEST__BODY_GENERATE_RANDOM:
    case HSM__REQUEST__BODY_GET_PUBLIC_KEY:
    case HSM__REQUEST__BODY_DESTROY_KEY:
    case HSM__REQUEST__BODY_CONFIGURE:
    case HSM__REQUEST__BODY__NOT_SET:
    case _HSM__REQUEST__BODY__CASE_IS_INT_SIZE:
    default:
        return HSM__STATUS__STATUS_BAD_REQUEST;
    }
}
