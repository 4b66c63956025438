/* The life of the daemon: start, reload, stop; see server.h. */
#include "server.h"

#include "base/wipe.h"
#include "callers.h"
#include "connection.h"
#include "listener.h"
#include "log.h"
#include "proto/frame.h"
#include "registry/registry.h"
#include "workers/workers.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define SWEEP_INTERVAL_MS 250
#define STOP_AT_MOST_MS   15000 /* a stop waits this long for what was taken; less than systemd's patience of 90 s */

int64_t server_now_ms(const struct server *server)
{
    (void)server;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t wall_clock_ms(void *arg)
{
    (void)arg;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------ sockets */

static void close_listeners(struct server *server)
{
    for (size_t i = 0; i < server->n_listeners; i++) {
        listener_free(server->listeners[i]);
    }
    server->n_listeners = 0;
}

static bool open_listeners(struct server *server)
{
    char error[512];
    for (size_t i = 0; i < server->settings->n_listeners; i++) {
        struct listener *listener = listener_new(server, &server->settings->listeners[i], error, sizeof error);
        if (listener == NULL) {
            log_error("%s; not starting", error);
            return false;
        }
        server->listeners[server->n_listeners++] = listener;
    }
    return true;
}

/* ------------------------------------------------------------------ stopping */

static void leave(struct server *server, int exit_code)
{
    server->exit_code = exit_code;
    event_base_loopbreak(server->base);
}

static void stop(struct server *server, const char *why)
{
    if (server->phase == SERVER_STARTING) {
        log_notice("%s while starting; leaving", why);
        leave(server, 0);
        return;
    }
    if (server->phase == SERVER_STOPPING) {
        log_notice("%s again; leaving at once", why);
        leave(server, 0);
        return;
    }
    log_notice("%s: finishing %zu requests, refusing new ones", why, operations_running(&server->operations));
    sd_notify(0, "STOPPING=1");
    server->phase = SERVER_STOPPING;
    server->stop_deadline_ms = server_now_ms(server) + STOP_AT_MOST_MS;
    close_listeners(server);
}

static bool everything_finished(const struct server *server)
{
    return operations_running(&server->operations) == 0 && registry_waiting(server->registry) == 0 &&
           connections_drained(server);
}

static void on_sweep(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    struct server *server = arg;
    connections_sweep(server);
    if (server->phase == SERVER_SERVING) {
        operations_sweep(&server->operations);
    }
    operations_go_on(&server->operations);
    if (server->phase != SERVER_STOPPING) {
        return;
    }
    if (everything_finished(server)) {
        log_notice("stopped");
        leave(server, 0);
    } else if (server_now_ms(server) > server->stop_deadline_ms) {
        log_warning("stopped with %zu requests unfinished", operations_running(&server->operations));
        leave(server, 0);
    }
}

static void on_flush(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    struct server *server = arg;
    connections_flush(server);
    if (server->accepted_this_turn > 0) {
        server->accepted_this_turn = 0;
        for (size_t i = 0; i < server->n_listeners; i++) {
            listener_resume(server->listeners[i]);
        }
    }
}

static void on_signal(evutil_socket_t number, short events, void *arg)
{
    (void)events;
    if (number == SIGHUP) {
        server_reload(arg);
    } else {
        stop(arg, number == SIGTERM ? "SIGTERM" : "SIGINT");
    }
}

/* ------------------------------------------------------------------ starting */

/* For the parts that are modules of their own: workers and operations. */
static void on_module_log(void *arg, int priority, const char *text)
{
    (void)arg;
    log_line(priority, "%s", text);
}

static void on_workers_started(void *arg, enum workers_start outcome, const char *text)
{
    struct server *server = arg;
    if (outcome != WORKERS_START_OK) {
        log_error("%s; not starting", text);
        leave(server, outcome == WORKERS_START_CONFIG ? EX_CONFIG : EX_TEMPFAIL);
        return;
    }
    if (!open_listeners(server)) {
        leave(server, EX_CONFIG);
        return;
    }
    server->phase = SERVER_SERVING;
    log_notice("serving in %s; keys: %zu, aliases: %zu, registry: %s", server->settings->region,
               registry_keys(server->registry), registry_aliases(server->registry), server->registry_path);
    for (size_t i = 0; i < server->settings->n_tokens; i++) {
        const char *token = server->settings->tokens[i].name;
        log_notice("token %s: %zu spare sealed keys", token, operations_spares(&server->operations, token));
    }
    sd_notify(0, "READY=1");
    if (server->reload_wanted) {
        server_reload(server);
    }
}

static void on_damaged_policy(void *arg, const char *what)
{
    const struct server *server = arg;
    log_error("%s: %s; it denies everybody everything until another is put in its place", server->registry_path, what);
}

static bool open_registry(struct server *server)
{
    const char *path = server->registry_path;
    bool is_new = access(path, F_OK) != 0 && errno == ENOENT;
    struct registry_result opened = registry_open(server->base, path, &server->registry);
    if (opened.code != REGISTRY_OK) {
        log_error("%s: %s; not starting", path, opened.detail);
        return false;
    }
    if (is_new) {
        log_warning("%s: there was no registry, made a new one: no key of the token is in use", path);
    }
    registry_on_damaged_policy(server->registry, on_damaged_policy, server);
    server->operations.registry = server->registry;
    return true;
}

static bool start_workers(struct server *server)
{
    const struct settings *settings = server->settings;
    struct workers_token_settings tokens[SETTINGS_MAX_TOKENS];
    for (size_t i = 0; i < settings->n_tokens; i++) {
        const struct settings_token *token = &settings->tokens[i];
        tokens[i] = (struct workers_token_settings){
            .name = token->name,
            .module = token->module,
            .init_args = token->init_args,
            .uri = token->uri,
            .pin_file = token->pin_file,
            .require = (Hsm__Level)token->require,
            .workers = token->workers,
            .max_queue = token->max_queue,
            .deadline_ms = token->deadline_ms,
            .start_deadline_ms = token->start_deadline_ms,
            .max_objects = token->max_objects,
            .has_binding_check = token->has_binding_root,
        };
        static_assert(sizeof tokens[i].binding_check == sizeof token->binding_root, "one check value");
        memcpy(tokens[i].binding_check, token->binding_root, sizeof tokens[i].binding_check);
    }
    struct workers_settings wanted = {.program = settings->worker,
                                      .tokens = tokens,
                                      .n_tokens = settings->n_tokens,
                                      .turn_folder = settings->state_dir};
    server->workers = workers_new(server->base, &wanted, on_workers_started, on_module_log, server);
    if (server->workers == NULL) {
        log_error("%s: the workers cannot be started; not starting", settings->worker);
    }
    server->operations.workers = server->workers;
    return server->workers != NULL;
}

static bool make_events(struct server *server)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    server->flush = event_new(server->base, -1, 0, on_flush, server);
    server->sweep = event_new(server->base, -1, EV_PERSIST, on_sweep, server);
    if (server->flush == NULL || server->sweep == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        server->signals[i] = evsignal_new(server->base, numbers[i], on_signal, server);
        if (server->signals[i] == NULL || event_add(server->signals[i], NULL) != 0) {
            return false;
        }
    }
    return event_add(server->sweep, &(struct timeval){.tv_usec = SWEEP_INTERVAL_MS * 1000}) == 0;
}

static void clear(struct server *server)
{
    close_listeners(server);
    connections_close(server);
    caller_counts_free(server->callers);
    caller_counts_free(server->requests);
    workers_free(server->workers);
    operations_clear(&server->operations);
    registry_free(server->registry);
    for (size_t i = 0; i < sizeof server->signals / sizeof server->signals[0]; i++) {
        if (server->signals[i] != NULL) {
            event_free(server->signals[i]);
        }
    }
    if (server->flush != NULL) {
        event_free(server->flush);
    }
    if (server->sweep != NULL) {
        event_free(server->sweep);
    }
    if (server->base != NULL) {
        event_base_free(server->base);
    }
    buffer_clear(&server->frame);
    settings_free(server->settings);
}

int server_run(const char *config_path, struct settings *settings)
{
    /* A plaintext that Encrypt takes passes through libevent's buffers: what they give back is erased. */
    event_set_mem_functions(wiping_malloc, wiping_realloc, wiping_free);
    struct server server = {.config_path = config_path,
                            .settings = settings,
                            .frame = BUFFER_INIT(FRAME_HEADER_BYTES + FRAME_MAX_BYTES),
                            .exit_code = EX_OSERR};
    LIST_INIT(&server.connections);
    STAILQ_INIT(&server.dirty);
    server.callers = caller_counts_new();
    server.requests = caller_counts_new();
    server.operations.clock = wall_clock_ms;
    server.operations.log = on_module_log;
    server_apply_settings(&server);
    signal(SIGPIPE, SIG_IGN);
    server.base = event_base_new();
    if (server.base == NULL || server.callers == NULL || server.requests == NULL || !make_events(&server)) {
        log_error("the event loop cannot be made; not starting");
    } else if (open_registry(&server) && start_workers(&server)) {
        event_base_dispatch(server.base);
    }
    clear(&server);
    return server.exit_code;
}
