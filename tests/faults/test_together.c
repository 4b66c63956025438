/*
 * Several workers on one SoftHSM token that start together, again and again: under the supervision of rewrapd, which
 * starts them one after another, and without it, all in the same moment.
 */
#include "ask.h"
#include "internal.h"
#include "turns.h"

#include "proto/message.h"
#include "proto/progress.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_WORKERS = 4, ROUNDS = 17, ROUNDS_AT_ONCE = 8 };
#define PATIENCE_MS 60000

/* ---------------------------------------------------------------- under the supervision */

struct supervised {
    struct event_base *base;
    struct event *tick; /* so that a wait looks at its condition often */
    struct workers *workers;
    unsigned n;
    unsigned failed_starts;
    char last_failure[512];
    struct buffer ciphertext;
    unsigned waiting; /* requests whose answer is due */
};

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
}

static void on_started(void *arg, enum workers_start outcome, const char *text)
{
    struct supervised *supervised = arg;
    if (outcome != WORKERS_START_OK) {
        supervised->failed_starts++;
        snprintf(supervised->last_failure, sizeof supervised->last_failure, "%s", text);
    }
}

/* Every start that fails is told at LOG_ERR; a worker that is killed is not. */
static void on_log(void *arg, int priority, const char *text)
{
    struct supervised *supervised = arg;
    if (priority <= LOG_ERR && strstr(text, "SIGKILL") == NULL) {
        supervised->failed_starts++;
        snprintf(supervised->last_failure, sizeof supervised->last_failure, "%s", text);
    }
}

static void on_done(void *arg, enum workers_status status, const Hsm__Response *response)
{
    struct supervised *supervised = arg;
    supervised->waiting--;
    if (status != WORKERS_ANSWERED || response->status != HSM__STATUS__STATUS_OK) {
        fail_msg("a request ended with %d: %s", (int)status, response == NULL ? "no answer" : response->detail);
    }
}

static struct workers_worker *worker_at(struct supervised *supervised, unsigned i)
{
    return &supervised->workers->tokens[0].workers_list[i];
}

static bool all_ready(struct supervised *supervised)
{
    return supervised->workers->tokens[0].ready == supervised->n;
}

static bool all_gone(struct supervised *supervised, const pid_t *pids)
{
    for (unsigned i = 0; i < supervised->n; i++) {
        if (worker_at(supervised, i)->pid == pids[i]) {
            return false;
        }
    }
    return true;
}

/* Each says in its page which request it was at: none yet, when it is new. */
static bool all_served(struct supervised *supervised)
{
    for (unsigned i = 0; i < supervised->n; i++) {
        const struct progress *progress = worker_at(supervised, i)->progress;
        if (progress == NULL || atomic_load(&progress->request_id) == 0) {
            return false;
        }
    }
    return true;
}

#define WAIT_FOR(supervised, condition)                                                                                \
    for (uint64_t deadline_ms_ = workers_now_ms() + PATIENCE_MS; !(condition);) {                                      \
        if (workers_now_ms() > deadline_ms_) {                                                                         \
            fail_msg("never came true: %s; %s", #condition, (supervised)->last_failure);                               \
        }                                                                                                              \
        assert_int_not_equal(event_base_loop((supervised)->base, EVLOOP_ONCE), -1);                                    \
    }

static void begin_on(struct world *world, struct supervised *supervised, unsigned n, const char *module,
                     unsigned deadline_ms)
{
    *supervised = (struct supervised){.base = event_base_new(), .n = n};
    assert_non_null(supervised->base);
    supervised->tick = event_new(supervised->base, -1, EV_PERSIST, on_tick, NULL);
    struct timeval often = {.tv_usec = 2000};
    assert_int_equal(event_add(supervised->tick, &often), 0);
    struct workers_token_settings token = {
        .name = "main",
        .module = module,
        .uri = FIXTURE_URI,
        .pin_file = world->fixture->pin_file,
        .require = HSM__LEVEL__LEVEL_SEALED,
        .workers = n,
        .max_queue = 100,
        .deadline_ms = deadline_ms,
        .start_deadline_ms = PATIENCE_MS,
        .max_objects = 1000,
    };
    struct workers_settings settings = {
        .program = REWRAPD_HSM, .tokens = &token, .n_tokens = 1, .turn_folder = world->fixture->dir};
    supervised->workers = workers_new(supervised->base, &settings, on_started, on_log, supervised);
    assert_non_null(supervised->workers);
    supervised->workers->timing.served_ms = 0; /* whoever was ready is started again at once */
    WAIT_FOR(supervised, all_ready(supervised));
}

static void begin(struct world *world, struct supervised *supervised, unsigned n)
{
    begin_on(world, supervised, n, FIXTURE_MODULE, PATIENCE_MS);
}

static void end(struct supervised *supervised)
{
    workers_free(supervised->workers);
    event_free(supervised->tick);
    event_base_free(supervised->base);
}

static void submit(struct world *world, struct supervised *supervised)
{
    struct asked asked;
    ask_fill(world, ASK_RE_ENCRYPT_SEALED, &asked);
    supervised->waiting++;
    assert_non_null(workers_submit(supervised->workers, NULL, &asked.request, PATIENCE_MS, on_done, supervised));
    ask_clear(&asked);
}

static void kill_all(struct supervised *supervised)
{
    pid_t pids[MOST_WORKERS];
    for (unsigned i = 0; i < supervised->n; i++) {
        pids[i] = worker_at(supervised, i)->pid;
        assert_int_equal(kill(pids[i], SIGKILL), 0);
    }
    WAIT_FOR(supervised, all_gone(supervised, pids) && all_ready(supervised));
}

/* All are killed at once; all are up again, and each serves. */
static void test_supervised(void **state)
{
    for (unsigned n = 2; n <= MOST_WORKERS; n++) {
        struct supervised supervised;
        begin(*state, &supervised, n);
        for (int round = 0; round < ROUNDS; round++) {
            kill_all(&supervised);
            while (!all_served(&supervised)) {
                for (unsigned i = 0; i < n; i++) {
                    submit(*state, &supervised);
                }
                WAIT_FOR(&supervised, supervised.waiting == 0);
            }
            if (supervised.failed_starts != 0) {
                fail_msg("%u workers, round %d: %s", n, round, supervised.last_failure);
            }
        }
        end(&supervised);
    }
}

/* ---------------------------------------------------------------- one that waits for another */

static bool has_waited(struct supervised *supervised, unsigned ms)
{
    const struct progress *progress = worker_at(supervised, 0)->progress;
    return progress == NULL || atomic_load(&progress->waited_ms) > ms;
}

/* The others' logins take longer than the deadline of a request: whoever waits for them is not killed for it. */
static void test_a_wait_is_no_hang(void **state)
{
    enum { DEADLINE_MS = 500 };
    struct world *world = *state;
    struct supervised supervised;
    struct asked asked;
    char of_module[TURNS_PATH_BYTES];
    char of_token[TURNS_PATH_BYTES];
    turns_find(world, of_module, of_token);
    begin_on(world, &supervised, 1, LIBFAULTY, DEADLINE_MS);
    const pid_t pid = worker_at(&supervised, 0)->pid;
    int turn = turns_hold(of_token);
    world_script(world, "C_UnwrapKey 1 lose-session");
    ask_fill(world, ASK_RE_ENCRYPT_SEALED, &asked);
    supervised.waiting++;
    assert_non_null(workers_submit(supervised.workers, NULL, &asked.request, PATIENCE_MS, on_done, &supervised));
    WAIT_FOR(&supervised, has_waited(&supervised, 3 * DEADLINE_MS / 2));
    close(turn);
    WAIT_FOR(&supervised, supervised.waiting == 0);
    assert_int_equal(worker_at(&supervised, 0)->pid, pid);
    ask_clear(&asked);
    end(&supervised);
}

/* ---------------------------------------------------------------- all in the same moment */

static void start_and_ask(struct world *world, struct worker_client *clients, unsigned n)
{
    Hsm__Configure configure = worker_client_configuration(world->fixture->pin_file);
    configure.max_objects = 1000;
    configure.turn_folder = world->fixture->dir;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.has_id = true;
    request.id = 1;
    request.body_case = HSM__REQUEST__BODY_CONFIGURE;
    request.configure = &configure;
    for (unsigned i = 0; i < n; i++) {
        worker_client_start(&clients[i]);
    }
    for (unsigned i = 0; i < n; i++) {
        worker_client_send(&clients[i], &request);
    }
}

static void expect_ready(struct worker_client *client)
{
    Hsm__Response *response = worker_client_receive(client);
    assert_non_null(response->hello);
    if (response->hello->status != HSM__HELLO_STATUS__HELLO_READY) {
        fail_msg("Hello says %d: %s", (int)response->hello->status, response->hello->detail);
    }
    proto_free(&response->base);
}

static void test_at_once(void **state)
{
    struct world *world = *state;
    for (int round = 0; round < ROUNDS_AT_ONCE; round++) {
        const unsigned n = 2 + (unsigned)round % (MOST_WORKERS - 1);
        struct worker_client clients[MOST_WORKERS];
        start_and_ask(world, clients, n);
        for (unsigned i = 0; i < n; i++) {
            expect_ready(&clients[i]);
        }
        for (unsigned i = 0; i < n; i++) {
            world->client = clients[i];
            ask_well(world, ASK_RE_ENCRYPT_SEALED);
            clients[i] = world->client;
            assert_int_equal(kill(clients[i].pid, SIGKILL), 0);
            assert_int_equal(worker_client_stop(&clients[i]), -1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_a_wait_is_no_hang),
        cmocka_unit_test(test_supervised),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
