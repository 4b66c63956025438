/* policy: wildcards against the plainest way to match them, and in linear time. */
#include "pattern.h"

#include "policy/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* A generator of its own (xorshift64*), so that a failure can be repeated. */
static uint64_t seed = 20261121;

static size_t below(size_t bound)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (size_t)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % bound;
}

/* Characters of one and two bytes. */
static size_t put_character(uint8_t *out)
{
    switch (below(4)) {
    case 0:
        out[0] = 'a';
        return 1;
    case 1:
        out[0] = 0xc3;
        out[1] = 0xa9;
        return 2;
    case 2:
        out[0] = ':';
        return 1;
    default:
        out[0] = 'b';
        return 1;
    }
}

static size_t put_unit(uint8_t *out)
{
    switch (below(5)) {
    case 0:
        out[0] = POLICY_UNIT_STAR;
        return 1;
    case 1:
        out[0] = POLICY_UNIT_ONE;
        return 1;
    default:
        return put_character(out);
    }
}

static size_t length_of(const uint8_t *character)
{
    return character[0] >= 0xc0 && character[0] < 0xf8 ? 2 : 1;
}

static bool plainly(const uint8_t *pattern, const uint8_t *pattern_end, const uint8_t *text, const uint8_t *text_end)
{
    if (pattern == pattern_end) {
        return text == text_end;
    }
    if (*pattern == POLICY_UNIT_STAR) {
        return plainly(pattern + 1, pattern_end, text, text_end) ||
               (text != text_end && plainly(pattern, pattern_end, text + length_of(text), text_end));
    }
    if (text == text_end) {
        return false;
    }
    if (*pattern == POLICY_UNIT_ONE) {
        return plainly(pattern + 1, pattern_end, text + length_of(text), text_end);
    }
    return *pattern == *text && plainly(pattern + 1, pattern_end, text + 1, text_end);
}

static void patterns_match_what_they_plainly_match(void **state)
{
    (void)state;
    size_t matched = 0;
    for (size_t round = 0; round < 200000; round++) {
        uint8_t pattern[32];
        uint8_t text[32];
        size_t pattern_len = 0;
        size_t text_len = 0;
        for (size_t i = below(9); i > 0; i--) {
            pattern_len += put_unit(pattern + pattern_len);
        }
        for (size_t i = below(12); i > 0; i--) {
            text_len += put_character(text + text_len);
        }
        bool wanted = plainly(pattern, pattern + pattern_len, text, text + text_len);
        matched += wanted;
        if (policy_glob(view_of(pattern, pattern_len), view_of(text, text_len)) != wanted) {
            fail_msg("round %zu", round);
        }
    }
    assert_true(matched > 10000); /* or it would have been about nothing */
}

/* Runs of more bytes than fit a word, which only variables can lead to. */
static void long_runs_are_found_too(void **state)
{
    (void)state;
    for (size_t round = 0; round < 2000; round++) {
        uint8_t run[200];
        uint8_t text[600];
        size_t run_len = 1;
        size_t text_len = 0;
        run[0] = POLICY_UNIT_STAR;
        for (size_t i = 0; i < 80 + below(20); i++) {
            run_len += put_character(run + run_len);
        }
        run[1 + below(3)] = POLICY_UNIT_STAR;
        for (size_t i = 0; i < 3; i++) {
            /* not in the middle of a character */
            size_t at = 4 + below(run_len - 4);
            if (run[at] < 0x80) {
                run[at] = POLICY_UNIT_ONE;
            }
        }
        run[run_len++] = POLICY_UNIT_STAR;
        for (size_t i = below(50); i > 0; i--) {
            text_len += put_character(text + text_len);
        }
        for (size_t i = 1; i < run_len; i++) {
            if (run[i] == POLICY_UNIT_ONE) {
                text_len += put_character(text + text_len);
            } else if (run[i] != POLICY_UNIT_STAR) {
                text[text_len++] = run[i];
            }
        }
        bool wanted = plainly(run, run + run_len, text, text + text_len);
        if (policy_glob(view_of(run, run_len), view_of(text, text_len)) != wanted) {
            fail_msg("round %zu", round);
        }
    }
}

static void arns_match_part_by_part(void **state)
{
    (void)state;
#define STAR "\xff"
    static const struct {
        const char *pattern;
        const char *text;
        bool matches;
    } rows[] = {
        {"a:b:c:d:e:f", "a:b:c:d:e:f", true},         {"a:" STAR ":c:d:e:f", "a:b:c:d:e:f", true},
        {"a:" STAR ":e:f", "a:b:c:d:e:f", false},     {STAR, "a:b:c:d:e:f", false},
        {"a:b:c:d:e:" STAR, "a:b:c:d:e:f:g/h", true}, {"a:b:c:d:" STAR ":f", "a:b:c:d:e:x:f", false},
        {"a:b:c:d:e:f", "a:b:c:d:e", false},          {"::::: ", "::::: ", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (policy_glob_arn(view_of_string(rows[i].pattern), view_of_string(rows[i].text)) != rows[i].matches) {
            fail_msg("row %zu", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_what_they_plainly_match),
        cmocka_unit_test(long_runs_are_found_too),
        cmocka_unit_test(arns_match_part_by_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
