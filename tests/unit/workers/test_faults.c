/* Workers that hang, crash, lie or lose their token: who pays for it, and how the token comes back. */
#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* The job at fault, then some behind it. */
static void submit_behind(struct fixture *fixture, struct call *calls, size_t n, const char *first)
{
    fixture_submit(fixture, &calls[0], first, 10000);
    for (size_t i = 1; i < n; i++) {
        char text[32];
        snprintf(text, sizeof(text), "job %02zu", i);
        fixture_submit(fixture, &calls[i], text, 10000);
    }
}

static void others_were_answered_in_order(const struct call *calls, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        assert_int_equal(calls[i].calls, 1);
        assert_int_equal(calls[i].status, WORKERS_ANSWERED);
        assert_int_equal(calls[i].order, i + 1);
    }
}

static void kills_at_the_deadline(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "ready")->deadline_ms = 150;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    struct call calls[20];
    uint64_t from = workers_now_ms();
    submit_behind(fixture, calls, N(calls), "hang");
    WAIT_FOR(fixture, calls[0].calls > 0);
    assert_true(workers_now_ms() - from >= 150);
    assert_int_equal(calls[0].status, WORKERS_TIMEOUT);
    WAIT_FOR(fixture, calls[N(calls) - 1].calls > 0);
    others_were_answered_in_order(calls, N(calls));
    assert_true(fixture_logged(fixture, "deadline-ms"));
    assert_false(fixture_logged(fixture, "has not left"));
    assert_true(fixture_logged(fixture, "killed by signal 9 (SIGKILL); next start in 0 ms"));
    assert_int_equal(fixture_trace_count(fixture, "request job 01"), 1);
}

/* The deadline is that of one request, not of what waited behind others: many slow ones in a row are no reason to kill.
 */
static void counts_the_deadline_from_the_turn_of_a_job(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "ready")->deadline_ms = 300;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    struct call calls[4];
    for (size_t i = 0; i < N(calls); i++) {
        fixture_submit(fixture, &calls[i], "gate", 10000);
    }
    for (size_t i = 0; i < N(calls); i++) {
        uint64_t until = workers_now_ms() + 150;
        WAIT_FOR(fixture, workers_now_ms() >= until);
        WAIT_FOR(fixture, fixture_gate_open(fixture));
        WAIT_FOR(fixture, calls[i].calls > 0);
        assert_int_equal(calls[i].status, WORKERS_ANSWERED);
    }
    assert_int_equal(fixture_trace_count(fixture, "start"), 1);
}

/* An answer that is held back is no reason to kill: by the page the worker has gone on to the next job meanwhile. */
static void counts_the_deadline_from_what_the_page_says(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "ready")->deadline_ms = 400;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    static const char *const texts[] = {"late 0", "late 1", "slow 2"};
    struct call calls[N(texts)];
    for (size_t i = 0; i < N(calls); i++) {
        fixture_submit(fixture, &calls[i], texts[i], 10000);
    }
    for (size_t i = 0; i < N(calls); i++) {
        assert_int_equal(calls[0].calls, 0);
        uint64_t until = workers_now_ms() + 250;
        WAIT_FOR(fixture, workers_now_ms() >= until);
        WAIT_FOR(fixture, fixture_gate_open(fixture));
        WAIT_FOR(fixture, calls[2].calls > 0 || fixture_trace_count(fixture, "request") > i + 1);
    }
    WAIT_FOR(fixture, calls[2].calls > 0);
    for (size_t i = 0; i < N(calls); i++) {
        assert_int_equal(calls[i].status, WORKERS_ANSWERED);
    }
    assert_int_equal(fixture_trace_count(fixture, "start"), 1);
    assert_int_equal(fixture_trace_count(fixture, "request late 0"), 1);
}

/* The one that hangs pays, not the one whose answer was held back. */
static void kills_at_the_deadline_of_what_the_page_says(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "ready")->deadline_ms = 200;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    static const char *const texts[] = {"hold 0", "hang named", "job 2"};
    struct call calls[N(texts)];
    for (size_t i = 0; i < N(calls); i++) {
        fixture_submit(fixture, &calls[i], texts[i], 10000);
    }
    for (size_t i = 0; i < N(calls); i++) {
        WAIT_FOR(fixture, calls[i].calls > 0);
        assert_int_equal(calls[i].status, i == 1 ? WORKERS_TIMEOUT : WORKERS_ANSWERED);
    }
    assert_int_equal(fixture_trace_count(fixture, "start"), 2);
}

/* A worker that waits for another's turn does not hang. */
static void does_not_count_a_wait(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "ready")->deadline_ms = 400;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    struct call call;
    fixture_submit(fixture, &call, "gate after a wait", 10000);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "request gate after a wait") == 1);
    uint64_t until = workers_now_ms() + 1000;
    WAIT_FOR(fixture, workers_now_ms() >= until);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_ANSWERED);
    assert_int_equal(fixture_trace_count(fixture, "start"), 1);
}

/* But nobody waits for ever. */
static void kills_over_an_endless_wait(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "ready")->deadline_ms = 400;
    fixture_begin(fixture);
    fixture->workers->timing.wait_max_ms = 300;
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    struct call call;
    uint64_t from = workers_now_ms();
    fixture_submit(fixture, &call, "hang after a wait", 60000);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start") == 2);
    assert_true(workers_now_ms() - from >= 700);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_TIMEOUT);
    assert_true(fixture_logged(fixture, "deadline-ms"));
}

/* The page is the worker's word: it gains no time by going back. */
static void kills_over_a_page_that_goes_back_and_forth(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "ready")->deadline_ms = 100;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    struct call calls[2];
    submit_behind(fixture, calls, N(calls), "hang back and forth");
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start") == 2);
    WAIT_FOR(fixture, workers_pending(fixture->workers) == 0); /* whichever it named last has paid for it */
    assert_true(fixture_logged(fixture, "deadline-ms"));
}

/* A job that nobody waits for any more is still watched: it blocks the others. */
static void kills_over_an_abandoned_job(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "ready")->deadline_ms = 150;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    struct call calls[3];
    submit_behind(fixture, calls, N(calls), "hang");
    WAIT_FOR(fixture, fixture_trace_count(fixture, "request hang") == 1);
    workers_abandon(calls[0].job);
    workers_abandon(calls[1].job); /* in flight behind it: is not sent again */
    WAIT_FOR(fixture, calls[2].calls > 0);
    assert_int_equal(calls[2].status, WORKERS_ANSWERED);
    assert_int_equal(calls[0].calls + calls[1].calls, 0);
    assert_int_equal(fixture_trace_count(fixture, "request job 01"), 0);
}

/* A new key may take as long as a start: nobody waits behind it while another worker is free. */
static void nobody_waits_behind_a_new_key(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "ready slow-make")->workers = 2;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 2);
    struct call key;
    struct call calls[12];
    fixture_make_key(fixture, &key, 10000);
    submit_behind(fixture, calls, N(calls), "job 00");
    for (size_t i = 0; i < N(calls); i++) {
        WAIT_FOR(fixture, calls[i].calls > 0);
        assert_int_equal(calls[i].status, WORKERS_ANSWERED);
    }
    assert_int_equal(key.calls, 0);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, key.calls > 0);
    assert_int_equal(key.status, WORKERS_ANSWERED);
}

static const char *const crashes[] = {"crash", "exit", "half", "hang up"};

static void a_crash_takes_one_job(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    fixture->workers->timing.served_ms = 0; /* each restart at once */
    for (size_t i = 0; i < N(crashes); i++) {
        struct call calls[12];
        fixture->done_calls = 0;
        submit_behind(fixture, calls, N(calls), crashes[i]);
        WAIT_FOR(fixture, calls[N(calls) - 1].calls > 0);
        assert_int_equal(calls[0].calls, 1);
        assert_int_equal(calls[0].status, WORKERS_CRASHED);
        assert_int_equal(calls[0].order, 1);
        others_were_answered_in_order(calls, N(calls));
    }
    assert_true(fixture_logged(fixture, "was killed by signal 11 (SIGSEGV)"));
    assert_true(fixture_logged(fixture, "exited with code 7"));
    assert_true(fixture_logged(fixture, "has not left, killing it"));
}

/* A worker holds a few answers back; the page tells of which request it died. */
static void blames_the_job_that_the_worker_was_at(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    fixture->workers->timing.served_ms = 0;
    static const char *const texts[] = {"hold 0", "hold 1", "crash named", "job 3", "job 4"};
    struct call calls[N(texts)];
    for (size_t i = 0; i < N(texts); i++) {
        fixture_submit(fixture, &calls[i], texts[i], 10000);
    }
    for (size_t i = 0; i < N(texts); i++) {
        WAIT_FOR(fixture, calls[i].calls > 0);
        assert_int_equal(calls[i].status, i == 2 ? WORKERS_CRASHED : WORKERS_ANSWERED);
    }
    assert_int_equal(fixture_trace_count(fixture, "request crash named"), 1);
    assert_int_equal(fixture_trace_count(fixture, "request hold 0"), 2);
}

/* What the page says is the worker's word: an id that it was not given is no excuse. */
static void blames_the_oldest_job_when_the_page_makes_no_sense(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct call calls[3];
    submit_behind(fixture, calls, N(calls), "crash misnamed");
    WAIT_FOR(fixture, calls[N(calls) - 1].calls > 0);
    assert_int_equal(calls[0].status, WORKERS_CRASHED);
    others_were_answered_in_order(calls, N(calls));
}

/* Killed from outside, between two jobs or during one. */
static void survives_kill_9(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    assert_int_equal(kill(fixture->workers->tokens[0].workers_list[0].pid, SIGKILL), 0);
    struct call next;
    fixture_submit(fixture, &next, "next", 10000);
    WAIT_FOR(fixture, next.calls > 0);
    /* Whether it was given to the dying one depends on who is faster; it never gets lost. */
    assert_true(next.status == WORKERS_ANSWERED || next.status == WORKERS_CRASHED);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    fixture_submit(fixture, &next, "next", 10000);
    WAIT_FOR(fixture, next.calls > 0);
    assert_int_equal(next.status, WORKERS_ANSWERED);
}

static const char *const lies[] = {
    "lie wrong id",      "lie no id",      "lie no status",   "lie odd status",  "lie no content",
    "lie empty content", "lie plaintext",  "lie objects",     "lie more",        "lie failed with content",
    "lie material id",   "lie public key", "lie leaving",     "lie odd leaving", "lie hello",
    "lie garbage",       "lie oversized",  "lie empty frame",
};

static void kills_liars(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    fixture->workers->timing.served_ms = 0;
    for (size_t i = 0; i < N(lies); i++) {
        struct call calls[3];
        fixture->done_calls = 0;
        submit_behind(fixture, calls, N(calls), lies[i]);
        WAIT_FOR(fixture, calls[N(calls) - 1].calls > 0);
        if (calls[0].status != WORKERS_CRASHED) {
            fail_msg("%s: status %d", lies[i], (int)calls[0].status);
        }
        others_were_answered_in_order(calls, N(calls));
        assert_int_equal(fixture_trace_count(fixture, "start"), i + 2);
    }
    assert_true(fixture_logged(fixture, "sent what it must not, killing it: an answer with another id"));
}

static void kills_over_answers_out_of_order(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct call calls[3];
    submit_behind(fixture, calls, N(calls), "lie out of order");
    WAIT_FOR(fixture, calls[2].calls > 0);
    assert_int_equal(calls[0].status, WORKERS_CRASHED);
    others_were_answered_in_order(calls, N(calls));
}

/* A second answer is one to the next job, whose id it has not. */
static void kills_over_an_answer_given_twice(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct call call;
    fixture_submit(fixture, &call, "twice", 10000);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start") == 2);
    assert_int_equal(call.calls, 1);
    assert_int_equal(call.status, WORKERS_ANSWERED);
    assert_true(fixture_logged(fixture, "nobody asked for"));
}

/* An answer to a job that the socket has not wholly taken yet. */
static void kills_over_an_answer_too_early(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    static char text[380 * 1024 + 1]; /* more than a socket holds */
    memset(text, 'x', sizeof(text) - 1);
    struct call calls[2];
    fixture_submit(fixture, &calls[0], "lie early", 10000);
    fixture_submit(fixture, &calls[1], text, 10000);
    WAIT_FOR(fixture, calls[1].calls > 0);
    assert_int_equal(calls[0].status, WORKERS_ANSWERED);
    assert_int_equal(calls[1].status, WORKERS_CRASHED);
    assert_true(fixture_logged(fixture, "nobody asked for"));
}

/* What a worker has answered before it died counts, also when its death is seen first. */
static void last_words_count(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct workers_worker *worker = &fixture->workers->tokens[0].workers_list[0];
    struct call calls[2];
    fixture_submit(fixture, &calls[0], "last words", 10000);
    fixture_submit(fixture, &calls[1], "next", 10000);
    WAIT_FOR(fixture, worker->n_in_flight == 2 && worker->unsent == NULL);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)worker->pid, &info, WEXITED | WNOWAIT), 0);
    workers_worker_reap(worker);
    assert_int_equal(calls[0].calls, 1);
    assert_int_equal(calls[0].status, WORKERS_ANSWERED);
    WAIT_FOR(fixture, calls[1].calls > 0);
    assert_int_equal(calls[1].status, WORKERS_CRASHED); /* it was the oldest then */
}

static void kills_over_a_bad_material_id(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "short-material", 1);
    fixture->workers->timing.served_ms = 0;
    Hsm__MakeOpenKey make = HSM__MAKE_OPEN_KEY__INIT;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.body_case = HSM__REQUEST__BODY_MAKE_OPEN_KEY;
    request.make_open_key = &make;
    struct call call;
    fixture_request(fixture, &call, NULL, &request, 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_CRASHED);
    fixture_mode(fixture, "no-material");
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    struct workers_worker *worker = &fixture->workers->tokens[0].workers_list[0];
    pid_t first = worker->pid;
    fixture_request(fixture, &call, NULL, &request, 10000);
    WAIT_FOR(fixture, call.calls > 0 && fixture_ready(fixture) == 1 && worker->pid != first);
    assert_int_equal(call.status, WORKERS_CRASHED);
}

/* A job that is innocent three times over is given up. */
static void gives_up_a_job_after_three_crashes(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    fixture->workers->timing.served_ms = 0;
    struct call calls[5];
    char text[] = "crash 0";
    for (size_t i = 0; i < 4; i++) {
        text[6] = (char)('0' + i);
        fixture_submit(fixture, &calls[i], text, 10000);
    }
    fixture_submit(fixture, &calls[4], "innocent", 10000);
    WAIT_FOR(fixture, workers_pending(fixture->workers) == 0);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(calls[i].calls, 1);
        assert_int_equal(calls[i].status, WORKERS_CRASHED);
    }
    assert_int_equal(fixture_trace_count(fixture, "request crash 2"), 1);
    assert_int_equal(fixture_trace_count(fixture, "request crash 3"), 0); /* was given up with the third crash */
    assert_int_equal(fixture_trace_count(fixture, "request innocent"), 0);
}

/* The other worker of the token takes over at once. */
static void a_sibling_takes_over(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 2);
    fixture_mode(fixture, "silent"); /* the next start does not help */
    struct call calls[10];
    submit_behind(fixture, calls, N(calls), "crash");
    WAIT_FOR(fixture, workers_pending(fixture->workers) == 0);
    assert_int_equal(calls[0].status, WORKERS_CRASHED);
    for (size_t i = 1; i < N(calls); i++) {
        assert_int_equal(calls[i].status, WORKERS_ANSWERED);
    }
    assert_int_equal(fixture_ready(fixture), 1);
}

static void an_unavailable_token_is_an_answer(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct call calls[6];
    submit_behind(fixture, calls, N(calls), "unavailable");
    WAIT_FOR(fixture, calls[5].calls > 0);
    assert_int_equal(calls[0].status, WORKERS_ANSWERED);
    assert_int_equal(calls[0].answer, HSM__STATUS__STATUS_TOKEN_UNAVAILABLE);
    others_were_answered_in_order(calls, N(calls));
    assert_int_equal(fixture_trace_count(fixture, "start"), 2);
}

/* With the token gone for good everything fails at once, and works again when it is back. */
static void is_down_during_a_backoff(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    fixture_mode(fixture, "token-absent");
    struct call calls[12];
    submit_behind(fixture, calls, N(calls), "unavailable");
    WAIT_FOR(fixture, calls[11].calls > 0);
    assert_int_equal(calls[0].status, WORKERS_ANSWERED);
    for (size_t i = 1; i < N(calls); i++) {
        assert_int_equal(calls[i].calls, 1);
        assert_int_equal(calls[i].status, WORKERS_DOWN);
    }
    struct call next;
    fixture_submit(fixture, &next, "next", 10000);
    WAIT_FOR(fixture, next.calls > 0);
    assert_int_equal(next.status, WORKERS_DOWN);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start") >= 5);
    fixture_mode(fixture, "ready");
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    fixture_submit(fixture, &next, "next", 10000);
    WAIT_FOR(fixture, next.calls > 0);
    assert_int_equal(next.status, WORKERS_ANSWERED);
    assert_int_equal(fixture->started, 1);
}

/* The wait is longer with each crash soon after a start, up to the last of the table, and is none after long service.
 */
static void backs_off_from_a_crash_loop(void **state)
{
    struct fixture *fixture = *state;
    static const char *const waits[] = {"next start in 0 ms", "next start in 20 ms", "next start in 60 ms",
                                        "next start in 90 ms"};
    fixture_up(fixture, "ready", 1);
    for (size_t i = 0; i < N(waits) + 1; i++) {
        fixture->log[0] = '\0';
        struct call call;
        fixture_submit(fixture, &call, "crash", 10000);
        WAIT_FOR(fixture, call.calls > 0);
        assert_int_equal(call.status, WORKERS_CRASHED);
        const char *wait = waits[i < N(waits) ? i : N(waits) - 1];
        WAIT_FOR(fixture, fixture_logged(fixture, wait) && fixture_ready(fixture) == 1);
    }
    fixture->workers->timing.served_ms = 0; /* now it counts as long */
    fixture->log[0] = '\0';
    struct call call;
    fixture_submit(fixture, &call, "crash", 10000);
    WAIT_FOR(fixture, fixture_logged(fixture, "next start in 0 ms"));
}

/* The wait doubles with each start that fails, up to the cap; one that comes up has nothing to do with those before. */
static void backs_off_from_failed_starts(void **state)
{
    struct fixture *fixture = *state;
    static const char *const waits[] = {"next start in 20 ms", "next start in 40 ms", "next start in 80 ms",
                                        "next start in 100 ms", "next start in 100 ms"};
    fixture_up(fixture, "ready", 1);
    fixture_mode(fixture, "token-absent");
    struct call call;
    for (size_t i = 0; i < N(waits); i++) {
        fixture->log[0] = '\0';
        if (i == 0) {
            fixture_submit(fixture, &call, "crash", 10000);
        }
        WAIT_FOR(fixture, fixture_logged(fixture, waits[i]));
    }
    fixture_mode(fixture, "ready");
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    fixture_mode(fixture, "token-absent");
    fixture->log[0] = '\0';
    fixture_submit(fixture, &call, "crash", 10000);
    WAIT_FOR(fixture, fixture_logged(fixture, waits[0])); /* before the start that fails, and after it */
    WAIT_FOR(fixture, fixture_logged(fixture, waits[1]));
}

/* Jobs that come while the one worker is being started again at once wait for it. */
static void waits_for_a_quick_restart(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    fixture_mode(fixture, "gated");
    struct call crash;
    fixture_submit(fixture, &crash, "crash", 10000);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start") == 2);
    struct call waits;
    struct call times_out;
    fixture_submit(fixture, &waits, "waits", 10000);
    fixture_submit(fixture, &times_out, "times out", 30);
    WAIT_FOR(fixture, times_out.calls > 0);
    assert_int_equal(times_out.status, WORKERS_TIMEOUT);
    assert_int_equal(waits.calls, 0);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, waits.calls > 0);
    assert_int_equal(waits.status, WORKERS_ANSWERED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(kills_at_the_deadline),
        TEST(counts_the_deadline_from_the_turn_of_a_job),
        TEST(counts_the_deadline_from_what_the_page_says),
        TEST(kills_at_the_deadline_of_what_the_page_says),
        TEST(does_not_count_a_wait),
        TEST(kills_over_an_endless_wait),
        TEST(kills_over_a_page_that_goes_back_and_forth),
        TEST(kills_over_an_abandoned_job),
        TEST(nobody_waits_behind_a_new_key),
        TEST(a_crash_takes_one_job),
        TEST(blames_the_job_that_the_worker_was_at),
        TEST(blames_the_oldest_job_when_the_page_makes_no_sense),
        TEST(survives_kill_9),
        TEST(kills_liars),
        TEST(kills_over_answers_out_of_order),
        TEST(kills_over_an_answer_given_twice),
        TEST(kills_over_an_answer_too_early),
        TEST(last_words_count),
        TEST(kills_over_a_bad_material_id),
        TEST(gives_up_a_job_after_three_crashes),
        TEST(a_sibling_takes_over),
        TEST(an_unavailable_token_is_an_answer),
        TEST(is_down_during_a_backoff),
        TEST(backs_off_from_failed_starts),
        TEST(backs_off_from_a_crash_loop),
        TEST(waits_for_a_quick_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
