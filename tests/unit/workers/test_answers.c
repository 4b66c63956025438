/* What each request may be answered with, and what becomes of the answer. */
#include "fixture.h"

#include <string.h>

static void key_fill(Hsm__Key *key, uint8_t key_id[16], uint8_t material_id[32], Hsm__Boundary boundary)
{
    *key = (Hsm__Key)HSM__KEY__INIT;
    key->has_key_id = key->has_material_id = key->has_spec = key->has_boundary = true;
    key->key_id = (ProtobufCBinaryData){.data = key_id, .len = 16};
    key->material_id = (ProtobufCBinaryData){.data = material_id, .len = 32};
    key->spec = HSM__KEY_SPEC__KEY_SPEC_AES_256;
    key->boundary = boundary;
}

static enum workers_status ask(struct fixture *fixture, Hsm__Request *request, Hsm__Status *ret_answer)
{
    struct call call;
    fixture_request(fixture, &call, NULL, request, 10000);
    WAIT_FOR(fixture, call.calls > 0);
    *ret_answer = call.answer;
    return call.status;
}

static enum workers_status ask_random(struct fixture *fixture, unsigned length)
{
    Hsm__GenerateRandom body = HSM__GENERATE_RANDOM__INIT;
    body.has_length = true;
    body.length = length;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.body_case = HSM__REQUEST__BODY_GENERATE_RANDOM;
    request.generate_random = &body;
    Hsm__Status answer;
    return ask(fixture, &request, &answer);
}

static enum workers_status ask_data_key(struct fixture *fixture, unsigned length, bool with_plaintext)
{
    Hsm__GenerateDataKey body = HSM__GENERATE_DATA_KEY__INIT;
    body.has_length = true;
    body.length = length;
    body.has_with_plaintext = body.with_plaintext = with_plaintext;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.body_case = HSM__REQUEST__BODY_GENERATE_DATA_KEY;
    request.generate_data_key = &body;
    Hsm__Status answer;
    return ask(fixture, &request, &answer);
}

/* As many bytes as were asked for: a token or a worker that gives fewer must not make a weak key. */
static void fresh_bytes_are_counted(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    fixture->workers->timing.served_ms = 0;
    assert_int_equal(ask_random(fixture, 32), WORKERS_ANSWERED);
    assert_int_equal(ask_random(fixture, 13), WORKERS_CRASHED); /* one too many */
    assert_int_equal(ask_random(fixture, 14), WORKERS_CRASHED); /* one too few */
    assert_int_equal(ask_random(fixture, 15), WORKERS_CRASHED); /* none */
    assert_int_equal(ask_data_key(fixture, 32, true), WORKERS_ANSWERED);
    assert_int_equal(ask_data_key(fixture, 14, true), WORKERS_CRASHED);
    assert_int_equal(ask_data_key(fixture, 15, true), WORKERS_CRASHED);
    assert_int_equal(ask_data_key(fixture, 15, false), WORKERS_ANSWERED);
    assert_int_equal(ask_data_key(fixture, 32, false), WORKERS_CRASHED); /* a plaintext that nobody asked for */
    assert_true(fixture_logged(fixture, "more or fewer bytes than were asked for"));
}

static enum workers_status ask_public_key(struct fixture *fixture, uint8_t eights)
{
    uint8_t key_id[16] = {0};
    uint8_t material_id[32] = {eights};
    Hsm__Key key;
    key_fill(&key, key_id, material_id, HSM__BOUNDARY__BOUNDARY_SEALED);
    Hsm__GetPublicKey body = HSM__GET_PUBLIC_KEY__INIT;
    body.key = &key;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.body_case = HSM__REQUEST__BODY_GET_PUBLIC_KEY;
    request.get_public_key = &body;
    Hsm__Status answer;
    return ask(fixture, &request, &answer);
}

static void public_keys_are_measured(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    fixture->workers->timing.served_ms = 0;
    assert_int_equal(ask_public_key(fixture, 37), WORKERS_ANSWERED);
    assert_int_equal(ask_public_key(fixture, 128), WORKERS_ANSWERED);
    assert_int_equal(ask_public_key(fixture, 129), WORKERS_CRASHED);
    assert_int_equal(ask_public_key(fixture, 0), WORKERS_CRASHED);
}

static Hsm__Status destroy(struct fixture *fixture, unsigned number, Hsm__Boundary boundary)
{
    uint8_t key_id[16] = {0};
    uint8_t material_id[32] = {0};
    memcpy(material_id, &number, sizeof(number));
    Hsm__Key key;
    key_fill(&key, key_id, material_id, boundary);
    Hsm__DestroyKey body = HSM__DESTROY_KEY__INIT;
    body.key = &key;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.body_case = HSM__REQUEST__BODY_DESTROY_KEY;
    request.destroy_key = &body;
    Hsm__Status answer = HSM__STATUS__STATUS_INTERNAL;
    assert_int_equal(ask(fixture, &request, &answer), WORKERS_ANSWERED);
    return answer;
}

struct seen {
    unsigned count;
    unsigned refused;
    unsigned limit;
    bool numbers[16];
};

static bool see(void *arg, const struct workers_object *object)
{
    struct seen *seen = arg;
    unsigned number;
    memcpy(&number, object->material_id, sizeof(number));
    assert_true(number < 16);
    seen->numbers[number] = true;
    seen->count++;
    if (object->refused_for != NULL) {
        assert_string_equal(object->refused_for, "CKA_TRUSTED");
        seen->refused++;
    }
    return seen->count < seen->limit;
}

/* What the token no longer has is not shown, and not drawn as a spare. */
static void destroyed_keys_leave_the_stock(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "objects=10", 1);
    struct seen seen = {.limit = 100};
    workers_objects_visit(fixture->workers, "main", see, &seen);
    assert_int_equal(seen.count, 10);
    assert_int_equal(seen.refused, 2);
    assert_int_equal(destroy(fixture, 3, HSM__BOUNDARY__BOUNDARY_SEALED), HSM__STATUS__STATUS_KEY_KEPT);
    assert_int_equal(destroy(fixture, 4, HSM__BOUNDARY__BOUNDARY_OPEN), HSM__STATUS__STATUS_OK);
    assert_int_equal(destroy(fixture, 9, HSM__BOUNDARY__BOUNDARY_OPEN), HSM__STATUS__STATUS_OK);
    assert_int_equal(destroy(fixture, 9, HSM__BOUNDARY__BOUNDARY_OPEN), HSM__STATUS__STATUS_OK);
    seen = (struct seen){.limit = 100};
    workers_objects_visit(fixture->workers, "main", see, &seen);
    assert_int_equal(seen.count, 8);
    assert_int_equal(seen.refused, 0);
    assert_true(seen.numbers[3] && !seen.numbers[4] && !seen.numbers[9]);
    seen = (struct seen){.limit = 3};
    workers_objects_visit(fixture->workers, "main", see, &seen);
    assert_int_equal(seen.count, 3);
    seen = (struct seen){.limit = 3};
    workers_objects_visit(fixture->workers, "another", see, &seen);
    assert_int_equal(seen.count, 0);
}

static void tells_of_the_token(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "sensitive")->require = HSM__LEVEL__LEVEL_SENSITIVE;
    fixture_begin(fixture);
    struct workers_token_state shown;
    assert_true(workers_state(fixture->workers, NULL, &shown));
    assert_string_equal(shown.label, "");
    assert_string_equal(shown.last_failure, "");
    assert_int_equal(shown.last_failure_ms, 0);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    assert_true(workers_state(fixture->workers, NULL, &shown));
    assert_string_equal(shown.label, "a label?");
    assert_string_equal(shown.serial, "0001");
    assert_string_equal(shown.model, "a model");
    assert_string_equal(shown.level_reason, "CKA_WRAP_WITH_TRUSTED?");
}

/* The worker could not log in again: no other start tries that PIN, on no section that names the token. */
static void a_pin_refused_at_a_renewal_is_not_tried_again(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "ready")->workers = 2;
    fixture_token(fixture, "same", "ready");
    fixture_begin(fixture);
    fixture->workers->timing.served_ms = 0;
    WAIT_FOR(fixture, fixture_ready(fixture) == 2 && fixture->workers->tokens[1].ready == 1);
    struct call call;
    fixture_submit(fixture, &call, "leave wrong", 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_ANSWERED);
    assert_int_equal(call.answer, HSM__STATUS__STATUS_TOKEN_UNAVAILABLE);
    uint64_t until = workers_now_ms() + 200;
    WAIT_FOR(fixture, workers_now_ms() >= until);
    assert_int_equal(fixture_trace_count(fixture, "start"), 3);
    assert_true(fixture_logged(fixture, "could not renew its session: the token refused the PIN"));
    assert_true(fixture_logged(fixture, "lost?[1m"));
    assert_int_equal(fixture_ready(fixture), 1); /* the other one serves on */
    struct workers_token_state shown;
    assert_true(workers_state(fixture->workers, "same", &shown));
    assert_true(shown.stopped_by_pin);
    assert_int_equal(shown.ready, 1);
    fixture->log[0] = '\0';
    fixture_submit(fixture, &call, "leave wrong", 10000);
    WAIT_FOR(fixture, call.calls > 0);
    fixture_submit(fixture, &call, "nobody", 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_DOWN);
    /* Why is said in one line, that of the token which is down now; the other section still has a worker. */
    const char *said = strstr(fixture->log, "the token refused the PIN");
    assert_non_null(said);
    assert_null(strstr(said + 1, "the token refused the PIN"));
    assert_true(fixture_logged(fixture, "token main is down, requests are refused until it is up again: worker "));
    assert_false(fixture_logged(fixture, "leaves"));
    assert_int_equal(fixture_trace_count(fixture, "start"), 3);
}

/* A PIN file that cannot be read costs no attempt: it is read again at the next start. */
static void an_unreadable_pin_is_no_refused_one(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct call call;
    fixture_submit(fixture, &call, "leave unreadable", 10000);
    WAIT_FOR(fixture, call.calls > 0);
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    struct workers_token_state shown;
    assert_true(workers_state(fixture->workers, NULL, &shown));
    assert_false(shown.stopped_by_pin);
    assert_int_equal(fixture_trace_count(fixture, "start"), 2);
    assert_true(shown.last_failure_ms > 1700000000000);
}

#define RENEWED "had lost its session or login, has renewed it"

/* How often the log has it after as many requests, which met it one after another. */
static void renewals(struct fixture *fixture, unsigned requests, unsigned lines)
{
    struct call call;
    for (unsigned i = 0; i < requests; i++) {
        fixture_submit(fixture, &call, "renewed", 10000);
        WAIT_FOR(fixture, call.calls > 0);
        assert_int_equal(call.status, WORKERS_ANSWERED);
        assert_int_equal(call.answer, HSM__STATUS__STATUS_OK);
    }
    unsigned found = 0;
    for (const char *at = fixture->log; (at = strstr(at, RENEWED)) != NULL; at++) {
        found++;
    }
    assert_int_equal(found, lines);
}

static void a_renewal_is_logged(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    fixture->workers->timing.renewal_log_ms = 0;
    struct call call;
    fixture_submit(fixture, &call, "as ever", 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_false(fixture_logged(fixture, RENEWED));
    renewals(fixture, 3, 3);
}

static void renewals_do_not_fill_the_log(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    fixture->workers->timing.renewal_log_ms = 3600000;
    renewals(fixture, 3, 1);
}

/* The worker leaves then, which is logged. */
static void a_renewal_in_vain_is_not(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 1);
    struct call call;
    fixture_submit(fixture, &call, "unavailable renewed", 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.answer, HSM__STATUS__STATUS_TOKEN_UNAVAILABLE);
    assert_true(fixture_logged(fixture, "says that the token is gone, and leaves"));
    assert_false(fixture_logged(fixture, RENEWED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fresh_bytes_are_counted),
        TEST(public_keys_are_measured),
        TEST(destroyed_keys_leave_the_stock),
        TEST(tells_of_the_token),
        TEST(a_pin_refused_at_a_renewal_is_not_tried_again),
        TEST(an_unreadable_pin_is_no_refused_one),
        TEST(a_renewal_is_logged),
        TEST(renewals_do_not_fill_the_log),
        TEST(a_renewal_in_vain_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
