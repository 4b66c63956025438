/*
 * The worker processes (rewrapd-hsm) and the queues before them: who starts, feeds, times and restarts them.
 *
 * Each token has a bounded queue and some workers. A job waits in its token's queue, is sent to a worker with few jobs
 * in flight (so that the worker always has the next one at hand), and ends exactly once through its `done`. A worker
 * answers in order, though it may hold a few answers back, and says in a page shared with it which job it is at
 * (proto/progress.h). One that has worked on a job longer than the token's deadline is killed, and one that dies takes
 * only that job with it: the others it was given go back to the front of the queue, and those among them whose answers
 * it held back are done once more.
 */
#pragma once

#include "base/attr.h"
#include "proto/hsm.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct workers;
struct workers_job;

#define WORKERS_MAX_PER_TOKEN       64 /* sessions of one daemon on one token; vendors' limits start around there */
#define WORKERS_DEPTH               8  /* jobs that one worker may have at a time */
#define WORKERS_BINDING_CHECK_BYTES 16 /* docs/ceremony.md */

struct workers_token_settings {
    const char *name; /* of the [token NAME] section */
    const char *module;
    const char *init_args; /* or NULL */
    const char *uri;
    const char *pin_file; /* read by the workers; here only its identity is looked at, at most once a second */
    /* Sections with the same uri and pin_file, letter by letter, count as one token when its PIN is refused; with the
     * uri of one token spelled in two ways each section tries a wrong PIN once. */
    Hsm__Level require;
    unsigned workers;           /* processes, 1 to WORKERS_MAX_PER_TOKEN */
    unsigned max_queue;         /* jobs that may wait */
    unsigned deadline_ms;       /* how long a worker may take over one request, not counting those before it, nor its
                                   waiting while others of the token log in */
    unsigned start_deadline_ms; /* how long a worker may take to log in and look at the token, its waiting for others
                                   included; or, that not counted, to look at it again (ListObjects), and then for
                                   each further part of its list, or to make a key (MakeOpenKey): an RSA pair takes a
                                   token seconds */
    bool has_binding_check;     /* the binding root is the one with this check value, not the only one */
    uint8_t binding_check[WORKERS_BINDING_CHECK_BYTES];
    unsigned
        max_objects; /* how many keys of ours a worker looks at on the token; more from a worker is a fault of it */
};

struct workers_settings {
    const char *program;                         /* path of rewrapd-hsm */
    const struct workers_token_settings *tokens; /* copied */
    size_t n_tokens;
    const char *turn_folder; /* of the caller's own, where workers lock files to log in by turns; NULL: they do not */
};

/* What the newest Hello of a token said; shown by doctor, DescribeKey and CreateKey. */
struct workers_token_state {
    const char *name;
    unsigned ready; /* workers that serve */
    unsigned configured;
    bool starting; /* a worker was started that has not said Hello yet */
    size_t queued;
    bool stopped_by_pin; /* the PIN was refused: no further start until the PIN file changes */
    Hsm__Level level;
    bool pads_payloads;
    uint32_t
        payload_max_bytes; /* no longer payload goes through the token, whatever the algorithm; 0: it has not said */
    const Hsm__Algorithm *algorithms;
    size_t n_algorithms;
    const char *level_reason; /* below LEVEL_SEALED: what the token does not enforce; else empty */
    const char *label;        /* these three as the token says them, cleaned for a log; empty before the first Hello */
    const char *serial;
    const char *model;
    const char *last_failure; /* why a worker last ended or could not start, for the operator; empty: never. It does not
                                 name the token */
    uint64_t last_failure_ms; /* since the epoch */
};

enum workers_status {
    WORKERS_ANSWERED = 0, /* there is a response; its own status may still be an error */
    WORKERS_BUSY,         /* the token's queue is full: ThrottlingException */
    WORKERS_DOWN,         /* no worker of the token is up, and the next start is not at once: KeyUnavailableException */
    WORKERS_TIMEOUT,      /* the job's deadline passed, or its worker was killed over it: DependencyTimeoutException */
    WORKERS_CRASHED, /* the worker died of this job, or of others before it three times over: KeyUnavailableException */
    WORKERS_NO_TOKEN,  /* no token of that name */
    WORKERS_NO_MEMORY, /* or the request is longer than a frame */
};

/*
 * `response` is borrowed for the call, and NULL unless status is WORKERS_ANSWERED. It has an id and a status, and with
 * STATUS_OK the members that its request is answered with (ciphertext, plaintext unless check_only, as many bytes of
 * plaintext as GenerateRandom and GenerateDataKey ask for, material_id of 32 bytes, public_key of 1 to 1024 bytes), and
 * no others: a worker that answers otherwise is killed. STATUS_TOKEN_UNAVAILABLE is told after the worker has renewed
 * its session and done the request once more in vain. May submit and abandon; must not call workers_free,
 * nor may any other callback here.
 */
typedef void (*workers_done_fn)(void *arg, enum workers_status status, const Hsm__Response *response);

/*
 * The first Hello of every token has come (ok), or one of them cannot start (not ok, with a text for the operator,
 * which is not logged besides; starts go on with a backoff until workers_free). Called once, after workers_new has
 * returned.
 */
enum workers_start {
    WORKERS_START_OK,
    WORKERS_START_RETRY /* may go away: EX_TEMPFAIL */,
    WORKERS_START_CONFIG /* will not: EX_CONFIG */
};
typedef void (*workers_started_fn)(void *arg, enum workers_start outcome, const char *text);

/* A line for the log: level is a syslog priority. */
typedef void (*workers_log_fn)(void *arg, int priority, const char *text);

/*
 * Starts the first worker of every token, one after another, then the rest: two logins with a wrong PIN are one too
 * many. The starts of one token are never two at a time, also when several sections name it. NULL when there is no
 * memory, the program is not there, there is no token, or a setting is out of range. Does not block. The caller frees
 * with workers_free. Takes over SIGCHLD in `base` (it reaps its own children only).
 *
 * A worker that dies once it has come up is started again at once when it had served for ten seconds, or is the first
 * of its token to die. The next ones of the token that had served for less, in a row, are started again after 100 ms, 1
 * s and then 5 s: one request that kills its worker again and again costs the others that much. A start that fails is
 * tried again after 100 ms, doubled each time up to 30 s: its token is away. A death while a start is waited for does
 * not put that off; after a start that failed the longer wait counts. For a start after 100 ms or less in place
 * of a worker that had come up jobs wait, for three seconds at most, the start included; after that, and before any
 * other start, they are WORKERS_DOWN. That a token is down, why, and that it is up again is logged once each.
 */
REWRAP_MUST_USE struct workers *workers_new(struct event_base *base, const struct workers_settings *settings,
                                            workers_started_fn started, workers_log_fn log, void *arg);

/*
 * Ends every job with WORKERS_DOWN (their `done` are called before this returns), closes the workers' sockets, which
 * makes them leave, waits up to two seconds for that, kills the rest and reaps all. Blocks for that long at most, and
 * as much again for a process that even SIGKILL does not end at once. NULL is allowed.
 */
void workers_free(struct workers *workers);

/*
 * Hands a request to the token (NULL: the first). The request is packed before this returns; its id is set by the
 * workers. `done` is called exactly once, later, from the event loop, never before this returns. timeout_ms counts from
 * now and covers the queue. A job that cannot be queued is returned too: its `done` is called with the reason, unless
 * it is abandoned before. Never NULL. The job belongs to the workers and is gone once `done` was called.
 */
struct workers_job *workers_submit(struct workers *workers, const char *token, Hsm__Request *request,
                                   unsigned timeout_ms, workers_done_fn done, void *arg);

/* The caller has gone: `done` will not be called. A job that a worker already has is finished by it and dropped. NULL
 * is allowed. */
void workers_abandon(struct workers_job *job);

/* The state of a token by name (NULL: the first); false when there is none. Pointers are valid until the loop turns. */
bool workers_state(const struct workers *workers, const char *token, struct workers_token_state *ret);
size_t workers_tokens(const struct workers *workers);
const char *workers_token_name(const struct workers *workers, size_t index);

/*
 * A wrapping key of that spec and boundary on the token that is verified and for which `taken` says no. False when the
 * stock has none (ask again after a ListObjects job: a ceremony may have added some). Remembers nothing: the caller
 * keeps two requests from taking the same one. A key that DestroyKey has taken off the token is left out at once.
 */
typedef bool (*workers_taken_fn)(void *arg, const uint8_t material_id[32]);
bool workers_stock_find(const struct workers *workers, const char *token, Hsm__KeySpec spec, Hsm__Boundary boundary,
                        workers_taken_fn taken, void *arg, uint8_t ret_material_id[32]);

/* Every wrapping key on the token as the newest list of its workers has it; until visit returns false. The strings are
 * valid for the call. For the doctor, not for every request: there may be max_objects of them. */
struct workers_object {
    Hsm__KeySpec spec;
    Hsm__Boundary boundary;
    const uint8_t *material_id; /* 32 bytes */
    const char *refused_for;    /* the first attribute it lacks, cleaned for a log; NULL: verified, usable */
};
typedef bool (*workers_object_fn)(void *arg, const struct workers_object *object);
void workers_objects_visit(const struct workers *workers, const char *token, workers_object_fn visit, void *arg);

/* How many of them there are. It looks at all: for the log, not for every request. */
size_t workers_stock_count(const struct workers *workers, const char *token, Hsm__KeySpec spec, Hsm__Boundary boundary,
                           workers_taken_fn taken, void *arg);

/* Jobs whose `done` is still owed (an abandoned one is not counted): a graceful stop waits until there are none. */
size_t workers_pending(const struct workers *workers);
