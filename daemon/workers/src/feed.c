/* From the queue to the workers and back: who gets the next jobs, and what becomes of those a lost worker had. */
#include "internal.h"

#include <event2/event.h>

void workers_feed_give(struct workers_worker *worker, struct workers_job *job)
{
    job->place = JOB_IN_FLIGHT;
    TAILQ_INSERT_TAIL(&worker->in_flight, job, link);
    if (worker->unsent == NULL) {
        worker->unsent = job;
        worker->unsent_offset = 0;
    }
    worker->n_in_flight++;
    if (worker->n_in_flight == 1 && worker->state == WORKER_READY) {
        workers_progress_look(worker);
        /* The timer is left running when the last job is done: it is looked at when it fires, not set anew for each
         * job. */
        if (!event_pending(worker->timer, EV_TIMEOUT, NULL)) {
            workers_worker_watch(worker);
        }
    }
}

struct workers_job *workers_feed_oldest_take(struct workers_worker *worker)
{
    struct workers_job *job = TAILQ_FIRST(&worker->in_flight);
    TAILQ_REMOVE(&worker->in_flight, job, link);
    worker->n_in_flight--;
    if (worker->at == job) {
        worker->at = NULL;
    }
    workers_progress_look(worker);
    return job;
}

static void give_back(struct workers_job *job)
{
    if (job->done == NULL) {
        workers_job_return(job);
        return;
    }
    if (++job->requeues > WORKERS_MAX_REQUEUES) {
        workers_job_end_later(job, WORKERS_CRASHED);
        return;
    }
    workers_queue_push_front(&job->token->queue, job);
}

void workers_feed_give_back(struct workers_worker *worker, enum workers_status blamed)
{
    struct workers_job *fatal = workers_progress_job(worker);
    worker->unsent = NULL;
    worker->at = NULL;
    worker->n_in_flight = 0;
    if (fatal != NULL && blamed != WORKERS_ANSWERED) {
        TAILQ_REMOVE(&worker->in_flight, fatal, link);
        workers_job_end_later(fatal, blamed);
    }
    /* From the newest on, so that the oldest ends up in front. */
    for (struct workers_job *job = NULL; (job = TAILQ_LAST(&worker->in_flight, workers_job_list)) != NULL;) {
        TAILQ_REMOVE(&worker->in_flight, job, link);
        give_back(job);
    }
}

/* Nothing is put behind a job that takes long: it would wait there while others are free, and past its own time. */
static bool has_room(const struct workers_worker *worker)
{
    const struct workers_job *last = TAILQ_LAST(&worker->in_flight, workers_job_list);
    return worker->n_in_flight < WORKERS_DEPTH && (last == NULL || !workers_job_takes_long(last));
}

/* The one with the fewest jobs among those being filled up, or NULL. */
static struct workers_worker *least_busy(struct workers_token *token)
{
    struct workers_worker *best = NULL;
    for (unsigned i = 0; i < token->settings.workers; i++) {
        struct workers_worker *worker = &token->workers_list[i];
        if (worker->filling && has_room(worker) && (best == NULL || worker->n_in_flight < best->n_in_flight)) {
            best = worker;
        }
    }
    return best;
}

void workers_feed(struct workers_token *token)
{
    if (token->queue.len == 0 || token->ready == 0) {
        return;
    }
    for (unsigned i = 0; i < token->settings.workers; i++) {
        struct workers_worker *worker = &token->workers_list[i];
        worker->filling = worker->state == WORKER_READY && worker->n_in_flight <= WORKERS_REFILL;
    }
    for (struct workers_worker *worker = NULL; token->queue.len > 0 && (worker = least_busy(token)) != NULL;) {
        struct workers_job *job = TAILQ_FIRST(&token->queue.jobs);
        workers_queue_remove(&token->queue, job);
        workers_feed_give(worker, job);
    }
    for (unsigned i = 0; i < token->settings.workers; i++) {
        if (token->workers_list[i].filling) {
            workers_channel_flush(&token->workers_list[i]);
        }
    }
}
