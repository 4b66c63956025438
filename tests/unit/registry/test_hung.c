/* A writer that neither answers nor dies, as when the disk hangs: everybody is told in time, and memory and database
 * agree afterwards. */
#include "fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS  1000 /* a busy machine is not a hung one */
#define FREE_MOST_MS 6000 /* registry.h says 4 seconds; the machine may be busy */

/* What the next child does before anything else. */
static enum { GO_ON, HANG, LEAVE_A_SHADOW } next_child;
static int shadow_pipe[2]; /* the shadow lives until the end for writing is closed */

/*
 * The shadow of the writer has its descriptors, so neither the stream nor the lock ends when the writer is killed: for
 * the daemon that is a process which is stuck in the kernel and cannot die.
 */
static void in_child(void)
{
    if (next_child == HANG) {
        raise(SIGSTOP);
    } else if (next_child == LEAVE_A_SHADOW && _Fork() == 0) {
        char byte;
        close(shadow_pipe[1]);
        _exit(read(shadow_pipe[0], &byte, 1) == 0 ? 0 : 1);
    }
}

static void open_hasty(struct fixture *fixture)
{
    fixture_open(fixture);
    registry_set_patience(fixture->registry, PATIENCE_MS);
}

static void close_in_time(struct fixture *fixture)
{
    int64_t start_ms = monotonic_ms();
    fixture_close(fixture);
    assert_true(monotonic_ms() - start_ms < FREE_MOST_MS);
}

static void expect_unknown(const struct answer *answer)
{
    assert_int_equal(answer->calls, 1);
    assert_int_equal(answer->result.code, REGISTRY_STORE);
    assert_non_null(strstr(answer->result.detail, "outcome unknown"));
    assert_non_null(strstr(answer->result.detail, "the disk does not answer"));
}

/* The stopped writer has the changes, or will have them; it is another hand that commits one of them. */
static void hung_writer_is_replaced(void **state)
{
    struct fixture *fixture = *state;
    open_hasty(fixture);
    struct plain_key a;
    add_plain_key(fixture, 1, &a);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/goes", a.key.key_id).code, REGISTRY_OK);
    pid_t writer = writer_pid();
    assert_int_equal(kill(writer, SIGSTOP), 0);

    struct answer answers[3] = {0};
    registry_alias_add(fixture->registry, ACCOUNT, "alias/comes", a.key.key_id, NOW_MS, on_answer, &answers[0]);
    registry_alias_add(fixture->registry, ACCOUNT, "alias/never", a.key.key_id, NOW_MS, on_answer, &answers[1]);
    registry_alias_remove(fixture->registry, ACCOUNT, "alias/goes", on_answer, &answers[2]);
    turn(fixture, 1); /* into the socket */
    run_sql(fixture,
            "INSERT INTO aliases VALUES ('111122223333', 'alias/comes', x'00000001000000000000000000000000', 1, 1);"
            "DELETE FROM aliases WHERE name = 'alias/goes'");
    int64_t start_ms = monotonic_ms();
    fixture_run_until(fixture, &answers[2].calls, 1);
    assert_true(monotonic_ms() - start_ms < 10 * PATIENCE_MS);
    for (size_t i = 0; i < 3; i++) {
        expect_unknown(&answers[i]);
    }
    assert_int_equal(registry_waiting(fixture->registry), 0);

    /* The next change comes after the rows were read. */
    struct plain_key b;
    plain_key_init(&b, 2);
    add_until_taken(fixture, &b.key);
    assert_int_not_equal(writer_pid(), writer);
    for (int step = 0; step < 2; step++) {
        assert_non_null(registry_alias_find(fixture->registry, ACCOUNT, "alias/comes"));
        assert_null(registry_alias_find(fixture->registry, ACCOUNT, "alias/never"));
        assert_null(registry_alias_find(fixture->registry, ACCOUNT, "alias/goes"));
        assert_int_equal(registry_keys(fixture->registry), 2);
        fixture_reopen(fixture);
    }
    assert_int_equal(answers[0].calls + answers[1].calls + answers[2].calls, 3);
}

/* Patience is for silence: many transactions that take longer than it together are no reason to lose one. */
static void busy_writer_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    open_hasty(fixture);
    pid_t writer = writer_pid();
    const int64_t end_ms = monotonic_ms() + 2 * PATIENCE_MS;
    enum { WINDOW = 20, ALL = 1 << 16 };
    static struct answer answers[ALL];
    memset(answers, 0, sizeof answers);
    uint32_t asked = 0;
    uint32_t heard = 0;
    while (monotonic_ms() < end_ms || heard < asked) {
        for (; asked < ALL && asked < heard + WINDOW && monotonic_ms() < end_ms; asked++) {
            struct plain_key plain;
            plain_key_init(&plain, asked);
            registry_key_add(fixture->registry, &plain.key, on_answer, &answers[asked]);
        }
        turn(fixture, 1000);
        for (; heard < asked && answers[heard].calls == 1; heard++) {
            assert_int_equal(answers[heard].result.code, REGISTRY_OK);
        }
    }
    /* And with nothing to wait for it may be silent as long as it likes. */
    kill(writer, SIGSTOP);
    const int64_t idle_ms = monotonic_ms() + 2 * PATIENCE_MS;
    while (monotonic_ms() < idle_ms) {
        turn(fixture, 10000);
    }
    kill(writer, SIGCONT);
    struct plain_key last;
    add_plain_key(fixture, ALL, &last);
    assert_int_equal(writer_pid(), writer);
}

/* The writer that is started after a lost one hangs before it is ready: the same, and not for ever. */
static void starting_writer_hangs(void **state)
{
    struct fixture *fixture = *state;
    open_hasty(fixture);
    struct plain_key plain;
    plain_key_init(&plain, 1);
    struct answer answer = {0};
    next_child = HANG;
    pid_t writer = writer_pid();
    kill(writer, SIGSTOP);
    registry_key_add(fixture->registry, &plain.key, on_answer, &answer);
    turn(fixture, 1);
    kill(writer, SIGKILL);
    fixture_run_until(fixture, &answer.calls, 1);
    expect_unknown(&answer);
    plain_key_init(&plain, 2);
    assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_STORE);
    next_child = GO_ON;
    add_until_taken(fixture, &plain.key);
    size_t known = registry_keys(fixture->registry);
    fixture_reopen(fixture);
    assert_int_equal(registry_keys(fixture->registry), known);

    /* Hung while nobody waits, too: the first to come is not the one who has to find out. */
    registry_set_patience(fixture->registry, PATIENCE_MS);
    next_child = HANG;
    kill(writer_pid(), SIGKILL);
    const int64_t end_ms = monotonic_ms() + 2 * PATIENCE_MS;
    while (monotonic_ms() < end_ms) {
        turn(fixture, 10000);
    }
    plain_key_init(&plain, 3);
    int64_t start_ms = monotonic_ms();
    struct registry_result refused = add_key(fixture, &plain.key);
    assert_true(monotonic_ms() - start_ms < PATIENCE_MS);
    expect_result(refused, REGISTRY_STORE, "the disk does not answer");
    next_child = GO_ON;
    close_in_time(fixture);
}

/* SIGKILL does not help: everybody is refused at once, nothing is waited for, and when it is gone at last another
 * takes its place. */
static void undying_writer(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(pipe(shadow_pipe), 0);
    next_child = LEAVE_A_SHADOW;
    open_hasty(fixture);
    next_child = GO_ON;
    struct plain_key plain;
    add_plain_key(fixture, 1, &plain);
    kill(writer_pid(), SIGSTOP);
    struct answer answer = {0};
    registry_alias_add(fixture->registry, ACCOUNT, "alias/x", plain.key.key_id, NOW_MS, on_answer, &answer);
    fixture_run_until(fixture, &answer.calls, 1);
    expect_unknown(&answer);
    plain_key_init(&plain, 2);
    for (int i = 0; i < 3; i++) {
        int64_t start_ms = monotonic_ms();
        struct registry_result refused = add_key(fixture, &plain.key);
        assert_true(monotonic_ms() - start_ms < PATIENCE_MS);
        expect_result(refused, REGISTRY_STORE, "not written");
        assert_non_null(strstr(refused.detail, "the disk does not answer"));
    }
    assert_int_equal(registry_waiting(fixture->registry), 0);
    assert_int_equal(registry_keys(fixture->registry), 1);
    close(shadow_pipe[1]);
    add_until_taken(fixture, &plain.key);
    assert_null(registry_alias_find(fixture->registry, ACCOUNT, "alias/x"));
    fixture_reopen(fixture);
    assert_int_equal(registry_keys(fixture->registry), 2);
    assert_int_equal(registry_aliases(fixture->registry), 0);
    close(shadow_pipe[0]);
}

/* registry_free with a writer that is stopped, with one that is known to be hung, and with one that cannot die. */
static void closing_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key plain;
    plain_key_init(&plain, 1);
    open_hasty(fixture);
    kill(writer_pid(), SIGSTOP);
    close_in_time(fixture);
    assert_int_equal(writer_pid(), -1);

    assert_int_equal(pipe(shadow_pipe), 0);
    next_child = LEAVE_A_SHADOW;
    open_hasty(fixture);
    next_child = GO_ON;
    struct answer answer = {0};
    kill(writer_pid(), SIGSTOP);
    registry_key_add(fixture->registry, &plain.key, on_answer, &answer);
    fixture_run_until(fixture, &answer.calls, 1);
    close_in_time(fixture);
    fixture_expect_refused(fixture, "has this database"); /* by what is left of the writer */
    close(shadow_pipe[1]);
    const int64_t end_ms = monotonic_ms() + 30000;
    while (registry_open(fixture->base, fixture->path, &fixture->registry).code != REGISTRY_OK) {
        assert_true(monotonic_ms() < end_ms);
        turn(fixture, 10000);
    }
    assert_int_equal(registry_keys(fixture->registry), 0);
    close(shadow_pipe[0]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(hung_writer_is_replaced), TEST(busy_writer_is_left_alone), TEST(starting_writer_hangs),
        TEST(undying_writer),          TEST(closing_is_bounded),
    };
    if (pthread_atfork(NULL, NULL, in_child) != 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("registry/hung", tests, NULL, NULL);
}
