/* Reading the texts of values from their beginning. */
#pragma once

#include "base/attr.h"
#include "base/view.h"

static inline bool scan_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline struct view scan_skip(struct view text, size_t len)
{
    return view_of(text.data + len, text.len - len);
}

static inline struct view scan_digits(struct view *text)
{
    size_t len = 0;
    while (len < text->len && scan_is_digit(text->data[len])) {
        len++;
    }
    struct view digits = view_of(text->data, len);
    *text = len == 0 ? *text : scan_skip(*text, len);
    return digits;
}

static inline bool scan_one(struct view *text, char wanted)
{
    if (text->len == 0 || text->data[0] != (uint8_t)wanted) {
        return false;
    }
    *text = scan_skip(*text, 1);
    return true;
}

/* Exactly so many digits, within bounds. */
static inline bool scan_number(struct view *text, size_t digits, unsigned least, unsigned most, unsigned *ret)
{
    if (text->len < digits) {
        return false;
    }
    unsigned value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (!scan_is_digit(text->data[i])) {
            return false;
        }
        value = value * 10 + (unsigned)(text->data[i] - '0');
    }
    if (value < least || value > most) {
        return false;
    }
    *text = scan_skip(*text, digits);
    *ret = value;
    return true;
}
