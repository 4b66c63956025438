/* rewrapd-hsm over its socket: how it starts, and what ends it. The real program on a real token. */
#include "worker_requests.h"

#include "proto/message.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void test_hello(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client;
    worker_client_start(&client);
    Hsm__Response *response = worker_client_configure(&client, fixture->pin_file);
    const Hsm__Hello *hello = response->hello;
    assert_int_equal(hello->status, HSM__HELLO_STATUS__HELLO_READY);
    assert_int_equal(hello->level, HSM__LEVEL__LEVEL_SEALED);
    assert_string_equal(hello->token_label, "rewrapd-test");
    assert_int_equal(hello->pads_payloads, fixture->profile.pads_payloads);
    assert_int_equal(hello->payload_max, fixture->profile.payload_max_bytes);
    size_t algorithms = 1 + (size_t)fixture->profile.oaep_sha1 + (size_t)fixture->profile.oaep_sha256;
    assert_int_equal(hello->n_algorithms, algorithms);
    assert_int_equal(hello->algorithms[0], HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT);
    assert_null(hello->level_reason); /* at the highest level there is none */
    assert_int_equal(hello->n_objects, FIXTURE_SEALED + 2);
    for (size_t i = 0; i < hello->n_objects; i++) {
        assert_int_equal(hello->objects[i]->material_id.len, ENVELOPE_MATERIAL_ID_BYTES);
        assert_null(hello->objects[i]->refused_for);
    }
    assert_false(response->has_more);
    proto_free(&response->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

static void test_wrong_pin_ends_the_start(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/wrong-pin", fixture->dir);
    fixture_write_file(path, "not the pin\n", 0600);
    struct worker_client client;
    worker_client_start(&client);
    Hsm__Response *response = worker_client_configure(&client, path);
    assert_int_equal(response->hello->status, HSM__HELLO_STATUS__HELLO_PIN_WRONG);
    assert_int_equal(response->hello->ckr, CKR_PIN_INCORRECT);
    assert_null(strstr(response->hello->detail, "not the pin"));
    assert_int_equal(response->hello->n_objects, 0);
    proto_free(&response->base);
    assert_int_equal(worker_client_wait(&client), EX_UNAVAILABLE);
}

static void start_refused(const Hsm__Configure *configure, Hsm__HelloStatus status)
{
    struct worker_client client;
    worker_client_start(&client);
    Hsm__Request request = worker_request(1, HSM__REQUEST__BODY_CONFIGURE);
    request.configure = (Hsm__Configure *)(uintptr_t)configure;
    Hsm__Response *response = worker_client_ask(&client, &request);
    assert_int_equal(response->hello->status, status);
    assert_non_null(response->hello->detail);
    proto_free(&response->base);
    assert_int_equal(worker_client_wait(&client), EX_UNAVAILABLE);
}

static void test_starts_that_are_refused(void **state)
{
    struct fixture *fixture = *state;
    char module[] = FIXTURE_MODULE;
    char uri[] = FIXTURE_URI;
    char nothing[] = "/nonexistent";
    char other[] = "pkcs11:token=other";
    Hsm__Configure configure = HSM__CONFIGURE__INIT;
    start_refused(&configure, HSM__HELLO_STATUS__HELLO_TOKEN_ABSENT); /* no URI */
    configure.token_uri = uri;
    start_refused(&configure, HSM__HELLO_STATUS__HELLO_MODULE);
    configure.module = module;
    start_refused(&configure, HSM__HELLO_STATUS__HELLO_PIN_UNREADABLE);
    configure.pin_file = nothing;
    start_refused(&configure, HSM__HELLO_STATUS__HELLO_PIN_UNREADABLE);
    configure.pin_file = fixture->pin_file;
    configure.token_uri = other;
    start_refused(&configure, HSM__HELLO_STATUS__HELLO_TOKEN_ABSENT);
    configure.token_uri = uri;
    configure.has_max_objects = true;
    configure.max_objects = 1;
    start_refused(&configure, HSM__HELLO_STATUS__HELLO_TOKEN_FAULT);
}

static void test_first_words(void **state)
{
    (void)state;
    struct worker_client client;
    worker_client_start(&client);
    Hsm__ListObjects list = HSM__LIST_OBJECTS__INIT;
    Hsm__Request request = worker_request(2, HSM__REQUEST__BODY_LIST_OBJECTS);
    request.list_objects = &list;
    worker_refuses(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request));
    assert_int_equal(worker_client_wait(&client), EX_UNAVAILABLE);

    worker_client_start(&client);
    const int ended = worker_client_stop(&client);
    assert_true(ended == EX_UNAVAILABLE || ended == EX_OSERR); /* gone before the worker was tied to it */
}

static void test_garbage_ends_it(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t garbage[][8] = {
        {0, 0, 0, 3, 0xff, 0xff, 0xff, 0},    /* a frame that is no message */
        {0, 0, 0, 0},                         /* an empty one */
        {0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}, /* an oversized one */
    };
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        struct worker_client client = worker_ready(fixture);
        worker_client_send_bytes(&client, view_of(garbage[i], sizeof garbage[i]));
        assert_int_equal(worker_client_wait(&client), EX_OK);
    }
}

/* Signals for the whole service do not stop it; the end of its socket does. */
static void test_signals(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = worker_ready(fixture);
    assert_int_equal(kill(client.pid, SIGTERM), 0);
    assert_int_equal(kill(client.pid, SIGINT), 0);
    assert_int_equal(kill(client.pid, SIGHUP), 0);
    Hsm__Response *blob = worker_encrypt(&client, &fixture->sealed[0], "a secret");
    assert_int_equal(blob->status, HSM__STATUS__STATUS_OK);
    proto_free(&blob->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

/* The folder of the token goes away under a running worker: the answer says so, and the worker leaves. */
static void test_token_gone(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = worker_ready(fixture);
    Hsm__Response *blob = worker_encrypt(&client, &fixture->sealed[0], "a secret");
    char from[128];
    char to[128];
    snprintf(from, sizeof from, "%s/tokens", fixture->dir);
    snprintf(to, sizeof to, "%s/elsewhere", fixture->dir);
    assert_int_equal(rename(from, to), 0);
    worker_refuses(HSM__STATUS__STATUS_TOKEN_UNAVAILABLE,
                   worker_re_encrypt(&client, &fixture->sealed[0], &fixture->sealed[1], blob->ciphertext, false));
    assert_int_equal(worker_client_wait(&client), EX_OK);
    assert_int_equal(rename(to, from), 0);
    proto_free(&blob->base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello),
        cmocka_unit_test(test_wrong_pin_ends_the_start),
        cmocka_unit_test(test_starts_that_are_refused),
        cmocka_unit_test(test_first_words),
        cmocka_unit_test(test_garbage_ends_it),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_token_gone),
    };
    return cmocka_run_group_tests(tests, worker_setup, fixture_teardown);
}
