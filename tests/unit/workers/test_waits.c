/* Deaths while a start is waited for already: neither do they put it off, nor bring a start forward that has failed. */
#include "fixture.h"

#include <string.h>

static void kill_one(struct fixture *fixture, struct call *call)
{
    fixture_submit(fixture, call, "crash", 10000);
    WAIT_FOR(fixture, call->calls > 0);
    assert_int_equal(call->status, WORKERS_CRASHED);
}

/* However long the next wait is: a request that kills one worker after another would else leave none. */
static void a_death_does_not_put_off_a_start(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 3);
    const unsigned waits[WORKERS_RESTARTS] = {1000, 60000, 60000, 60000};
    memcpy(fixture->workers->timing.restart_ms, waits, sizeof(waits));
    struct call calls[2];
    fixture_submit(fixture, &calls[0], "crash", 10000);
    fixture_submit(fixture, &calls[1], "crash", 10000);
    WAIT_FOR(fixture, calls[0].calls > 0 && calls[1].calls > 0);
    assert_int_equal(fixture_ready(fixture), 1);
    WAIT_FOR(fixture, fixture_ready(fixture) == 3);
    assert_int_equal(fixture_trace_count(fixture, "start"), 5);
}

/* A worker that had served for long would be replaced at once. */
static void a_long_life_brings_one_forward(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 2);
    const unsigned waits[WORKERS_RESTARTS] = {0, 60000, 60000, 60000};
    memcpy(fixture->workers->timing.restart_ms, waits, sizeof(waits));
    fixture->workers->tokens[0].short_lives = 1;
    struct call call;
    kill_one(fixture, &call);
    assert_true(fixture->workers->tokens[0].delayed);
    fixture->workers->timing.served_ms = 0;
    kill_one(fixture, &call);
    WAIT_FOR(fixture, fixture_ready(fixture) == 2);
}

/* But not when a start has failed meanwhile: what is waited for then is the token. */
static void a_failed_start_is_not_brought_forward(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 2);
    struct workers_timing *timing = &fixture->workers->timing;
    timing->served_ms = 0;
    timing->backoff_first_ms = timing->backoff_cap_ms = 60000;
    fixture_mode(fixture, "token-absent");
    struct call call;
    kill_one(fixture, &call);
    WAIT_FOR(fixture, fixture->workers->tokens[0].failed_starts == 1);
    kill_one(fixture, &call);
    fixture_submit(fixture, &call, "quiet", 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_DOWN);
    uint64_t until = workers_now_ms() + 200;
    WAIT_FOR(fixture, workers_now_ms() >= until);
    assert_int_equal(fixture_trace_count(fixture, "start"), 3);
    assert_true(fixture->workers->tokens[0].delayed);
}

/* Nor does a start that fails shorten the wait that a death has set meanwhile. */
static void a_failed_start_keeps_the_longer_wait(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 2);
    fixture_mode(fixture, "gated token-absent");
    struct call call;
    kill_one(fixture, &call);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start") == 3);
    const unsigned waits[WORKERS_RESTARTS] = {60000, 60000, 60000, 60000};
    memcpy(fixture->workers->timing.restart_ms, waits, sizeof(waits));
    kill_one(fixture, &call);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, fixture->workers->tokens[0].failed_starts == 1);
    uint64_t until = workers_now_ms() + 200;
    WAIT_FOR(fixture, workers_now_ms() >= until);
    assert_int_equal(fixture_trace_count(fixture, "start"), 3);
}

/* With the last worker gone, requests do not wait for the start after one that has failed. */
static void nobody_waits_for_a_start_after_a_failed_one(void **state)
{
    struct fixture *fixture = *state;
    struct workers_token_settings *token = fixture_token(fixture, "main", "ready");
    token->workers = 2;
    token->start_deadline_ms = 60000;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 2);
    fixture->workers->timing.served_ms = 0;
    fixture->workers->timing.patience_ms = 60000;
    fixture_mode(fixture, "gated token-absent");
    struct call call;
    kill_one(fixture, &call);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, fixture->workers->tokens[0].failed_starts == 1);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start") == 4); /* and stays at the gate */
    kill_one(fixture, &call);
    fixture_submit(fixture, &call, "quiet", 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_DOWN);
    assert_int_equal(fixture_trace_count(fixture, "start"), 4);
    fixture_mode(fixture, "ready");
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, fixture_ready(fixture) == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_death_does_not_put_off_a_start),
        TEST(a_long_life_brings_one_forward),
        TEST(a_failed_start_is_not_brought_forward),
        TEST(a_failed_start_keeps_the_longer_wait),
        TEST(nobody_waits_for_a_start_after_a_failed_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
