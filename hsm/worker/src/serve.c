/* Serving requests, one after another: the table from request type to handler. */
#include "proto/message.h"
#include "worker.h"

/* Fills the answer. The result, if there is one, is left in worker->result. */
static void re_encrypt(struct worker *worker, const Hsm__Request *request, struct answer *answer)
{
    const Hsm__ReEncrypt *body = request->re_encrypt;
    struct hsm_side source;
    struct hsm_side destination;
    const char *fault = request_side(body->source, &source);
    fault = fault != NULL ? fault : request_side(body->destination, &destination);
    fault = fault != NULL || body->has_ciphertext ? fault : "no ciphertext";
    if (fault != NULL) {
        answer_bad_request(answer, fault);
        return;
    }
    struct view ciphertext = view_of(body->ciphertext.data, body->ciphertext.len);
    bool check_only = body->has_check_only && body->check_only;
    answer_result(
        answer, hsm_rewrap_re_encrypt(worker->rewrap, &source, &destination, ciphertext, check_only, &worker->result));
    answer->response.has_ciphertext = answer->response.status == HSM__STATUS__STATUS_OK && !check_only;
}

static void encrypt(struct worker *worker, const Hsm__Request *request, struct answer *answer)
{
    const Hsm__Encrypt *body = request->encrypt;
    struct hsm_side destination;
    const char *fault = request_side(body->destination, &destination);
    fault = fault != NULL || (body->has_plaintext && body->plaintext.len != 0) ? fault : "no plaintext";
    if (fault != NULL) {
        answer_bad_request(answer, fault);
        return;
    }
    struct view plaintext = view_of(body->plaintext.data, body->plaintext.len);
    answer_result(answer, hsm_rewrap_encrypt(worker->rewrap, &destination, plaintext, &worker->result));
    answer->response.has_ciphertext = answer->response.status == HSM__STATUS__STATUS_OK;
}

static void decrypt(struct worker *worker, const Hsm__Request *request, struct answer *answer)
{
    const Hsm__Decrypt *body = request->decrypt;
    struct hsm_side source;
    const char *fault = request_side(body->source, &source);
    fault = fault != NULL || body->has_ciphertext ? fault : "no ciphertext";
    if (fault != NULL) {
        answer_bad_request(answer, fault);
        return;
    }
    struct view ciphertext = view_of(body->ciphertext.data, body->ciphertext.len);
    bool check_only = body->has_check_only && body->check_only;
    answer_result(answer, hsm_rewrap_decrypt(worker->rewrap, &source, ciphertext, check_only, &worker->plaintext));
    answer->response.has_plaintext = answer->response.status == HSM__STATUS__STATUS_OK && !check_only;
}

static void generate_data_key(struct worker *worker, const Hsm__Request *request, struct answer *answer)
{
    const Hsm__GenerateDataKey *body = request->generate_data_key;
    struct hsm_side destination;
    const char *fault = request_side(body->destination, &destination);
    fault = fault != NULL || (body->has_length && body->length != 0) ? fault : "no length";
    if (fault != NULL) {
        answer_bad_request(answer, fault);
        return;
    }
    struct buffer *plaintext = body->has_with_plaintext && body->with_plaintext ? &worker->plaintext : NULL;
    answer_result(answer, hsm_rewrap_generate(worker->rewrap, &destination, body->length, &worker->result, plaintext));
    answer->response.has_ciphertext = answer->response.status == HSM__STATUS__STATUS_OK;
    answer->response.has_plaintext = answer->response.has_ciphertext && plaintext != NULL;
}

static void generate_random(struct worker *worker, const Hsm__Request *request, struct answer *answer)
{
    const Hsm__GenerateRandom *body = request->generate_random;
    if (!body->has_length || body->length == 0) {
        answer_bad_request(answer, "no length");
        return;
    }
    answer_result(answer, hsm_rewrap_random(worker->rewrap, body->length, &worker->plaintext));
    answer->response.has_plaintext = answer->response.status == HSM__STATUS__STATUS_OK;
}

static void get_public_key(struct worker *worker, const Hsm__Request *request, struct answer *answer)
{
    struct hsm_key key;
    const char *fault = request_key(request->get_public_key->key, &key);
    if (fault != NULL) {
        answer_bad_request(answer, fault);
        return;
    }
    answer_result(answer, hsm_rewrap_public_key(worker->rewrap, &key, &worker->result));
    answer->response.has_public_key = answer->response.status == HSM__STATUS__STATUS_OK;
}

static void destroy_key(struct worker *worker, const Hsm__Request *request, struct answer *answer)
{
    struct hsm_key key;
    const char *fault = request_key(request->destroy_key->key, &key);
    if (fault != NULL) {
        answer_bad_request(answer, fault);
        return;
    }
    answer_result(answer, hsm_rewrap_destroy(worker->rewrap, &key));
}

/* Longer than another worker is at an RSA pair, shorter than [token] start-deadline-ms. rewrapd gives it time for that
 * (workers_timing). */
#define MAKE_TURN_MS 10000

static void make_open_key(struct worker *worker, const Hsm__Request *request, struct answer *answer)
{
    const Hsm__MakeOpenKey *body = request->make_open_key;
    if (!body->has_spec || protobuf_c_enum_descriptor_get_value(&hsm__key_spec__descriptor, (int)body->spec) == NULL) {
        answer_bad_request(answer, "no known key spec");
        return;
    }
    rewrap_ignore(turn_take_within(worker, MAKE_TURN_MS), "what another makes is found later, if not at once");
    answer_result(answer, hsm_rewrap_make_open(worker->rewrap, (enum hsm_spec)body->spec, answer->material_id));
    turn_return(worker);
    answer->response.has_material_id = answer->response.status == HSM__STATUS__STATUS_OK;
    answer->response.material_id =
        (ProtobufCBinaryData){.len = sizeof answer->material_id, .data = answer->material_id};
}

/* Its answer is several frames when it succeeds, which objects_send sends. */
static void list_objects(struct worker *worker, const Hsm__Request *request, struct answer *answer)
{
    (void)request;
    answer_result(answer, hsm_rewrap_refresh(worker->rewrap));
}

typedef void handler(struct worker *worker, const Hsm__Request *request, struct answer *answer);

/* By Hsm__Request__BodyCase; what is missing here (Configure a second time, and no body) is a bad request. */
static handler *const handlers[] = {
    [HSM__REQUEST__BODY_RE_ENCRYPT] = re_encrypt,
    [HSM__REQUEST__BODY_ENCRYPT] = encrypt,
    [HSM__REQUEST__BODY_DECRYPT] = decrypt,
    [HSM__REQUEST__BODY_GENERATE_DATA_KEY] = generate_data_key,
    [HSM__REQUEST__BODY_MAKE_OPEN_KEY] = make_open_key,
    [HSM__REQUEST__BODY_LIST_OBJECTS] = list_objects,
    [HSM__REQUEST__BODY_GENERATE_RANDOM] = generate_random,
    [HSM__REQUEST__BODY_GET_PUBLIC_KEY] = get_public_key,
    [HSM__REQUEST__BODY_DESTROY_KEY] = destroy_key,
};
#define N_HANDLERS (sizeof handlers / sizeof handlers[0])

static bool send_answer(struct worker *worker, const Hsm__Request *request, struct answer *answer)
{
    if (request->body_case == HSM__REQUEST__BODY_LIST_OBJECTS && answer->response.status == HSM__STATUS__STATUS_OK) {
        return objects_send(worker, request->id, NULL);
    }
    Hsm__Response *response = &answer->response;
    ProtobufCBinaryData result = {.len = worker->result.len, .data = worker->result.data};
    ProtobufCBinaryData plaintext = {.len = worker->plaintext.len, .data = worker->plaintext.data};
    response->ciphertext = response->has_ciphertext ? result : (ProtobufCBinaryData){0};
    response->public_key = response->has_public_key ? result : (ProtobufCBinaryData){0};
    response->plaintext = response->has_plaintext ? plaintext : (ProtobufCBinaryData){0};
    bool sent = channel_send(&worker->channel, &response->base);
    buffer_reset(&worker->result);
    buffer_reset(&worker->plaintext);
    return sent;
}

static bool token_is_gone(const struct answer *answer)
{
    return answer->response.status == HSM__STATUS__STATUS_TOKEN_UNAVAILABLE;
}

/* Whether the PIN, or what is in its file, is why: something that the next worker must not try again unseen. */
static bool is_login_failure(enum hsm_code code)
{
    return code == HSM_PIN_UNREADABLE || code == HSM_PIN_WRONG || code == HSM_PIN_LOCKED;
}

/*
 * The request met a lost session: renews it and does the request once more, of which rewrapd is only told for its log.
 * The answer is STATUS_TOKEN_UNAVAILABLE when that does not help.
 */
static void do_again(struct worker *worker, const Hsm__Request *request, handler *handle, struct answer *answer)
{
    struct hsm_result renewed = worker_renew(worker);
    answer_init(answer, request);
    if (renewed.code == HSM_OK) {
        handle(worker, request, answer);
        answer->response.has_renewed = answer->response.renewed = true;
        return;
    }
    answer_result(answer, renewed);
    answer->response.status = HSM__STATUS__STATUS_TOKEN_UNAVAILABLE;
    answer->response.has_leaving = is_login_failure(renewed.code);
    answer->response.leaving = hello_status(renewed.code);
}

/* Answers one request. False when the worker has to leave. */
static bool serve_one(struct worker *worker, const Hsm__Request *request)
{
    struct answer answer;
    answer_init(&answer, request);
    channel_begin(&worker->channel, request->id);
    size_t body = (size_t)request->body_case;
    if (body < N_HANDLERS && handlers[body] != NULL) {
        handlers[body](worker, request, &answer);
        if (token_is_gone(&answer)) {
            do_again(worker, request, handlers[body], &answer);
        }
    } else {
        answer_bad_request(&answer, "not a request that is served");
    }
    worker->renewed_in_vain &= answer.response.status != HSM__STATUS__STATUS_OK;
    return send_answer(worker, request, &answer) && !token_is_gone(&answer);
}

void worker_serve(struct worker *worker)
{
    bool serving = true;
    struct view message;
    while (serving && channel_next(&worker->channel, &message) == CHANNEL_MESSAGE) {
        ProtobufCMessage *unpacked = NULL;
        struct proto_result result = proto_unpack(&hsm__request__descriptor, message, &unpacked);
        if (result.code != PROTO_OK) {
            return; /* without an id there is nobody to answer, and the stream is not to be trusted */
        }
        serving = serve_one(worker, (const Hsm__Request *)unpacked);
        proto_free(unpacked);
    }
}
