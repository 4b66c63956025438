/* The first words with a worker: what it is told (Configure), what it says of the token (Hello), and what a refusal
 * means. */
#include "internal.h"

#include "proto/message.h"

#include <inttypes.h>
#include <stdio.h>

#define DETAIL_BYTES 256

struct workers_job *workers_hello_ask(struct workers_token *token)
{
    struct workers_job *job = workers_job_take(token->workers, false);
    if (job == NULL) {
        return NULL;
    }
    /* protobuf-c's strings are not const, but packing only reads them. */
    Hsm__Configure configure = HSM__CONFIGURE__INIT;
    configure.module = (char *)token->settings.module;
    configure.init_args = (char *)token->settings.init_args;
    configure.token_uri = (char *)token->settings.uri;
    configure.pin_file = (char *)token->settings.pin_file;
    configure.turn_folder = token->workers->turn_folder;
    configure.has_require = true;
    configure.require = token->settings.require;
    configure.has_max_objects = true;
    configure.max_objects = token->settings.max_objects;
    configure.has_binding_check = token->settings.has_binding_check;
    configure.binding_check =
        (ProtobufCBinaryData){sizeof(token->settings.binding_check), token->settings.binding_check};

    Hsm__Request request = HSM__REQUEST__INIT;
    request.has_id = true;
    request.id = ++token->workers->last_id;
    request.body_case = HSM__REQUEST__BODY_CONFIGURE;
    request.configure = &configure;

    job->token = token;
    job->id = request.id;
    job->body = request.body_case;
    if (proto_pack_frame(&request.base, &job->frame).code != PROTO_OK) {
        workers_job_return(job);
        return NULL;
    }
    return job;
}

/* What the statuses other than HELLO_READY are to an operator. */
struct refusal {
    enum workers_start outcome;
    bool stops;       /* no further start until the PIN file changes */
    const char *what; /* followed by the setting at fault and the worker's detail */
    size_t setting;   /* offset in struct workers_token_settings */
    const char *then; /* what is or should be done, or NULL */
};

#define SETTING(member) offsetof(struct workers_token_settings, member)
#define NO_MORE_OF_IT   "no further attempt is made with this PIN"

static const struct refusal refusals[] = {
    [HSM__HELLO_STATUS__HELLO_MODULE] = {WORKERS_START_CONFIG, false,
                                         "the PKCS#11 module cannot be used:", SETTING(module), NULL},
    [HSM__HELLO_STATUS__HELLO_TOKEN_ABSENT] = {WORKERS_START_RETRY, false, "no token matches", SETTING(uri), NULL},
    [HSM__HELLO_STATUS__HELLO_PIN_UNREADABLE] = {WORKERS_START_CONFIG, false, "the PIN cannot be read from",
                                                 SETTING(pin_file), NULL},
    [HSM__HELLO_STATUS__HELLO_PIN_WRONG] = {WORKERS_START_CONFIG, true, "the token refused the PIN in",
                                            SETTING(pin_file),
                                            NO_MORE_OF_IT "; it is tried again once that file has changed"},
    [HSM__HELLO_STATUS__HELLO_PIN_LOCKED] =
        {WORKERS_START_CONFIG, true,
         "the token's user PIN is locked, or one failure away from it; not tried was the PIN in", SETTING(pin_file),
         NO_MORE_OF_IT "; unlock the token, then write that file anew"},
    [HSM__HELLO_STATUS__HELLO_NO_CEREMONY] = {WORKERS_START_CONFIG, false, "there is no binding root on the token",
                                              SETTING(uri), "hold the ceremony (rewrapctl ceremony init)"},
    [HSM__HELLO_STATUS__HELLO_LEVEL] = {WORKERS_START_CONFIG, false,
                                        "below the level that `require` asks for is the token", SETTING(uri), NULL},
    [HSM__HELLO_STATUS__HELLO_TOKEN_FAULT] = {WORKERS_START_RETRY, false,
                                              "a fault while it was looked at had the token", SETTING(uri), NULL},
};

#define N_REFUSALS (sizeof(refusals) / sizeof(refusals[0]))

/* NULL when a Hello has what its status needs and nothing out of range, or what is wrong with it. */
static const char *hello_fault(const Hsm__Hello *hello, Hsm__Level require)
{
    if (!hello->has_status || hello->status < HSM__HELLO_STATUS__HELLO_READY || (size_t)hello->status >= N_REFUSALS) {
        return "a Hello without a known status";
    }
    if (hello->status != HSM__HELLO_STATUS__HELLO_READY) {
        return NULL;
    }
    if (!hello->has_level || hello->level < HSM__LEVEL__LEVEL_SENSITIVE || hello->level > HSM__LEVEL__LEVEL_SEALED) {
        return "a Hello without a known level";
    }
    if (hello->level < require) {
        return "a Hello that is ready below the required level";
    }
    if (hello->n_algorithms == 0 || hello->n_algorithms > WORKERS_MAX_ALGORITHMS) {
        return "a Hello with no or too many algorithms";
    }
    for (size_t i = 0; i < hello->n_algorithms; i++) {
        if (hello->algorithms[i] < HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT ||
            hello->algorithms[i] > HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_256) {
            return "a Hello with an unknown algorithm";
        }
    }
    return NULL;
}

static void hello_keep(struct workers_token *token, const Hsm__Hello *hello)
{
    token->level = hello->level;
    const char *reason = hello->level < HSM__LEVEL__LEVEL_SEALED ? hello->level_reason : NULL;
    workers_text_clean(reason, token->level_reason, sizeof(token->level_reason));
    workers_text_clean(hello->token_label, token->label, sizeof(token->label));
    workers_text_clean(hello->token_serial, token->serial, sizeof(token->serial));
    workers_text_clean(hello->token_model, token->model, sizeof(token->model));
    token->pads_payloads = hello->has_pads_payloads && hello->pads_payloads;
    token->payload_max_bytes = hello->has_payload_max ? hello->payload_max : 0;
    for (size_t i = 0; i < hello->n_algorithms; i++) {
        token->algorithms[i] = hello->algorithms[i];
    }
    token->n_algorithms = hello->n_algorithms;
}

/* Why the worker does not serve, for the operator, without the token's name. */
static void refusal_text(const struct workers_token *token, Hsm__HelloStatus status, const char *detail,
                         const uint64_t *ckr, char *out, size_t size)
{
    const struct refusal *refusal = &refusals[status];
    char number[32] = "";
    if (ckr != NULL) {
        snprintf(number, sizeof(number), " (CKR 0x%" PRIX64 ")", *ckr);
    }
    char clean[DETAIL_BYTES];
    workers_text_clean(detail, clean, sizeof(clean));
    const char *const *setting = (const char *const *)(const void *)((const char *)&token->settings + refusal->setting);
    snprintf(out, size, "%s %s%s%s%s%s%s", refusal->what, *setting, clean[0] == '\0' ? "" : ": ", clean, number,
             refusal->then == NULL ? "" : "; ", refusal->then == NULL ? "" : refusal->then);
}

/* The line that the token is down, when that has come of it, has the reason already. */
static void refusal_log(const struct workers_token *token, bool was_down, const char *text)
{
    if (was_down || !token->told_down) {
        workers_log(token->workers, LOG_ERR, "%s", text);
    }
}

static void hello_refused(struct workers_worker *worker, const Hsm__Hello *hello)
{
    struct workers_token *token = worker->token;
    const struct refusal *refusal = &refusals[hello->status];
    enum workers_start outcome = refusal->outcome;
    if (hello->has_ckr && hello->status == HSM__HELLO_STATUS__HELLO_MODULE) {
        outcome = WORKERS_START_RETRY; /* it was loaded, but C_Initialize failed: its appliance may be away */
    }
    char reason[WORKERS_FAILURE_BYTES];
    refusal_text(token, hello->status, hello->detail, hello->has_ckr ? &hello->ckr : NULL, reason, sizeof(reason));
    char text[WORKERS_FAILURE_BYTES + 64];
    snprintf(text, sizeof(text), "token %s: %s", token->settings.name, reason);
    workers_token_failed(token, reason);
    bool was_down = token->told_down;
    if (refusal->stops) {
        workers_token_stop_by_pin(token);
    }
    workers_worker_end(worker, END_REFUSED, NULL);
    if (!workers_token_report(token->workers, outcome, text)) {
        refusal_log(token, was_down, text);
    }
}

void workers_hello_leaving(struct workers_worker *worker, const Hsm__Response *response)
{
    struct workers_token *token = worker->token;
    char reason[WORKERS_FAILURE_BYTES - 64];
    char failure[WORKERS_FAILURE_BYTES];
    char text[WORKERS_FAILURE_BYTES + 64];
    refusal_text(token, response->leaving, response->detail, response->has_ckr ? &response->ckr : NULL, reason,
                 sizeof(reason));
    snprintf(failure, sizeof(failure), "worker %d could not renew its session: %s", (int)worker->pid, reason);
    snprintf(text, sizeof(text), "token %s: %s", token->settings.name, failure);
    workers_token_failed(token, failure);
    bool was_down = token->told_down;
    if (refusals[response->leaving].stops) {
        workers_token_stop_by_pin(token);
    }
    workers_worker_end(worker, END_REFUSED, NULL);
    refusal_log(token, was_down, text);
}

bool workers_hello_handle(struct workers_worker *worker, const Hsm__Response *response)
{
    const Hsm__Hello *hello = response->hello;
    if ((hello == NULL) != worker->hello_seen) {
        workers_worker_end(worker, END_PROTOCOL, "a list without its Hello, or a second Hello");
        return false;
    }
    bool more = response->has_more && response->more;
    if (hello == NULL && response->status != HSM__STATUS__STATUS_OK) {
        workers_worker_end(worker, END_PROTOCOL, "a Hello that is ready, and then a failure");
        return false;
    }
    if (hello == NULL) {
        return workers_answer_collect(worker, response->objects, response->n_objects, more);
    }
    const char *fault = hello_fault(hello, worker->token->settings.require);
    if (fault != NULL) {
        workers_worker_end(worker, END_PROTOCOL, fault);
        return false;
    }
    if (hello->status != HSM__HELLO_STATUS__HELLO_READY) {
        hello_refused(worker, hello);
        return false;
    }
    if (response->status != HSM__STATUS__STATUS_OK || response->n_objects != 0) {
        workers_worker_end(worker, END_PROTOCOL, "a Hello that is ready in an answer that is not");
        return false;
    }
    worker->hello_seen = true;
    hello_keep(worker->token, hello);
    return workers_answer_collect(worker, hello->objects, hello->n_objects, more);
}

void workers_text_clean(const char *text, char *out, size_t size)
{
    size_t len = 0;
    for (; text != NULL && text[len] != '\0' && len < size - 1; len++) {
        out[len] = text[len] >= ' ' && text[len] <= '~' ? text[len] : '?';
    }
    out[len] = '\0';
}
