/* Writers that are lost: what was answered is there, what was not is whole or not at all. */
#include "fixture.h"

#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void killed_writer_is_replaced(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    pid_t first = writer_pid();
    assert_true(first > 0);
    struct plain_key plain;
    add_plain_key(fixture, 1, &plain);
    assert_int_equal(kill(first, SIGKILL), 0);
    plain_key_init(&plain, 2);
    add_until_taken(fixture, &plain.key);
    assert_int_not_equal(writer_pid(), first);
    assert_true(writer_pid() > 0);
    fixture_reopen(fixture);
    assert_int_equal(registry_keys(fixture->registry), 2);
}

/*
 * The writer is stopped by a signal after its commit cannot be arranged from outside, so the row is put in by another
 * hand: the outcome of the change is lost, the row is there, and memory shows it by the time of the answer.
 */
static void lost_outcome_is_read_again(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key a;
    struct plain_key b;
    add_plain_key(fixture, 1, &a);
    add_plain_key(fixture, 2, &b);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/moves", a.key.key_id).code, REGISTRY_OK);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/goes", a.key.key_id).code, REGISTRY_OK);
    pid_t writer = writer_pid();
    assert_int_equal(kill(writer, SIGSTOP), 0);

    struct plain_key c;
    plain_key_init(&c, 3);
    struct answer answers[5] = {0};
    struct registry *registry = fixture->registry;
    registry_key_add(registry, &c.key, on_answer, &answers[0]);
    registry_alias_add(registry, ACCOUNT, "alias/comes", c.key.key_id, NOW_MS, on_answer, &answers[1]);
    registry_alias_retarget(registry, ACCOUNT, "alias/moves", b.key.key_id, NOW_MS, on_answer, &answers[2]);
    registry_alias_remove(registry, ACCOUNT, "alias/goes", on_answer, &answers[3]);
    registry_alias_add(registry, ACCOUNT, "alias/never", a.key.key_id, NOW_MS, on_answer, &answers[4]);
    turn(fixture, 1); /* into the socket */
    turn(fixture, 1);
    run_sql(
        fixture,
        "INSERT INTO keys SELECT x'00000003000000000000000000000000', account, token, description, spec, usage, state,"
        " boundary, created_ms, 0, 0, 0, 1, NULL, created_ms FROM keys LIMIT 1;"
        "INSERT INTO materials VALUES (x'00000003000000000000000000000000', 1,"
        " x'0000000300000000000000000000000000000000000000000000000003000000', 5, 1);"
        "INSERT INTO aliases VALUES ('111122223333', 'alias/comes', x'00000003000000000000000000000000', 1, 1);"
        "UPDATE aliases SET key_id = x'00000002000000000000000000000000' WHERE name = 'alias/moves';"
        "DELETE FROM aliases WHERE name = 'alias/goes'");
    assert_int_equal(kill(writer, SIGKILL), 0);
    fixture_run_until(fixture, &answers[4].calls, 1);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(answers[i].calls, 1);
        expect_result(answers[i].result, REGISTRY_STORE, "outcome was lost");
    }
    assert_non_null(registry_key_find(registry, c.key.key_id));
    assert_memory_equal(registry_alias_find(registry, ACCOUNT, "alias/comes")->key_id, c.key.key_id, KEY_ID_BYTES);
    assert_memory_equal(registry_alias_find(registry, ACCOUNT, "alias/moves")->key_id, b.key.key_id, KEY_ID_BYTES);
    assert_null(registry_alias_find(registry, ACCOUNT, "alias/goes"));
    assert_null(registry_alias_find(registry, ACCOUNT, "alias/never"));
    assert_int_equal(registry_waiting(registry), 0);
}

/* While no writer can start, changes are refused at once and reading goes on; when one can, what was lost is settled
 * first. */
static void no_writer_can_start(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key a;
    add_plain_key(fixture, 1, &a);
    const char *away = fixture_beside(fixture, ".away");
    pid_t writer = writer_pid();
    kill(writer, SIGSTOP);
    struct answer pending = {0};
    registry_alias_add(fixture->registry, ACCOUNT, "alias/x", a.key.key_id, NOW_MS, on_answer, &pending);
    turn(fixture, 1);
    turn(fixture, 1);
    assert_int_equal(rename(fixture->path, away), 0);
    kill(writer, SIGKILL);
    fixture_run_until(fixture, &pending.calls, 1);
    expect_result(pending.result, REGISTRY_STORE, "outcome unknown");
    assert_non_null(registry_key_find(fixture->registry, a.key.key_id));

    struct plain_key b;
    plain_key_init(&b, 2);
    struct registry_result result = add_key(fixture, &b.key);
    assert_int_equal(result.code, REGISTRY_STORE);
    assert_int_not_equal(result.detail[0], '\0');
    assert_int_equal(registry_waiting(fixture->registry), 0);

    assert_int_equal(rename(away, fixture->path), 0);
    add_until_taken(fixture, &b.key);
    assert_int_equal(pending.calls, 1);
    fixture_reopen(fixture);
    assert_int_equal(registry_keys(fixture->registry), 2);
    assert_int_equal(registry_aliases(fixture->registry), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(killed_writer_is_replaced),
        TEST(lost_outcome_is_read_again),
        TEST(no_writer_can_start),
    };
    return cmocka_run_group_tests_name("registry/faults", tests, NULL, NULL);
}
