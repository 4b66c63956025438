/* Standard base64; see base/base64.h. */
#include "base/base64.h"

#include "base/wipe.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct view bytes, char *out)
{
    while (bytes.len > 0) {
        size_t taken = bytes.len < 3 ? bytes.len : 3;
        uint32_t group = (uint32_t)bytes.data[0] << 16;
        group |= taken > 1 ? (uint32_t)bytes.data[1] << 8 : 0;
        group |= taken > 2 ? (uint32_t)bytes.data[2] : 0;
        out[0] = alphabet[group >> 18 & 63];
        out[1] = alphabet[group >> 12 & 63];
        out[2] = taken > 1 ? alphabet[group >> 6 & 63] : '=';
        out[3] = taken > 2 ? alphabet[group & 63] : '=';
        out += 4;
        bytes = view_of(bytes.data + taken, bytes.len - taken);
    }
    *out = '\0';
}

/* 64 and above: not of the alphabet. */
static uint32_t value_of(uint8_t character)
{
    if (character >= 'A' && character <= 'Z') {
        return (uint32_t)character - 'A';
    }
    if (character >= 'a' && character <= 'z') {
        return (uint32_t)character - 'a' + 26;
    }
    if (character >= '0' && character <= '9') {
        return (uint32_t)character - '0' + 52;
    }
    return character == '+' ? 62 : character == '/' ? 63 : 64;
}

/* Decodes four characters of which the last `padding` are '='. Returns false for a foreign character or loose bits. */
static bool decode_group(const uint8_t *text, size_t padding, uint8_t *out)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < 4 - padding ? value_of(text[i]) : 0;
        if (value > 63) {
            return false;
        }
        group = group << 6 | value;
    }
    if ((group & ((1U << 8 * padding) - 1)) != 0) {
        return false;
    }
    for (size_t i = 0; i < 3 - padding; i++) {
        out[i] = (uint8_t)(group >> (16 - 8 * i));
    }
    return true;
}

static size_t padding_of(struct view text)
{
    if (text.len == 0 || text.data[text.len - 1] != '=') {
        return 0;
    }
    return text.data[text.len - 2] == '=' ? 2 : 1;
}

bool base64_decode(struct view text, uint8_t *out, size_t cap, size_t *ret_len)
{
    if (text.len % 4 != 0) {
        return false;
    }
    size_t padding = padding_of(text);
    size_t len = text.len / 4 * 3 - padding;
    if (len > cap) {
        return false;
    }
    for (size_t i = 0; i < text.len / 4; i++) {
        bool last = i == text.len / 4 - 1;
        if (!decode_group(text.data + 4 * i, last ? padding : 0, out + 3 * i)) {
            secret_wipe(out, 3 * i);
            return false;
        }
    }
    *ret_len = len;
    return true;
}
