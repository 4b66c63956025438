/* What the writer says; see store_model.h. */
#include "store_model.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

/* The change that is answered is off the queue before its asker is called, who may ask for the next. */
static void complete(struct store *store, struct request *request, struct registry_result result)
{
    store_done_fn done = request->done;
    void *arg = request->arg;
    store_request_drop(store, request);
    store_writer_heard(store);
    if (done != NULL) {
        done(arg, result);
    }
}

/* Shows the registry what a question was for. The visitor takes what it is given out of the frame. */
struct showing {
    enum wire_kind question;
    enum wire_kind answer;
    struct registry_result (*show)(struct store *store, const struct wire_frame *question, struct wire_frame *row);
};

static struct registry_result other_row(void)
{
    return registry_failure(REGISTRY_STORE, "the writer answered for another row");
}

static struct registry_result show_key(struct store *store, const struct wire_frame *question, struct wire_frame *row)
{
    if (memcmp(row->key->key.key_id, question->key_id, KEY_ID_BYTES) != 0) {
        return other_row();
    }
    struct registry_result result = store->visitor->key(store->visitor_arg, row->key);
    row->key = result.code == REGISTRY_OK ? NULL : row->key;
    return result;
}

/* Those that the visitor did not take stay in the frame. */
static struct registry_result show_retired_list(struct store *store, struct retired_list *list)
{
    struct registry_result result = registry_ok();
    for (size_t i = 0; i < list->n && result.code == REGISTRY_OK; i++) {
        result = store->visitor->retired(store->visitor_arg, list->entries[i]);
        list->entries[i] = result.code == REGISTRY_OK ? NULL : list->entries[i];
    }
    return result;
}

static struct registry_result show_key_gone(struct store *store, const struct wire_frame *question,
                                            struct wire_frame *row)
{
    if (memcmp(row->key_id, question->key_id, KEY_ID_BYTES) != 0) {
        return other_row();
    }
    store->visitor->no_key(store->visitor_arg, row->key_id);
    return show_retired_list(store, &row->retired);
}

static struct registry_result show_alias(struct store *store, const struct wire_frame *question, struct wire_frame *row)
{
    if (!view_equal(alias_entry_id(row->alias), alias_entry_id(question->alias))) {
        return other_row();
    }
    struct registry_result result = store->visitor->alias(store->visitor_arg, row->alias);
    row->alias = result.code == REGISTRY_OK ? NULL : row->alias;
    return result;
}

static struct registry_result show_no_alias(struct store *store, const struct wire_frame *question,
                                            struct wire_frame *row)
{
    (void)row;
    store->visitor->no_alias(store->visitor_arg, question->alias->alias.account, question->alias->alias.name);
    return registry_ok();
}

static struct registry_result show_retired(struct store *store, const struct wire_frame *question,
                                           struct wire_frame *row)
{
    const struct registry_retired *retired = &row->retired.entries[0]->retired;
    return memcmp(retired->material_id, question->material_id, MATERIAL_ID_BYTES) == 0
               ? show_retired_list(store, &row->retired)
               : other_row();
}

static struct registry_result show_no_retired(struct store *store, const struct wire_frame *question,
                                              struct wire_frame *row)
{
    (void)row;
    store->visitor->no_retired(store->visitor_arg, question->material_id);
    return registry_ok();
}

static struct registry_result show_principal(struct store *store, const struct wire_frame *question,
                                             struct wire_frame *row)
{
    if (strcmp(row->principal->principal.unique_id, question->principal_removal.unique_id) != 0) {
        return other_row();
    }
    struct registry_result result = store->visitor->principal(store->visitor_arg, row->principal);
    row->principal = result.code == REGISTRY_OK ? NULL : row->principal;
    return result;
}

static struct registry_result show_no_principal(struct store *store, const struct wire_frame *question,
                                                struct wire_frame *row)
{
    (void)row;
    const struct principal_departure *departure = &question->principal_removal.departure;
    if (departure->departed_ms != 0) {
        struct registry_result result = store->visitor->departure(store->visitor_arg, departure);
        if (result.code != REGISTRY_OK) {
            return result;
        }
    }
    store->visitor->no_principal(store->visitor_arg, question->principal_removal.unique_id);
    return registry_ok();
}

static struct registry_result show_grant(struct store *store, const struct wire_frame *question, struct wire_frame *row)
{
    const struct registry_grant *grant = &row->grant->grant;
    bool asked = memcmp(grant->id, question->grant_place.id, GRANT_ID_BYTES) == 0 &&
                 memcmp(grant->key_id, question->grant_place.key_id, KEY_ID_BYTES) == 0;
    return asked ? store->visitor->grant(store->visitor_arg, grant) : other_row();
}

static struct registry_result show_no_grant(struct store *store, const struct wire_frame *question,
                                            struct wire_frame *row)
{
    (void)row;
    store->visitor->no_grant(store->visitor_arg, question->grant_place.id);
    return registry_ok();
}

static struct registry_result show_row(struct store *store, const struct wire_frame *question, struct wire_frame *row)
{
    static const struct showing showings[] = {
        {WIRE_KEY_READ, WIRE_KEY_ROW, show_key},
        {WIRE_KEY_READ, WIRE_KEY_GONE, show_key_gone},
        {WIRE_ALIAS_READ, WIRE_ALIAS_ROW, show_alias},
        {WIRE_ALIAS_READ, WIRE_NO_ROW, show_no_alias},
        {WIRE_RETIRED_READ, WIRE_RETIRED_ROW, show_retired},
        {WIRE_RETIRED_READ, WIRE_NO_ROW, show_no_retired},
        {WIRE_PRINCIPAL_READ, WIRE_PRINCIPAL_ROW, show_principal},
        {WIRE_PRINCIPAL_READ, WIRE_NO_ROW, show_no_principal},
        {WIRE_GRANT_READ, WIRE_GRANT_ROW, show_grant},
        {WIRE_GRANT_READ, WIRE_NO_ROW, show_no_grant},
    };
    for (size_t i = 0; i < sizeof showings / sizeof showings[0]; i++) {
        if (showings[i].question == question->kind && showings[i].answer == row->kind) {
            return showings[i].show(store, question, row);
        }
    }
    return other_row();
}

static void on_row(struct store *store, struct request *request, struct wire_frame *row)
{
    struct wire_frame question;
    size_t used;
    if (wire_read(buffer_view(&request->frame), &question, &used) != WIRE_OK) {
        store_writer_lost(store, registry_no_memory()); /* our own frame: only memory can be missing */
        return;
    }
    struct registry_result result = show_row(store, &question, row);
    wire_frame_clear(&question);
    if (result.code != REGISTRY_OK) {
        store_writer_lost(store, result);
        return;
    }
    complete(store, request,
             registry_failure(REGISTRY_STORE, "outcome was lost, the row is as it is: %.140s", store->lost.detail));
}

static void on_answer(struct store *store, struct wire_frame *frame)
{
    struct request *request = TAILQ_FIRST(&store->requests);
    bool expected = request != NULL && store_request_sent(request) && request->sequence == frame->sequence;
    if (!expected || request->question != (frame->kind != WIRE_DONE)) {
        store_writer_lost(store, registry_failure(REGISTRY_STORE, "the writer answered what it was not asked"));
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
            store->refusing = false;
            store_writer_heard(store);
            event_active(store->writable, EV_WRITE, 0);
            return;
        }
        break;
    case WIRE_FAILED:
        store_writer_lost(store, frame->result);
        return;
    case WIRE_DONE:
    case WIRE_KEY_ROW:
    case WIRE_KEY_GONE:
    case WIRE_ALIAS_ROW:
    case WIRE_RETIRED_ROW:
    case WIRE_PRINCIPAL_ROW:
    case WIRE_GRANT_ROW:
    case WIRE_NO_ROW:
        on_answer(store, frame);
        return;
    default:
        break;
    }
    store_writer_lost(store, registry_failure(REGISTRY_STORE, "the writer sent a frame that is not for us"));
}

/* Takes whole frames out of the input until the writer is lost or no whole one is left. */
static void read_frames(struct store *store)
{
    while (store->phase != PHASE_ENDING) {
        struct wire_frame frame;
        size_t used;
        enum wire_code code = wire_read(buffer_view(&store->in), &frame, &used);
        if (code == WIRE_INCOMPLETE) {
            return;
        }
        if (code != WIRE_OK) {
            store_writer_lost(store, code == WIRE_NO_MEMORY
                                         ? registry_no_memory()
                                         : registry_failure(REGISTRY_STORE, "the writer sent a malformed frame"));
            return;
        }
        buffer_consume(&store->in, used);
        on_frame(store, &frame);
        wire_frame_clear(&frame);
    }
}

void store_on_readable(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    struct store *store = arg;
    if (!buffer_reserve(&store->in, STORE_READ_BYTES)) {
        abort(); /* its maximum is never reached, so there is no memory: without answers nothing can go on, and a
                    restart loses none */
    }
    ssize_t got = recv(store->process.fd, store->in.data + store->in.len, STORE_READ_BYTES, 0);
    if (got > 0 && store->phase != PHASE_ENDING) {
        store->in.len += (size_t)got;
        read_frames(store);
    } else if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
        store_writer_ended(store); /* also ECONNRESET: the writer went without having read everything */
    }
}
