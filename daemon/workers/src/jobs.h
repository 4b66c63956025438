/* Jobs, where they wait, and when they are given up. */
#pragma once

#include "base/attr.h"
#include "base/buffer.h"
#include "stock.h"

#include <sys/queue.h>

struct event;
struct workers_token;

enum workers_job_place {
    JOB_SPARE,     /* in workers->spare */
    JOB_QUEUED,    /* in its token's queue */
    JOB_IN_FLIGHT, /* in its worker's in_flight */
    JOB_FINISHED,  /* in workers->finished: its done is called at the end of the loop turn, with its status */
};

TAILQ_HEAD(workers_job_list, workers_job);

struct workers_job {
    TAILQ_ENTRY(workers_job) link;      /* of the list its place names */
    TAILQ_ENTRY(workers_job) tick_link; /* of the wheel */
    struct workers_job_list *tick_list; /* the list of the wheel that it is in, or NULL */
    enum workers_job_place place;
    struct workers *workers;
    struct workers_token *token; /* borrowed; NULL when there is none of that name */
    workers_done_fn done;        /* NULL: nobody waits (abandoned, timed out, or Configure) */
    void *arg;
    enum workers_status status; /* JOB_FINISHED only */
    uint64_t id;
    uint64_t expires_tick;
    Hsm__Request__BodyCase body;
    bool check_only;
    size_t plaintext_bytes; /* GenerateRandom, GenerateDataKey with_plaintext: how many the answer must have; else 0 */
    uint8_t material_id[WORKERS_MATERIAL_ID_BYTES]; /* DestroyKey only */
    unsigned requeues;
    struct buffer frame; /* owned; the packed request, which may carry plaintext: erased when the job ends */
};

struct workers_queue {
    struct workers_job_list jobs;
    size_t len;
    size_t max; /* for new jobs; those that come back from a dead worker are let in above it */
};

/* Timeouts of jobs: a wheel of lists, one a tick, so that adding and removing one costs the same with a million. */
#define WORKERS_TICK_MS 10
#define WORKERS_TICKS   1024

struct workers_wheel {
    struct workers_job_list ticks[WORKERS_TICKS];
    struct workers_job_list expired; /* while their done are being called */
    uint64_t now_tick;               /* everything up to here has been looked at */
    size_t len;
    struct event *timer;
    bool armed;
};

#define WORKERS_RESERVED_JOBS  32   /* kept for refusals when there is no memory */
#define WORKERS_MAX_SPARE_JOBS 1024 /* kept for the next jobs; the rest goes back to the heap */

/* ------------------------------------------------------------------------------------------------ jobs.c */

/* A job that belongs to the caller until he puts it somewhere; NULL when there is no memory. `reserved` may use the
 * last ones. */
struct workers_job *workers_job_take(struct workers *workers, bool reserved);

/* Erases it and keeps it for later. It must be in no list. */
void workers_job_return(struct workers_job *job);

/* Nobody waits for it any more. */
void workers_job_forget(struct workers_job *job);

/* Whether it may take as long as a start: the many objects of a list, the primes of an RSA pair. */
bool workers_job_takes_long(const struct workers_job *job);

/* Calls done, if somebody waits, and returns the job, which is in no list but perhaps the wheel's. */
void workers_job_end(struct workers_job *job, enum workers_status status, const Hsm__Response *response);

/* The same at the end of the loop turn. A job for which nobody waits is returned at once. */
void workers_job_end_later(struct workers_job *job, enum workers_status status);

void workers_queue_push_back(struct workers_queue *queue, struct workers_job *job);
void workers_queue_push_front(struct workers_queue *queue, struct workers_job *job);
void workers_queue_remove(struct workers_queue *queue, struct workers_job *job);

/* ------------------------------------------------------------------------------------------------ wheel.c */

REWRAP_MUST_USE bool workers_wheel_init(struct workers *workers);
void workers_wheel_clear(struct workers_wheel *wheel);
void workers_wheel_add(struct workers *workers, struct workers_job *job, unsigned timeout_ms);
void workers_wheel_remove(struct workers_job *job);
