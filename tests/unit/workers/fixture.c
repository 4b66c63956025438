/* The loop, the workers and the folder that each test of this module has. */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void path_in(const struct fixture *fixture, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", fixture->dir, name);
}

unsigned fixture_fds(void)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        n++;
    }
    closedir(dir);
    return n;
}

static void on_started(void *arg, enum workers_start outcome, const char *text)
{
    struct fixture *fixture = arg;
    fixture->started++;
    fixture->outcome = outcome;
    snprintf(fixture->reason, sizeof(fixture->reason), "%s", text == NULL ? "" : text);
}

static void on_log(void *arg, int priority, const char *text)
{
    struct fixture *fixture = arg;
    size_t len = strlen(fixture->log);
    snprintf(fixture->log + len, sizeof(fixture->log) - len, "<%d>%s\n", priority, text);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/rewrap-workers-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    snprintf(fixture->pin_file, sizeof(fixture->pin_file), "%s/pin", fixture->dir);
    FILE *pin = fopen(fixture->pin_file, "we");
    assert_non_null(pin);
    fputs("1234\n", pin);
    fclose(pin);
    char gate[100];
    path_in(fixture, "gate", gate, sizeof(gate));
    assert_int_equal(mkfifo(gate, 0600), 0);

    fixture->fds_before = fixture_fds();
    fixture->base = event_base_new();
    assert_non_null(fixture->base);
    fixture->tick = event_new(fixture->base, -1, EV_PERSIST, on_tick, NULL);
    struct timeval often = {.tv_usec = 2000};
    assert_int_equal(event_add(fixture->tick, &often), 0);
    *state = fixture;
    return 0;
}

static void folder_remove(const struct fixture *fixture)
{
    static const char *const names[] = {"pin", "pin.new", "gate", "trace", "mode"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[100];
        path_in(fixture, names[i], path, sizeof(path));
        unlink(path);
    }
    assert_int_equal(rmdir(fixture->dir), 0);
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    workers_free(fixture->workers);
    event_free(fixture->tick);
    event_base_free(fixture->base);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(fixture_fds(), fixture->fds_before);
    folder_remove(fixture);
    free(fixture);
    return 0;
}

struct workers_token_settings *fixture_token(struct fixture *fixture, const char *name, const char *mode)
{
    struct workers_token_settings *token = &fixture->tokens[fixture->n_tokens++];
    *token = (struct workers_token_settings){
        .name = name,
        .module = mode,
        .init_args = fixture->dir,
        .uri = "pkcs11:token=fake",
        .pin_file = fixture->pin_file,
        .require = HSM__LEVEL__LEVEL_SEALED,
        .workers = 1,
        .max_queue = 100,
        .deadline_ms = 10000,
        .start_deadline_ms = 10000,
        .max_objects = 100000,
    };
    return token;
}

void fixture_begin(struct fixture *fixture)
{
    struct workers_settings settings = {
        .program = FAKE_WORKER, .tokens = fixture->tokens, .n_tokens = fixture->n_tokens, .turn_folder = fixture->dir};
    fixture->workers = workers_new(fixture->base, &settings, on_started, on_log, fixture);
    assert_non_null(fixture->workers);
    assert_int_equal(fixture->started, 0);
    fixture->workers->timing = (struct workers_timing){
        .backoff_first_ms = 20,
        .backoff_cap_ms = 100,
        .restart_ms = {0, 20, 60, 90},
        .soon_ms = 20,
        .served_ms = 60000,
        .grace_ms = 300,
        .pin_look_ms = 20,
        .patience_ms = 2000,
        .renewal_log_ms = 1000,
        .long_wait_max_ms = 15000,
        .wait_max_ms = 15000,
    };
}

void fixture_up(struct fixture *fixture, const char *mode, unsigned workers)
{
    fixture_token(fixture, "main", mode)->workers = workers;
    fixture_begin(fixture);
    WAIT_FOR(fixture, fixture_ready(fixture) == workers);
    assert_int_equal(fixture->started, 1);
    assert_int_equal(fixture->outcome, WORKERS_START_OK);
}

static void on_done(void *arg, enum workers_status status, const Hsm__Response *response)
{
    struct call *call = arg;
    struct fixture *fixture = call->fixture;
    call->calls++;
    call->order = ++fixture->done_calls;
    call->status = status;
    call->job = NULL;
    assert_true((response != NULL) == (status == WORKERS_ANSWERED));
    if (response != NULL) {
        call->answer = response->status;
        ProtobufCBinaryData data = response->has_plaintext ? response->plaintext : response->ciphertext;
        snprintf(call->text, sizeof(call->text), "%.*s", (int)data.len, (const char *)data.data);
    }
    if (fixture->resubmit != NULL) {
        struct call *again = fixture->resubmit;
        fixture->resubmit = NULL;
        fixture_submit(fixture, again, "again", 10000);
    }
}

void fixture_request(struct fixture *fixture, struct call *call, const char *token, Hsm__Request *request,
                     unsigned timeout_ms)
{
    *call = (struct call){.fixture = fixture};
    call->job = workers_submit(fixture->workers, token, request, timeout_ms, on_done, call);
    assert_non_null(call->job);
    assert_int_equal(call->calls, 0);
}

void fixture_make_key(struct fixture *fixture, struct call *call, unsigned timeout_ms)
{
    Hsm__MakeOpenKey make = HSM__MAKE_OPEN_KEY__INIT;
    make.has_spec = true;
    make.spec = HSM__KEY_SPEC__KEY_SPEC_RSA_4096;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.body_case = HSM__REQUEST__BODY_MAKE_OPEN_KEY;
    request.make_open_key = &make;
    fixture_request(fixture, call, NULL, &request, timeout_ms);
}

void fixture_submit(struct fixture *fixture, struct call *call, const char *text, unsigned timeout_ms)
{
    Hsm__Encrypt encrypt = HSM__ENCRYPT__INIT;
    encrypt.has_plaintext = true;
    encrypt.plaintext = (ProtobufCBinaryData){.data = (uint8_t *)text, .len = strlen(text)};
    Hsm__Request request = HSM__REQUEST__INIT;
    request.body_case = HSM__REQUEST__BODY_ENCRYPT;
    request.encrypt = &encrypt;
    fixture_request(fixture, call, NULL, &request, timeout_ms);
}

void fixture_mode(struct fixture *fixture, const char *mode)
{
    char path[100];
    path_in(fixture, "mode", path, sizeof(path));
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(mode, file);
    fclose(file);
}

unsigned fixture_trace_count(struct fixture *fixture, const char *line)
{
    char path[100];
    char text[1024];
    unsigned n = 0;
    path_in(fixture, "trace", path, sizeof(path));
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(text, sizeof(text), file) != NULL) {
        n += strncmp(text, line, strlen(line)) == 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return n;
}

bool fixture_gate_open(struct fixture *fixture)
{
    char path[100];
    path_in(fixture, "gate", path, sizeof(path));
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        assert_int_equal(errno, ENXIO);
        return false;
    }
    close(fd);
    return true;
}

bool fixture_logged(const struct fixture *fixture, const char *text)
{
    return strstr(fixture->log, text) != NULL;
}

unsigned fixture_ready(const struct fixture *fixture)
{
    struct workers_token_state state;
    assert_true(workers_state(fixture->workers, NULL, &state));
    return state.ready;
}

uint64_t fixture_deadline(void)
{
    return workers_now_ms() + FIXTURE_PATIENCE_MS;
}

void fixture_turn(struct fixture *fixture, uint64_t deadline_ms, const char *condition)
{
    if (workers_now_ms() > deadline_ms) {
        fail_msg("never came true: %s\nlog:\n%s", condition, fixture->log);
    }
    assert_int_not_equal(event_base_loop(fixture->base, EVLOOP_ONCE), -1);
}
