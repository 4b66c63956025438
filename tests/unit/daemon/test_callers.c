/* Connections by user: nobody gets more than his share, and what is given back can be used again. */
#include "callers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_user_has_at_most_his_share(void **state)
{
    (void)state;
    struct caller_counts *counts = caller_counts_new();
    assert_non_null(counts);
    for (size_t i = 0; i < 3; i++) {
        assert_true(caller_counts_add(counts, 7, 3));
    }
    assert_false(caller_counts_add(counts, 7, 3));
    assert_true(caller_counts_add(counts, 8, 3));
    caller_counts_remove(counts, 7);
    assert_true(caller_counts_add(counts, 7, 3));
    assert_false(caller_counts_add(counts, 7, 3));
    assert_false(caller_counts_add(counts, 9, 0));
    caller_counts_free(counts);
    caller_counts_free(NULL);
}

static void many_users_come_and_go(void **state)
{
    (void)state;
    struct caller_counts *counts = caller_counts_new();
    assert_non_null(counts);
    for (uid_t round = 0; round < 3; round++) {
        for (uid_t uid = 0; uid < 1000; uid++) {
            assert_true(caller_counts_add(counts, uid, 1));
            assert_false(caller_counts_add(counts, uid, 1));
        }
        for (uid_t uid = 0; uid < 1000; uid++) {
            caller_counts_remove(counts, (uid * 7 + round) % 1000);
        }
    }
    caller_counts_remove(counts, 5); /* has none: nothing happens */
    caller_counts_free(counts);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_has_at_most_his_share),
        cmocka_unit_test(many_users_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
