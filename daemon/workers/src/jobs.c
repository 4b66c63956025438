/* Jobs and the queue: where a job comes from, how it waits, and how it ends exactly once. */
#include "internal.h"

#include "base/wipe.h"
#include "proto/frame.h"

#include <assert.h>
#include <stdlib.h>

/* Frames above this are rare (the longest re-wrap is about 14 KiB); their memory is not kept. */
#define KEPT_FRAME_BYTES ((size_t)16 * 1024)

struct workers_job *workers_job_take(struct workers *workers, bool reserved)
{
    struct workers_job *job = NULL;
    if (workers->n_spare > (reserved ? 0 : WORKERS_RESERVED_JOBS)) {
        job = TAILQ_FIRST(&workers->spare);
        TAILQ_REMOVE(&workers->spare, job, link);
        workers->n_spare--;
        return job;
    }
    job = calloc(1, sizeof(*job));
    if (job == NULL) {
        return NULL;
    }
    job->workers = workers;
    job->frame = BUFFER_INIT(FRAME_HEADER_BYTES + FRAME_MAX_BYTES);
    return job;
}

void workers_job_return(struct workers_job *job)
{
    struct workers *workers = job->workers;
    workers_wheel_remove(job);
    if (workers->n_spare >= WORKERS_MAX_SPARE_JOBS) {
        buffer_clear(&job->frame);
        free(job);
        return;
    }
    if (job->frame.cap > KEPT_FRAME_BYTES) {
        buffer_clear(&job->frame);
    }
    buffer_reset(&job->frame);
    *job = (struct workers_job){.workers = workers, .place = JOB_SPARE, .frame = job->frame};
    TAILQ_INSERT_HEAD(&workers->spare, job, link);
    workers->n_spare++;
}

void workers_job_forget(struct workers_job *job)
{
    workers_wheel_remove(job);
    if (job->done != NULL) {
        job->done = NULL;
        job->workers->pending--;
    }
}

bool workers_job_takes_long(const struct workers_job *job)
{
    return job->body == HSM__REQUEST__BODY_LIST_OBJECTS || job->body == HSM__REQUEST__BODY_MAKE_OPEN_KEY;
}

void workers_job_end(struct workers_job *job, enum workers_status status, const Hsm__Response *response)
{
    workers_done_fn done = job->done;
    void *arg = job->arg;
    workers_job_forget(job);
    workers_job_return(job);
    if (done != NULL) {
        done(arg, status, response);
    }
}

void workers_job_end_later(struct workers_job *job, enum workers_status status)
{
    if (job->done == NULL) {
        workers_job_return(job);
        return;
    }
    workers_wheel_remove(job);
    job->place = JOB_FINISHED;
    job->status = status;
    TAILQ_INSERT_TAIL(&job->workers->finished, job, link);
    workers_turn_request(job->workers);
}

void workers_queue_push_back(struct workers_queue *queue, struct workers_job *job)
{
    job->place = JOB_QUEUED;
    TAILQ_INSERT_TAIL(&queue->jobs, job, link);
    queue->len++;
}

void workers_queue_push_front(struct workers_queue *queue, struct workers_job *job)
{
    job->place = JOB_QUEUED;
    TAILQ_INSERT_HEAD(&queue->jobs, job, link);
    queue->len++;
}

void workers_queue_remove(struct workers_queue *queue, struct workers_job *job)
{
    assert(job->place == JOB_QUEUED && queue->len > 0);
    TAILQ_REMOVE(&queue->jobs, job, link);
    queue->len--;
}
