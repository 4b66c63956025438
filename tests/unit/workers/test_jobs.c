/* Jobs on healthy workers: order, pipelining, limits, timeouts, abandoning. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answers(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct call calls[3];
    fixture_submit(fixture, &calls[0], "one", 10000);
    fixture_submit(fixture, &calls[1], "refuse", 10000);
    fixture_submit(fixture, &calls[2], "bytes", 10000);
    assert_int_equal(workers_pending(fixture->workers), 3);
    WAIT_FOR(fixture, calls[2].calls > 0);
    assert_int_equal(calls[0].status, WORKERS_ANSWERED);
    assert_int_equal(calls[0].answer, HSM__STATUS__STATUS_OK);
    assert_string_equal(calls[0].text, "one");
    assert_int_equal(calls[1].status, WORKERS_ANSWERED);
    assert_int_equal(calls[1].answer, HSM__STATUS__STATUS_KEY_NOT_FOUND);
    assert_string_equal(calls[2].text, "bytes");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(calls[i].calls, 1);
        assert_int_equal(calls[i].order, i + 1);
    }
    assert_int_equal(workers_pending(fixture->workers), 0);
}

/* Every kind of request has its kind of answer. */
static void answers_each_kind(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    Hsm__Decrypt decrypt = HSM__DECRYPT__INIT;
    decrypt.has_ciphertext = true;
    decrypt.ciphertext = (ProtobufCBinaryData){.data = (uint8_t *)"open", .len = 4};
    Hsm__MakeOpenKey make = HSM__MAKE_OPEN_KEY__INIT;
    Hsm__Request request = HSM__REQUEST__INIT;
    struct call calls[2];
    request.body_case = HSM__REQUEST__BODY_DECRYPT;
    request.decrypt = &decrypt;
    fixture_request(fixture, &calls[0], "main", &request, 10000);
    assert_true(request.has_id);
    request.body_case = HSM__REQUEST__BODY_MAKE_OPEN_KEY;
    request.make_open_key = &make;
    fixture_request(fixture, &calls[1], "main", &request, 10000);
    WAIT_FOR(fixture, calls[1].calls > 0);
    assert_string_equal(calls[0].text, "open");
    assert_int_equal(calls[1].status, WORKERS_ANSWERED);
    assert_int_equal(calls[1].answer, HSM__STATUS__STATUS_OK);
}

/* The worker gets WORKERS_DEPTH at once, and the order is that of the submits. */
static void pipelines_in_order(void **state)
{
    struct fixture *fixture = *state;
    enum { N = 30 };
    fixture_up(fixture, "ready", 1);
    struct call calls[N];
    fixture_submit(fixture, &calls[0], "gate", 10000);
    for (unsigned i = 1; i < N; i++) {
        char text[32];
        snprintf(text, sizeof(text), "job %u", i);
        fixture_submit(fixture, &calls[i], text, 10000);
    }
    struct workers_token_state shown;
    assert_true(workers_state(fixture->workers, NULL, &shown));
    assert_int_equal(shown.queued, N);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "request gate") == 1);
    assert_true(workers_state(fixture->workers, NULL, &shown));
    assert_int_equal(shown.queued, N - WORKERS_DEPTH);
    assert_int_equal(fixture->workers->tokens[0].workers_list[0].n_in_flight, WORKERS_DEPTH);
    assert_int_equal(workers_pending(fixture->workers), N);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, calls[N - 1].calls > 0);
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(calls[i].status, WORKERS_ANSWERED);
        assert_int_equal(calls[i].order, i + 1);
    }
}

/* With one worker busy the jobs go to the other. */
static void prefers_the_shortest(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 2);
    struct call gate;
    struct call calls[4];
    fixture_submit(fixture, &gate, "gate", 10000);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "request gate") == 1);
    for (unsigned i = 0; i < 4; i++) {
        fixture_submit(fixture, &calls[i], "quick", 10000);
        WAIT_FOR(fixture, calls[i].calls > 0);
        assert_int_equal(calls[i].status, WORKERS_ANSWERED);
    }
    assert_int_equal(gate.calls, 0);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, gate.calls > 0);
}

static void refuses_when_full(void **state)
{
    struct fixture *fixture = *state;
    enum { WAITING = 5 };
    fixture_token(fixture, "main", "ready")->max_queue = WAITING;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    struct call calls[WORKERS_DEPTH + WAITING + 3];
    fixture_submit(fixture, &calls[0], "gate", 10000);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "request gate") == 1);
    /* Up to WORKERS_REFILL + 1 the worker is filled up one by one; then in one go. */
    for (unsigned i = 1; i <= WORKERS_REFILL; i++) {
        fixture_submit(fixture, &calls[i], "next", 10000);
        WAIT_FOR(fixture, fixture->workers->tokens[0].queue.len == 0);
    }
    for (unsigned i = 0; i < WAITING; i++) {
        fixture_submit(fixture, &calls[WORKERS_REFILL + 1 + i], "waits", 10000);
    }
    struct call *refused = &calls[WORKERS_REFILL + 1 + WAITING];
    fixture_submit(fixture, refused, "one too many", 10000);
    fixture_submit(fixture, refused + 1, "abandoned at once", 10000);
    workers_abandon(refused[1].job);
    WAIT_FOR(fixture, refused->calls > 0);
    assert_int_equal(refused->status, WORKERS_BUSY);
    assert_int_equal(refused->order, 1);
    assert_int_equal(refused[1].calls, 0);
    assert_int_equal(workers_pending(fixture->workers), WORKERS_REFILL + 1 + WAITING);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, calls[WORKERS_REFILL + WAITING].calls > 0);
    assert_int_equal(fixture_trace_count(fixture, "request one too many"), 0);
    assert_int_equal(workers_pending(fixture->workers), 0);
}

static void knows_no_other_token(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    Hsm__ListObjects list = HSM__LIST_OBJECTS__INIT;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.body_case = HSM__REQUEST__BODY_LIST_OBJECTS;
    request.list_objects = &list;
    struct call call;
    fixture_request(fixture, &call, "other", &request, 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_NO_TOKEN);
}

/* A request that no frame can hold. */
static void refuses_what_is_too_long(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    size_t len = (size_t)384 * 1024;
    char *text = malloc(len + 1);
    assert_non_null(text);
    memset(text, 'x', len);
    text[len] = '\0';
    struct call call;
    fixture_submit(fixture, &call, text, 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_NO_MEMORY);
    text[len - 1000] = '\0'; /* and the longest that one can, many at once, past what a socket holds */
    struct call calls[20];
    for (unsigned i = 0; i < 20; i++) {
        fixture_submit(fixture, &calls[i], text, 20000);
    }
    WAIT_FOR(fixture, calls[19].calls > 0);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(calls[i].status, WORKERS_ANSWERED);
        assert_int_equal(strlen(calls[i].text), sizeof(calls[i].text) - 1);
    }
    free(text);
}

static void times_out_in_flight_and_queued(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct call gate;
    struct call in_flight;
    struct call others[WORKERS_DEPTH];
    struct call queued;
    fixture_submit(fixture, &gate, "gate", 10000);
    fixture_submit(fixture, &in_flight, "in flight", 30);
    for (unsigned i = 0; i < WORKERS_DEPTH; i++) {
        fixture_submit(fixture, &others[i], "other", 10000);
    }
    uint64_t from = workers_now_ms();
    fixture_submit(fixture, &queued, "queued", 50);
    WAIT_FOR(fixture, queued.calls > 0);
    uint64_t took = workers_now_ms() - from;
    assert_true(took >= 50);
    assert_int_equal(in_flight.status, WORKERS_TIMEOUT);
    assert_int_equal(in_flight.order, 1);
    assert_int_equal(queued.status, WORKERS_TIMEOUT);
    assert_int_equal(workers_pending(fixture->workers), WORKERS_DEPTH + 1);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, others[WORKERS_DEPTH - 1].calls > 0);
    fixture_submit(fixture, &gate, "last", 10000);
    WAIT_FOR(fixture, gate.calls > 0);
    assert_int_equal(in_flight.calls, 1); /* its answer came and was dropped */
    assert_int_equal(fixture_trace_count(fixture, "request in flight"), 1);
    assert_int_equal(fixture_trace_count(fixture, "request queued"), 0);
    assert_int_equal(fixture_trace_count(fixture, "start"), 1); /* nobody was killed over it */
}

/* Timeouts longer than a round of the wheel, and of nothing. */
static void times_out_exactly(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct call gate;
    struct call calls[3];
    fixture_submit(fixture, &gate, "gate", 60000);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "request gate") == 1);
    uint64_t from = workers_now_ms();
    fixture_submit(fixture, &calls[0], "none", 0);
    fixture_submit(fixture, &calls[1], "some", 200);
    fixture_submit(fixture, &calls[2], "long", WORKERS_TICKS * WORKERS_TICK_MS + 100); /* the list of 100 ms */
    WAIT_FOR(fixture, calls[0].calls > 0);
    WAIT_FOR(fixture, calls[1].calls > 0);
    assert_true(workers_now_ms() - from >= 200);
    assert_int_equal(calls[2].calls, 0);
    workers_abandon(calls[2].job);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, gate.calls > 0);
}

static void abandons_in_each_state(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct call gate;
    struct call calls[WORKERS_DEPTH + 4];
    fixture_submit(fixture, &gate, "gate", 10000);
    workers_abandon(NULL);
    for (unsigned i = 0; i < WORKERS_DEPTH + 4; i++) {
        char text[32];
        snprintf(text, sizeof(text), "job %u.", i);
        fixture_submit(fixture, &calls[i], text, 10000);
    }
    workers_abandon(calls[0].job); /* before it was sent */
    WAIT_FOR(fixture, fixture_trace_count(fixture, "request gate") == 1);
    workers_abandon(calls[1].job);                 /* in flight */
    workers_abandon(calls[WORKERS_DEPTH + 2].job); /* queued */
    assert_int_equal(workers_pending(fixture->workers), 1 + WORKERS_DEPTH + 4 - 3);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, calls[WORKERS_DEPTH + 3].calls > 0);
    assert_int_equal(calls[0].calls, 0);
    assert_int_equal(calls[1].calls, 0);
    assert_int_equal(calls[WORKERS_DEPTH + 2].calls, 0);
    assert_int_equal(calls[2].calls, 1);
    assert_int_equal(fixture_trace_count(fixture, "request job 0."), 0);
    assert_int_equal(fixture_trace_count(fixture, "request job 1."), 1);
    assert_int_equal(fixture_trace_count(fixture, "request job 10."), 0);
    assert_int_equal(workers_pending(fixture->workers), 0);
}

/* A job may be submitted from within done, also when it is refused. */
static void submits_from_within_done(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct call call;
    struct call again;
    fixture->resubmit = &again;
    fixture_submit(fixture, &call, "first", 10000);
    WAIT_FOR(fixture, fixture->resubmit == NULL && again.calls > 0);
    assert_string_equal(again.text, "again");
    assert_int_equal(again.order, 2);
}

struct load {
    struct fixture *fixture;
    struct call *calls;
    unsigned n;
    unsigned submitted;
};

static void load_top_up(struct load *load)
{
    while (load->submitted < load->n && workers_pending(load->fixture->workers) < 64) {
        char text[32];
        snprintf(text, sizeof(text), "quiet %u", load->submitted);
        fixture_submit(load->fixture, &load->calls[load->submitted++], text, 20000);
    }
}

static void does_thousands(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 2);
    struct load load = {.fixture = fixture, .n = 5000};
    load.calls = calloc(load.n, sizeof(*load.calls));
    assert_non_null(load.calls);
    load_top_up(&load);
    uint64_t deadline_ms = fixture_deadline();
    while (fixture->done_calls < load.n) {
        fixture_turn(fixture, deadline_ms, "thousands of jobs done");
        load_top_up(&load);
    }
    for (unsigned i = 0; i < load.n; i++) {
        char text[32];
        snprintf(text, sizeof(text), "quiet %u", i);
        assert_int_equal(load.calls[i].calls, 1);
        assert_int_equal(load.calls[i].status, WORKERS_ANSWERED);
        assert_string_equal(load.calls[i].text, text);
    }
    free(load.calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers),
        TEST(answers_each_kind),
        TEST(pipelines_in_order),
        TEST(prefers_the_shortest),
        TEST(refuses_when_full),
        TEST(knows_no_other_token),
        TEST(refuses_what_is_too_long),
        TEST(times_out_in_flight_and_queued),
        TEST(times_out_exactly),
        TEST(abandons_in_each_state),
        TEST(submits_from_within_done),
        TEST(does_thousands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
