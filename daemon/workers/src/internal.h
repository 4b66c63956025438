/* What the files of this module share: the structures, and who owns what. Nothing here is seen outside src/. */
#pragma once

#include "base/attr.h"
#include "base/buffer.h"
#include "workers/workers.h"

#include <stdarg.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <syslog.h>
#include <time.h>

struct event;
struct progress;

/*
 * How few jobs must be left to a worker before it gets more, up to WORKERS_DEPTH. A re-wrap takes a token some 60 us,
 * so four of them bridge a turn of the event loop, and filling up by four at a time makes one system call of four on
 * both sides. More would only lengthen what a dying worker gives back.
 */
#define WORKERS_REFILL 4

/* How often a job may go back to the queue because its worker died of another one. */
#define WORKERS_MAX_REQUEUES 2

#define WORKERS_MATERIAL_ID_BYTES 32

/* ------------------------------------------------------------------------------------------------ jobs */

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

/* ------------------------------------------------------------------------------------------------ what a token holds
 */

struct workers_stock_entry {
    uint8_t material_id[WORKERS_MATERIAL_ID_BYTES];
    Hsm__KeySpec spec;
    Hsm__Boundary boundary;
    char *refused_for; /* owned, cleaned for a log; NULL: usable */
};

struct workers_stock {
    struct workers_stock_entry *entries; /* owned */
    size_t len;
    size_t cap;
    size_t next; /* where the last search ended: what lies before is mostly taken */
};

/* ------------------------------------------------------------------------------------------------ workers */

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

/* Which file it is, and which content it has, as far as stat(2) tells. */
struct workers_file_identity {
    bool exists;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

#define WORKERS_MAX_ALGORITHMS 16 /* in a Hello; there are three now */
#define WORKERS_NAME_BYTES     40 /* more than PKCS#11 has room for in a label, serial number or model */
#define WORKERS_REASON_BYTES   128
#define WORKERS_FAILURE_BYTES  1024

struct workers_token {
    struct workers *workers;
    size_t index;
    struct workers_token_settings settings; /* its strings are owned */
    struct workers_queue queue;
    struct workers_worker *workers_list; /* settings.workers of them */
    unsigned ready;
    bool hungry; /* in the list of things to do at the end of the turn */

    unsigned failed_starts; /* in a row */
    unsigned short_lives; /* deaths of its workers that had come up, in a row since the first, or the last after a long
                             life, which counts */
    unsigned delay_ms;    /* the wait before the current or next start */
    bool delayed;         /* start_timer runs, until start_at_ms */
    uint64_t start_at_ms;
    struct event *start_timer;
    struct event *patience_timer; /* runs while jobs wait for a start */
    bool impatient;               /* they are not to wait for it: it is not soon, or has taken too long */

    char last_failure[WORKERS_FAILURE_BYTES]; /* of a worker or a start, without the token's name */
    uint64_t last_failure_ms;                 /* since the epoch */
    bool told_down;                           /* the log has it that the token is down */
    uint64_t down_since_ms;

    bool stopped_by_pin;
    struct workers_file_identity pin_refused;
    struct workers_file_identity pin_seen; /* at the last look: a file that is still being written is left alone */
    struct event *pin_timer;

    Hsm__Level level;
    char level_reason[WORKERS_REASON_BYTES];
    char label[WORKERS_NAME_BYTES];
    char serial[WORKERS_NAME_BYTES];
    char model[WORKERS_NAME_BYTES];
    bool pads_payloads;
    uint32_t payload_max_bytes;
    Hsm__Algorithm algorithms[WORKERS_MAX_ALGORITHMS];
    size_t n_algorithms;
    struct workers_stock stock;
};

#define WORKERS_RESTARTS 4

/* The waits of the supervision, in one place; tests shorten them. */
struct workers_timing {
    unsigned backoff_first_ms; /* before a start that follows a failed one: a token that hiccups is back within this */
    unsigned backoff_cap_ms;   /* an appliance that reboots is not flooded with logins, and found within this */
    /* Before the start that follows a death among the token's workers: [0] after a long life and after the first of all
     * deaths, then by the short lives after that one, in a row, the last for all further ones. Here the token is well
     * and a request is not: a login every few seconds is no burden, and the other requests want a worker. */
    unsigned restart_ms[WORKERS_RESTARTS];
    unsigned soon_ms;   /* jobs wait for a start after this or less, which takes less than to ask again */
    unsigned served_ms; /* a life of this or more was not short */
    unsigned grace_ms;  /* for a worker to leave once its socket is closed: C_Logout and C_Finalize take some */
    unsigned pin_look_ms;
    unsigned patience_ms;    /* how long jobs wait for a start: several times what one takes */
    unsigned renewal_log_ms; /* renewals of one worker closer together than this are one line in the log */
    unsigned wait_max_ms;    /* more than a worker waits for its turns in one request: it is not believed beyond this */
};

#define WORKERS_RESERVED_JOBS  32   /* kept for refusals when there is no memory */
#define WORKERS_MAX_SPARE_JOBS 1024 /* kept for the next jobs; the rest goes back to the heap */

struct workers {
    struct event_base *base; /* borrowed */
    char *program;
    char *turn_folder; /* or NULL */
    workers_started_fn started;
    workers_log_fn log;
    void *arg;
    struct workers_timing timing;
    struct workers_token *tokens;
    size_t n_tokens;
    size_t introducing; /* the token whose first worker is being started, until `reported` */
    bool reported;      /* started was called */
    bool freeing;
    struct event *child; /* SIGCHLD */
    struct event *turn;  /* the end of the loop turn: finished jobs, hungry tokens */
    bool turn_pending;
    uint64_t last_id;
    size_t pending; /* jobs whose done is owed */
    struct workers_job_list finished;
    struct workers_job_list spare;
    size_t n_spare;
    struct workers_wheel wheel;
};

/* ------------------------------------------------------------------------------------------------ workers.c */

void workers_log(const struct workers *workers, int priority, const char *format, ...) REWRAP_PRINTF(3, 4);

/* Makes the turn event run after the events that are active now. */
void workers_turn_request(struct workers *workers);

/* What it runs. */
void workers_on_turn(int fd, short what, void *arg);

/* Calls every done that is due. */
void workers_finished_drain(struct workers *workers);

uint64_t workers_now_ms(void);
struct timeval workers_time_of_ms(uint64_t ms);

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

struct workers_file_identity workers_file_identify(const char *path);
bool workers_file_same(const struct workers_file_identity *a, const struct workers_file_identity *b);

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

/* ------------------------------------------------------------------------------------------------ stock.c */

/* Appends the objects, up to max in all. NULL, or what is wrong with them, with *stock as it was. */
const char *workers_stock_append(struct workers_stock *stock, Hsm__StockEntry *const *objects, size_t n_objects,
                                 size_t max);
void workers_stock_clear(struct workers_stock *stock);
/* Moves *from to *to, whose old content is freed. */
void workers_stock_move(struct workers_stock *to, struct workers_stock *from);

/* The key is not on the token any more. */
void workers_stock_remove(struct workers_stock *stock, const uint8_t material_id[WORKERS_MATERIAL_ID_BYTES]);

/* Whether it is verified, and of that kind. */
bool workers_stock_fits(const struct workers_stock_entry *entry, Hsm__KeySpec spec, Hsm__Boundary boundary);

/* The first usable one of that kind that is not taken, borrowed, or NULL. Starts where the last search ended. */
const struct workers_stock_entry *workers_stock_search(struct workers_stock *stock, Hsm__KeySpec spec,
                                                       Hsm__Boundary boundary, workers_taken_fn taken, void *arg);

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

/* ------------------------------------------------------------------------------------------------ feed.c */

/* Gives waiting jobs to workers that have room, and writes them. */
void workers_feed(struct workers_token *token);
/* Appends the job to what the worker has; not yet written. */
void workers_feed_give(struct workers_worker *worker, struct workers_job *job);
/* The job that the worker is at, by its own word; the oldest, if it says nothing that makes sense. NULL without any. */
struct workers_job *workers_progress_job(const struct workers_worker *worker);

/* How long it says that the job it is at has waited for other workers, up to timing.wait_max_ms. To be asked before
 * what job that is (proto/progress.h). */
uint32_t workers_progress_waited_ms(const struct workers_worker *worker);

/* Starts the clock of the deadline anew when the worker has gone on to another job since the last look. Only forwards:
 * a worker that says that it went back gains no time by it. */
void workers_progress_look(struct workers_worker *worker);

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

/* ------------------------------------------------------------------------------------------------ token.c, starts.c,
 * pin.c
 */

REWRAP_MUST_USE bool workers_token_init(struct workers_token *token, const struct workers_token_settings *settings);
void workers_token_clear(struct workers_token *token);
/* A worker is up, or about to be without a wait. */
bool workers_token_up(const struct workers_token *token);
/* Fails the queue when the token is down, and tells the log when it has come to be. */
void workers_token_review(struct workers_token *token);
/* Why a worker was lost or could not be started. `text` does not name the token. */
void workers_token_failed(struct workers_token *token, const char *text);
/* A worker has become ready. */
void workers_token_served(struct workers_token *token);
/* Jobs wait for a start that is soon, but not for long. */
void workers_token_be_patient(struct workers_token *token);
/* Starts a worker if one should be, and then those of other tokens that may have waited for this one. */
void workers_token_start_next(struct workers_token *token);
/* A worker was lost or could not be started: settles when the next one is. */
void workers_token_lost(struct workers_token *token, bool was_starting, bool had_served);
/* … what the timer of the start does then. */
void workers_token_on_start(int fd, short what, void *arg);
/* The first worker of the token has come up. */
void workers_token_introduced(struct workers_token *token);
/* Tells the owner how the start went. False when he was told before: then the text belongs into the log instead. */
bool workers_token_report(struct workers *workers, enum workers_start outcome, const char *text);
/* The token refused the PIN: nothing is started with that PIN on that token until the PIN file changes. */
void workers_token_stop_by_pin(struct workers_token *token);
/* … which the timer looks at. */
void workers_token_on_pin_look(int fd, short what, void *arg);
