/* Text for a terminal; see printable.h. */
#include "printable.h"

#include "base/view.h"

#include <stdint.h>
#include <string.h>

#define NOT_UTF8 UINT32_MAX

/* Code points that are never written as they are. */
static const struct {
    uint32_t first;
    uint32_t last;
} escaped[] = {
    {0x0001, 0x001F}, {0x007F, 0x009F}, {0x061C, 0x061C}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069},
};

static bool is_escaped(uint32_t code_point)
{
    for (size_t i = 0; i < sizeof escaped / sizeof escaped[0]; i++) {
        if (code_point >= escaped[i].first && code_point <= escaped[i].last) {
            return true;
        }
    }
    return false;
}

/* How many bytes follow a lead byte, and the least code point that needs so many (RFC 3629 section 3). */
static const struct {
    unsigned char mask;
    unsigned char lead;
    size_t following;
    uint32_t least;
} forms[] = {{0x80, 0x00, 0, 0}, {0xE0, 0xC0, 1, 0x80}, {0xF0, 0xE0, 2, 0x800}, {0xF8, 0xF0, 3, 0x10000}};

/* The code point at the front of a text that is not empty, and how many bytes it has: one when it is NOT_UTF8. */
static uint32_t decode(const char *text, size_t *ret_len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    *ret_len = 1;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if ((bytes[0] & forms[i].mask) != forms[i].lead) {
            continue;
        }
        uint32_t code_point = bytes[0] & (unsigned char)~forms[i].mask;
        for (size_t j = 1; j <= forms[i].following; j++) {
            if ((bytes[j] & 0xC0) != 0x80) { /* the NUL at the end is none either */
                return NOT_UTF8;
            }
            code_point = code_point << 6 | (bytes[j] & 0x3F);
        }
        bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
        if (code_point < forms[i].least || surrogate || code_point > 0x10FFFF) {
            return NOT_UTF8;
        }
        *ret_len = forms[i].following + 1;
        return code_point;
    }
    return NOT_UTF8;
}

/* Takes the next piece off the text: a run that is written as it is, or what stands for one character. */
static struct view next_piece(const char **text, enum printable_lines lines, char escape[8])
{
    const char *start = *text;
    size_t len = 0;
    uint32_t code_point = 0;
    while (**text != '\0') {
        code_point = decode(*text, &len);
        bool kept =
            (code_point == '\n' && lines != PRINTABLE_ONE_LINE) || (code_point == '\t' && lines == PRINTABLE_TEXT);
        if (code_point == NOT_UTF8 || (is_escaped(code_point) && !kept)) {
            break;
        }
        *text += len;
    }
    if (*text != start) {
        return view_of(start, (size_t)(*text - start));
    }
    *text += len;
    if (code_point == NOT_UTF8) {
        return view_of_string("\xEF\xBF\xBD");
    }
    if (code_point == '\n' || code_point == '\t') {
        return view_of_string(code_point == '\n' ? "\\n" : "\\t");
    }
    snprintf(escape, 8, "\\u%04x", (unsigned)code_point);
    return view_of_string(escape);
}

bool printable_write(const char *text, enum printable_lines lines, FILE *file)
{
    char escape[8];
    while (*text != '\0') {
        struct view piece = next_piece(&text, lines, escape);
        if (fwrite(piece.data, 1, piece.len, file) != piece.len) {
            return false;
        }
    }
    return true;
}

bool printable_append(const char *text, enum printable_lines lines, struct buffer *out)
{
    char escape[8];
    while (*text != '\0') {
        struct view piece = next_piece(&text, lines, escape);
        if (!buffer_append(out, piece.data, piece.len)) {
            return false;
        }
    }
    return true;
}
