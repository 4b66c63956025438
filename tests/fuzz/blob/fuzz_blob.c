/*
 * A ciphertext from outside: parsed, and opened under a fixed binding key. Nothing may open but what was sealed with
 * that key, which the input can only be by breaking GCM: so an input that parses is also sealed here, and must then
 * open.
 */
#include "envelope/envelope.h"

#include <stdlib.h>

static const uint8_t binding_key[ENVELOPE_BINDING_KEY_BYTES] = {42};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void seal_and_open(struct envelope_crypto *crypto, const struct envelope_header *header, struct view inner)
{
    struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    require(envelope_seal(crypto, binding_key, header, view_of("context", 7), inner, &blob) == ENVELOPE_OK);
    require(blob.len <= ENVELOPE_MAX_BYTES);
    struct envelope_header found;
    uint8_t opened[ENVELOPE_INNER_MAX_BYTES];
    size_t len = 0;
    require(envelope_open(crypto, binding_key, buffer_view(&blob), view_of("context", 7), &found, opened, &len) ==
            ENVELOPE_OK);
    require(view_equal(view_of(opened, len), inner));
    require(memcmp(&found, header, sizeof found) == 0);
    buffer_clear(&blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct envelope_crypto *crypto;
    if (crypto == NULL) {
        crypto = envelope_crypto_new();
        require(crypto != NULL);
    }
    struct view blob = view_of(data, size);
    struct envelope_header header = {0};
    bool parses = envelope_header_parse(blob, &header);
    struct envelope_header untouched = header;
    uint8_t inner[ENVELOPE_INNER_MAX_BYTES];
    size_t len = 0;
    require(envelope_open(crypto, binding_key, blob, view_of("context", 7), &header, inner, &len) == ENVELOPE_INVALID);
    require(memcmp(&header, &untouched, sizeof header) == 0 && len == 0);
    if (parses) {
        size_t inner_len = size - ENVELOPE_HEADER_BYTES - ENVELOPE_TAG_BYTES;
        seal_and_open(crypto, &header, view_of(data + ENVELOPE_HEADER_BYTES, inner_len));
    }
    return 0;
}
