/* Well-formed UTF-8 without NUL bytes; see utf8.h. */
#include "utf8.h"

/* RFC 3629 section 4: how many bytes follow a first byte, and what the first of those may be. */
struct lead {
    uint8_t first, last;
    uint8_t following;
    uint8_t second_min, second_max;
};

static const struct lead leads[] = {
    {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf}, {0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f},
    {0xee, 0xef, 2, 0x80, 0xbf}, {0xf0, 0xf0, 3, 0x90, 0xbf}, {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

static const struct lead *lead_of(uint8_t byte)
{
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        if (byte >= leads[i].first && byte <= leads[i].last) {
            return &leads[i];
        }
    }
    return NULL;
}

/* How many bytes the character at the front of bytes takes; 0 when it is not well-formed. */
static size_t character_len(struct view bytes)
{
    const struct lead *lead = lead_of(bytes.data[0]);
    if (lead == NULL || bytes.len <= lead->following) {
        return 0;
    }
    if (bytes.data[1] < lead->second_min || bytes.data[1] > lead->second_max) {
        return 0;
    }
    for (size_t i = 2; i <= lead->following; i++) {
        if ((bytes.data[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return (size_t)lead->following + 1;
}

bool utf8_is_text(struct view bytes)
{
    size_t i = 0;
    while (i < bytes.len) {
        if (bytes.data[i] < 0x80) {
            if (bytes.data[i] == 0) {
                return false;
            }
            i++;
            continue;
        }
        size_t len = character_len(view_of(bytes.data + i, bytes.len - i));
        if (len == 0) {
            return false;
        }
        i += len;
    }
    return true;
}

size_t utf8_cut(struct view text, size_t max)
{
    if (text.len <= max) {
        return text.len;
    }
    size_t len = max;
    while (len > 0 && (text.data[len] & 0xc0) == 0x80) {
        len--;
    }
    return len;
}
