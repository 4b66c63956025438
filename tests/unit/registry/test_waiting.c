/* Changes that wait for the disk: how many may, who may ask from within an answer, what a stop does with them. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What was handed to the writer before a stop is written, though nobody hears of it. */
static void stop_writes_what_was_given(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key plain;
    struct answer answers[101] = {0};
    for (uint32_t i = 0; i < 101; i++) {
        plain_key_init(&plain, i);
        registry_key_add(fixture->registry, &plain.key, on_answer, &answers[i]);
    }
    fixture_run_until(fixture, &answers[0].calls, 1); /* by now the socket has had them all: they fit into it */
    int answered = 0;
    for (size_t i = 0; i < 101; i++) {
        answered += answers[i].calls;
    }
    fixture_close(fixture);
    assert_int_equal(access(fixture_beside(fixture, "-wal"), F_OK), -1); /* checkpointed */
    for (size_t i = 0; i < 101; i++) {
        answered -= answers[i].calls;
    }
    assert_int_equal(answered, 0); /* nobody was called by the close */
    fixture_open(fixture);
    assert_int_equal(registry_keys(fixture->registry), 101);
}

static void limit_of_waiting_changes(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    enum { MORE = 10, ALL = REGISTRY_MAX_WAITING + MORE };
    static struct answer answers[ALL];
    memset(answers, 0, sizeof answers);
    for (uint32_t i = 0; i < ALL; i++) {
        struct plain_key plain;
        plain_key_init(&plain, i);
        registry_key_add(fixture->registry, &plain.key, on_answer, &answers[i]);
        assert_int_equal(answers[i].calls, 0);
    }
    assert_int_equal(registry_waiting(fixture->registry), ALL); /* the refused ones wait to be told */
    for (size_t i = 0; i < ALL; i++) {
        fixture_run_until(fixture, &answers[i].calls, 1);
        assert_int_equal(answers[i].result.code, i < REGISTRY_MAX_WAITING ? REGISTRY_OK : REGISTRY_LIMIT);
    }
    assert_int_equal(registry_waiting(fixture->registry), 0);
    struct plain_key again;
    add_plain_key(fixture, ALL, &again);
    assert_int_equal(registry_keys(fixture->registry), REGISTRY_MAX_WAITING + 1);
}

static void limit_of_waiting_bytes(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    registry_set_patience(fixture->registry, 120000); /* 16 MiB in one transaction, perhaps under valgrind */
    static char description[4 * 8192 + 1];
    for (size_t i = 0; i < 8192; i++) {
        memcpy(description + 4 * i, "\xf0\x9f\x94\x91", 4);
    }
    static struct answer answers[600];
    memset(answers, 0, sizeof answers);
    for (uint32_t i = 0; i < 600; i++) {
        struct plain_key plain;
        plain_key_init(&plain, i);
        plain.key.description = description;
        registry_key_add(fixture->registry, &plain.key, on_answer, &answers[i]);
    }
    const size_t fit = REGISTRY_MAX_WAITING_BYTES / (4 * 8192);
    for (size_t i = 0; i < 600; i++) {
        fixture_run_until(fixture, &answers[i].calls, 1);
        if (i < fit - 5) {
            assert_int_equal(answers[i].result.code, REGISTRY_OK);
        } else if (i >= fit) {
            assert_int_equal(answers[i].result.code, REGISTRY_LIMIT);
        }
    }
}

struct chain {
    struct fixture *fixture;
    uint32_t n;
    int done;
};

static void ask_for_the_next(void *arg, struct registry_result result)
{
    struct chain *chain = arg;
    assert_int_equal(result.code, chain->n % 2 == 0 ? REGISTRY_OK : REGISTRY_EXISTS);
    if (++chain->n == 50) {
        chain->done = 1;
        return;
    }
    struct plain_key plain;
    plain_key_init(&plain, chain->n / 2);
    registry_key_add(chain->fixture->registry, &plain.key, ask_for_the_next, chain);
}

static void answer_may_ask_again(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct chain chain = {.fixture = fixture};
    struct plain_key plain;
    plain_key_init(&plain, 0);
    registry_key_add(fixture->registry, &plain.key, ask_for_the_next, &chain);
    fixture_run_until(fixture, &chain.done, 1);
    assert_int_equal(registry_keys(fixture->registry), 25);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(stop_writes_what_was_given),
        TEST(limit_of_waiting_changes),
        TEST(limit_of_waiting_bytes),
        TEST(answer_may_ask_again),
    };
    return cmocka_run_group_tests_name("registry/waiting", tests, NULL, NULL);
}
