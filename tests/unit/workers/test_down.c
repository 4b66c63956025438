/* A token without workers: what its callers are told at once, and what the log says, once. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static unsigned logged_times(const struct fixture *fixture, const char *text)
{
    unsigned times = 0;
    for (const char *at = fixture->log; (at = strstr(at, text)) != NULL; at += strlen(text)) {
        times++;
    }
    return times;
}

static void refused_at_once(struct fixture *fixture)
{
    struct call call;
    fixture_submit(fixture, &call, "quiet", 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_DOWN);
}

static void crash(struct fixture *fixture, const char *how)
{
    struct call call;
    fixture_submit(fixture, &call, how, 10000);
    WAIT_FOR(fixture, call.calls > 0);
}

/* However many starts fail in between. */
static void down_and_up_are_logged_once(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    assert_int_equal(logged_times(fixture, "is down"), 0);
    fixture_mode(fixture, "token-absent");
    crash(fixture, "unavailable");
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start") >= 5);
    refused_at_once(fixture);
    assert_int_equal(logged_times(fixture, "token main is down"), 1);
    assert_true(fixture_logged(fixture, "is down, requests are refused until it is up again: no token matches"));
    struct workers_token_state shown;
    assert_true(workers_state(fixture->workers, NULL, &shown));
    assert_int_equal(shown.ready, 0);
    assert_memory_equal(shown.last_failure, "no token matches", 16);
    fixture_mode(fixture, "ready");
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    assert_int_equal(logged_times(fixture, "token main is up again, after "), 1);
    assert_int_equal(logged_times(fixture, "token main is down"), 1);
}

/* One that is replaced at once was never down. */
static void a_quick_restart_is_not_down(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    crash(fixture, "crash");
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    assert_int_equal(logged_times(fixture, "is down"), 0);
    assert_int_equal(logged_times(fixture, "is up again"), 0);
    struct workers_token_state shown;
    assert_true(workers_state(fixture->workers, NULL, &shown));
    assert_non_null(strstr(shown.last_failure, "was killed by signal 11"));
}

/* Nor is it by a second death soon after the first: the start is soon enough to be waited for. */
static void a_second_crash_refuses_nobody(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    crash(fixture, "crash");
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    fixture_mode(fixture, "gated");
    crash(fixture, "crash");
    struct call waits;
    fixture_submit(fixture, &waits, "waits", 10000);
    WAIT_FOR(fixture, fixture_logged(fixture, "next start in 20 ms"));
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, waits.calls > 0);
    assert_int_equal(waits.status, WORKERS_ANSWERED);
    assert_int_equal(logged_times(fixture, "is down"), 0);
}

/* The third death is followed by a longer wait: then it is, and the line says of what. */
static void a_crash_loop_is_down(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    crash(fixture, "crash");
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    crash(fixture, "crash");
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    crash(fixture, "crash");
    WAIT_FOR(fixture, logged_times(fixture, "token main is up again") == 1);
    const char *line = strstr(fixture->log, "is down, requests are refused until it is up again: ");
    assert_non_null(line);
    line += strlen("is down, requests are refused until it is up again: ");
    /* Its socket may end before its process does. */
    assert_true(strncmp(line, "worker ", 7) == 0 || strncmp(line, "a worker has closed its socket\n", 31) == 0);
}

/* Nobody waits for a start at once that hangs, nor does who comes later. */
static void a_start_that_hangs_is_not_waited_for(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    fixture->workers->timing.patience_ms = 100;
    fixture_mode(fixture, "gated");
    crash(fixture, "crash");
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start") == 2);
    struct call waits;
    fixture_submit(fixture, &waits, "waits", 10000);
    WAIT_FOR(fixture, waits.calls > 0);
    assert_int_equal(waits.status, WORKERS_DOWN);
    assert_true(fixture->workers->tokens[0].workers_list[0].state == WORKER_STARTING);
    refused_at_once(fixture);
    assert_int_equal(logged_times(fixture, "token main is down"), 1);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    assert_int_equal(logged_times(fixture, "token main is up again"), 1);
    struct call next;
    fixture_submit(fixture, &next, "next", 10000);
    WAIT_FOR(fixture, next.calls > 0);
    assert_int_equal(next.status, WORKERS_ANSWERED);
}

/* Two workers, one of which hangs and the other dies: once the first is killed there is none. */
static void one_hung_and_one_dead(void **state)
{
    struct fixture *fixture = *state;
    struct workers_token_settings *token = fixture_token(fixture, "main", "ready");
    token->workers = 2;
    token->deadline_ms = 400;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 2);
    fixture_mode(fixture, "token-absent");
    struct call hangs;
    fixture_submit(fixture, &hangs, "hang", 10000);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "request hang") == 1);
    crash(fixture, "crash");
    struct call waits; /* for the one that hangs: it may answer yet */
    fixture_submit(fixture, &waits, "quiet", 10000);
    WAIT_FOR(fixture, hangs.calls > 0);
    assert_int_equal(hangs.status, WORKERS_TIMEOUT);
    WAIT_FOR(fixture, waits.calls > 0);
    assert_int_equal(waits.status, WORKERS_DOWN);
    refused_at_once(fixture);
    assert_int_equal(logged_times(fixture, "token main is down"), 1);
}

/* Sections that may name one token start one at a time, also after the first starts; others do not wait. */
static void sections_of_one_token_take_turns(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "one", "ready");
    fixture_token(fixture, "two", "ready")->uri = "pkcs11:serial=0001";
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture->started > 0);
    fixture_mode(fixture, "gated");
    struct call calls[2];
    fixture_submit(fixture, &calls[0], "crash", 10000);
    WAIT_FOR(fixture, calls[0].calls > 0);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start") == 3);
    Hsm__Encrypt encrypt = HSM__ENCRYPT__INIT;
    char text[] = "crash too";
    encrypt.has_plaintext = true;
    encrypt.plaintext = (ProtobufCBinaryData){.data = (uint8_t *)text, .len = strlen(text)};
    Hsm__Request request = HSM__REQUEST__INIT;
    request.body_case = HSM__REQUEST__BODY_ENCRYPT;
    request.encrypt = &encrypt;
    fixture_request(fixture, &calls[1], "two", &request, 10000);
    WAIT_FOR(fixture, calls[1].calls > 0);
    uint64_t until = workers_now_ms() + 100;
    WAIT_FOR(fixture, workers_now_ms() >= until);
    assert_int_equal(fixture->workers->tokens[1].workers_list[0].state, WORKER_IDLE);
    assert_int_equal(fixture_trace_count(fixture, "start"), 3);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start") == 4);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, fixture->workers->tokens[1].ready == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(down_and_up_are_logged_once),          TEST(a_quick_restart_is_not_down),
        TEST(a_second_crash_refuses_nobody),        TEST(a_crash_loop_is_down),
        TEST(a_start_that_hangs_is_not_waited_for), TEST(one_hung_and_one_dead),
        TEST(sections_of_one_token_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
