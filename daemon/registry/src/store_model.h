/*
 * The store in SQLite, seen from the daemon, shared by its files: changes are frames (wire.h) in a queue to the writer
 * process, answers come back in order.
 *
 * When the writer is lost (killed, or a failure of the disk), changes that it was given whole may or may not be in the
 * database. Once it is known to be dead, nothing can commit any more; then each such change is turned into a question
 * for the row it was about, the questions stay at the head of the queue, and the next writer answers them before it
 * sees any other change. The registry is shown those rows, and only then are the changes answered, REGISTRY_STORE. If
 * the next writer cannot start either, they are answered at once, the questions stay, and nothing else is taken until a
 * writer has answered them: so the registry never builds on a row that it has not seen. Changes that were not given
 * whole are as they were, and go to the next writer.
 *
 * A writer that says nothing for as long as the patience lasts is lost as well, but it may not die before the disk
 * answers. Nobody waits for that: everybody is answered at once and nothing is taken until another writer is ready,
 * which there cannot be before this one has let go of the database. The questions stay, as above.
 */
#pragma once

#include "result.h"
#include "sqlite_process.h"
#include "wire.h"

#include <event2/event.h>
#include <sys/queue.h>

#define STORE_READ_BYTES   ((size_t)64 << 10) /* at once from the socket */
#define STORE_IN_MAX_BYTES (WIRE_FRAME_MAX_BYTES + STORE_READ_BYTES)

enum phase {
    PHASE_STARTING, /* a writer runs and has not said READY */
    PHASE_UP,
    PHASE_ENDING, /* the writer was killed, or its stream has ended; it may still have its process number */
    PHASE_DOWN,   /* waits for the next try */
};

struct request {
    TAILQ_ENTRY(request) link;
    uint64_t sequence;
    struct buffer frame;
    size_t sent;                 /* bytes of frame in the socket */
    const struct change *change; /* borrowed until done is called */
    bool question;               /* the change's outcome was lost: frame asks for its row */
    store_done_fn done;          /* NULL: was answered already */
    void *arg;
};

TAILQ_HEAD(requests, request);

struct store {
    struct event_base *base;
    char *path;
    int lock_fd;
    const struct store_visitor *visitor;
    void *visitor_arg;

    enum phase phase;
    struct sqlite_process process;
    struct event *readable;
    struct event *writable;
    struct event *resume; /* at the end of the writer's stream, until its status was taken away */
    struct event *restart;
    int restart_ms;         /* the wait before the next start; 0: none */
    struct event *patience; /* pending while somebody waits for the writer's next word */
    int patience_ms;
    bool refusing;               /* changes, until a writer is ready */
    struct registry_result lost; /* why there is no writer */
    struct buffer in;

    struct requests requests; /* those that were sent, then those that were not */
    size_t n_requests;
    size_t request_bytes;
    uint64_t last_sequence;
};

/* ------------------------------------------------------------------ store_queue.c */
void store_request_drop(struct store *store, struct request *request);
bool store_request_sent(const struct request *request);
void store_on_writable(evutil_socket_t fd, short events, void *arg);

/* After the writer's end: turns what it may have done into questions, and the rest into what was never sent. */
void store_take_back(struct store *store);

/* Answers everybody who waits, while the store is refusing. Questions stay without an asker. */
void store_answer_all(struct store *store);

/* ------------------------------------------------------------------ store_answers.c */
void store_on_readable(evutil_socket_t fd, short events, void *arg);

/* ------------------------------------------------------------------ store_writer.c */
/* The first start: blocks until the writer is ready. */
REWRAP_MUST_USE struct registry_result store_writer_open(struct store *store);

/* Begins the wait for the writer's next word anew; ends it when nobody waits. */
void store_writer_heard(struct store *store);

/* Kills the writer. What it was doing is over at the end of its stream: until then what it says is dropped. */
void store_writer_lost(struct store *store, struct registry_result why);

/* At the end of its stream: there is another writer, or none, once its process is gone. */
void store_writer_ended(struct store *store);

/* Its input ends: it commits what it has, and checkpoints. Waits for that, for a bounded time. */
void store_writer_close(struct store *store);
