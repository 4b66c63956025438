/* The patterns; see patterns.h. */
#include "patterns.h"

#include <stdint.h>
#include <string.h>

static bool is_alphanumeric(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_one_of(uint32_t c, const char *set)
{
    return c != 0 && c < 0x80 && strchr(set, (int)c) != NULL;
}

static bool is_alias_name(uint32_t c)
{
    return is_alphanumeric(c) || is_one_of(c, ":/_-");
}

static bool is_latin_1(uint32_t c)
{
    return c >= 0x20 && c <= 0xFF;
}

static bool is_policy(uint32_t c)
{
    return is_latin_1(c) || is_one_of(c, "\t\n\r");
}

static bool is_xks_key_id(uint32_t c)
{
    return is_alphanumeric(c) || is_one_of(c, "-_.");
}

static const struct {
    const char *text;
    bool (*is_member)(uint32_t code_point);
    bool min_one; /* a '+': the empty text does not match */
} patterns[OPERATION_PATTERNS] = {
    [OPERATION_PATTERN_ALIAS_NAME] = {"^[a-zA-Z0-9:/_-]+$", is_alias_name, true},
    [OPERATION_PATTERN_MARKER] = {"[\\u0020-\\u00FF]*", is_latin_1, false},
    [OPERATION_PATTERN_POLICY] = {"[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", is_policy, true},
    [OPERATION_PATTERN_XKS_KEY_ID] = {"^[a-zA-Z0-9-_.]+$", is_xks_key_id, true},
};

const char *operation_pattern_text(enum operation_pattern pattern)
{
    return patterns[pattern].text;
}

/* Up to U+00FF exactly; everything beyond is one value that no pattern has. */
static uint32_t next_code_point(const unsigned char **text)
{
    unsigned char lead = *(*text)++;
    if (lead < 0x80) {
        return lead;
    }
    if (lead <= 0xC3 && (**text & 0xC0) == 0x80) {
        return ((uint32_t)(lead & 0x1F) << 6) | (*(*text)++ & 0x3F);
    }
    return UINT32_MAX;
}

bool operation_pattern_matches(enum operation_pattern pattern, const char *text)
{
    const unsigned char *rest = (const unsigned char *)text;
    if (*rest == '\0') {
        return !patterns[pattern].min_one;
    }
    while (*rest != '\0') {
        if (!patterns[pattern].is_member(next_code_point(&rest))) {
            return false;
        }
    }
    return true;
}

size_t operation_text_length(const char *text)
{
    size_t length = 0;
    for (; *text != '\0'; text++) {
        length += (*text & 0xC0) != 0x80; /* bytes that begin a code point */
    }
    return length;
}

size_t operation_text_cut(const char *text, size_t max_bytes)
{
    size_t len = strnlen(text, max_bytes + 1);
    if (len <= max_bytes) {
        return len;
    }
    len = max_bytes;
    while (len > 0 && (text[len] & 0xC0) == 0x80) {
        len--;
    }
    return len;
}
