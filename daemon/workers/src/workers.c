/* The public face: taking jobs in, the end of a loop turn, and what is shown of the tokens. */
#include "internal.h"

#include "proto/message.h"

#include <assert.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t workers_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct timeval workers_time_of_ms(uint64_t ms)
{
    return (struct timeval){.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

void workers_log(const struct workers *workers, int priority, const char *format, ...)
{
    char text[1280];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    workers->log(workers->arg, priority, text);
}

/* ------------------------------------------------------------------------------------------------ the end of a loop
 * turn */

void workers_turn_request(struct workers *workers)
{
    if (!workers->turn_pending && !workers->freeing) {
        workers->turn_pending = true;
        event_active(workers->turn, EV_TIMEOUT, 0);
    }
}

void workers_finished_drain(struct workers *workers)
{
    for (struct workers_job *job = NULL; (job = TAILQ_FIRST(&workers->finished)) != NULL;) {
        TAILQ_REMOVE(&workers->finished, job, link);
        workers_job_end(job, job->status, NULL);
    }
}

void workers_on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct workers *workers = arg;
    workers->turn_pending = false;
    for (size_t i = 0; i < workers->n_tokens; i++) {
        struct workers_token *token = &workers->tokens[i];
        if (token->hungry) {
            token->hungry = false;
            workers_feed(token);
        }
    }
    workers_finished_drain(workers);
}

/* ------------------------------------------------------------------------------------------------ jobs in */

static struct workers_token *token_find(const struct workers *workers, const char *name)
{
    if (name == NULL) {
        return &workers->tokens[0];
    }
    for (size_t i = 0; i < workers->n_tokens; i++) {
        if (strcmp(workers->tokens[i].settings.name, name) == 0) {
            return &workers->tokens[i];
        }
    }
    return NULL;
}

/* WORKERS_ANSWERED when the job can be queued; otherwise why not. */
static enum workers_status refusal(const struct workers_token *token)
{
    if (token == NULL) {
        return WORKERS_NO_TOKEN;
    }
    if (token->workers->freeing || !workers_token_up(token)) {
        return WORKERS_DOWN;
    }
    return token->queue.len >= token->queue.max ? WORKERS_BUSY : WORKERS_ANSWERED;
}

static bool is_check(const Hsm__Request *request)
{
    return (request->body_case == HSM__REQUEST__BODY_RE_ENCRYPT && request->re_encrypt->has_check_only &&
            request->re_encrypt->check_only) ||
           (request->body_case == HSM__REQUEST__BODY_DECRYPT && request->decrypt->has_check_only &&
            request->decrypt->check_only);
}

/* How much plaintext a request makes that was not there before; 0 for all others. */
static size_t plaintext_bytes(const Hsm__Request *request)
{
    if (request->body_case == HSM__REQUEST__BODY_GENERATE_RANDOM) {
        return request->generate_random->length;
    }
    bool readable = request->body_case == HSM__REQUEST__BODY_GENERATE_DATA_KEY &&
                    request->generate_data_key->has_with_plaintext && request->generate_data_key->with_plaintext;
    return readable ? request->generate_data_key->length : 0;
}

static enum workers_status job_pack(struct workers_job *job, Hsm__Request *request)
{
    request->has_id = true;
    request->id = ++job->workers->last_id;
    job->id = request->id;
    job->body = request->body_case;
    job->check_only = is_check(request);
    job->plaintext_bytes = plaintext_bytes(request);
    if (request->body_case == HSM__REQUEST__BODY_DESTROY_KEY) {
        const ProtobufCBinaryData *id = &request->destroy_key->key->material_id;
        assert(id->len == sizeof(job->material_id));
        memcpy(job->material_id, id->data, sizeof(job->material_id));
    }
    return proto_pack_frame(&request->base, &job->frame).code == PROTO_OK ? WORKERS_ANSWERED : WORKERS_NO_MEMORY;
}

struct workers_job *workers_submit(struct workers *workers, const char *token_name, Hsm__Request *request,
                                   unsigned timeout_ms, workers_done_fn done, void *arg)
{
    assert(done != NULL && request->body_case != HSM__REQUEST__BODY__NOT_SET &&
           request->body_case != HSM__REQUEST__BODY_CONFIGURE);
    struct workers_token *token = token_find(workers, token_name);
    enum workers_status status = refusal(token);
    struct workers_job *job = workers_job_take(workers, false);
    if (job == NULL) {
        status = WORKERS_NO_MEMORY;
        job = workers_job_take(workers, true);
    }
    if (job == NULL) {
        abort(); /* not even a refusal can be noted: the service manager starts us again, when there may be memory */
    }
    job->token = token;
    job->done = done;
    job->arg = arg;
    workers->pending++;
    if (status == WORKERS_ANSWERED) {
        status = job_pack(job, request);
    }
    if (status != WORKERS_ANSWERED) {
        workers_job_end_later(job, status);
        return job;
    }
    workers_queue_push_back(&token->queue, job);
    workers_wheel_add(workers, job, timeout_ms);
    token->hungry = true;
    workers_turn_request(workers);
    return job;
}

void workers_abandon(struct workers_job *job)
{
    if (job == NULL) {
        return;
    }
    assert(job->done != NULL);
    workers_job_forget(job);
    if (job->place == JOB_QUEUED) {
        workers_queue_remove(&job->token->queue, job);
        workers_job_return(job);
    } /* else it stays where it is, for nobody, until its answer or the end of the turn comes */
}

/* ------------------------------------------------------------------------------------------------ what is shown */

static bool is_starting(const struct workers_token *token)
{
    for (unsigned i = 0; i < token->settings.workers; i++) {
        if (token->workers_list[i].state == WORKER_STARTING) {
            return true;
        }
    }
    return false;
}

bool workers_state(const struct workers *workers, const char *token_name, struct workers_token_state *ret)
{
    const struct workers_token *token = token_find(workers, token_name);
    if (token == NULL) {
        return false;
    }
    *ret = (struct workers_token_state){
        .name = token->settings.name,
        .ready = token->ready,
        .configured = token->settings.workers,
        .starting = is_starting(token),
        .queued = token->queue.len,
        .stopped_by_pin = token->stopped_by_pin,
        .level = token->level,
        .pads_payloads = token->pads_payloads,
        .payload_max_bytes = token->payload_max_bytes,
        .algorithms = token->algorithms,
        .n_algorithms = token->n_algorithms,
        .level_reason = token->level_reason,
        .label = token->label,
        .serial = token->serial,
        .model = token->model,
        .last_failure = token->last_failure,
        .last_failure_ms = token->last_failure_ms,
    };
    return true;
}

size_t workers_tokens(const struct workers *workers)
{
    return workers->n_tokens;
}

const char *workers_token_name(const struct workers *workers, size_t index)
{
    return index < workers->n_tokens ? workers->tokens[index].settings.name : NULL;
}

bool workers_stock_find(const struct workers *workers, const char *token_name, Hsm__KeySpec spec,
                        Hsm__Boundary boundary, workers_taken_fn taken, void *arg, uint8_t ret_material_id[32])
{
    struct workers_token *token = token_find(workers, token_name);
    if (token == NULL) {
        return false;
    }
    const struct workers_stock_entry *entry = workers_stock_search(&token->stock, spec, boundary, taken, arg);
    if (entry == NULL) {
        return false;
    }
    memcpy(ret_material_id, entry->material_id, WORKERS_MATERIAL_ID_BYTES);
    return true;
}

void workers_objects_visit(const struct workers *workers, const char *token_name, workers_object_fn visit, void *arg)
{
    const struct workers_token *token = token_find(workers, token_name);
    for (size_t i = 0; token != NULL && i < token->stock.len; i++) {
        const struct workers_stock_entry *entry = &token->stock.entries[i];
        const struct workers_object object = {.spec = entry->spec,
                                              .boundary = entry->boundary,
                                              .material_id = entry->material_id,
                                              .refused_for = entry->refused_for};
        if (!visit(arg, &object)) {
            return;
        }
    }
}

size_t workers_stock_count(const struct workers *workers, const char *token_name, Hsm__KeySpec spec,
                           Hsm__Boundary boundary, workers_taken_fn taken, void *arg)
{
    const struct workers_token *token = token_find(workers, token_name);
    size_t count = 0;
    for (size_t i = 0; token != NULL && i < token->stock.len; i++) {
        const struct workers_stock_entry *entry = &token->stock.entries[i];
        count += workers_stock_fits(entry, spec, boundary) && !taken(arg, entry->material_id);
    }
    return count;
}

size_t workers_pending(const struct workers *workers)
{
    return workers->pending;
}
