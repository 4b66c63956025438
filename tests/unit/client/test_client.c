/* librewrap against daemons that answer well: endpoints, requests and answers of every size and order. */
#include "calls.h"
#include "serve.h"

#include "proto/frame.h"
#include "proto/message.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ endpoints */

static void endpoints_that_are_none(void **state)
{
    (void)state;
    char long_path[200] = "unix:/";
    memset(long_path + 6, 'x', 150);
    const char *const endpoints[] = {"", "unix:", "tcp:localhost", "relative/path", long_path};
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        struct rewrap_client *client = NULL;
        assert_int_equal(rewrap_client_connect(endpoints[i], &client).code, REWRAP_CLIENT_ENDPOINT);
        assert_null(client);
    }
    struct rewrap_client *client = NULL;
    assert_int_equal(rewrap_client_connect(NULL, &client).code, REWRAP_CLIENT_ENDPOINT);
}

static void nobody_listens(void **state)
{
    (void)state;
    struct rewrap_client *client = NULL;
    struct rewrap_client_result result = rewrap_client_connect("unix:/nonexistent/socket", &client);
    assert_int_equal(result.code, REWRAP_CLIENT_CONNECT);
    assert_int_equal(result.saved_errno, ENOENT);
    assert_null(client);
    rewrap_client_free(NULL);
}

static void socket_is_not_inherited(void **state)
{
    (void)state;
    struct fake_daemon daemon;
    fake_daemon_start(&daemon, serve_echo);
    struct rewrap_client *client = connect_ok(&daemon);
    assert_int_equal(fcntl(rewrap_client_fd(client), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(rewrap_client_fd(client), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    rewrap_client_free(client);
    assert_int_equal(rewrap_client_connect(daemon.endpoint + strlen("unix:"), &client).code, REWRAP_CLIENT_OK);
    rewrap_client_free(client);
    fake_daemon_stop(&daemon);
}

/* ------------------------------------------------------------------ good answers */

static void a_call_is_answered(void **state)
{
    (void)state;
    struct fake_daemon daemon;
    fake_daemon_start(&daemon, serve_echo);
    struct rewrap_client *client = connect_ok(&daemon);
    for (int i = 0; i < 100; i++) {
        char key_id[32];
        snprintf(key_id, sizeof key_id, "key-%d", i);
        assert_call_echo(client, key_id);
    }
    assert_int_equal(rewrap_client_in_flight(client), 0);
    rewrap_client_free(client);
    fake_daemon_stop(&daemon);
}

static void answers_come_in_pieces(void **state)
{
    (void)state;
    struct fake_daemon daemon;
    fake_daemon_start(&daemon, serve_bytewise);
    struct rewrap_client *client = connect_ok(&daemon);
    for (int i = 0; i < 10; i++) {
        assert_call_echo(client, "piecewise");
    }
    rewrap_client_free(client);
    fake_daemon_stop(&daemon);
}

static void answers_come_out_of_order(void **state)
{
    (void)state;
    struct fake_daemon daemon;
    static bool seen[SERVE_BATCH + 1];
    memset(seen, 0, sizeof seen);
    fake_daemon_start(&daemon, serve_reversed);
    struct rewrap_client *client = connect_ok(&daemon);
    for (uint64_t i = 1; i <= SERVE_BATCH; i++) {
        uint64_t id = 0;
        assert_int_equal(send_key(client, "k", 0, &id).code, REWRAP_CLIENT_OK);
        assert_int_equal(id, i);
    }
    assert_int_equal(rewrap_client_in_flight(client), SERVE_BATCH);
    for (uint64_t i = SERVE_BATCH; i >= 1; i--) {
        Rewrap__Response *response = NULL;
        assert_int_equal(rewrap_client_receive(client, WAIT_MS, &response).code, REWRAP_CLIENT_OK);
        assert_int_equal(response->id, i);
        assert_false(seen[i]);
        seen[i] = true;
        assert_echo(response, "k");
        rewrap_client_response_free(response);
    }
    assert_int_equal(rewrap_client_in_flight(client), 0);
    rewrap_client_free(client);
    fake_daemon_stop(&daemon);
}

static void largest_requests_pass(void **state)
{
    (void)state;
    struct fake_daemon daemon;
    fake_daemon_start(&daemon, serve_echo);
    struct rewrap_client *client = connect_ok(&daemon);
    size_t len = FRAME_MAX_BYTES - 64;
    char *key_id = malloc(len + 1);
    assert_non_null(key_id);
    memset(key_id, 'k', len);
    key_id[len] = '\0';
    for (int i = 0; i < 3; i++) {
        assert_call_echo(client, key_id);
    }
    /* Both directions at once: more than the socket's buffers hold, with the daemon blocked on its own writes
     * meanwhile. */
    for (int i = 0; i < 20; i++) {
        uint64_t id = 0;
        assert_int_equal(send_key(client, key_id, 0, &id).code, REWRAP_CLIENT_OK);
    }
    for (int i = 0; i < 20; i++) {
        Rewrap__Response *response = NULL;
        assert_int_equal(rewrap_client_receive(client, WAIT_MS, &response).code, REWRAP_CLIENT_OK);
        rewrap_client_response_free(response);
    }
    free(key_id);
    rewrap_client_free(client);
    fake_daemon_stop(&daemon);
}

static void a_request_that_fits_no_frame(void **state)
{
    (void)state;
    struct fake_daemon daemon;
    fake_daemon_start(&daemon, serve_echo);
    struct rewrap_client *client = connect_ok(&daemon);
    static char key_id[FRAME_MAX_BYTES + 1];
    memset(key_id, 'k', FRAME_MAX_BYTES);
    uint64_t id = 77;
    assert_int_equal(send_key(client, key_id, 0, &id).code, REWRAP_CLIENT_TOO_LARGE);
    key_id[FRAME_MAX_BYTES - 16] = '\0'; /* the body fits, its frame does not */
    assert_int_equal(send_key(client, key_id, 0, &id).code, REWRAP_CLIENT_TOO_LARGE);
    assert_int_equal(id, 77);
    assert_int_equal(rewrap_client_in_flight(client), 0);
    assert_call_echo(client, "still usable");
    rewrap_client_free(client);
    fake_daemon_stop(&daemon);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_that_are_none), cmocka_unit_test(nobody_listens),
        cmocka_unit_test(socket_is_not_inherited), cmocka_unit_test(a_call_is_answered),
        cmocka_unit_test(answers_come_in_pieces),  cmocka_unit_test(answers_come_out_of_order),
        cmocka_unit_test(largest_requests_pass),   cmocka_unit_test(a_request_that_fits_no_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
