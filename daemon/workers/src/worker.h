/* One worker: its process, its channel, the jobs it has, and its life. */
#pragma once

#include "jobs.h"

#include <sys/types.h>

struct event;
struct progress;
struct workers_token;

/*
 * How few jobs must be left to a worker before it gets more, up to WORKERS_DEPTH. A re-wrap takes a token some 60 us,
 * so four of them bridge a turn of the event loop, and filling up by four at a time makes one system call of four on
 * both sides. More would only lengthen what a dying worker gives back.
 */
#define WORKERS_REFILL 4

/* How often a job may go back to the queue because its worker died of another one. */
#define WORKERS_MAX_REQUEUES 2

enum workers_worker_state {
    WORKER_IDLE,     /* no process; started when its token says so */
    WORKER_STARTING, /* runs; its Hello is awaited */
    WORKER_READY,    /* serves */
    WORKER_ENDING,   /* its jobs are given back and its socket is closed; not yet reaped */
};

struct workers_worker {
    struct workers_token *token;
    enum workers_worker_state state;
    pid_t pid;
    bool running;              /* pid is a child that was not reaped: only then may it be signalled */
    bool report_exit;          /* its start failed by its exit, which is the reason to give */
    bool ended_by_exit;        /* its exit is why it is lost, and not what came of it */
    int fd;                    /* our end of the socket pair, or -1 */
    struct progress *progress; /* mapped: what the worker says it is at; NULL: no process */
    struct event *readable;
    struct event *writable;
    struct event
        *timer; /* STARTING: start deadline; READY: the next look at what it is at; ENDING: patience before SIGKILL */
    struct buffer in;
    struct workers_job_list in_flight; /* oldest first, in the order sent */
    unsigned n_in_flight;
    struct workers_job *unsent; /* the first of in_flight whose frame is not wholly written, or NULL */
    size_t unsent_offset;       /* bytes of it that are */
    struct workers_job *at;     /* the one of in_flight that it was at when it was last looked at, or NULL */
    uint64_t at_since_ms;       /* the look that first found it at that one, so not before it began */
    uint64_t ready_since_ms;
    uint64_t renewal_told_ms;      /* when the log last had it that it renewed its session; 0: never */
    bool hello_seen;               /* STARTING: the Hello has come, more objects follow */
    struct workers_stock incoming; /* objects of an answer that takes several frames */
    bool filling;                  /* within feed.c */
};

/* ------------------------------------------------------------------------------------------------ process.c */

/*
 * Starts the program with one end of a socket pair as fd 3, the page it says its progress in as fd 4, /dev/null as
 * stdin, our stderr as stdout and stderr, and nothing else of ours. Returns 0 with *ret_pid, *ret_fd (non-blocking,
 * close-on-exec) and *ret_progress, both the caller's, or an errno with all untouched.
 */
REWRAP_MUST_USE int workers_process_start(const char *program, pid_t *ret_pid, int *ret_fd,
                                          struct progress **ret_progress);

/* A page of zeros, mapped for reading, and its descriptor for the worker; 0 or an errno. The caller's, both. */
REWRAP_MUST_USE int workers_progress_new(struct progress **ret_page, int *ret_fd);
void workers_progress_free(struct progress *page); /* NULL is allowed */

/* "exited with code 3", "was killed by signal 11 (SIGSEGV)", from waitpid's status. */
void workers_process_describe(int status, char *out, size_t size);

/* ------------------------------------------------------------------------------------------------ channel.c */

/* Takes fd over, also on failure (no memory). */
REWRAP_MUST_USE bool workers_channel_open(struct workers_worker *worker, int fd);
void workers_channel_close(struct workers_worker *worker);

/* Writes what it can of unsent; the rest when the socket takes it. */
void workers_channel_flush(struct workers_worker *worker);

/* Reads and handles what a dead worker has left behind. The channel may be closed afterwards. */
void workers_channel_drain(struct workers_worker *worker);

/* ------------------------------------------------------------------------------------------------ answer.c */

/* One message of the worker. It may end the worker. */
void workers_answer_handle(struct workers_worker *worker, struct view message);

/* ------------------------------------------------------------------------------------------------ hello.c */

/* Packs Configure for the worker into a job of its own that nobody waits for; NULL when there is no memory. */
struct workers_job *workers_hello_ask(struct workers_token *token);

/*
 * An answer to Configure: the Hello, or more of its objects. True when it was the last one and the worker may serve.
 * Otherwise more is awaited, or the worker was ended.
 */
bool workers_hello_handle(struct workers_worker *worker, const Hsm__Response *response);

/* An answer by which the worker leaves, because its login could not be renewed: ends it, and sees to it that the PIN is
 * not tried again. */
void workers_hello_leaving(struct workers_worker *worker, const Hsm__Response *response);

/* Where a response's list goes, of Hello and ListObjects: true when it is complete. On false the worker may have been
 * ended. */
bool workers_answer_collect(struct workers_worker *worker, Hsm__StockEntry *const *objects, size_t n_objects,
                            bool more);

/* A worker's text for our log: cut, and without what a terminal or a log reader could trip over. */
void workers_text_clean(const char *text, char *out, size_t size);

/* ------------------------------------------------------------------------------------------------ progress.c */

/* The job that the worker is at, by its own word; the oldest, if it says nothing that makes sense. NULL without any. */
struct workers_job *workers_progress_job(const struct workers_worker *worker);

/* How long it says, whether true or not, that the job it is at has waited for other workers. To be asked before what
 * job that is (proto/progress.h). */
uint32_t workers_progress_waited_ms(const struct workers_worker *worker);

/* Starts the clock of the deadline anew when the worker has gone on to another job since the last look. Only forwards:
 * a worker that says that it went back gains no time by it. */
void workers_progress_look(struct workers_worker *worker);

/* ------------------------------------------------------------------------------------------------ feed.c */

/* Gives waiting jobs to workers that have room, and writes them. */
void workers_feed(struct workers_token *token);
/* Appends the job to what the worker has; not yet written. */
void workers_feed_give(struct workers_worker *worker, struct workers_job *job);

/* Takes the oldest job off the worker. */
struct workers_job *workers_feed_oldest_take(struct workers_worker *worker);
/* The worker is lost. The job it was at ends with `blamed` (unless that is WORKERS_ANSWERED), the others go back to the
 * queue's front. */
void workers_feed_give_back(struct workers_worker *worker, enum workers_status blamed);

/* ------------------------------------------------------------------------------------------------ supervise.c */

enum workers_end {
    END_GONE,           /* it exited or closed its socket */
    END_LEFT,           /* it said STATUS_TOKEN_UNAVAILABLE and leaves */
    END_REFUSED,        /* it said why it cannot serve: hello.c logs it */
    END_PROTOCOL,       /* it sent what it must not */
    END_DEADLINE,       /* it took too long over a job */
    END_LONG_DEADLINE,  /* the next part of its list of objects, or a new key, took too long */
    END_START_DEADLINE, /* no Hello in time */
    END_NO_MEMORY,      /* of ours */
};

REWRAP_MUST_USE bool workers_worker_init(struct workers_worker *worker, struct workers_token *token);
void workers_worker_clear(struct workers_worker *worker);
void workers_worker_start(struct workers_worker *worker);
void workers_worker_serve(struct workers_worker *worker);
/* Gives its jobs back and gets rid of the process. detail (for the log) may be NULL. */
void workers_worker_end(struct workers_worker *worker, enum workers_end end, const char *detail);
void workers_worker_arm(struct workers_worker *worker, uint64_t in_ms);
/* A part of a list has come, and more will: the time for the next part begins. */
void workers_worker_renew(struct workers_worker *worker);
/* READY and with jobs: ends it when it is past its deadline, otherwise sees to it that it is looked at again. */
void workers_worker_watch(struct workers_worker *worker);
/* Reaps it if it has exited. */
void workers_worker_reap(struct workers_worker *worker);
