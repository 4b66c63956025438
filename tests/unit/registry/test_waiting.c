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
        TEST(answer_may_ask_again),
    };
    return cmocka_run_group_tests_name("registry/waiting", tests, NULL, NULL);
}
