/* UUIDs; see base/uuid.h. */
#include "base/uuid.h"

#include "base/hex.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

/* Where the four dashes of 8-4-4-4-12 stand. */
static bool is_dash(size_t position)
{
    return position == 8 || position == 13 || position == 18 || position == 23;
}

void uuid_random(uint8_t out[UUID_BYTES])
{
    ssize_t got;
    do {
        got = getrandom(out, UUID_BYTES, 0);
    } while (got < 0 && errno == EINTR);
    if (got != UUID_BYTES) {
        abort();
    }
    out[6] = (uint8_t)((out[6] & 0x0f) | 0x40); /* RFC 9562 section 5.4: version 4 */
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80); /* section 4.1: variant 10 */
}

void uuid_format(const uint8_t uuid[UUID_BYTES], char out[UUID_TEXT_BYTES])
{
    char hex[2 * UUID_BYTES + 1];
    hex_encode(view_of(uuid, UUID_BYTES), hex);
    const char *digit = hex;
    for (size_t i = 0; i < UUID_TEXT_BYTES - 1; i++) {
        out[i] = is_dash(i) ? '-' : *digit++;
    }
    out[UUID_TEXT_BYTES - 1] = '\0';
}

bool uuid_parse(const char *text, uint8_t out[UUID_BYTES])
{
    if (strnlen(text, UUID_TEXT_BYTES) != UUID_TEXT_BYTES - 1) {
        return false;
    }
    char hex[2 * UUID_BYTES + 1];
    char *digit = hex;
    for (size_t i = 0; i < UUID_TEXT_BYTES - 1; i++) {
        if (!is_dash(i)) {
            *digit++ = text[i];
        } else if (text[i] != '-') {
            return false;
        }
    }
    *digit = '\0';
    return hex_decode(hex, out, UUID_BYTES);
}
