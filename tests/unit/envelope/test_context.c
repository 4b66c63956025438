/* The canonical encryption context: injective, and independent of the order of pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "envelope/context.h"

#include <stdio.h>

#define PAIR(k, v)                                                                                                     \
    {                                                                                                                  \
        .key = {(const uint8_t *)(k), sizeof(k) - 1}, .value = {(const uint8_t *)(v), sizeof(v) - 1 }                  \
    }

static struct buffer canonical(const struct context_pair *pairs, size_t n)
{
    struct buffer out = BUFFER_INIT(CONTEXT_CANONICAL_MAX_BYTES);
    assert_int_equal(context_canonical(pairs, n, &out), CONTEXT_OK);
    return out;
}

static bool same(const struct context_pair *a, size_t n_a, const struct context_pair *b, size_t n_b)
{
    struct buffer left = canonical(a, n_a);
    struct buffer right = canonical(b, n_b);
    bool equal = view_equal(buffer_view(&left), buffer_view(&right));
    buffer_clear(&left);
    buffer_clear(&right);
    return equal;
}

static void test_empty(void **state)
{
    (void)state;
    static const uint8_t expected[] = {CONTEXT_VERSION, 0, 0, 0, 0};
    struct buffer out = canonical(NULL, 0);
    assert_int_equal(out.len, sizeof expected);
    assert_memory_equal(out.data, expected, sizeof expected);
    buffer_clear(&out);
}

static void test_order_does_not_matter(void **state)
{
    (void)state;
    const struct context_pair given[] = {PAIR("b", "2"), PAIR("", "0"), PAIR("a", "1"), PAIR("ab", "3"),
                                         PAIR("\xff", "4")};
    const struct context_pair sorted[] = {PAIR("", "0"), PAIR("a", "1"), PAIR("ab", "3"), PAIR("b", "2"),
                                          PAIR("\xff", "4")};
    assert_true(same(given, 5, sorted, 5));
}

static void test_the_pairs_are_not_changed(void **state)
{
    (void)state;
    const struct context_pair pairs[] = {PAIR("b", "2"), PAIR("a", "1")};
    struct buffer out = canonical(pairs, 2);
    assert_int_equal(pairs[0].key.data[0], 'b');
    buffer_clear(&out);
}

/* Contexts that a careless encoding would take for one another. */
static void test_differences(void **state)
{
    (void)state;
    static const struct {
        struct context_pair a[2];
        size_t n_a;
        struct context_pair b[2];
        size_t n_b;
    } different[] = {
        {{PAIR("a", "bc")}, 1, {PAIR("ab", "c")}, 1},
        {{PAIR("a", "")}, 1, {PAIR("", "a")}, 1},
        {{PAIR("a", "b")}, 1, {PAIR("A", "b")}, 1},
        {{PAIR("a", "b")}, 1, {PAIR("a", "B")}, 1},
        {{PAIR("a", "b")}, 1, {PAIR("b", "a")}, 1},
        {{PAIR("a", "b")}, 1, {PAIR("a", "b "), PAIR("c", "d")}, 2},
        {{PAIR("a", "b"), PAIR("c", "d")}, 2, {PAIR("a", "d"), PAIR("c", "b")}, 2},
        {{PAIR("", "")}, 1, {PAIR("x", "x")}, 0},
        /* One value that looks like the encoding of a second pair. */
        {{PAIR("a", "b\0\0\0\1c\0\0\0\1d")}, 1, {PAIR("a", "b"), PAIR("c", "d")}, 2},
    };
    for (size_t i = 0; i < sizeof different / sizeof different[0]; i++) {
        assert_false(same(different[i].a, different[i].n_a, different[i].b, different[i].n_b));
    }
}

static void test_duplicate(void **state)
{
    (void)state;
    const struct context_pair pairs[] = {PAIR("a", "1"), PAIR("b", "2"), PAIR("a", "3")};
    struct buffer out = BUFFER_INIT(100);
    assert_true(buffer_append_u8(&out, 7));
    assert_int_equal(context_canonical(pairs, 3, &out), CONTEXT_DUPLICATE);
    assert_int_equal(out.len, 1);
    buffer_clear(&out);
}

static void test_limits(void **state)
{
    (void)state;
    static uint8_t text[CONTEXT_MAX_BYTES + 1];
    struct context_pair pair = {.key = view_of(text, 1), .value = view_of(text, CONTEXT_MAX_BYTES - 1)};
    struct buffer out = canonical(&pair, 1);
    assert_int_equal(out.len, 5 + 8 + CONTEXT_MAX_BYTES);
    buffer_reset(&out);
    pair.value.len++;
    assert_int_equal(context_canonical(&pair, 1, &out), CONTEXT_TOO_LARGE);
    pair.key.len = SIZE_MAX; /* never read: its length alone is too much, also added to the other */
    assert_int_equal(context_canonical(&pair, 1, &out), CONTEXT_TOO_LARGE);
    buffer_clear(&out);
}

static void test_number_of_pairs(void **state)
{
    (void)state;
    static char keys[CONTEXT_MAX_PAIRS + 1][5];
    static struct context_pair pairs[CONTEXT_MAX_PAIRS + 1];
    for (size_t i = 0; i <= CONTEXT_MAX_PAIRS; i++) {
        snprintf(keys[i], sizeof keys[i], "%04zu", i);
        pairs[i].key = view_of(keys[i], 4);
        pairs[i].value = view_of(keys[i], 4);
    }
    struct buffer out = canonical(pairs, CONTEXT_MAX_PAIRS);
    assert_int_equal(out.len, CONTEXT_CANONICAL_MAX_BYTES);
    buffer_reset(&out);
    assert_int_equal(context_canonical(pairs, CONTEXT_MAX_PAIRS + 1, &out), CONTEXT_TOO_LARGE);
    buffer_clear(&out);
}

static void test_full_output(void **state)
{
    (void)state;
    const struct context_pair pairs[] = {PAIR("a", "1")};
    struct buffer out = BUFFER_INIT(14);
    assert_int_equal(context_canonical(pairs, 1, &out), CONTEXT_NO_MEMORY);
    assert_int_equal(out.len, 0);
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),       cmocka_unit_test(test_order_does_not_matter),
        cmocka_unit_test(test_differences), cmocka_unit_test(test_the_pairs_are_not_changed),
        cmocka_unit_test(test_duplicate),   cmocka_unit_test(test_limits),
        cmocka_unit_test(test_full_output), cmocka_unit_test(test_number_of_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
