/* The life of the writer process: started, lost, started again, stopped; see store_model.h. */
#include "sqlite_writer.h"
#include "store_model.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define START_WAIT_MS    30000 /* for the first READY */
#define STOP_WAIT_MS     3000  /* for the last commit; then it is killed, which loses only what was not answered */
#define KILL_WAIT_MS     1000
#define RESTART_FIRST_MS 100 /* after a second failure without a success between; doubles */
#define RESTART_LAST_MS  5000

static void start_writer(struct store *store);

/* Only memory can be missing, and then nobody would ever be told anything again: a restart loses nothing that was
 * answered. */
static void set_timer(struct event *timer, int ms)
{
    const struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    if (event_add(timer, &wait) != 0) {
        abort();
    }
}

static void drop_event(struct event **event)
{
    if (*event != NULL) {
        event_free(*event);
        *event = NULL;
    }
}

/* ------------------------------------------------------------------ a writer that hangs */

void store_writer_heard(struct store *store)
{
    if (store->phase == PHASE_STARTING || !TAILQ_EMPTY(&store->requests)) {
        set_timer(store->patience, store->patience_ms);
    } else {
        rewrap_ignore(event_del(store->patience), "a timer that was made can be stopped");
    }
}

/* Also when a killed writer does not go, or its process does not vanish after the end of its stream. */
static void on_patience(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    struct store *store = arg;
    store_writer_lost(store, registry_failure(REGISTRY_STORE,
                                              "the disk does not answer: nothing from the writer for "
                                              "%d ms, it is killed",
                                              store->patience_ms));
    store->refusing = true;
    store_take_back(store);
    store_answer_all(store);
}

/* ------------------------------------------------------------------ its end, and the next */

void store_writer_lost(struct store *store, struct registry_result why)
{
    store->lost = why;
    store->phase = PHASE_ENDING;
    drop_event(&store->writable);
    buffer_reset(&store->in);
    sqlite_process_kill(&store->process);
}

void store_writer_ended(struct store *store)
{
    if (store->phase != PHASE_ENDING) {
        store->lost = registry_failure(REGISTRY_STORE, "the writer ended");
        store->phase = PHASE_ENDING;
    }
    drop_event(&store->readable);
    drop_event(&store->writable);
    buffer_reset(&store->in);
    event_active(store->resume, EV_TIMEOUT, 0);
}

static void go_down(struct store *store)
{
    store->phase = PHASE_DOWN;
    store->refusing = true;
    rewrap_ignore(event_del(store->patience), "a timer that was made can be stopped");
    set_timer(store->restart, store->restart_ms);
    store_answer_all(store);
}

/* At once the first time; a writer that does not live long enough for one success is given more and more time. */
static void start_again(struct store *store)
{
    int wait_ms = store->restart_ms;
    int next_ms = wait_ms == 0 ? RESTART_FIRST_MS : wait_ms * 2;
    store->restart_ms = next_ms < RESTART_LAST_MS ? next_ms : RESTART_LAST_MS;
    if (wait_ms == 0) {
        start_writer(store);
    } else {
        go_down(store);
    }
}

static void on_resume(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    struct store *store = arg;
    if (!sqlite_process_reap(&store->process)) {
        set_timer(store->resume, SQLITE_PROCESS_REAP_MS);
        return;
    }
    store_take_back(store);
    start_again(store);
}

static void on_restart(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    start_writer(arg);
}

static bool watch(struct store *store)
{
    store->readable = event_new(store->base, store->process.fd, EV_READ | EV_PERSIST, store_on_readable, store);
    store->writable = event_new(store->base, store->process.fd, EV_WRITE, store_on_writable, store);
    return store->readable != NULL && store->writable != NULL && event_add(store->readable, NULL) == 0;
}

static void start_writer(struct store *store)
{
    struct registry_result result = sqlite_process_start(store->path, &sqlite_writer_job, &store->process);
    if (result.code != REGISTRY_OK) {
        store->lost = result;
        start_again(store); /* restart_ms is set: comes back here after that time, not at once */
        return;
    }
    store->phase = PHASE_STARTING;
    if (!watch(store)) {
        abort(); /* without its events no change would ever be answered; a restart loses nothing that was */
    }
    store_writer_heard(store);
}

/* Blocks: before serving only. */
static struct registry_result wait_until_ready(struct store *store)
{
    while (store->phase == PHASE_STARTING) {
        struct pollfd readable = {.fd = store->process.fd, .events = POLLIN};
        int ready = poll(&readable, 1, START_WAIT_MS);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0) {
            return registry_failure(REGISTRY_STORE, "the writer does not start");
        }
        store_on_readable(readable.fd, EV_READ, store);
    }
    return store->phase == PHASE_UP ? registry_ok() : store->lost;
}

static void stop(struct store *store)
{
    const bool killed = store->phase == PHASE_ENDING; /* it will not write any more */
    if (store->process.fd < 0 || sqlite_process_stop(&store->process, killed ? 0 : STOP_WAIT_MS)) {
        return;
    }
    sqlite_process_kill(&store->process);
    if (!sqlite_process_stop(&store->process, KILL_WAIT_MS)) {
        close(store->process
                  .fd); /* it hangs in the kernel, which kills it when it can; its lock keeps the next daemon waiting */
        store->process.fd = -1;
    }
}

struct registry_result store_writer_open(struct store *store)
{
    store->restart = evtimer_new(store->base, on_restart, store);
    store->resume = evtimer_new(store->base, on_resume, store);
    store->patience = evtimer_new(store->base, on_patience, store);
    if (store->restart == NULL || store->resume == NULL || store->patience == NULL) {
        return registry_no_memory();
    }
    struct registry_result result = sqlite_process_start(store->path, &sqlite_writer_job, &store->process);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    store->phase = PHASE_STARTING;
    return watch(store) ? wait_until_ready(store) : registry_no_memory();
}

void store_writer_close(struct store *store)
{
    drop_event(&store->readable);
    drop_event(&store->writable);
    drop_event(&store->resume);
    drop_event(&store->restart);
    drop_event(&store->patience);
    stop(store);
}
