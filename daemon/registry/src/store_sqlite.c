/*
 * The store in SQLite, seen from the daemon: changes are frames (wire.h) in a queue to the writer process, answers come
 * back in order.
 *
 * When the writer is lost (killed, or a failure of the disk), changes that it was given whole may or may not be in the
 * database. Once it is known to be dead, nothing can commit any more; then each such change is turned into a question
 * for the row it was about, the questions stay at the head of the queue, and the next writer answers them before it
 * sees any other change. The registry is shown those rows, and only then are the changes answered, REGISTRY_STORE. If
 * the next writer cannot start either, they are answered at once, the questions stay, and nothing else is taken until a
 * writer has answered them: so the registry never builds on a row that it has not seen. Changes that were not given
 * whole are as they were, and go to the next writer.
 */
#include "sqlite_database.h"
#include "sqlite_file.h"
#include "sqlite_process.h"
#include "sqlite_rows.h"
#include "wire.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define LEFT_WRITER_WAIT_MS 10000 /* for the writer of a killed daemon: a sync on a busy disk may take seconds */
#define START_WAIT_MS       30000 /* for the first READY */
#define STOP_WAIT_MS        20000 /* for the last commit; then it is killed, which loses only what was not answered */
#define RESTART_FIRST_MS    100   /* after a second failure without a success between; doubles */
#define RESTART_LAST_MS     5000
#define READ_BYTES          ((size_t)64 << 10)

enum phase {
    PHASE_STARTING, /* a writer runs and has not said READY */
    PHASE_UP,
    PHASE_ENDING, /* the writer was killed; its end has not been seen */
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
    struct event *ended;
    struct event *resume; /* activated when the writer's end and the end of its stream were both seen */
    struct event *restart;
    int restart_ms;              /* the wait before the next start; 0: none */
    struct registry_result lost; /* why there is no writer */
    struct buffer in;

    struct requests requests; /* those that were sent, then those that were not */
    size_t n_requests;
    size_t request_bytes;
    uint64_t last_sequence;
};

static void start_writer(struct store *store);

/* ------------------------------------------------------------------ the queue */

static void request_free(struct request *request)
{
    buffer_clear(&request->frame);
    free(request);
}

static void request_drop(struct store *store, struct request *request)
{
    TAILQ_REMOVE(&store->requests, request, link);
    store->n_requests--;
    store->request_bytes -= request->frame.len;
    request_free(request);
}

static bool was_sent(const struct request *request)
{
    return request->sent == request->frame.len;
}

struct registry_result store_apply(struct store *store, const struct change *change, store_done_fn done, void *arg)
{
    if (store->phase == PHASE_DOWN) {
        return registry_failure(REGISTRY_STORE, "not written, there is no writer: %.150s", store->lost.detail);
    }
    if (store->n_requests >= REGISTRY_MAX_WAITING) {
        return registry_failure(REGISTRY_LIMIT, "%d changes are waiting for the disk", REGISTRY_MAX_WAITING);
    }
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL) {
        return registry_no_memory();
    }
    request->frame = BUFFER_INIT(WIRE_FRAME_MAX_BYTES);
    if (!wire_write_change(&request->frame, store->last_sequence + 1, change)) {
        request_free(request);
        return registry_no_memory();
    }
    if (store->request_bytes + request->frame.len > REGISTRY_MAX_WAITING_BYTES) {
        request_free(request);
        return registry_failure(REGISTRY_LIMIT, "%d bytes of changes are waiting for the disk",
                                REGISTRY_MAX_WAITING_BYTES);
    }
    request->sequence = ++store->last_sequence;
    request->change = change;
    request->done = done;
    request->arg = arg;
    TAILQ_INSERT_TAIL(&store->requests, request, link);
    store->n_requests++;
    store->request_bytes += request->frame.len;
    if (store->phase == PHASE_UP) {
        /* Sent from the event loop: an error must not call anybody back from here. */
        event_active(store->writable, EV_WRITE, 0);
    }
    return registry_ok();
}

/* ------------------------------------------------------------------ losing the writer */

static void drop_event(struct event **event)
{
    if (*event != NULL) {
        event_free(*event);
        *event = NULL;
    }
}

/* Kills the writer if it is not dead and waits for its end: what it was doing must be over before rows are read. */
static void writer_lost(struct store *store, struct registry_result why)
{
    store->lost = why;
    store->phase = PHASE_ENDING;
    drop_event(&store->readable);
    drop_event(&store->writable);
    close(store->process.fd);
    store->process.fd = -1;
    buffer_clear(&store->in);
    if (store->process.pidfd >= 0) {
        sqlite_process_kill(&store->process); /* on_ended goes on */
    } else {
        event_active(store->resume, EV_TIMEOUT, 0);
    }
}

/*
 * Turns a change into the question for its row. It fits into the memory of the change's own frame: it names the same
 * row and nothing more, so this cannot fail.
 */
static void ask_instead(struct store *store, struct request *request)
{
    const struct change *change = request->change;
    store->request_bytes -= request->frame.len;
    buffer_reset(&request->frame);
    bool written = change->kind == CHANGE_KEY_ADD
                       ? wire_write_key_read(&request->frame, request->sequence, change->key->key.key_id)
                       : wire_write_alias(&request->frame, request->sequence, WIRE_ALIAS_READ, &change->alias->alias);
    if (!written) {
        abort();
    }
    store->request_bytes += request->frame.len;
    request->question = true;
}

static void take_back(struct store *store)
{
    struct request *request;
    TAILQ_FOREACH(request, &store->requests, link)
    {
        if (was_sent(request) && !request->question) {
            ask_instead(store, request);
        }
        request->sent = 0;
    }
}

/* Answers everybody who waits. Questions stay without an asker. Nothing is added meanwhile: the phase refuses it. */
static void answer_all(struct store *store)
{
    struct request *request = TAILQ_FIRST(&store->requests);
    while (request != NULL) {
        struct request *next = TAILQ_NEXT(request, link);
        store_done_fn done = request->done;
        void *arg = request->arg;
        const char *outcome = request->question ? "outcome unknown, row not read yet" : "not written";
        request->done = NULL;
        if (!request->question) {
            request_drop(store, request);
        }
        if (done != NULL) {
            done(arg, registry_failure(REGISTRY_STORE, "%s: %.150s", outcome, store->lost.detail));
        }
        request = next;
    }
}

static void go_down(struct store *store)
{
    store->phase = PHASE_DOWN;
    const struct timeval wait = {.tv_sec = store->restart_ms / 1000, .tv_usec = store->restart_ms % 1000 * 1000};
    if (event_add(store->restart, &wait) != 0) {
        abort(); /* without the timer no change would ever be taken again, and nobody would be told why */
    }
    answer_all(store);
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

static void on_ended(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    struct store *store = arg;
    if (!sqlite_process_reap(&store->process, 0)) {
        return;
    }
    drop_event(&store->ended);
    /* With the stream still open there may be last answers in it: on_readable takes them and finds its end. */
    if (store->process.fd < 0) {
        event_active(store->resume, EV_TIMEOUT, 0);
    }
}

static void on_resume(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    take_back(arg);
    start_again(arg);
}

static void on_restart(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    start_writer(arg);
}

/* ------------------------------------------------------------------ answers */

/* The change that is answered is off the queue before its asker is called, who may ask for the next. */
static void complete(struct store *store, struct request *request, struct registry_result result)
{
    store_done_fn done = request->done;
    void *arg = request->arg;
    request_drop(store, request);
    if (done != NULL) {
        done(arg, result);
    }
}

/* Shows the registry the row that a question was for. The visitor takes what it is given out of the frame. */
static struct registry_result show_row(struct store *store, const struct wire_frame *question, struct wire_frame *row)
{
    const struct store_visitor *visitor = store->visitor;
    struct registry_result result = registry_failure(REGISTRY_STORE, "the writer answered for another row");
    if (row->kind == WIRE_KEY_ROW && question->kind == WIRE_KEY_READ &&
        memcmp(row->key->key.key_id, question->key_id, KEY_ID_BYTES) == 0) {
        result = visitor->key(store->visitor_arg, row->key);
        row->key = result.code == REGISTRY_OK ? NULL : row->key;
    } else if (row->kind == WIRE_ALIAS_ROW && question->kind == WIRE_ALIAS_READ &&
               view_equal(alias_entry_id(row->alias), alias_entry_id(question->alias))) {
        result = visitor->alias(store->visitor_arg, row->alias);
        row->alias = result.code == REGISTRY_OK ? NULL : row->alias;
    } else if (row->kind == WIRE_NO_ROW) {
        if (question->kind == WIRE_ALIAS_READ) {
            visitor->no_alias(store->visitor_arg, question->alias->alias.account, question->alias->alias.name);
        }
        result = registry_ok(); /* a key that is not there was never shown */
    }
    return result;
}

static void on_row(struct store *store, struct request *request, struct wire_frame *row)
{
    struct wire_frame question;
    size_t used;
    if (wire_read(buffer_view(&request->frame), &question, &used) != WIRE_OK) {
        writer_lost(store, registry_no_memory()); /* our own frame: only memory can be missing */
        return;
    }
    struct registry_result result = show_row(store, &question, row);
    wire_frame_clear(&question);
    if (result.code != REGISTRY_OK) {
        writer_lost(store, result);
        return;
    }
    complete(store, request,
             registry_failure(REGISTRY_STORE, "outcome was lost, the row is as it is: %.140s", store->lost.detail));
}

static void on_answer(struct store *store, struct wire_frame *frame)
{
    struct request *request = TAILQ_FIRST(&store->requests);
    bool expected = request != NULL && was_sent(request) && request->sequence == frame->sequence;
    if (!expected || request->question != (frame->kind != WIRE_DONE)) {
        writer_lost(store, registry_failure(REGISTRY_STORE, "the writer answered what it was not asked"));
        return;
    }
    if (request->question) {
        on_row(store, request, frame);
        return;
    }
    if (frame->result.code != REGISTRY_STORE && frame->result.code != REGISTRY_NO_MEMORY) {
        store->restart_ms = 0; /* a transaction went through */
    }
    complete(store, request, frame->result);
}

static void on_frame(struct store *store, struct wire_frame *frame)
{
    switch ((int)frame->kind) {
    case WIRE_READY:
        if (store->phase == PHASE_STARTING) {
            store->phase = PHASE_UP;
            event_active(store->writable, EV_WRITE, 0);
            return;
        }
        break;
    case WIRE_FAILED:
        writer_lost(store, frame->result);
        return;
    case WIRE_DONE:
    case WIRE_KEY_ROW:
    case WIRE_ALIAS_ROW:
    case WIRE_NO_ROW:
        on_answer(store, frame);
        return;
    default:
        break;
    }
    writer_lost(store, registry_failure(REGISTRY_STORE, "the writer sent a frame that is not for us"));
}

/* Takes whole frames out of the input until the writer is lost or no whole one is left. */
static void read_frames(struct store *store)
{
    while (store->process.fd >= 0) {
        struct wire_frame frame;
        size_t used;
        enum wire_code code = wire_read(buffer_view(&store->in), &frame, &used);
        if (code == WIRE_INCOMPLETE) {
            return;
        }
        if (code != WIRE_OK) {
            writer_lost(store, code == WIRE_NO_MEMORY
                                   ? registry_no_memory()
                                   : registry_failure(REGISTRY_STORE, "the writer sent a malformed frame"));
            return;
        }
        buffer_consume(&store->in, used);
        on_frame(store, &frame);
        wire_frame_clear(&frame);
    }
}

static void on_readable(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    struct store *store = arg;
    if (!buffer_reserve(&store->in, READ_BYTES)) {
        writer_lost(store, registry_no_memory());
        return;
    }
    ssize_t got = recv(store->process.fd, store->in.data + store->in.len, READ_BYTES, 0);
    if (got > 0) {
        store->in.len += (size_t)got;
        read_frames(store);
    } else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
        writer_lost(store, registry_failure(REGISTRY_STORE, "the writer ended"));
    }
}

/* ------------------------------------------------------------------ sending */

/* False when the socket takes no more now, or not at all. */
static bool send_request(struct store *store, struct request *request)
{
    while (!was_sent(request)) {
        ssize_t n = send(store->process.fd, request->frame.data + request->sent, request->frame.len - request->sent,
                         MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            /* A dead writer shows as the end of the stream, after its last answers: on_readable deals with it. */
            bool full = errno == EAGAIN || errno == EWOULDBLOCK;
            if (full && event_add(store->writable, NULL) != 0) {
                writer_lost(store, registry_no_memory());
            }
            return false;
        }
        request->sent += (size_t)n;
    }
    return true;
}

/* The queue's tail that was not sent is short or all of it: found from the end. */
static struct request *first_unsent(struct store *store)
{
    struct request *found = NULL;
    struct request *request;
    TAILQ_FOREACH_REVERSE(request, &store->requests, requests, link)
    {
        if (was_sent(request)) {
            break;
        }
        found = request;
    }
    return found;
}

static void on_writable(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    struct store *store = arg;
    struct request *request = first_unsent(store);
    while (request != NULL && send_request(store, request)) {
        request = TAILQ_NEXT(request, link);
    }
}

/* ------------------------------------------------------------------ starting and stopping */

static bool watch(struct store *store)
{
    store->readable = event_new(store->base, store->process.fd, EV_READ | EV_PERSIST, on_readable, store);
    store->writable = event_new(store->base, store->process.fd, EV_WRITE, on_writable, store);
    store->ended = event_new(store->base, store->process.pidfd, EV_READ | EV_PERSIST, on_ended, store);
    return store->readable != NULL && store->writable != NULL && store->ended != NULL &&
           event_add(store->readable, NULL) == 0 && event_add(store->ended, NULL) == 0;
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
        on_readable(readable.fd, EV_READ, store);
    }
    return store->phase == PHASE_UP ? registry_ok() : store->lost;
}

static struct registry_result load(struct store *store)
{
    sqlite3 *db;
    struct registry_result result = sqlite_database_open(store->path, &db);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    result = sqlite_database_examine(db);
    if (result.code == REGISTRY_OK) {
        result = sqlite_rows_load(db, store->visitor, store->visitor_arg);
    }
    /* Closed before the writer is forked: a connection must not cross a fork. */
    if (sqlite3_close(db) != SQLITE_OK && result.code == REGISTRY_OK) {
        result = registry_failure(REGISTRY_STORE, "the database cannot be closed after loading");
    }
    return result;
}

static struct registry_result lock_and_load(struct store *store)
{
    struct registry_result result = sqlite_lock_open(store->path, &store->lock_fd);
    if (result.code == REGISTRY_OK) {
        result = sqlite_lock_take(store->lock_fd, SQLITE_LOCK_DAEMON, 0);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_lock_take(store->lock_fd, SQLITE_LOCK_WRITER, LEFT_WRITER_WAIT_MS);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_file_prepare(store->path);
    }
    if (result.code == REGISTRY_OK) {
        result = load(store);
        sqlite_lock_release(store->lock_fd,
                            SQLITE_LOCK_WRITER); /* for our own writer; no other daemon passes the first lock */
    }
    return result;
}

static struct registry_result open_store(struct store *store)
{
    struct registry_result result = lock_and_load(store);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    store->restart = evtimer_new(store->base, on_restart, store);
    store->resume = event_new(store->base, -1, 0, on_resume, store);
    if (store->restart == NULL || store->resume == NULL) {
        return registry_no_memory();
    }
    result = sqlite_process_start(store->path, &store->process);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    store->phase = PHASE_STARTING;
    return watch(store) ? wait_until_ready(store) : registry_no_memory();
}

struct registry_result store_open(struct event_base *base, const char *path, const struct store_visitor *visitor,
                                  void *arg, struct store **ret)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return registry_no_memory();
    }
    store->base = base;
    store->visitor = visitor;
    store->visitor_arg = arg;
    store->lock_fd = -1;
    store->process = (struct sqlite_process){.pidfd = -1, .fd = -1};
    store->in = BUFFER_INIT(WIRE_FRAME_MAX_BYTES + READ_BYTES);
    TAILQ_INIT(&store->requests);
    store->path = strdup(path);
    struct registry_result result = store->path == NULL ? registry_no_memory() : open_store(store);
    if (result.code != REGISTRY_OK) {
        store_free(store);
        return result;
    }
    *ret = store;
    return result;
}

/* Its input ends: it commits what it has, and checkpoints. Our reading side ends too, so that it never waits for us to
 * listen. */
static void stop_writer(struct store *store)
{
    if (store->process.fd >= 0) {
        rewrap_ignore(shutdown(store->process.fd, SHUT_RDWR), "it may be gone");
    }
    if (store->process.pidfd >= 0 && !sqlite_process_reap(&store->process, STOP_WAIT_MS)) {
        sqlite_process_kill(&store->process);
        rewrap_ignore(sqlite_process_reap(&store->process, STOP_WAIT_MS), "what hangs in the kernel is left to it");
    }
    if (store->process.pidfd >= 0) {
        close(store->process.pidfd);
    }
    if (store->process.fd >= 0) {
        close(store->process.fd);
    }
}

void store_free(struct store *store)
{
    if (store == NULL) {
        return;
    }
    drop_event(&store->readable);
    drop_event(&store->writable);
    drop_event(&store->ended);
    drop_event(&store->resume);
    drop_event(&store->restart);
    stop_writer(store);
    struct request *request;
    while ((request = TAILQ_FIRST(&store->requests)) != NULL) {
        request_drop(store, request);
    }
    buffer_clear(&store->in);
    if (store->lock_fd >= 0) {
        close(store->lock_fd);
    }
    free(store->path);
    free(store);
}
