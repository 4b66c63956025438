/* Wildcards in linear time; see pattern.h. */
#include "pattern.h"

#define ARN_PARTS 6

static bool is_continuation(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}

static struct view cut(struct view text, size_t from, size_t to)
{
    return view_of(text.data + from, to - from);
}

static bool holds(struct view pattern, uint8_t unit)
{
    return pattern.len != 0 && memchr(pattern.data, unit, pattern.len) != NULL;
}

#define EVERY_BYTE UINT64_C(0x0101010101010101)

/* policy_lower of eight bytes at once: the top bit of a byte says whether it is a capital letter, and no sum of seven
 * bits and these carries over into the next byte. */
static uint64_t load_lower(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    uint64_t low = word & (0x7f * EVERY_BYTE);
    uint64_t from_a = low + (0x80 - 'A') * EVERY_BYTE;
    uint64_t beyond_z = low + (0x7f - 'Z') * EVERY_BYTE;
    uint64_t capital = (from_a & ~beyond_z & ~word) & (0x80 * EVERY_BYTE);
    return word | capital >> 2; /* 'a' ^ 'A' is 0x20 */
}

/* Names of conditions, in every decision. */
bool policy_equal_fold(struct view a, struct view b)
{
    const size_t word = sizeof(uint64_t);
    if (a.len != b.len) {
        return false;
    }
    size_t i = 0;
    for (; a.len - i >= word; i += word) {
        if (load_lower(a.data + i) != load_lower(b.data + i)) {
            return false;
        }
    }
    for (; i < a.len; i++) {
        if (policy_lower(a.data[i]) != policy_lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

/* Whether pattern, up to its first star, matches text from at on; *at is then where it ends. *ret_len is the length of
 * that run. */
static bool run_forward(struct view pattern, struct view text, size_t *at, size_t *ret_len)
{
    size_t i = *at;
    size_t k = 0;
    for (; k < pattern.len && pattern.data[k] != POLICY_UNIT_STAR; k++, i++) {
        if (i == text.len) {
            return false;
        }
        if (pattern.data[k] != POLICY_UNIT_ONE) {
            if (pattern.data[k] != text.data[i]) {
                return false;
            }
            continue;
        }
        if (is_continuation(text.data[i])) {
            return false;
        }
        while (i + 1 < text.len && is_continuation(text.data[i + 1])) {
            i++;
        }
    }
    *at = i;
    *ret_len = k;
    return true;
}

/* Whether run matches the end of text, not reaching before least; *ret_start is then where it begins. */
static bool run_backward(struct view run, struct view text, size_t least, size_t *ret_start)
{
    size_t i = text.len;
    for (size_t k = run.len; k > 0; k--) {
        if (i == least) {
            return false;
        }
        i--;
        if (run.data[k - 1] != POLICY_UNIT_ONE) {
            if (run.data[k - 1] != text.data[i]) {
                return false;
            }
            continue;
        }
        while (i > least && is_continuation(text.data[i])) {
            i--;
        }
    }
    *ret_start = i;
    return true;
}

/*
 * The first end of a run with unknown characters: Shift-And (Baeza-Yates and Gonnet, 1992), one bit a byte of the run,
 * where the bit of an unknown character stays set over the further bytes of that character. What a run has beyond its
 * first 64 bytes is compared each time.
 */
static bool find_with_unknown(struct view run, struct view text, size_t *at)
{
    uint64_t literal[256] = {0};
    uint64_t unknown = 0;
    size_t bits = run.len < 64 ? run.len : 64;
    for (size_t k = 0; k < bits; k++) {
        if (run.data[k] == POLICY_UNIT_ONE) {
            unknown |= UINT64_C(1) << k;
        } else {
            literal[run.data[k]] |= UINT64_C(1) << k;
        }
    }
    uint64_t last = UINT64_C(1) << (bits - 1);
    uint64_t state = 0;
    for (size_t i = *at; i < text.len; i++) {
        bool inside = is_continuation(text.data[i]);
        uint64_t next = ((state << 1) | 1) & (literal[text.data[i]] | (inside ? 0 : unknown));
        state = next | (inside ? state & unknown : 0);
        size_t end = i + 1;
        size_t rest;
        if ((state & last) != 0 && run_forward(cut(run, bits, run.len), text, &end, &rest)) {
            *at = end;
            return true;
        }
    }
    return false;
}

static bool find(struct view run, struct view text, size_t *at)
{
    if (run.len == 0) {
        return true;
    }
    if (holds(run, POLICY_UNIT_ONE)) {
        return find_with_unknown(run, text, at);
    }
    if (run.len > text.len - *at) {
        return false;
    }
    const uint8_t *found = memmem(text.data + *at, text.len - *at, run.data, run.len);
    if (found == NULL) {
        return false;
    }
    *at = (size_t)(found - text.data) + run.len;
    return true;
}

/* The length of the run that pattern begins with. */
static size_t run_len(struct view pattern)
{
    const uint8_t *star = pattern.len == 0 ? NULL : memchr(pattern.data, POLICY_UNIT_STAR, pattern.len);
    return star == NULL ? pattern.len : (size_t)(star - pattern.data);
}

bool policy_glob(struct view pattern, struct view text)
{
    size_t at = 0;
    size_t first;
    if (!run_forward(pattern, text, &at, &first)) {
        return false;
    }
    if (first == pattern.len) {
        return at == text.len;
    }
    /* The last run is held to the end of the text, the ones between to their first places: earlier is never worse. */
    size_t last = pattern.len;
    while (pattern.data[last - 1] != POLICY_UNIT_STAR) {
        last--;
    }
    size_t end;
    if (!run_backward(cut(pattern, last, pattern.len), text, at, &end)) {
        return false;
    }
    text.len = end;
    while (first < last) {
        struct view rest = cut(pattern, first + 1, last);
        size_t run = run_len(rest);
        if (!find(cut(rest, 0, run), text, &at)) {
            return false;
        }
        first += 1 + run;
    }
    return true;
}

/* Cuts text before its first colon and takes both away. False when there is none. */
static bool take_part(struct view *text, struct view *ret_part)
{
    const uint8_t *colon = text->len == 0 ? NULL : memchr(text->data, ':', text->len);
    if (colon == NULL) {
        return false;
    }
    size_t len = (size_t)(colon - text->data);
    *ret_part = cut(*text, 0, len);
    *text = cut(*text, len + 1, text->len);
    return true;
}

bool policy_glob_arn(struct view pattern, struct view text)
{
    for (size_t i = 1; i < ARN_PARTS; i++) {
        struct view pattern_part;
        struct view text_part;
        if (!take_part(&pattern, &pattern_part) || !take_part(&text, &text_part) ||
            !policy_glob(pattern_part, text_part)) {
            return false;
        }
    }
    return policy_glob(pattern, text);
}
