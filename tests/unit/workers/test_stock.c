/* What is known of the keys on a token, from Hello and ListObjects. */
#include "fixture.h"

#include <string.h>

/* Numbers below `arg` are taken; the fake worker counts its material ids from 0. */
static bool taken_below(void *arg, const uint8_t material_id[32])
{
    unsigned number;
    memcpy(&number, material_id, sizeof(number));
    return number < *(unsigned *)arg;
}

static bool find(struct fixture *fixture, Hsm__KeySpec spec, Hsm__Boundary boundary, unsigned taken,
                 unsigned *ret_number)
{
    uint8_t id[32];
    if (!workers_stock_find(fixture->workers, NULL, spec, boundary, taken_below, &taken, id)) {
        return false;
    }
    memcpy(ret_number, id, sizeof(*ret_number));
    return true;
}

#define AES    HSM__KEY_SPEC__KEY_SPEC_AES_256
#define RSA    HSM__KEY_SPEC__KEY_SPEC_RSA_2048
#define SEALED HSM__BOUNDARY__BOUNDARY_SEALED

static void list_start(struct fixture *fixture, struct call *call)
{
    Hsm__ListObjects body = HSM__LIST_OBJECTS__INIT;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.body_case = HSM__REQUEST__BODY_LIST_OBJECTS;
    request.list_objects = &body;
    fixture_request(fixture, call, NULL, &request, 10000);
}

static void list(struct fixture *fixture, struct call *call)
{
    list_start(fixture, call);
    WAIT_FOR(fixture, call->calls > 0);
}

static void finds_what_the_hello_listed(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "objects=10", 1);
    unsigned number = 99;
    assert_true(find(fixture, AES, SEALED, 0, &number));
    assert_int_equal(number, 0);
    assert_true(find(fixture, AES, SEALED, 1, &number));
    assert_int_equal(number, 2);
    assert_true(find(fixture, AES, SEALED, 3, &number)); /* 4 lacks an attribute */
    assert_int_equal(number, 6);
    assert_true(find(fixture, RSA, SEALED, 6, &number));
    assert_int_equal(number, 7);
    assert_true(find(fixture, AES, SEALED, 0, &number)); /* remembers nothing: free ones before are found again */
    number = 99;
    assert_false(find(fixture, AES, SEALED, 9, &number));
    assert_false(find(fixture, AES, HSM__BOUNDARY__BOUNDARY_OPEN, 0, &number));
    assert_false(find(fixture, HSM__KEY_SPEC__KEY_SPEC_RSA_4096, SEALED, 0, &number));
    assert_int_equal(number, 99);
    uint8_t id[32];
    unsigned none = 0;
    assert_false(workers_stock_find(fixture->workers, "other", AES, SEALED, taken_below, &none, id));
}

static void finds_nothing_in_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "objects=0", 1);
    unsigned number;
    assert_false(find(fixture, AES, SEALED, 0, &number));
}

/* A list longer than a frame comes in parts, and is used when it is whole. */
static void takes_a_hello_in_parts(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "objects=2000,hello-parts=10", 1);
    unsigned number;
    assert_true(find(fixture, AES, SEALED, 19990, &number));
    assert_int_equal(number, 19990);
    assert_int_equal(fixture->workers->tokens[0].stock.len, 20000);
}

static void refuses_more_than_the_limit(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "objects=100,hello-parts=3")->max_objects = 299;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture->started > 0);
    assert_int_equal(fixture->outcome, WORKERS_START_RETRY);
    assert_non_null(strstr(fixture->reason, "max-objects"));
}

/* The last part says that there is more, and none comes. */
static void gives_up_an_endless_list(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "objects=10,hello-parts=2,endless")->start_deadline_ms = 200;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture->started > 0);
    assert_non_null(strstr(fixture->reason, "start-deadline-ms"));
}

/* Lets that many parts of a list through, each after so long. */
static void open_slowly(struct fixture *fixture, unsigned parts, unsigned each_ms)
{
    for (unsigned i = 0; i < parts; i++) {
        uint64_t until = workers_now_ms() + each_ms;
        WAIT_FOR(fixture, workers_now_ms() >= until);
        WAIT_FOR(fixture, fixture_gate_open(fixture));
    }
}

/* Looking at many keys takes longer than a request may: each part has the time that a start has. */
static void a_long_list_is_given_its_time(void **state)
{
    struct fixture *fixture = *state;
    struct workers_token_settings *token =
        fixture_token(fixture, "main", "hello-parts=4,slow-hello,list-parts=3,slow-list");
    token->deadline_ms = 100;
    token->start_deadline_ms = 500;
    fixture_begin(fixture);
    open_slowly(fixture, 3, 300);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    struct call call;
    list_start(fixture, &call);
    open_slowly(fixture, 3, 300);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_ANSWERED);
    assert_int_equal(fixture_trace_count(fixture, "start"), 1);
    assert_int_equal(fixture->workers->tokens[0].stock.len, 30);

    /* What comes behind it has the time of a request again. */
    struct call hangs;
    list_start(fixture, &call);
    fixture_submit(fixture, &hangs, "hang", 10000);
    open_slowly(fixture, 3, 10);
    uint64_t from = workers_now_ms();
    WAIT_FOR(fixture, hangs.calls > 0);
    assert_int_equal(call.status, WORKERS_ANSWERED);
    assert_int_equal(hangs.status, WORKERS_TIMEOUT);
    assert_true(workers_now_ms() - from < 400);
    assert_true(fixture_logged(fixture, "past deadline-ms"));
}

/* An RSA pair takes a token seconds, which no other request may. */
static void a_new_key_is_given_its_time(void **state)
{
    struct fixture *fixture = *state;
    struct workers_token_settings *token = fixture_token(fixture, "main", "slow-make");
    token->deadline_ms = 100;
    token->start_deadline_ms = 500;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    struct call call;
    fixture_make_key(fixture, &call, 10000);
    open_slowly(fixture, 1, 300);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_ANSWERED);
    fixture_make_key(fixture, &call, 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_TIMEOUT);
    assert_true(fixture_logged(fixture, "past start-deadline-ms"));
}

static void a_list_that_does_not_come_is_given_up(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "list-parts=2,slow-list")->start_deadline_ms = 300;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    struct call call;
    list_start(fixture, &call);
    open_slowly(fixture, 1, 10);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_TIMEOUT);
    assert_true(fixture_logged(fixture, "start-deadline-ms"));
    assert_int_equal(fixture->workers->tokens[0].stock.len, 2);
}

static void follows_list_objects(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "objects=2,list=3000,list-parts=2", 1);
    unsigned number;
    assert_false(find(fixture, AES, SEALED, 2, &number));
    struct call call;
    list(fixture, &call);
    assert_int_equal(call.status, WORKERS_ANSWERED);
    assert_true(find(fixture, AES, SEALED, 5990, &number));
    assert_int_equal(number, 5990);
    list(fixture, &call); /* replaces, not adds */
    assert_int_equal(fixture->workers->tokens[0].stock.len, 6000);
}

/* What a dying worker listed by half is forgotten. */
static void forgets_half_a_list(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "objects=2,list=10,list-parts=2")->max_objects = 15;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    struct call call;
    list(fixture, &call);
    assert_int_equal(call.status, WORKERS_CRASHED);
    assert_int_equal(fixture->workers->tokens[0].stock.len, 2);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    assert_int_equal(fixture->workers->tokens[0].stock.len, 2); /* what the new Hello listed, and nothing else */
}

/* Nor does it serve with half a list when the rest of its Hello fails. */
static void refuses_a_hello_whose_rest_fails(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "objects=10,hello-parts=2,rest-fails");
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture->started > 0);
    assert_int_equal(fixture->outcome, WORKERS_START_RETRY);
    assert_non_null(strstr(fixture->reason, "sent what it must not"));
    assert_int_equal(fixture->workers->tokens[0].stock.len, 0);
}

/* A list that fails in the middle leaves nothing behind for the next one. */
static void forgets_a_list_that_failed(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "objects=2,list=10,list-parts=3,list-breaks", 1);
    struct call call;
    list(fixture, &call);
    assert_int_equal(call.status, WORKERS_ANSWERED);
    assert_int_equal(call.answer, HSM__STATUS__STATUS_INTERNAL);
    assert_int_equal(fixture->workers->tokens[0].stock.len, 2);
    list(fixture, &call);
    assert_int_equal(call.answer, HSM__STATUS__STATUS_OK);
    assert_int_equal(fixture->workers->tokens[0].stock.len, 30);
    assert_int_equal(fixture_trace_count(fixture, "start"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_what_the_hello_listed),
        TEST(finds_nothing_in_nothing),
        TEST(takes_a_hello_in_parts),
        TEST(refuses_more_than_the_limit),
        TEST(gives_up_an_endless_list),
        TEST(follows_list_objects),
        TEST(a_long_list_is_given_its_time),
        TEST(a_new_key_is_given_its_time),
        TEST(a_list_that_does_not_come_is_given_up),
        TEST(forgets_half_a_list),
        TEST(refuses_a_hello_whose_rest_fails),
        TEST(forgets_a_list_that_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
