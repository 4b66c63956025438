/* The queue of changes to the writer, and what becomes of it when the writer is lost; see store_model.h. */
#include "store_model.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static void request_free(struct request *request)
{
    buffer_clear(&request->frame);
    free(request);
}

void store_request_drop(struct store *store, struct request *request)
{
    TAILQ_REMOVE(&store->requests, request, link);
    store->n_requests--;
    store->request_bytes -= request->frame.len;
    request_free(request);
}

bool store_request_sent(const struct request *request)
{
    return request->sent == request->frame.len;
}

struct registry_result store_apply(struct store *store, const struct change *change, store_done_fn done, void *arg)
{
    if (store->refusing) {
        return registry_failure(REGISTRY_STORE, "not written, no writer is ready: %.150s", store->lost.detail);
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
    if (store->n_requests == 1) {
        store_writer_heard(store); /* the wait begins; one that began already goes on */
    }
    if (store->phase == PHASE_UP) {
        /* Sent from the event loop: an error must not call anybody back from here. */
        event_active(store->writable, EV_WRITE, 0);
    }
    return registry_ok();
}

/* ------------------------------------------------------------------ sending */

/* False when the socket takes no more now, or not at all. */
static bool send_request(struct store *store, struct request *request)
{
    while (!store_request_sent(request)) {
        ssize_t n = send(store->process.fd, request->frame.data + request->sent, request->frame.len - request->sent,
                         MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            /* A dead writer shows as the end of the stream, after its last answers: store_on_readable deals with it. */
            bool full = errno == EAGAIN || errno == EWOULDBLOCK;
            if (full && event_add(store->writable, NULL) != 0) {
                store_writer_lost(store, registry_no_memory());
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
        if (store_request_sent(request)) {
            break;
        }
        found = request;
    }
    return found;
}

void store_on_writable(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    struct store *store = arg;
    struct request *request = first_unsent(store);
    while (request != NULL && send_request(store, request)) {
        request = TAILQ_NEXT(request, link);
    }
}

/* ------------------------------------------------------------------ after a lost writer */

/*
 * Turns a change into the question for its row. It fits into the memory of the change's own frame: it names the same
 * row and nothing more, so this cannot fail.
 */
static void ask_instead(struct store *store, struct request *request)
{
    store->request_bytes -= request->frame.len;
    buffer_reset(&request->frame);
    bool written = wire_write_question(&request->frame, request->sequence, request->change);
    if (!written) {
        abort();
    }
    store->request_bytes += request->frame.len;
    request->question = true;
}

void store_take_back(struct store *store)
{
    struct request *request;
    TAILQ_FOREACH(request, &store->requests, link)
    {
        if (store_request_sent(request) && !request->question) {
            ask_instead(store, request);
        }
        request->sent = 0;
    }
}

/* Nothing is added meanwhile: the store is refusing. */
void store_answer_all(struct store *store)
{
    struct request *request = TAILQ_FIRST(&store->requests);
    while (request != NULL) {
        struct request *next = TAILQ_NEXT(request, link);
        store_done_fn done = request->done;
        void *arg = request->arg;
        const char *outcome = request->question ? "outcome unknown, row not read yet" : "not written";
        request->done = NULL;
        if (!request->question) {
            store_request_drop(store, request);
        }
        if (done != NULL) {
            done(arg, registry_failure(REGISTRY_STORE, "%s: %.150s", outcome, store->lost.detail));
        }
        request = next;
    }
}
