/*
 * The operations: from a request's name and bytes to its answer. Each has the same shape: validate, resolve, authorise,
 * check state, do, answer (KMS.md R-39). One table (src/table.c) says which handler each rpc has.
 */
#pragma once

#include "base/attr.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct registry;
struct workers;
struct operation;
struct operations_state;

/* The clock is a parameter: tests move it. Milliseconds since the epoch. */
typedef int64_t (*operations_clock_fn)(void *arg);

/* A line for the log: priority is a syslog priority. The text may hold what a client sent: the log cleans it. */
typedef void (*operations_log_fn)(void *arg, int priority, const char *text);

/* A file that the service rests on, for Doctor. */
enum operations_file_kind {
    OPERATIONS_FILE_CONFIGURATION,
    OPERATIONS_FILE_STATE_DIR,
    OPERATIONS_FILE_REGISTRY,
    OPERATIONS_FILE_PIN,
    OPERATIONS_FILE_SOCKET,
};

struct operations_file {
    enum operations_file_kind kind;
    const char *path;
    bool has_mode; /* the configuration says which mode it has */
    unsigned mode;
};

struct operations_settings {
    const char *partition;       /* arn_is_partition */
    const char *region;          /* arn_is_region */
    const char *const *accounts; /* the accounts of the configuration */
    size_t n_accounts;
    const char *const *principals; /* ARNs that the configuration gives to sockets and peers */
    size_t n_principals;
    unsigned default_timeout_ms; /* for requests that name none */
    unsigned max_timeout_ms;     /* a longer wish is cut to this */
    unsigned max_keys_per_account;
    const struct operations_file *files;
    size_t n_files;
    bool reload_refused; /* the configuration on disk was not taken: these are of the one before */
};

/*
 * What operations work with; built once by main, outlives every operation. Everything is borrowed. The settings may be
 * replaced between two turns of the event loop.
 */
struct operations {
    struct registry *registry;
    struct workers *workers;
    struct operations_settings settings;
    operations_clock_fn clock;
    void *clock_arg;
    operations_log_fn log; /* NULL: faults of the disk and the token are only answered */
    void *log_arg;
    struct operations_state *state; /* private, NULL at first: what is under way */
};

/* Who asks, as the listener has found out. Borrowed for the call to operation_start; operations copy what they keep. */
struct operation_caller {
    const char *principal; /* ARN; NULL when nobody is mapped to the peer: everything is AccessDenied */
    const char *peer;      /* for texts when principal is NULL: "uid 1000, gid 1000" */
};

struct operation_error {
    const char *code;    /* static: "NotFoundException" */
    const char *message; /* NULL when there is no text to give */
    bool retryable;
};

/* Exactly one of error and body is set; both are borrowed for the call. body is the packed response message, possibly
 * empty. */
typedef void (*operation_done_fn)(void *arg, const struct operation_error *error, struct view body);

/*
 * Starts the operation of that name with the packed request message in body. timeout_ms 0 means the default; it bounds
 * the work on the token, while a change of the registry is answered once it is on disk. `done` is called exactly once,
 * possibly before this returns. NULL when it was; otherwise the operation is under way and operation_abandon may be
 * called until `done` is. Never blocks.
 */
struct operation *operation_start(struct operations *operations, const struct operation_caller *caller,
                                  const char *name, struct view body, unsigned timeout_ms, operation_done_fn done,
                                  void *arg);

/*
 * Nobody waits for the answer any more: `done` will not be called. What changes something is finished if it was begun;
 * work that only made an answer is taken back from the token's queue.
 */
void operation_abandon(struct operation *operation);

/*
 * How many spare sealed keys of SYMMETRIC_DEFAULT a token has (NULL: the first). It looks at all of its keys: for the
 * log, not for every request.
 */
size_t operations_spares(const struct operations *operations, const char *token);

/*
 * Does what time has made due, a portion of it at each call: keys at the end of their waiting period are removed, the
 * objects of removed keys are taken off their tokens, and keys whose next rotation has come are rotated.
 * To be called again and again while serving, a few times a second. What it starts goes on without it. Never blocks.
 */
void operations_sweep(struct operations *operations);

/* Goes on with what is done in portions (Doctor), to be called as often, also while stopping. Never blocks. */
void operations_go_on(struct operations *operations);

/* How many operations are under way. */
size_t operations_running(const struct operations *operations);

/* Frees what operations keep between calls. Call with none under way; those that are stay untouched until they end. */
void operations_clear(struct operations *operations);
