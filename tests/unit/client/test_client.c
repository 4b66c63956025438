/* librewrap against daemons that answer well, late, in pieces, out of order, wrongly or never. */
#include "fake_daemon.h"

#include "proto/frame.h"
#include "proto/message.h"
#include "rewrap/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 20000 /* far beyond what anything here takes */

/* ------------------------------------------------------------------ what the daemons do */

#define MAX_BATCH 1000

/* Reads requests and answers each with its own body. */
static void serve_echo(int fd)
{
    for (Rewrap__Request *request; (request = fake_read_request(fd)) != NULL;) {
        struct buffer out = BUFFER_INIT(FRAME_MAX_BYTES * 2);
        fake_frame_body(&out, request->id, view_of(request->body.data, request->body.len));
        bool written = fake_write(fd, out.data, out.len);
        buffer_clear(&out);
        proto_free(&request->base);
        if (!written) {
            return;
        }
    }
}

/* Reads MAX_BATCH requests, then answers them last first in one write. */
static void serve_reversed(int fd)
{
    static Rewrap__Request *requests[MAX_BATCH];
    struct buffer out = BUFFER_INIT(FRAME_MAX_BYTES * 16);
    for (size_t i = 0; i < MAX_BATCH; i++) {
        requests[i] = fake_read_request(fd);
        if (requests[i] == NULL) {
            return;
        }
    }
    for (size_t i = MAX_BATCH; i-- > 0;) {
        fake_frame_body(&out, requests[i]->id, view_of(requests[i]->body.data, requests[i]->body.len));
        proto_free(&requests[i]->base);
    }
    fake_write(fd, out.data, out.len);
    buffer_clear(&out);
    fake_read_request(fd); /* until the client has gone */
}

/* A byte in each write; the client reads what it gets. */
static void serve_bytewise(int fd)
{
    for (Rewrap__Request *request; (request = fake_read_request(fd)) != NULL;) {
        struct buffer out = BUFFER_INIT(FRAME_MAX_BYTES * 2);
        fake_frame_body(&out, request->id, view_of(request->body.data, request->body.len));
        for (size_t i = 0; i < out.len; i++) {
            fake_write(fd, out.data + i, 1);
        }
        buffer_clear(&out);
        proto_free(&request->base);
    }
}

/* Bytes that answer the first request; the client has to read them before the connection ends. */
static struct buffer planned;

static void serve_planned(int fd)
{
    Rewrap__Request *request = fake_read_request(fd);
    fake_write(fd, planned.data, planned.len);
    proto_free(request == NULL ? NULL : &request->base);
}

static void serve_close(int fd)
{
    (void)fd;
}

/* Takes everything, answers nothing. */
static void serve_silence(int fd)
{
    char byte;
    while (read(fd, &byte, 1) == 1) {
    }
}

/* Does not even read. */
static void serve_deaf(int fd)
{
    struct pollfd gone = {.fd = fd, .events = 0};
    poll(&gone, 1, -1);
}

/* Answers the first request only after the second came. */
static void serve_late(int fd)
{
    Rewrap__Request *first = fake_read_request(fd);
    Rewrap__Request *second = fake_read_request(fd);
    struct buffer out = BUFFER_INIT(FRAME_MAX_BYTES * 2);
    if (first != NULL && second != NULL) {
        fake_frame_body(&out, first->id, view_of(first->body.data, first->body.len));
        fake_frame_body(&out, second->id, view_of(second->body.data, second->body.len));
        fake_write(fd, out.data, out.len);
    }
    buffer_clear(&out);
    proto_free(first == NULL ? NULL : &first->base);
    proto_free(second == NULL ? NULL : &second->base);
}

/* Answers without ever reading, as fast as it can. */
static void serve_flood(int fd)
{
    static uint8_t body[FRAME_MAX_BYTES / 2];
    struct buffer out = BUFFER_INIT(FRAME_MAX_BYTES * 2);
    fake_frame_body(&out, 1, view_of(body, sizeof body));
    while (fake_write(fd, out.data, out.len)) {
    }
    buffer_clear(&out);
}

/* ------------------------------------------------------------------ helpers */

static struct rewrap_client *connect_ok(const struct fake_daemon *daemon)
{
    struct rewrap_client *client = NULL;
    assert_int_equal(rewrap_client_connect(daemon->endpoint, &client).code, REWRAP_CLIENT_OK);
    return client;
}

static struct rewrap_client_result call_key(struct rewrap_client *client, const char *key_id, uint32_t timeout_ms,
                                            Rewrap__Response **ret)
{
    Rewrap__DescribeKeyRequest request = REWRAP__DESCRIBE_KEY_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    return rewrap_client_call(client, "DescribeKey", &request.base, timeout_ms, ret);
}

static struct rewrap_client_result send_key(struct rewrap_client *client, const char *key_id, uint32_t timeout_ms,
                                            uint64_t *ret_id)
{
    Rewrap__DescribeKeyRequest request = REWRAP__DESCRIBE_KEY_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    return rewrap_client_send(client, "DescribeKey", &request.base, timeout_ms, ret_id);
}

/* The echoed body is the request again. */
static void assert_echo(const Rewrap__Response *response, const char *key_id)
{
    assert_int_equal(response->result_case, REWRAP__RESPONSE__RESULT_BODY);
    ProtobufCMessage *message = NULL;
    struct proto_result result = proto_unpack(&rewrap__describe_key_request__descriptor,
                                              view_of(response->body.data, response->body.len), &message);
    assert_int_equal(result.code, PROTO_OK);
    assert_string_equal(((Rewrap__DescribeKeyRequest *)message)->key_id, key_id);
    proto_free(message);
}

static void assert_call_echo(struct rewrap_client *client, const char *key_id)
{
    Rewrap__Response *response = NULL;
    assert_int_equal(call_key(client, key_id, 0, &response).code, REWRAP_CLIENT_OK);
    assert_echo(response, key_id);
    rewrap_client_response_free(response);
}

/* One call to a daemon that answers with `bytes` and closes: how it ends, and that it ends so again. */
static void assert_planned(const void *bytes, size_t len, enum rewrap_client_code expected)
{
    struct fake_daemon daemon;
    planned = BUFFER_INIT(FRAME_MAX_BYTES * 4);
    assert_true(buffer_append(&planned, bytes, len));
    fake_daemon_start(&daemon, serve_planned);
    struct rewrap_client *client = connect_ok(&daemon);
    Rewrap__Response *response = NULL;
    assert_int_equal(call_key(client, "k", 0, &response).code, expected);
    assert_null(response);
    assert_int_equal(call_key(client, "k", 0, &response).code, expected);
    assert_null(response);
    rewrap_client_free(client);
    buffer_clear(&planned);
    fake_daemon_stop(&daemon);
}

static void assert_planned_buffer(struct buffer *bytes, enum rewrap_client_code expected)
{
    assert_planned(bytes->data, bytes->len, expected);
    buffer_clear(bytes);
}

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
    static bool seen[MAX_BATCH + 1];
    memset(seen, 0, sizeof seen);
    fake_daemon_start(&daemon, serve_reversed);
    struct rewrap_client *client = connect_ok(&daemon);
    for (uint64_t i = 1; i <= MAX_BATCH; i++) {
        uint64_t id = 0;
        assert_int_equal(send_key(client, "k", 0, &id).code, REWRAP_CLIENT_OK);
        assert_int_equal(id, i);
    }
    assert_int_equal(rewrap_client_in_flight(client), MAX_BATCH);
    for (uint64_t i = MAX_BATCH; i >= 1; i--) {
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
    planned = BUFFER_INIT(4096);
    fake_frame_body(&planned, 1, view_of("", 0));
    fake_frame_body(&planned, 1, view_of("", 0));
    fake_daemon_start(&daemon, serve_planned);
    struct rewrap_client *client = connect_ok(&daemon);
    Rewrap__Response *response = NULL;
    assert_int_equal(call_key(client, "k", 0, &response).code, REWRAP_CLIENT_OK);
    rewrap_client_response_free(response);
    assert_int_equal(rewrap_client_receive(client, WAIT_MS, &response).code, REWRAP_CLIENT_PROTOCOL);
    rewrap_client_free(client);
    buffer_clear(&planned);
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
    planned = BUFFER_INIT(4096);
    fake_frame_error(&planned, NULL, "SerializationException", "too long");
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
    buffer_clear(&planned);
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
        cmocka_unit_test(endpoints_that_are_none),     cmocka_unit_test(nobody_listens),
        cmocka_unit_test(socket_is_not_inherited),     cmocka_unit_test(a_call_is_answered),
        cmocka_unit_test(answers_come_in_pieces),      cmocka_unit_test(answers_come_out_of_order),
        cmocka_unit_test(largest_requests_pass),       cmocka_unit_test(a_request_that_fits_no_frame),
        cmocka_unit_test(garbage_is_no_answer),        cmocka_unit_test(foreign_ids_are_no_answer),
        cmocka_unit_test(answers_nobody_asked_for),    cmocka_unit_test(the_end_in_the_middle),
        cmocka_unit_test(the_last_words_are_heard),    cmocka_unit_test(a_closed_connection_raises_no_signal),
        cmocka_unit_test(no_answer_in_time),           cmocka_unit_test(a_late_answer_is_dropped),
        cmocka_unit_test(a_daemon_that_does_not_read), cmocka_unit_test(answers_that_nobody_receives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
