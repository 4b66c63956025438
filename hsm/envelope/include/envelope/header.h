/*
 * The header of a symmetric ciphertext, envelope version 1 (docs/ciphertext.md). It is readable without any key, which
 * is how a ciphertext names the key that made it; it is believed only once envelope_open has authenticated it.
 */
#pragma once

#include "base/attr.h"
#include "base/buffer.h"
#include "base/view.h"

#include <stdint.h>

#define ENVELOPE_VERSION 1
#define ENVELOPE_SUITE   1 /* inner: RFC 5649 KWP on the token; outer: HKDF-SHA256, AES-256-GCM */

#define ENVELOPE_KEY_ID_BYTES      16
#define ENVELOPE_MATERIAL_ID_BYTES 32
#define ENVELOPE_SALT_BYTES        32
#define ENVELOPE_TAG_BYTES         16
#define ENVELOPE_HEADER_BYTES      (1 + 1 + ENVELOPE_KEY_ID_BYTES + ENVELOPE_MATERIAL_ID_BYTES + 2 + ENVELOPE_SALT_BYTES)

#define ENVELOPE_PAYLOAD_MAX_BYTES 4096 /* KMS.md R-70 */
/* KWP adds an 8-byte integrity block to the payload, rounded up to 8 (RFC 5649 section 4.1). */
#define ENVELOPE_INNER_MAX_BYTES (ENVELOPE_PAYLOAD_MAX_BYTES + 8)
#define ENVELOPE_MAX_BYTES       (ENVELOPE_HEADER_BYTES + ENVELOPE_INNER_MAX_BYTES + ENVELOPE_TAG_BYTES)
#define CIPHERTEXT_MAX_BYTES     6144 /* the most that an operation accepts (KMS.md R-15) */

struct envelope_header {
    uint8_t key_id[ENVELOPE_KEY_ID_BYTES];
    uint8_t material_id[ENVELOPE_MATERIAL_ID_BYTES];
    uint16_t payload_length; /* 1 to ENVELOPE_PAYLOAD_MAX_BYTES: the true length, which KWP on some tokens loses */
    uint8_t salt[ENVELOPE_SALT_BYTES];
};

/*
 * The length of the inner blob of a payload of that length (1 to ENVELOPE_PAYLOAD_MAX_BYTES). RFC 5649 section 4.1:
 * rounded up to 8, and an 8-byte integrity block. The same for a token that zero-pads the payload to a multiple of 8
 * first: one length for each payload.
 */
size_t envelope_inner_length(size_t payload_length);

/*
 * Reads the header of blob and checks every relation that needs no key: version, suite, payload length, and that the
 * rest is an inner blob of that payload's length and a tag. False, with *ret untouched, for anything else. Pure.
 */
REWRAP_MUST_USE bool envelope_header_parse(struct view blob, struct envelope_header *ret);

/* Appends the ENVELOPE_HEADER_BYTES of header to out; false, out as it was, when out is full. */
REWRAP_MUST_USE bool envelope_header_write(const struct envelope_header *header, struct buffer *out);
