/* The worker's end of the socket: which answers wait for one another, and which go out at once. */
#include "channel.h"

#include "proto/frame.h"
#include "proto/hsm.pb-c.h"
#include "proto/message.h"
#include "proto/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define FAST_TRIES 10000

struct fixture {
    struct progress progress;
    struct channel channel;
    int peer;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    channel_init(&fixture->channel, pair[0], &fixture->progress);
    fixture->peer = pair[1];
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    close(fixture->channel.fd);
    close(fixture->peer);
    channel_clear(&fixture->channel);
    free(fixture);
    return 0;
}

/* So many requests at hand, in one read. */
static void ask(struct fixture *fixture, uint64_t first_id, unsigned n)
{
    struct buffer frames = BUFFER_INIT(4096);
    for (unsigned i = 0; i < n; i++) {
        Hsm__Request request = HSM__REQUEST__INIT;
        request.has_id = true;
        request.id = first_id + i;
        assert_int_equal(proto_pack_frame(&request.base, &frames).code, PROTO_OK);
    }
    assert_int_equal(send(fixture->peer, frames.data, frames.len, 0), (ssize_t)frames.len);
    buffer_clear(&frames);
}

static void begin(struct fixture *fixture, uint64_t id)
{
    struct view message;
    assert_int_equal(channel_next(&fixture->channel, &message), CHANNEL_MESSAGE);
    channel_begin(&fixture->channel, id);
    assert_int_equal(atomic_load(&fixture->progress.request_id), id);
}

static void answer(struct fixture *fixture, uint64_t id)
{
    Hsm__Response response = HSM__RESPONSE__INIT;
    response.has_id = true;
    response.id = id;
    assert_true(channel_send(&fixture->channel, &response.base));
}

/* What has been sent so far, in bytes. */
static size_t sent(const struct fixture *fixture)
{
    uint8_t bytes[4096];
    ssize_t got = recv(fixture->peer, bytes, sizeof bytes, MSG_DONTWAIT | MSG_PEEK);
    return got < 0 ? 0 : (size_t)got;
}

static void work_for_ms(long ms)
{
    struct timespec start;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < ms);
}

/* The next request may take as long, or for ever: nobody should wait for it with an answer that took its time. */
static void answers_of_slow_requests_go_out_at_once(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, 1, 3);
    size_t before = 0;
    for (uint64_t id = 1; id <= 3; id++) {
        begin(fixture, id);
        work_for_ms(2);
        answer(fixture, id);
        assert_true(sent(fixture) > before);
        before = sent(fixture);
    }
}

/* How fast a request is depends on the machine; one of many is fast enough. */
static void answers_of_fast_requests_wait_for_the_next(void **state)
{
    struct fixture *fixture = *state;
    bool held = false;
    for (uint64_t id = 1; id < FAST_TRIES && !held; id += 2) {
        ask(fixture, id, 2);
        begin(fixture, id);
        answer(fixture, id);
        held = sent(fixture) == 0;
        begin(fixture, id + 1);
        answer(fixture, id + 1);
        size_t both = sent(fixture);
        assert_true(both > 0); /* nothing more is at hand */
        uint8_t bytes[4096];
        assert_int_equal(recv(fixture->peer, bytes, sizeof bytes, 0), (ssize_t)both);
    }
    assert_true(held);
}

/* Without the page nobody could tell where the worker is: nothing is held. */
static void nothing_waits_without_the_page(void **state)
{
    struct fixture *fixture = *state;
    fixture->channel.progress = NULL;
    ask(fixture, 1, 2);
    struct view message;
    assert_int_equal(channel_next(&fixture->channel, &message), CHANNEL_MESSAGE);
    channel_begin(&fixture->channel, 1);
    answer(fixture, 1);
    assert_true(sent(fixture) > 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

/* What one request has waited is no wait of the next. */
static void a_wait_is_of_one_request(void **state)
{
    struct fixture *fixture = *state;
    channel_begin(&fixture->channel, 7);
    channel_say_waited(&fixture->channel, 120);
    assert_int_equal(atomic_load(&fixture->progress.waited_ms), 120);
    assert_int_equal(channel_waited_ms(&fixture->channel), 120);
    channel_begin(&fixture->channel, 8);
    assert_int_equal(atomic_load(&fixture->progress.waited_ms), 0);
    fixture->channel.progress = NULL;
    channel_say_waited(&fixture->channel, 120);
    assert_int_equal(channel_waited_ms(&fixture->channel), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_of_slow_requests_go_out_at_once),
        TEST(answers_of_fast_requests_wait_for_the_next),
        TEST(nothing_waits_without_the_page),
        TEST(a_wait_is_of_one_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
