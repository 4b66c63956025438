/* Standard base64 with padding (RFC 4648 section 4), one spelling for each run of bytes. */
#pragma once

#include "base/attr.h"
#include "base/view.h"

/* How many characters, without a NUL, len bytes take. Only for lengths below SIZE_MAX / 2. */
static inline size_t base64_encoded_len(size_t len)
{
    return len / 3 * 4 + (len % 3 == 0 ? 0 : 4);
}

/* The most bytes that len characters can stand for. */
static inline size_t base64_decoded_max(size_t len)
{
    return len / 4 * 3;
}

/* Writes base64_encoded_len(bytes.len) characters and a NUL; out has room for them. */
void base64_encode(struct view bytes, char *out);

/*
 * Reads the whole of text into out, which has room for cap bytes; *ret_len is how many came. False, with *ret_len
 * untouched and out erased as far as it was written, for a foreign character, missing or misplaced padding, set bits
 * beyond the last byte (section 3.5), or more than cap bytes.
 */
REWRAP_MUST_USE bool base64_decode(struct view text, uint8_t *out, size_t cap, size_t *ret_len);
