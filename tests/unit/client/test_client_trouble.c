/* librewrap against daemons that answer wrongly, late or never. */
#include "calls.h"
#include "serve.h"

#include "proto/frame.h"
#include "proto/message.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* One call to a daemon that answers with `bytes` and closes: how it ends, and that it ends so again. */
static void assert_planned(const void *bytes, size_t len, enum rewrap_client_code expected)
{
    struct fake_daemon daemon;
    serve_plan = BUFFER_INIT(FRAME_MAX_BYTES * 4);
    assert_true(buffer_append(&serve_plan, bytes, len));
    fake_daemon_start(&daemon, serve_planned);
    struct rewrap_client *client = connect_ok(&daemon);
    Rewrap__Response *response = NULL;
    assert_int_equal(call_key(client, "k", 0, &response).code, expected);
    assert_null(response);
    assert_int_equal(call_key(client, "k", 0, &response).code, expected);
    assert_null(response);
    rewrap_client_free(client);
    buffer_clear(&serve_plan);
    fake_daemon_stop(&daemon);
}

static void assert_planned_buffer(struct buffer *bytes, enum rewrap_client_code expected)
{
    assert_planned(bytes->data, bytes->len, expected);
    buffer_clear(bytes);
}

/* ------------------------------------------------------------------ bad answers */

static void garbage_is_no_answer(void **state)
{
    (void)state;
    assert_planned("\xff\xff\xff\xff garbage", 12, REWRAP_CLIENT_PROTOCOL); /* a length beyond every limit */
    assert_planned("\0\0\0\0", 4, REWRAP_CLIENT_PROTOCOL);                  /* no message */
    assert_planned("\0\0\0\4\xff\xff\xff\xff", 8, REWRAP_CLIENT_PROTOCOL);  /* not protobuf */
    assert_planned("HTTP/1.1 400 Bad Request\r\n\r\n", 28, REWRAP_CLIENT_PROTOCOL);
    assert_planned("\0\0\0\2\x08\x01", 6, REWRAP_CLIENT_PROTOCOL); /* id 1 and nothing else */
}

static void foreign_ids_are_no_answer(void **state)
{
    (void)state;
    const uint64_t ids[] = {0, 3, UINT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct buffer bytes = BUFFER_INIT(1024);
        fake_frame_body(&bytes, ids[i], view_of("", 0));
        assert_planned_buffer(&bytes, REWRAP_CLIENT_PROTOCOL);
    }
    assert_planned("\0\0\0\2\x12\x00", 6, REWRAP_CLIENT_PROTOCOL); /* a body that answers no id */
}

static void answers_nobody_asked_for(void **state)
{
    (void)state;
    struct fake_daemon daemon;
    serve_plan = BUFFER_INIT(4096);
    fake_frame_body(&serve_plan, 1, view_of("", 0));
    fake_frame_body(&serve_plan, 1, view_of("", 0));
    fake_daemon_start(&daemon, serve_planned);
    struct rewrap_client *client = connect_ok(&daemon);
    Rewrap__Response *response = NULL;
    assert_int_equal(call_key(client, "k", 0, &response).code, REWRAP_CLIENT_OK);
    rewrap_client_response_free(response);
    assert_int_equal(rewrap_client_receive(client, WAIT_MS, &response).code, REWRAP_CLIENT_PROTOCOL);
    rewrap_client_free(client);
    buffer_clear(&serve_plan);
    fake_daemon_stop(&daemon);
}

static void the_end_in_the_middle(void **state)
{
    (void)state;
    struct buffer bytes = BUFFER_INIT(1024);
    fake_frame_body(&bytes, 1, view_of("0123456789", 10));
    for (size_t len = 0; len < bytes.len; len++) {
        assert_planned(bytes.data, len, REWRAP_CLIENT_CLOSED);
    }
    buffer_clear(&bytes);
}

static void the_last_words_are_heard(void **state)
{
    (void)state;
    struct fake_daemon daemon;
    serve_plan = BUFFER_INIT(4096);
    fake_frame_error(&serve_plan, NULL, "SerializationException", "too long");
    fake_daemon_start(&daemon, serve_planned);
    struct rewrap_client *client = connect_ok(&daemon);
    Rewrap__Response *response = NULL;
    assert_int_equal(call_key(client, "k", 0, &response).code, REWRAP_CLIENT_OK);
    assert_int_equal(response->result_case, REWRAP__RESPONSE__RESULT_ERROR);
    assert_string_equal(response->error->code, "SerializationException");
    rewrap_client_response_free(response);
    response = NULL;
    assert_int_equal(rewrap_client_receive(client, WAIT_MS, &response).code, REWRAP_CLIENT_CLOSED);
    assert_null(response);
    rewrap_client_free(client);
    buffer_clear(&serve_plan);
    fake_daemon_stop(&daemon);
}

static void a_closed_connection_raises_no_signal(void **state)
{
    (void)state;
    struct fake_daemon daemon;
    fake_daemon_start(&daemon, serve_close);
    struct rewrap_client *client = connect_ok(&daemon);
    struct rewrap_client_result result = {0};
    static char key_id[8192];
    memset(key_id, 'k', sizeof key_id - 1);
    for (int i = 0; i < 1000 && result.code == REWRAP_CLIENT_OK; i++) {
        uint64_t id = 0;
        result = send_key(client, key_id, 0, &id);
    }
    assert_int_equal(result.code, REWRAP_CLIENT_CLOSED);
    Rewrap__Response *response = NULL;
    assert_int_equal(rewrap_client_receive(client, WAIT_MS, &response).code, REWRAP_CLIENT_CLOSED);
    rewrap_client_free(client);
    fake_daemon_stop(&daemon);
}

/* ------------------------------------------------------------------ time */

static void no_answer_in_time(void **state)
{
    (void)state;
    struct fake_daemon daemon;
    fake_daemon_start(&daemon, serve_silence);
    struct rewrap_client *client = connect_ok(&daemon);
    Rewrap__Response *response = NULL;
    uint64_t id = 0;
    assert_int_equal(rewrap_client_receive(client, 0, &response).code, REWRAP_CLIENT_TIMEOUT);
    assert_int_equal(send_key(client, "k", 0, &id).code, REWRAP_CLIENT_OK);
    assert_int_equal(rewrap_client_receive(client, 50, &response).code, REWRAP_CLIENT_TIMEOUT);
    assert_null(response);
    assert_int_equal(rewrap_client_in_flight(client), 1);
    rewrap_client_free(client);
    fake_daemon_stop(&daemon);
}

static void a_late_answer_is_dropped(void **state)
{
    (void)state;
    struct fake_daemon daemon;
    fake_daemon_start(&daemon, serve_late);
    struct rewrap_client *client = connect_ok(&daemon);
    Rewrap__Response *response = NULL;
    assert_int_equal(call_key(client, "first", 1, &response).code, REWRAP_CLIENT_TIMEOUT);
    assert_null(response);
    assert_call_echo(client, "second");
    rewrap_client_free(client);
    fake_daemon_stop(&daemon);
}

static void a_daemon_that_does_not_read(void **state)
{
    (void)state;
    struct fake_daemon daemon;
    fake_daemon_start(&daemon, serve_deaf);
    struct rewrap_client *client = connect_ok(&daemon);
    struct rewrap_client_result result = {0};
    static char key_id[100000];
    memset(key_id, 'k', sizeof key_id - 1);
    int sent = 0;
    for (; sent < 1000 && result.code == REWRAP_CLIENT_OK; sent++) {
        uint64_t id = 0;
        result = send_key(client, key_id, 50, &id);
    }
    assert_int_equal(result.code, REWRAP_CLIENT_TIMEOUT);
    assert_true(sent > 1 && sent < 1000);
    assert_int_equal(rewrap_client_flush(client, 10).code, REWRAP_CLIENT_TIMEOUT);
    rewrap_client_free(client);
    fake_daemon_stop(&daemon);
}

static void answers_that_nobody_receives(void **state)
{
    (void)state;
    struct fake_daemon daemon;
    fake_daemon_start(&daemon, serve_flood);
    struct rewrap_client *client = connect_ok(&daemon);
    struct rewrap_client_result result = {0};
    static char key_id[100000];
    memset(key_id, 'k', sizeof key_id - 1);
    size_t sent = 0;
    for (; sent < 1000 && result.code == REWRAP_CLIENT_OK; sent++) {
        uint64_t id = 0;
        result = send_key(client, key_id, WAIT_MS, &id);
    }
    assert_int_equal(result.code, REWRAP_CLIENT_UNREAD);
    assert_int_equal(rewrap_client_in_flight(client), sent - 1);
    Rewrap__Response *response = NULL;
    assert_int_equal(rewrap_client_receive(client, WAIT_MS, &response).code, REWRAP_CLIENT_OK);
    rewrap_client_response_free(response);
    rewrap_client_free(client);
    fake_daemon_stop(&daemon);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage_is_no_answer),        cmocka_unit_test(foreign_ids_are_no_answer),
        cmocka_unit_test(answers_nobody_asked_for),    cmocka_unit_test(the_end_in_the_middle),
        cmocka_unit_test(the_last_words_are_heard),    cmocka_unit_test(a_closed_connection_raises_no_signal),
        cmocka_unit_test(no_answer_in_time),           cmocka_unit_test(a_late_answer_is_dropped),
        cmocka_unit_test(a_daemon_that_does_not_read), cmocka_unit_test(answers_that_nobody_receives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
