/* workers_free at any moment: every job gets its end, no process and no descriptor is left (the teardown looks). */
#include "fixture.h"

#include <string.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

static void end(struct fixture *fixture)
{
    workers_free(fixture->workers);
    fixture->workers = NULL;
}

static void before_anything(void **state)
{
    struct fixture *fixture = *state;
    workers_free(NULL);
    fixture_token(fixture, "main", "ready");
    fixture_begin(fixture);
    struct call call;
    fixture_submit(fixture, &call, "x", 10000);
    end(fixture);
    assert_int_equal(call.calls, 1);
    assert_int_equal(call.status, WORKERS_DOWN);
    assert_int_equal(fixture->started, 0);
    assert_int_equal(fixture_trace_count(fixture, "start"), 0);
}

static void while_starting(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "silent");
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start") == 1);
    uint64_t from = workers_now_ms();
    end(fixture); /* a silent one does not see that we are gone */
    assert_true(workers_now_ms() - from < 5000);
    assert_int_equal(fixture->started, 0);
    assert_true(fixture_logged(fixture, "not left in time"));
}

static void while_idle(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 3);
    fixture->workers->timing.grace_ms = 20000;
    uint64_t from = workers_now_ms();
    end(fixture);
    assert_true(workers_now_ms() - from < 10000); /* they left by themselves */
    assert_int_equal(fixture_trace_count(fixture, "end"), 3);
}

static void with_jobs_everywhere(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct call calls[30];
    fixture_submit(fixture, &calls[0], "hang", 10000);
    for (unsigned i = 1; i < N(calls); i++) {
        fixture_submit(fixture, &calls[i], "x", 10000);
    }
    WAIT_FOR(fixture, fixture_trace_count(fixture, "request hang") == 1);
    struct call refused;
    Hsm__ListObjects list = HSM__LIST_OBJECTS__INIT;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.body_case = HSM__REQUEST__BODY_LIST_OBJECTS;
    request.list_objects = &list;
    fixture_request(fixture, &refused, "nowhere", &request, 10000);
    struct call again;
    fixture->resubmit = &again; /* from within a done that workers_free calls */
    workers_abandon(calls[5].job);
    end(fixture);
    for (unsigned i = 0; i < N(calls); i++) {
        assert_int_equal(calls[i].calls, i == 5 ? 0 : 1);
        assert_true(i == 5 || calls[i].status == WORKERS_DOWN);
    }
    assert_int_equal(refused.calls, 1);
    assert_int_equal(refused.status, WORKERS_NO_TOKEN);
    assert_int_equal(again.calls, 1);
    assert_int_equal(again.status, WORKERS_DOWN);
}

static void with_stubborn_workers(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "stubborn", 2);
    end(fixture);
    assert_int_equal(fixture_trace_count(fixture, "end"), 2);
    assert_true(fixture_logged(fixture, "2 workers have not left in time"));
}

static void during_a_backoff(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "token-absent");
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_logged(fixture, "next start in 100 ms"));
    end(fixture);
}

static void while_stopped_by_the_pin(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "pin-locked");
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture->started > 0);
    end(fixture);
}

static void while_one_is_ending(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct call call;
    fixture_submit(fixture, &call, "hang up", 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(fixture->workers->tokens[0].workers_list[0].state, WORKER_ENDING);
    end(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(before_anything),          TEST(while_starting),        TEST(while_idle),
        TEST(with_jobs_everywhere),     TEST(with_stubborn_workers), TEST(during_a_backoff),
        TEST(while_stopped_by_the_pin), TEST(while_one_is_ending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
