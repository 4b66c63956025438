/* The start of a worker: from Configure to Hello. */
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shorter than [token] start-deadline-ms is by default. */
#define START_TURN_MS 10000

/* As many keys as an account may have (KMS.md R-79). */
#define DEFAULT_MAX_OBJECTS 100000

/* Not listed: HELLO_TOKEN_FAULT. */
static const Hsm__HelloStatus hello_statuses[] = {
    [HSM_MODULE] = HSM__HELLO_STATUS__HELLO_MODULE,
    [HSM_TOKEN_ABSENT] = HSM__HELLO_STATUS__HELLO_TOKEN_ABSENT,
    [HSM_PIN_UNREADABLE] = HSM__HELLO_STATUS__HELLO_PIN_UNREADABLE,
    [HSM_PIN_WRONG] = HSM__HELLO_STATUS__HELLO_PIN_WRONG,
    [HSM_PIN_LOCKED] = HSM__HELLO_STATUS__HELLO_PIN_LOCKED,
    [HSM_NO_CEREMONY] = HSM__HELLO_STATUS__HELLO_NO_CEREMONY,
};
#define N_HELLO_STATUSES (sizeof hello_statuses / sizeof hello_statuses[0])

Hsm__HelloStatus hello_status(enum hsm_code code)
{
    if (code == HSM_OK) {
        return HSM__HELLO_STATUS__HELLO_READY;
    }
    bool listed = (size_t)code < N_HELLO_STATUSES && hello_statuses[code] != HSM__HELLO_STATUS__HELLO_READY;
    return listed ? hello_statuses[code] : HSM__HELLO_STATUS__HELLO_TOKEN_FAULT;
}

static bool send_refusal(struct worker *worker, uint64_t id, Hsm__HelloStatus status, struct hsm_result result)
{
    char detail[DETAIL_BYTES];
    result_text(result, detail);
    Hsm__Hello hello = HSM__HELLO__INIT;
    hello.has_status = true;
    hello.status = status;
    hello.detail = detail;
    hello.has_ckr = result.rv != 0;
    hello.ckr = result.rv;
    Hsm__Response response = HSM__RESPONSE__INIT;
    response.has_id = true;
    response.id = id;
    response.has_status = true;
    response.status = HSM__STATUS__STATUS_OK;
    response.hello = &hello;
    rewrap_ignore(channel_send(&worker->channel, &response.base), "the worker leaves in either case");
    return false;
}

#define N_ALGORITHMS 3

/* What the token does on the token; suite 1 is needed to start at all. */
static size_t algorithms_of(const struct hsm_profile *profile, Hsm__Algorithm out[N_ALGORITHMS])
{
    size_t n = 0;
    out[n++] = HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT;
    if (profile->oaep_sha1) {
        out[n++] = HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_1;
    }
    if (profile->oaep_sha256) {
        out[n++] = HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_256;
    }
    return n;
}

static bool send_ready(struct worker *worker, uint64_t id)
{
    struct hsm_token_info info = *hsm_token_info(worker->token);
    Hsm__Algorithm algorithms[N_ALGORITHMS];
    Hsm__Hello hello = HSM__HELLO__INIT;
    hello.has_status = true;
    hello.status = HSM__HELLO_STATUS__HELLO_READY;
    hello.token_label = info.label;
    hello.token_serial = info.serial;
    hello.token_model = info.model;
    hello.has_level = true;
    hello.level = (Hsm__Level)worker->profile.level;
    hello.has_pads_payloads = true;
    hello.pads_payloads = worker->profile.pads_payloads;
    hello.has_payload_max = true;
    hello.payload_max = worker->profile.payload_max_bytes;
    hello.n_algorithms = algorithms_of(&worker->profile, algorithms);
    hello.algorithms = algorithms;
    hello.level_reason = (char *)(uintptr_t)worker->profile.level_reason; /* packing only reads it */
    return objects_send(worker, id, &hello);
}

/* A module that has no path is one that p11-kit finds by its name. */
static bool keep_names(struct worker *worker, const Hsm__Configure *configure)
{
    const char *module = configure->module == NULL ? "" : configure->module;
    worker->pin_file = strdup(configure->pin_file == NULL ? "" : configure->pin_file);
    worker->module = realpath(module, NULL);
    if (worker->module == NULL) {
        worker->module = strdup(module);
    }
    worker->turn_folder = configure->turn_folder == NULL ? NULL : strdup(configure->turn_folder);
    return worker->pin_file != NULL && worker->module != NULL &&
           (configure->turn_folder == NULL || worker->turn_folder != NULL);
}

static struct hsm_result open_token(struct worker *worker, const Hsm__Configure *configure)
{
    struct hsm_token_config config = {
        .module = configure->module, .init_args = configure->init_args, .uri = configure->token_uri};
    if (!keep_names(worker, configure)) {
        return (struct hsm_result){.code = HSM_NO_MEMORY, .what = "configuration"};
    }
    turn_take_to_open(worker);
    struct hsm_result result = hsm_token_open(&config, &worker->token);
    turn_return(worker);
    if (result.code == HSM_OK) {
        rewrap_ignore(turn_take_within(worker, START_TURN_MS), "one that hangs must not keep the others from starting");
        result = worker_log_in(worker);
    }
    if (result.code == HSM_OK) {
        turn_return(worker);
    }
    if (result.code == HSM_OK) {
        result = hsm_probe(worker->token, &worker->profile);
    }
    return result;
}

static bool send_bad_request(struct worker *worker, const Hsm__Request *request, const char *why)
{
    struct answer answer;
    answer_init(&answer, request);
    answer_bad_request(&answer, why);
    rewrap_ignore(channel_send(&worker->channel, &answer.response.base), "the worker leaves in either case");
    return false;
}

bool worker_start(struct worker *worker, const Hsm__Request *request)
{
    if (request->body_case != HSM__REQUEST__BODY_CONFIGURE) {
        return send_bad_request(worker, request, "the first request must be Configure");
    }
    const Hsm__Configure *configure = request->configure;
    if (configure->has_binding_check && configure->binding_check.len != HSM_BINDING_CHECK_BYTES) {
        return send_bad_request(worker, request, "binding_check is 16 bytes");
    }
    struct hsm_result result = open_token(worker, configure);
    if (result.code != HSM_OK) {
        return send_refusal(worker, request->id, hello_status(result.code), result);
    }
    Hsm__Level required = configure->has_require ? configure->require : HSM__LEVEL__LEVEL_SEALED;
    if ((int)worker->profile.level < (int)required) {
        result = (struct hsm_result){.code = HSM_UNSUPPORTED, .what = worker->profile.level_reason};
        return send_refusal(worker, request->id, HSM__HELLO_STATUS__HELLO_LEVEL, result);
    }
    size_t max_objects = configure->has_max_objects ? configure->max_objects : DEFAULT_MAX_OBJECTS;
    const uint8_t *check = configure->has_binding_check ? configure->binding_check.data : NULL;
    result = hsm_rewrap_new(worker->token, &worker->profile, max_objects, check, &worker->rewrap);
    if (result.code != HSM_OK) {
        return send_refusal(worker, request->id, hello_status(result.code), result);
    }
    return send_ready(worker, request->id);
}
