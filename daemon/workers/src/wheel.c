/* Timeouts of jobs: one timer for all of them, armed only while there are any. */
#include "internal.h"

#include <event2/event.h>

/* A timeout passes at the first tick after it, so never early. */
static void arm(struct workers_wheel *wheel, uint64_t now_ms)
{
    if (wheel->armed || wheel->len == 0) {
        return;
    }
    struct timeval next = {.tv_usec = (suseconds_t)(WORKERS_TICK_MS - now_ms % WORKERS_TICK_MS) * 1000};
    wheel->armed = event_add(wheel->timer, &next) == 0;
}

static void list_move(struct workers_job *job, struct workers_job_list *to)
{
    if (job->tick_list != NULL) {
        TAILQ_REMOVE(job->tick_list, job, tick_link);
    }
    job->tick_list = to;
    if (to != NULL) {
        TAILQ_INSERT_TAIL(to, job, tick_link);
    }
}

static void collect(struct workers_wheel *wheel, uint64_t tick, uint64_t now_tick)
{
    struct workers_job *next = NULL;
    for (struct workers_job *job = TAILQ_FIRST(&wheel->ticks[tick % WORKERS_TICKS]); job != NULL; job = next) {
        next = TAILQ_NEXT(job, tick_link);
        if (job->expires_tick <= now_tick) { /* else it is due in a later round */
            list_move(job, &wheel->expired);
        }
    }
}

/* A job that a worker has stays in flight for nobody, so that the answer to it is still matched. */
static void expire(struct workers_job *job)
{
    workers_done_fn done = job->done;
    void *arg = job->arg;
    workers_job_forget(job);
    if (job->place == JOB_QUEUED) {
        workers_queue_remove(&job->token->queue, job);
        workers_job_return(job);
    }
    done(arg, WORKERS_TIMEOUT, NULL);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct workers *workers = arg;
    struct workers_wheel *wheel = &workers->wheel;
    uint64_t now_ms = workers_now_ms();
    uint64_t now_tick = now_ms / WORKERS_TICK_MS;
    uint64_t first = wheel->now_tick + 1;
    if (now_tick - wheel->now_tick > WORKERS_TICKS) {
        first = now_tick - WORKERS_TICKS + 1; /* one round sees every list */
    }
    for (uint64_t tick = first; tick <= now_tick; tick++) {
        collect(wheel, tick, now_tick);
    }
    wheel->now_tick = now_tick;
    wheel->armed = false;
    for (struct workers_job *job = NULL; (job = TAILQ_FIRST(&wheel->expired)) != NULL;) {
        expire(job);
    }
    arm(wheel, now_ms);
}

bool workers_wheel_init(struct workers *workers)
{
    struct workers_wheel *wheel = &workers->wheel;
    for (size_t i = 0; i < WORKERS_TICKS; i++) {
        TAILQ_INIT(&wheel->ticks[i]);
    }
    TAILQ_INIT(&wheel->expired);
    wheel->timer = evtimer_new(workers->base, on_tick, workers);
    return wheel->timer != NULL;
}

void workers_wheel_clear(struct workers_wheel *wheel)
{
    if (wheel->timer != NULL) {
        event_free(wheel->timer);
        wheel->timer = NULL;
    }
}

void workers_wheel_add(struct workers *workers, struct workers_job *job, unsigned timeout_ms)
{
    struct workers_wheel *wheel = &workers->wheel;
    uint64_t now_ms = workers_now_ms();
    uint64_t now_tick = now_ms / WORKERS_TICK_MS;
    if (wheel->len == 0) {
        wheel->now_tick = now_tick;
    }
    uint64_t expires = (now_ms + timeout_ms + WORKERS_TICK_MS - 1) / WORKERS_TICK_MS;
    job->expires_tick = expires > now_tick ? expires : now_tick + 1;
    list_move(job, &wheel->ticks[job->expires_tick % WORKERS_TICKS]);
    wheel->len++;
    arm(wheel, now_ms);
}

void workers_wheel_remove(struct workers_job *job)
{
    if (job->tick_list != NULL) {
        list_move(job, NULL);
        job->workers->wheel.len--;
    }
}
