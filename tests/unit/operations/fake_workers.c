/* The fake tokens; see fake_workers.h. */
#include "fake_workers.h"

#include "fake_token.h"
#include "proto/message.h"

#include <stdlib.h>
#include <string.h>

#define MAX_TOKENS 4

/* Holds in every build, unlike assert. */
#define require(condition) ((condition) ? (void)0 : abort())

struct workers_job {
    struct workers_job *next;
    ProtobufCMessage *request; /* unpacked again: nothing of the caller's may be needed after the submit */
    workers_done_fn done;
    void *arg;
    struct fake_token *token;
};

struct workers {
    struct fake_token tokens[MAX_TOKENS];
    size_t n_tokens;
    struct workers_job *first;
    size_t submitted;
    size_t lists;
    Hsm__Request__BodyCase last_kind;
    char last_token[64];
    unsigned last_timeout_ms;
    bool last_check_only;
    unsigned made; /* open keys */
    Hsm__KeySpec last_made;
    bool has_status, has_answer, empty, empty_with_status;
    enum workers_status status;
    Hsm__Status answer;
};

struct workers *fake_workers_new(void)
{
    struct workers *workers = calloc(1, sizeof *workers);
    require(workers != NULL);
    return workers;
}

static void job_free(struct workers_job *job)
{
    proto_free(job->request);
    free(job);
}

void fake_workers_free(struct workers *workers)
{
    while (workers->first != NULL) {
        struct workers_job *job = workers->first;
        workers->first = job->next;
        job_free(job);
    }
    free(workers);
}

struct fake_token *fake_workers_add_token(struct workers *workers, const char *name)
{
    require(workers->n_tokens < MAX_TOKENS);
    struct fake_token *token = &workers->tokens[workers->n_tokens++];
    token->name = name;
    token->level = HSM__LEVEL__LEVEL_SEALED;
    token->model = "Fake v1";
    token->algorithms[token->n_algorithms++] = HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT;
    token->algorithms[token->n_algorithms++] = HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_1;
    token->algorithms[token->n_algorithms++] = HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_256;
    return token;
}

void fake_token_add_spare(struct fake_token *token, unsigned number, bool hidden)
{
    fake_token_add_spare_of(token, HSM__KEY_SPEC__KEY_SPEC_AES_256, number, hidden);
}

void fake_token_add_spare_of(struct fake_token *token, Hsm__KeySpec spec, unsigned number, bool hidden)
{
    require(token->n_stock < FAKE_MAX_STOCK);
    struct fake_spare *spare = &token->stock[token->n_stock++];
    spare->spec = spec;
    memset(spare->material_id, 0xA0, sizeof spare->material_id);
    memcpy(spare->material_id, &number, sizeof number);
    spare->hidden = hidden;
}

void fake_workers_next_status(struct workers *workers, enum workers_status status)
{
    workers->has_status = true;
    workers->status = status;
}

void fake_workers_next_answer(struct workers *workers, Hsm__Status status)
{
    workers->has_answer = true;
    workers->answer = status;
}

void fake_workers_next_empty(struct workers *workers, bool with_status)
{
    workers->empty = true;
    workers->empty_with_status = with_status;
}

void fake_workers_make_again(struct workers *workers)
{
    workers->made--;
}

/* ------------------------------------------------------------------ how jobs end */

static void end_job(struct workers *workers, struct workers_job *job)
{
    Hsm__Response response = HSM__RESPONSE__INIT;
    struct fake_blob blob;
    response.has_status = true;
    if (job->token == NULL) {
        job->done(job->arg, WORKERS_NO_TOKEN, NULL);
    } else if (workers->has_status) {
        workers->has_status = false;
        job->done(job->arg, workers->status, NULL);
    } else if (workers->has_answer) {
        workers->has_answer = false;
        char detail[] = "as the test said";
        response.status = workers->answer;
        response.detail = detail;
        response.has_ckr = true;
        response.ckr = 0x30;
        job->done(job->arg, WORKERS_ANSWERED, &response);
    } else if (workers->empty) {
        workers->empty = false;
        response.has_status = workers->empty_with_status;
        job->done(job->arg, WORKERS_ANSWERED, &response);
    } else {
        response.status =
            fake_token_serve(job->token, &workers->made, (const Hsm__Request *)job->request, &response, &blob);
        if (response.status != HSM__STATUS__STATUS_OK) {
            response.has_ciphertext = response.has_plaintext = response.has_public_key = false;
        }
        job->done(job->arg, WORKERS_ANSWERED, &response);
    }
}

size_t fake_workers_run(struct workers *workers)
{
    size_t n = 0;
    for (; workers->first != NULL; n++) {
        struct workers_job *job = workers->first;
        workers->first = job->next;
        if (job->done != NULL) {
            end_job(workers, job);
        }
        job_free(job);
    }
    return n;
}

/* ------------------------------------------------------------------ the interface */

static struct fake_token *find_token(const struct workers *workers, const char *name)
{
    for (size_t i = 0; i < workers->n_tokens; i++) {
        if (name == NULL || strcmp(workers->tokens[i].name, name) == 0) {
            return (struct fake_token *)(uintptr_t)&workers->tokens[i];
        }
    }
    return NULL;
}

static bool checks_only(const Hsm__Request *request)
{
    return (request->body_case == HSM__REQUEST__BODY_RE_ENCRYPT && request->re_encrypt->check_only) ||
           (request->body_case == HSM__REQUEST__BODY_DECRYPT && request->decrypt->check_only);
}

struct workers_job *workers_submit(struct workers *workers, const char *token, Hsm__Request *request,
                                   unsigned timeout_ms, workers_done_fn done, void *arg)
{
    struct buffer packed = BUFFER_INIT(64 * 1024);
    struct workers_job *job = calloc(1, sizeof *job);
    require(job != NULL);
    struct proto_result result = proto_pack(&request->base, &packed);
    require(result.code == PROTO_OK);
    result = proto_unpack(request->base.descriptor, buffer_view(&packed), &job->request);
    require(result.code == PROTO_OK);
    buffer_clear(&packed);
    job->done = done;
    job->arg = arg;
    job->token = find_token(workers, token);
    struct workers_job **end = &workers->first;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = job;

    workers->submitted++;
    workers->lists += request->body_case == HSM__REQUEST__BODY_LIST_OBJECTS;
    workers->last_kind = request->body_case;
    workers->last_timeout_ms = timeout_ms;
    workers->last_check_only = checks_only(request);
    if (request->body_case == HSM__REQUEST__BODY_MAKE_OPEN_KEY) {
        workers->last_made = request->make_open_key->spec;
    }
    size_t len = strnlen(token, sizeof workers->last_token - 1);
    memcpy(workers->last_token, token, len);
    workers->last_token[len] = '\0';
    return job;
}

void workers_abandon(struct workers_job *job)
{
    /* As a job that a worker already has: it is finished and dropped. */
    if (job != NULL) {
        job->done = NULL;
    }
}

bool workers_state(const struct workers *workers, const char *token, struct workers_token_state *ret)
{
    const struct fake_token *found = find_token(workers, token);
    if (found == NULL) {
        return false;
    }
    *ret = (struct workers_token_state){
        .name = found->name,
        .ready = found->is_down ? 0 : 1,
        .configured = 1,
        .level = found->level,
        .pads_payloads = found->pads_payloads,
        .payload_max_bytes = found->payload_max_bytes,
        .algorithms = found->algorithms,
        .n_algorithms = found->n_algorithms,
        .model = found->model,
        .stopped_by_pin = found->stopped_by_pin,
        .starting = found->starting,
        .level_reason = found->level_reason,
        .last_failure = found->last_failure,
    };
    return true;
}

size_t workers_tokens(const struct workers *workers)
{
    return workers->n_tokens;
}

const char *workers_token_name(const struct workers *workers, size_t index)
{
    return workers->tokens[index].name;
}

bool workers_stock_find(const struct workers *workers, const char *token, Hsm__KeySpec spec, Hsm__Boundary boundary,
                        workers_taken_fn taken, void *arg, uint8_t ret_material_id[32])
{
    const struct fake_token *found = find_token(workers, token);
    require(boundary == HSM__BOUNDARY__BOUNDARY_SEALED);
    for (size_t i = 0; found != NULL && i < found->n_stock; i++) {
        const struct fake_spare *spare = &found->stock[i];
        if (spare->spec == spec && !spare->hidden && !taken(arg, spare->material_id)) {
            memcpy(ret_material_id, spare->material_id, 32);
            return true;
        }
    }
    return false;
}

void workers_objects_visit(const struct workers *workers, const char *token, workers_object_fn visit, void *arg)
{
    const struct fake_token *found = find_token(workers, token);
    bool going = found != NULL;
    for (size_t i = 0; going && i < found->n_stock; i++) {
        const struct fake_spare *spare = &found->stock[i];
        const struct workers_object object = {
            .spec = spare->spec, .boundary = HSM__BOUNDARY__BOUNDARY_SEALED, .material_id = spare->material_id};
        going = spare->hidden || visit(arg, &object);
    }
    for (size_t i = 0; going && i < found->n_objects; i++) {
        const struct fake_object *other = &found->objects[i];
        const struct workers_object object = {.spec = other->spec,
                                              .boundary = other->boundary,
                                              .material_id = other->material_id,
                                              .refused_for = other->refused_for};
        going = visit(arg, &object);
    }
}

size_t workers_stock_count(const struct workers *workers, const char *token, Hsm__KeySpec spec, Hsm__Boundary boundary,
                           workers_taken_fn taken, void *arg)
{
    const struct fake_token *found = find_token(workers, token);
    size_t count = 0;
    require(boundary == HSM__BOUNDARY__BOUNDARY_SEALED);
    for (size_t i = 0; found != NULL && i < found->n_stock; i++) {
        const struct fake_spare *spare = &found->stock[i];
        count += spare->spec == spec && !spare->hidden && !taken(arg, spare->material_id);
    }
    return count;
}

size_t fake_workers_submitted(const struct workers *workers)
{
    return workers->submitted;
}

size_t fake_workers_waiting(const struct workers *workers)
{
    size_t n = 0;
    for (const struct workers_job *job = workers->first; job != NULL; job = job->next) {
        n++;
    }
    return n;
}

size_t fake_workers_lists(const struct workers *workers)
{
    return workers->lists;
}

Hsm__Request__BodyCase fake_workers_last_kind(const struct workers *workers)
{
    return workers->last_kind;
}

const char *fake_workers_last_token(const struct workers *workers)
{
    return workers->last_token;
}

unsigned fake_workers_last_timeout_ms(const struct workers *workers)
{
    return workers->last_timeout_ms;
}

bool fake_workers_last_check_only(const struct workers *workers)
{
    return workers->last_check_only;
}

Hsm__KeySpec fake_workers_last_made(const struct workers *workers)
{
    return workers->last_made;
}
