/* One message of a worker: is it the answer that is due, whole and no more than it should be, and what it means for
 * whom. */
#include "internal.h"

#include "proto/message.h"

#include <stdio.h>

/* Which members the answer to a request has when its status is STATUS_OK; it may have no others. */
struct answer_rule {
    bool ciphertext;
    bool plaintext;
    bool material_id;
    bool objects;
    bool hello;
    bool public_key;
};

#define PUBLIC_KEY_MAX_BYTES 1024 /* of RSA_4096 it is 550 */
#define N_BODIES             (HSM__REQUEST__BODY_DESTROY_KEY + 1)

static const struct answer_rule rules[N_BODIES] = {
    [HSM__REQUEST__BODY_CONFIGURE] = {.hello = true, .objects = true},
    [HSM__REQUEST__BODY_RE_ENCRYPT] = {.ciphertext = true},
    [HSM__REQUEST__BODY_ENCRYPT] = {.ciphertext = true},
    [HSM__REQUEST__BODY_DECRYPT] = {.plaintext = true},
    [HSM__REQUEST__BODY_GENERATE_DATA_KEY] = {.ciphertext = true},
    [HSM__REQUEST__BODY_MAKE_OPEN_KEY] = {.material_id = true},
    [HSM__REQUEST__BODY_LIST_OBJECTS] = {.objects = true},
    [HSM__REQUEST__BODY_GENERATE_RANDOM] = {.plaintext = true},
    [HSM__REQUEST__BODY_GET_PUBLIC_KEY] = {.public_key = true},
    [HSM__REQUEST__BODY_DESTROY_KEY] = {.ciphertext = false},
};

static struct answer_rule rule_of(const struct workers_job *job, bool ok)
{
    struct answer_rule rule = rules[job->body];
    rule.plaintext |= job->plaintext_bytes != 0;
    return ok ? rule : (struct answer_rule){.hello = rule.hello};
}

/* A worker whose login failed at the renewal of its session says so in the answer by which it leaves. */
static bool may_leave_by(const Hsm__Response *response)
{
    return response->status == HSM__STATUS__STATUS_TOKEN_UNAVAILABLE &&
           (response->leaving == HSM__HELLO_STATUS__HELLO_PIN_UNREADABLE ||
            response->leaving == HSM__HELLO_STATUS__HELLO_PIN_WRONG ||
            response->leaving == HSM__HELLO_STATUS__HELLO_PIN_LOCKED);
}

/* NULL, or what is wrong with the content of an answer that has succeeded. */
static const char *content_fault(const struct workers_job *job, struct answer_rule must, const Hsm__Response *response)
{
    if ((must.ciphertext && (!response->has_ciphertext || response->ciphertext.len == 0)) ||
        (must.plaintext && !response->has_plaintext)) {
        return "an answer without its content";
    }
    if (job->plaintext_bytes != 0 && response->plaintext.len != job->plaintext_bytes) {
        return "an answer with more or fewer bytes than were asked for";
    }
    if (must.public_key && (!response->has_public_key || response->public_key.len == 0 ||
                            response->public_key.len > PUBLIC_KEY_MAX_BYTES)) {
        return "an answer without a public key, or with too long a one";
    }
    if (must.material_id && (!response->has_material_id || response->material_id.len != WORKERS_MATERIAL_ID_BYTES)) {
        return "an answer without a material id of 32 bytes";
    }
    return NULL;
}

/* NULL, or what is wrong with an answer to that job. */
static const char *answer_fault(const struct workers_job *job, const Hsm__Response *response)
{
    if (!response->has_id || response->id != job->id) {
        return "an answer with another id than the one that is due";
    }
    if (!response->has_status || response->status < HSM__STATUS__STATUS_OK ||
        response->status > HSM__STATUS__STATUS_KEY_KEPT) {
        return "an answer without a known status";
    }
    bool ok = response->status == HSM__STATUS__STATUS_OK;
    struct answer_rule may = rule_of(job, ok);
    bool more = response->has_more && response->more;
    if ((response->has_ciphertext && !may.ciphertext) || (response->has_plaintext && !may.plaintext) ||
        (response->has_material_id && !may.material_id) || (response->hello != NULL && !may.hello) ||
        (response->has_public_key && !may.public_key) || (response->has_leaving && !may_leave_by(response)) ||
        ((response->n_objects != 0 || more) && !may.objects)) {
        return "an answer with members that its request does not have";
    }
    return ok && !job->check_only ? content_fault(job, may, response) : NULL;
}

bool workers_answer_collect(struct workers_worker *worker, Hsm__StockEntry *const *objects, size_t n_objects, bool more)
{
    if (more && n_objects == 0) {
        workers_worker_end(worker, END_PROTOCOL, "a part of a list with nothing in it");
        return false;
    }
    const char *fault =
        workers_stock_append(&worker->incoming, objects, n_objects, worker->token->settings.max_objects);
    if (fault != NULL) {
        workers_worker_end(worker, END_PROTOCOL, fault);
        return false;
    }
    if (more) {
        workers_worker_renew(worker);
        return false;
    }
    workers_stock_move(&worker->token->stock, &worker->incoming);
    return true;
}

/* A worker renews once in a while, or the token has a fault that the operator wants to know of; one that says so in
 * every answer does not fill the log. */
static void log_renewal(struct workers_worker *worker)
{
    uint64_t now_ms = workers_now_ms();
    unsigned pause_ms = worker->token->workers->timing.renewal_log_ms;
    if (worker->renewal_told_ms != 0 && now_ms - worker->renewal_told_ms < pause_ms) {
        return;
    }
    worker->renewal_told_ms = now_ms;
    workers_log(worker->token->workers, LOG_NOTICE,
                "token %s: worker %d had lost its session or login, has renewed it and done the request once more",
                worker->token->settings.name, (int)worker->pid);
}

static void handle(struct workers_worker *worker, struct workers_job *job, const Hsm__Response *response)
{
    const char *fault = answer_fault(job, response);
    if (fault != NULL) {
        workers_worker_end(worker, END_PROTOCOL, fault);
        return;
    }
    bool ok = response->status == HSM__STATUS__STATUS_OK;
    if (job->body == HSM__REQUEST__BODY_CONFIGURE) {
        if (workers_hello_handle(worker, response)) {
            workers_job_return(workers_feed_oldest_take(worker));
            workers_worker_serve(worker);
        }
        return;
    }
    if (ok && job->body == HSM__REQUEST__BODY_LIST_OBJECTS &&
        !workers_answer_collect(worker, response->objects, response->n_objects, response->has_more && response->more)) {
        return;
    }
    workers_feed_oldest_take(worker);
    workers_stock_clear(&worker->incoming); /* parts of a list that then failed */
    if (ok && job->body == HSM__REQUEST__BODY_DESTROY_KEY) {
        workers_stock_remove(&worker->token->stock, job->material_id);
    }
    if (response->has_leaving) {
        workers_hello_leaving(worker, response);
    } else if (response->status == HSM__STATUS__STATUS_TOKEN_UNAVAILABLE) {
        workers_worker_end(worker, END_LEFT, response->detail);
    } else if (response->has_renewed && response->renewed) {
        log_renewal(worker);
    }
    workers_job_end(job, WORKERS_ANSWERED, response);
}

void workers_answer_handle(struct workers_worker *worker, struct view message)
{
    struct workers_job *job = TAILQ_FIRST(&worker->in_flight);
    if (job == NULL || job == worker->unsent) {
        workers_worker_end(worker, END_PROTOCOL, "an answer that nobody asked for");
        return;
    }
    ProtobufCMessage *unpacked = NULL;
    struct proto_result result = proto_unpack(&hsm__response__descriptor, message, &unpacked);
    if (result.code != PROTO_OK) {
        char detail[128];
        snprintf(detail, sizeof(detail), "an answer that cannot be read (%s%s%s)", proto_code_text(result.code),
                 result.field == NULL ? "" : " in ", result.field == NULL ? "" : result.field);
        workers_worker_end(worker, result.code == PROTO_NO_MEMORY ? END_NO_MEMORY : END_PROTOCOL, detail);
        return;
    }
    handle(worker, job, (const Hsm__Response *)unpacked);
    proto_free(unpacked);
}
