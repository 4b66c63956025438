/* Lower-case hexadecimal; see base/hex.h. */
#include "base/hex.h"

static const char digits[] = "0123456789abcdef";

void hex_encode(struct view bytes, char *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        out[2 * i] = digits[bytes.data[i] >> 4];
        out[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    out[2 * bytes.len] = '\0';
}

static int value_of(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return -1;
}

bool hex_decode(const char *text, uint8_t *out, size_t len)
{
    if (strnlen(text, 2 * len + 1) != 2 * len) {
        return false;
    }
    for (size_t i = 0; i < 2 * len; i++) {
        if (value_of(text[i]) < 0) {
            return false;
        }
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(value_of(text[2 * i]) << 4 | value_of(text[2 * i + 1]));
    }
    return true;
}
