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

static bool is_word(uint32_t c)
{
    return is_alphanumeric(c) || c == '_';
}

static bool is_xks_key_id(uint32_t c)
{
    return is_alphanumeric(c) || is_one_of(c, "-_.");
}

static bool is_principal(uint32_t c)
{
    return is_alphanumeric(c) || is_one_of(c, "_+=,.@:/-");
}

static bool is_service(uint32_t c)
{
    return is_alphanumeric(c) || is_one_of(c, "-.");
}

/* Three labels at least, none of them empty. */
static bool has_labels(const char *text)
{
    size_t dots = 0;
    for (const char *at = text; *at != '\0'; at++) {
        bool is_dot = *at == '.';
        if (is_dot && (at == text || at[1] == '.' || at[1] == '\0')) {
            return false;
        }
        dots += is_dot;
    }
    return dots >= 2;
}

static bool is_any(uint32_t c)
{
    return c != '\n';
}

/* Goes past the characters of set, min of them at least, and a colon; NULL when they are others. */
static const char *skip_part(const char *text, const char *set, size_t min, size_t max)
{
    size_t len = text == NULL ? 0 : strspn(text, set);
    return text == NULL || len < min || len > max || text[len] != ':' ? NULL : text + len + 1;
}

static bool is_source_arn(const char *text)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    static const char aws[] = "arn:aws";
    if (strncmp(text, aws, strlen(aws)) != 0) {
        return false;
    }
    const char *rest = skip_part(text + strlen(aws), word, 0, SIZE_MAX);
    rest = skip_part(rest, word, 1, SIZE_MAX);
    rest = skip_part(rest, word, 0, SIZE_MAX);
    rest = skip_part(rest, "0123456789", 12, 12);
    return rest != NULL && *rest != '\0';
}

static bool is_name(uint32_t c)
{
    return is_alphanumeric(c) || is_one_of(c, "_+=,.@-");
}

static bool is_graphic(uint32_t c)
{
    return c >= 0x21 && c <= 0x7E;
}

static bool is_graphic_or_delete(uint32_t c)
{
    return c >= 0x21 && c <= 0x7F;
}

static bool is_path(const char *text)
{
    size_t len = strlen(text);
    return text[0] == '/' && text[len - 1] == '/' && len != 2;
}

static bool is_path_prefix(const char *text)
{
    return text[0] == '/';
}

static const struct {
    const char *text;
    bool (*is_member)(uint32_t code_point);
    bool min_one;                   /* a '+': the empty text does not match */
    bool (*is_whole)(const char *); /* what the members alone do not say; NULL: nothing */
} patterns[OPERATION_PATTERNS] = {
    [OPERATION_PATTERN_ALIAS_NAME] = {"^[a-zA-Z0-9:/_-]+$", is_alias_name, true, NULL},
    [OPERATION_PATTERN_MARKER] = {"[\\u0020-\\u00FF]*", is_latin_1, false, NULL},
    [OPERATION_PATTERN_POLICY] = {"[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", is_policy, true, NULL},
    [OPERATION_PATTERN_XKS_KEY_ID] = {"^[a-zA-Z0-9-_.]+$", is_xks_key_id, true, NULL},
    [OPERATION_PATTERN_PRINCIPAL] = {"^[\\w+=,.@:/-]+$", is_principal, true, NULL},
    [OPERATION_PATTERN_SERVICE] = {"^([A-Za-z0-9\\-]+)\\.([A-Za-z0-9\\-]+)(\\.[A-Za-z0-9\\-]+)+$", is_service, true,
                                   has_labels},
    [OPERATION_PATTERN_NAME] = {"[\\w+=,.@-]+", is_name, true, NULL},
    [OPERATION_PATTERN_PATH] = {"(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)", is_graphic, true, is_path},
    [OPERATION_PATTERN_PATH_PREFIX] = {"\\u002F[\\u0021-\\u007F]*", is_graphic_or_delete, true, is_path_prefix},
    [OPERATION_PATTERN_WORD] = {"[\\w]+", is_word, true, NULL},
    [OPERATION_PATTERN_SOURCE_ARN] = {"^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$", is_any, true,
                                      is_source_arn},
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
    return patterns[pattern].is_whole == NULL || patterns[pattern].is_whole(text);
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
