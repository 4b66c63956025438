/* The life of the writer process: started, lost, started again, stopped; see store_model.h. */
#include "store_model.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define START_WAIT_MS    30000 /* for the first READY */
#define STOP_WAIT_MS     10000 /* for the last commit; then it is killed, which loses only what was not answered */
#define KILL_WAIT_MS     2000
#define RESTART_FIRST_MS 100 /* after a second failure without a success between; doubles */
#define RESTART_LAST_MS  5000

static void start_writer(struct store *store);

static void drop_event(struct event **event)
{
    if (*event != NULL) {
        event_free(*event);
        *event = NULL;
    }
}

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
    sqlite_process_reap(&store->process);
    event_active(store->resume, EV_TIMEOUT, 0);
}

static void go_down(struct store *store)
{
    store->phase = PHASE_DOWN;
    const struct timeval wait = {.tv_sec = store->restart_ms / 1000, .tv_usec = store->restart_ms % 1000 * 1000};
    if (event_add(store->restart, &wait) != 0) {
        abort(); /* without the timer no change would ever be taken again, and nobody would be told why */
    }
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
    store_take_back(arg);
    start_again(arg);
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
    struct registry_result result = sqlite_process_start(store->path, &store->process);
    if (result.code != REGISTRY_OK) {
        store->lost = result;
        start_again(store); /* restart_ms is set: comes back here after that time, not at once */
        return;
    }
    store->phase = PHASE_STARTING;
    if (!watch(store)) {
        abort(); /* without its events no change would ever be answered; a restart loses nothing that was */
    }
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
    if (store->process.fd < 0 || sqlite_process_stop(&store->process, STOP_WAIT_MS)) {
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
    store->resume = event_new(store->base, -1, 0, on_resume, store);
    if (store->restart == NULL || store->resume == NULL) {
        return registry_no_memory();
    }
    struct registry_result result = sqlite_process_start(store->path, &store->process);
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
    stop(store);
}
