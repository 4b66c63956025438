/* How workers come up: in which order, with what, and what happens when they cannot. */
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void pin_write(struct fixture *fixture, const char *pin)
{
    char path[100];
    snprintf(path, sizeof(path), "%s/pin.new", fixture->dir);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(pin, file);
    fclose(file);
    assert_int_equal(rename(path, fixture->pin_file), 0);
}

/* Turns the loop until the waits of the supervision have passed many times over. */
static void let_time_pass(struct fixture *fixture, uint64_t ms)
{
    uint64_t until = workers_now_ms() + ms;
    WAIT_FOR(fixture, workers_now_ms() >= until);
}

static void comes_up(void **state)
{
    struct fixture *fixture = *state;
    struct workers_token_settings *token = fixture_token(fixture, "main", "ready");
    token->max_objects = 77;
    token->has_binding_check = true;
    token->binding_check[15] = 99;
    fixture_begin(fixture);
    struct workers_token_state shown;
    assert_true(workers_state(fixture->workers, "main", &shown));
    assert_int_equal(shown.ready, 0);
    assert_int_equal(shown.configured, 1);
    WAIT_FOR(fixture, fixture->started > 0);
    assert_int_equal(fixture->outcome, WORKERS_START_OK);
    assert_true(workers_state(fixture->workers, "main", &shown));
    assert_string_equal(shown.name, "main");
    assert_int_equal(shown.ready, 1);
    assert_int_equal(shown.level, HSM__LEVEL__LEVEL_SEALED);
    assert_true(shown.pads_payloads);
    assert_int_equal(shown.payload_max_bytes, 256);
    assert_false(shown.stopped_by_pin);
    assert_int_equal(shown.n_algorithms, 1);
    assert_int_equal(shown.algorithms[0], HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT);
    assert_int_equal(workers_tokens(fixture->workers), 1);
    assert_string_equal(workers_token_name(fixture->workers, 0), "main");
    assert_null(workers_token_name(fixture->workers, 1));
    assert_false(workers_state(fixture->workers, "other", &shown));

    char line[256];
    snprintf(line, sizeof(line), "start ready pkcs11:token=fake %s 2 77\n", fixture->pin_file);
    assert_int_equal(fixture_trace_count(fixture, line), 1);
    snprintf(line, sizeof(line), "turns in %s\n", fixture->dir);
    assert_int_equal(fixture_trace_count(fixture, line), 1);
    assert_int_equal(fixture_trace_count(fixture, "binding check of 16 bytes, the last is 99\n"), 1);
    assert_true(fixture_logged(fixture, "started"));
    assert_true(fixture_logged(fixture, "is ready"));
}

/* Nothing of ours reaches the child but its socket. */
static void inherits_nothing(void **state)
{
    struct fixture *fixture = *state;
    int inheritable = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, as a library might */
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    signal(SIGPIPE, SIG_IGN);
    setenv("NOTIFY_SOCKET", "/run/systemd/notify", 1);
    setenv("FAKE", "1", 1);
    fixture_up(fixture, "ready", 1);
    struct call call;
    fixture_submit(fixture, &call, "inspect", 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_string_equal(
        call.text, "fds 5, stdin /dev/null, SIGUSR1 open, SIGPIPE default, NOTIFY_SOCKET unset, FAKE set, group own");
    unsetenv("NOTIFY_SOCKET");
    unsetenv("FAKE");
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(inheritable);
}

/* While the first worker of a token has not come up, no second one is started; then one after another. */
static void starts_one_at_a_time(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "gated")->workers = 3;
    fixture_begin(fixture);
    for (unsigned up = 0; up < 3; up++) {
        WAIT_FOR(fixture, fixture_trace_count(fixture, "start") == up + 1);
        let_time_pass(fixture, 50);
        assert_int_equal(fixture_trace_count(fixture, "start"), up + 1);
        assert_int_equal(fixture->started, up > 0);
        WAIT_FOR(fixture, fixture_gate_open(fixture));
        WAIT_FOR(fixture, fixture_ready(fixture) == up + 1);
    }
}

/* Tokens are introduced one after another, before any second worker. */
static void introduces_tokens_in_turn(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "one", "gated,one")->workers = 2;
    fixture_token(fixture, "two", "gated,two");
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start gated,one") == 1);
    let_time_pass(fixture, 50);
    assert_int_equal(fixture_trace_count(fixture, "start gated,two"), 0);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start gated,two") == 1);
    assert_int_equal(fixture_trace_count(fixture, "start gated,one"), 1);
    assert_int_equal(fixture->started, 0);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, fixture->started == 1);
    assert_int_equal(fixture->outcome, WORKERS_START_OK);
    WAIT_FOR(fixture, fixture_trace_count(fixture, "start gated,one") == 2);
    WAIT_FOR(fixture, fixture_gate_open(fixture));
    WAIT_FOR(fixture, fixture_ready(fixture) == 2);
    assert_int_equal(fixture->started, 1);
}

struct refusal_row {
    const char *mode;
    enum workers_start outcome;
    const char *said[3];
};

static const struct refusal_row refusals[] = {
    {"module-absent", WORKERS_START_CONFIG, {"module-absent", "tried in vain??[31m"}},
    {"module-fails", WORKERS_START_RETRY, {"module-fails", "(CKR 0xA0)"}},
    {"token-absent", WORKERS_START_RETRY, {"no token matches pkcs11:token=fake"}},
    {"pin-unreadable", WORKERS_START_CONFIG, {"cannot be read from /tmp/rewrap-workers-"}},
    {"pin-wrong",
     WORKERS_START_CONFIG,
     {"refused the PIN in /tmp/rewrap-workers-", "no further attempt is made with this PIN", "(CKR 0xA0)"}},
    {"pin-locked", WORKERS_START_CONFIG, {"locked", "no further attempt is made with this PIN"}},
    {"no-ceremony", WORKERS_START_CONFIG, {"rewrapctl ceremony init"}},
    {"low-level", WORKERS_START_CONFIG, {"`require`"}},
    {"token-fault", WORKERS_START_RETRY, {"token", "(CKR 0xA0)"}},
    {"sensitive", WORKERS_START_RETRY, {"below the required level"}},
    {"exits", WORKERS_START_RETRY, {"exited with code 5"}},
    {"silent", WORKERS_START_RETRY, {"start-deadline-ms"}},
    {"garbage", WORKERS_START_RETRY, {"cannot be read"}},
    {"no-level", WORKERS_START_RETRY, {"without a known level"}},
    {"odd-level", WORKERS_START_RETRY, {"without a known level"}},
    {"no-algorithms", WORKERS_START_RETRY, {"algorithms"}},
    {"many-algorithms", WORKERS_START_RETRY, {"algorithms"}},
    {"odd-algorithm", WORKERS_START_RETRY, {"unknown algorithm"}},
    {"empty-hello", WORKERS_START_RETRY, {"without a known status"}},
    {"no-hello", WORKERS_START_RETRY, {"without its Hello"}},
    {"hello-twice", WORKERS_START_RETRY, {"second Hello"}},
    {"odd-hello-id", WORKERS_START_RETRY, {"another id"}},
    {"odd-object-spec", WORKERS_START_RETRY, {"key spec"}},
    {"odd-object-boundary", WORKERS_START_RETRY, {"boundary"}},
    {"short-object-id", WORKERS_START_RETRY, {"32 bytes"}},
};

static void says_why_it_cannot_start(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        fixture->n_tokens = 0;
        fixture->started = 0;
        struct workers_token_settings *token = fixture_token(fixture, "main", refusals[i].mode);
        token->workers = 2;
        token->start_deadline_ms = strcmp(refusals[i].mode, "silent") == 0 ? 100 : 10000;
        fixture_begin(fixture);
        WAIT_FOR(fixture, fixture->started > 0);
        assert_int_equal(fixture->outcome, refusals[i].outcome);
        for (size_t j = 0; j < 3 && refusals[i].said[j] != NULL; j++) {
            if (strstr(fixture->reason, refusals[i].said[j]) == NULL) {
                fail_msg("%s: \"%s\" is not in \"%s\"", refusals[i].mode, refusals[i].said[j], fixture->reason);
            }
        }
        assert_false(fixture_logged(fixture, fixture->reason)); /* its owner does */
        assert_int_equal(fixture_ready(fixture), 0);
        workers_free(fixture->workers);
        fixture->workers = NULL;
        assert_int_equal(fixture->started, 1);
    }
}

static void tries_a_refused_pin_once(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "pin-wrong")->workers = 3;
    fixture_token(fixture, "again", "pin-wrong"); /* another section for the same token and PIN */
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture->started > 0);
    let_time_pass(fixture, 400); /* several backoffs and looks at the file */
    assert_int_equal(fixture_trace_count(fixture, "start"), 1);
    struct workers_token_state shown;
    assert_true(workers_state(fixture->workers, NULL, &shown));
    assert_true(shown.stopped_by_pin);
    struct call call;
    fixture_submit(fixture, &call, "x", 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_DOWN);

    assert_int_equal(unlink(fixture->pin_file), 0); /* no file is no new PIN */
    let_time_pass(fixture, 100);
    assert_int_equal(fixture_trace_count(fixture, "start"), 1);
    fixture_mode(fixture, "ready");
    uint64_t until = workers_now_ms() + 200; /* a file that is being written is left alone */
    for (uint64_t deadline_ms = fixture_deadline(); workers_now_ms() < until;) {
        pin_write(fixture, "rig");
        fixture_turn(fixture, deadline_ms, "the file settles");
    }
    assert_int_equal(fixture_trace_count(fixture, "start"), 1);
    pin_write(fixture, "right\n");
    WAIT_FOR(fixture, fixture_ready(fixture) == 3);
    assert_true(workers_state(fixture->workers, NULL, &shown));
    assert_false(shown.stopped_by_pin);
    assert_true(fixture_logged(fixture, "the PIN file has changed"));
}

static void tries_each_pin_once(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "pin-wrong");
    fixture_begin(fixture);
    for (unsigned attempt = 1; attempt <= 3; attempt++) {
        WAIT_FOR(fixture,
                 fixture_trace_count(fixture, "start") == attempt && fixture->workers->tokens[0].stopped_by_pin);
        let_time_pass(fixture, 150);
        assert_int_equal(fixture_trace_count(fixture, "start"), attempt);
        pin_write(fixture, attempt == 1 ? "second" : "the third");
    }
    assert_int_equal(fixture->started, 1);
}

/* A worker that serves is left alone when the PIN of the next one is refused. */
static void keeps_what_serves_when_the_pin_is_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture_up(fixture, "ready", 2);
    fixture_mode(fixture, "pin-wrong");
    struct call crash;
    fixture_submit(fixture, &crash, "crash", 10000);
    WAIT_FOR(fixture, fixture_logged(fixture, "no further attempt"));
    let_time_pass(fixture, 200);
    assert_int_equal(fixture_trace_count(fixture, "start"), 3);
    assert_int_equal(fixture_ready(fixture), 1);
    struct call call;
    fixture_submit(fixture, &call, "still here", 10000);
    WAIT_FOR(fixture, call.calls > 0);
    assert_int_equal(call.status, WORKERS_ANSWERED);
}

/* An owner who goes on after a failed start gets his worker when the fault is mended, and the backoff grows until then.
 */
static void recovers_from_a_failed_start(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "token-absent");
    fixture_token(fixture, "other", "ready")->uri = "pkcs11:token=other";
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_logged(fixture, "next start in 100 ms"));
    assert_true(fixture_logged(fixture, "next start in 20 ms"));
    assert_true(fixture_logged(fixture, "next start in 40 ms"));
    assert_true(fixture_logged(fixture, "next start in 80 ms"));
    assert_false(fixture_logged(fixture, "next start in 0 ms"));
    assert_int_equal(fixture->started, 1);
    assert_int_equal(fixture->outcome, WORKERS_START_RETRY);
    struct workers_token_state shown;
    assert_true(workers_state(fixture->workers, "other", &shown));
    assert_int_equal(shown.ready, 1);
    fixture_mode(fixture, "ready");
    WAIT_FOR(fixture, fixture_ready(fixture) == 1);
    assert_int_equal(fixture->started, 1);
}

static void refuses_unsound_settings(void **state)
{
    struct fixture *fixture = *state;
    struct workers_token_settings *token = fixture_token(fixture, "main", "ready");
    struct workers_settings settings = {
        .program = "/nonexistent/rewrapd-hsm", .tokens = fixture->tokens, .n_tokens = 1};
    assert_null(workers_new(fixture->base, &settings, NULL, NULL, NULL));
    settings.program = "/bin/true";
    settings.n_tokens = 0;
    assert_null(workers_new(fixture->base, &settings, NULL, NULL, NULL));
    settings.n_tokens = 1;
    token->workers = 0;
    assert_null(workers_new(fixture->base, &settings, NULL, NULL, NULL));
    token->workers = WORKERS_MAX_PER_TOKEN + 1;
    assert_null(workers_new(fixture->base, &settings, NULL, NULL, NULL));
    token->workers = 1;
    token->pin_file = NULL;
    assert_null(workers_new(fixture->base, &settings, NULL, NULL, NULL));
    token->pin_file = fixture->pin_file;
    token->max_queue = 0;
    assert_null(workers_new(fixture->base, &settings, NULL, NULL, NULL));
}

/* A file that may be executed, but is no program. */
static void reports_a_program_that_does_not_run(void **state)
{
    struct fixture *fixture = *state;
    fixture_token(fixture, "main", "ready");
    fixture_begin(fixture);
    free(fixture->workers->program);
    fixture->workers->program = strdup(fixture->pin_file);
    assert_int_equal(chmod(fixture->pin_file, 0700), 0);
    WAIT_FOR(fixture, fixture->started > 0);
    assert_int_equal(fixture->outcome, WORKERS_START_RETRY);
    /* Under valgrind posix_spawn cannot tell, and the child's exit does. */
    assert_true(strstr(fixture->reason, "cannot start") != NULL ||
                strstr(fixture->reason, "exited with code 127") != NULL);
    WAIT_FOR(fixture, fixture_logged(fixture, "next start in 40 ms"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(comes_up),
        TEST(inherits_nothing),
        TEST(starts_one_at_a_time),
        TEST(introduces_tokens_in_turn),
        TEST(says_why_it_cannot_start),
        TEST(tries_a_refused_pin_once),
        TEST(tries_each_pin_once),
        TEST(keeps_what_serves_when_the_pin_is_refused),
        TEST(recovers_from_a_failed_start),
        TEST(refuses_unsound_settings),
        TEST(reports_a_program_that_does_not_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
