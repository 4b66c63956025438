/* Commits that fail: what may be in the log all the same is never answered "nothing changed". SQLite's own files, with
 * the synchronisation or the writing of the log made to fail. */
#include "failing_files.h"
#include "fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Memory must say what a recovery of the log finds: the writer is killed, so that nothing puts the log in order. */
static bool known_before_and_after(struct fixture *fixture, const struct registry_key *key)
{
    bool before = registry_key_find(fixture->registry, key->key_id) != NULL;
    pid_t writer = writer_pid();
    assert_true(writer > 0);
    assert_int_equal(kill(writer, SIGKILL), 0);
    fixture_reopen(fixture);
    bool after = registry_key_find(fixture->registry, key->key_id) != NULL;
    assert_int_equal(before, after);
    return after;
}

/* The commit is in the log, synced, and then something goes wrong. */
static void failure_after_the_sync(void **state)
{
    struct fixture *fixture = *state;
    static const int codes[] = {SQLITE_NOMEM,    SQLITE_IOERR_FSYNC, SQLITE_IOERR_NOMEM, SQLITE_CORRUPT,
                                SQLITE_PROTOCOL, SQLITE_READONLY,    SQLITE_INTERRUPT,   SQLITE_ERROR};
    fixture_open(fixture);
    for (uint32_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct plain_key plain;
        plain_key_init(&plain, i);
        orders->after_sync = codes[i];
        struct registry_result result = add_key(fixture, &plain.key);
        assert_int_equal(orders->after_sync, SQLITE_OK); /* it was met */
        assert_true(known_before_and_after(fixture, &plain.key));
        expect_result(result, REGISTRY_STORE, "outcome was lost");
    }
}

/* No room for the commit in the log: then it is not there, the writer says so and goes on. */
static void failure_before_the_commit_is_written(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key plain;
    add_plain_key(fixture, 1, &plain);
    pid_t writer = writer_pid();
    plain_key_init(&plain, 2);
    orders->before_write = SQLITE_FULL;
    struct registry_result result = add_key(fixture, &plain.key);
    assert_int_equal(orders->before_write, SQLITE_OK);
    expect_result(result, REGISTRY_STORE, "full");
    assert_null(strstr(result.detail, "outcome"));
    assert_int_equal(writer_pid(), writer);
    assert_false(known_before_and_after(fixture, &plain.key));
    assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK);
    assert_true(known_before_and_after(fixture, &plain.key));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(failure_after_the_sync),
        TEST(failure_before_the_commit_is_written),
    };
    return cmocka_run_group_tests_name("registry/commit", tests, failing_files_register, failing_files_unregister);
}
