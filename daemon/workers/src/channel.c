/*
 * The socket to one worker. Frames go out straight from the jobs that own them, as many as there are in one call; what
 * comes in is cut into frames and handed to answer.c.
 */
#include "internal.h"

#include "proto/frame.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 * 1024) /* holds the answers to WORKERS_DEPTH re-wraps of the longest payload */

/* A process is dead and its socket full at most: this many reads see all of it, and no process that inherited the
 * socket keeps us. */
#define DRAIN_READS 64

static unsigned unsent_gather(const struct workers_worker *worker, struct iovec vectors[WORKERS_DEPTH])
{
    unsigned n = 0;
    size_t offset = worker->unsent_offset;
    for (struct workers_job *job = worker->unsent; job != NULL && n < WORKERS_DEPTH; job = TAILQ_NEXT(job, link)) {
        vectors[n++] = (struct iovec){.iov_base = job->frame.data + offset, .iov_len = job->frame.len - offset};
        offset = 0;
    }
    return n;
}

static void unsent_advance(struct workers_worker *worker, size_t written)
{
    while (worker->unsent != NULL && written >= worker->unsent->frame.len - worker->unsent_offset) {
        written -= worker->unsent->frame.len - worker->unsent_offset;
        worker->unsent = TAILQ_NEXT(worker->unsent, link);
        worker->unsent_offset = 0;
    }
    worker->unsent_offset += written;
}

void workers_channel_flush(struct workers_worker *worker)
{
    while (worker->unsent != NULL) {
        struct iovec vectors[WORKERS_DEPTH];
        struct msghdr message = {.msg_iov = vectors, .msg_iovlen = unsent_gather(worker, vectors)};
        ssize_t written = sendmsg(worker->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            return; /* the end of the stream on our reading side says so too, after what it still holds */
        }
        if (written < 0) {
            rewrap_ignore(event_add(worker->writable, NULL), "the deadline kills a worker that cannot be written to");
            return;
        }
        unsent_advance(worker, (size_t)written);
    }
}

/* Handles every whole frame of worker->in. The channel may be closed afterwards, and worker->in empty. */
static void frames_take(struct workers_worker *worker)
{
    size_t used = 0;
    while (worker->fd >= 0) {
        struct view message;
        switch (frame_next(view_of(worker->in.data + used, worker->in.len - used), &message)) {
        case FRAME_COMPLETE:
            used += FRAME_HEADER_BYTES + message.len;
            workers_answer_handle(worker, message);
            break;
        case FRAME_INCOMPLETE:
            buffer_consume(&worker->in, used);
            return;
        case FRAME_OVERSIZED:
            workers_worker_end(worker, END_PROTOCOL, "a frame longer than allowed");
            return;
        case FRAME_EMPTY:
            workers_worker_end(worker, END_PROTOCOL, "an empty frame");
            return;
        }
    }
}

/* False when nothing more can come now. At the end of the stream the worker is ended. */
static bool read_some(struct workers_worker *worker)
{
    if (!buffer_reserve(&worker->in, READ_BYTES)) {
        workers_worker_end(worker, END_NO_MEMORY, NULL);
        return false;
    }
    ssize_t n = recv(worker->fd, worker->in.data + worker->in.len, worker->in.cap - worker->in.len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (n <= 0) {
        workers_worker_end(worker, END_GONE, NULL);
        return false;
    }
    worker->in.len += (size_t)n;
    frames_take(worker);
    if (worker->in.len == 0 && worker->in.cap > 2 * READ_BYTES) {
        buffer_clear(&worker->in);
    }
    return worker->fd >= 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct workers_worker *worker = arg;
    (void)read_some(worker);
    workers_feed(worker->token);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    workers_channel_flush(arg);
}

bool workers_channel_open(struct workers_worker *worker, int fd)
{
    struct event_base *base = worker->token->workers->base;
    worker->fd = fd;
    worker->in = BUFFER_INIT(FRAME_HEADER_BYTES + FRAME_MAX_BYTES + READ_BYTES);
    worker->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, worker);
    worker->writable = event_new(base, fd, EV_WRITE, on_writable, worker);
    if (worker->readable == NULL || worker->writable == NULL || event_add(worker->readable, NULL) != 0) {
        workers_channel_close(worker);
        return false;
    }
    return true;
}

static void event_drop(struct event **event)
{
    if (*event != NULL) {
        event_free(*event);
        *event = NULL;
    }
}

void workers_channel_close(struct workers_worker *worker)
{
    event_drop(&worker->readable);
    event_drop(&worker->writable);
    buffer_clear(&worker->in);
    if (worker->fd >= 0) {
        close(worker->fd);
        worker->fd = -1;
    }
}

void workers_channel_drain(struct workers_worker *worker)
{
    for (unsigned i = 0; i < DRAIN_READS && worker->fd >= 0 && read_some(worker); i++) {
    }
}
