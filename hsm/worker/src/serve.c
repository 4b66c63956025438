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
    answer_result(answer, hsm_rewrap_decrypt(worker->rewrap, &source, ciphertext, check_only, &worker->result));
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
    answer_result(answer, hsm_rewrap_generate(worker->rewrap, &destination, body->length, &worker->result, NULL));
    answer->response.has_ciphertext = answer->response.status == HSM__STATUS__STATUS_OK;
}

static void make_open_key(struct worker *worker, const Hsm__Request *request, struct answer *answer)
{
    const Hsm__MakeOpenKey *body = request->make_open_key;
    if (!body->has_spec || protobuf_c_enum_descriptor_get_value(&hsm__key_spec__descriptor, (int)body->spec) == NULL) {
        answer_bad_request(answer, "no known key spec");
        return;
    }
    answer_result(answer, hsm_rewrap_make_open(worker->rewrap, (enum hsm_spec)body->spec, answer->material_id));
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
};
#define N_HANDLERS (sizeof handlers / sizeof handlers[0])

static bool send_answer(struct worker *worker, const Hsm__Request *request, struct answer *answer)
{
    if (request->body_case == HSM__REQUEST__BODY_LIST_OBJECTS && answer->response.status == HSM__STATUS__STATUS_OK) {
        return objects_send(worker, request->id, NULL);
    }
    ProtobufCBinaryData result = {.len = worker->result.len, .data = worker->result.data};
    answer->response.ciphertext = answer->response.has_ciphertext ? result : (ProtobufCBinaryData){0};
    answer->response.plaintext = answer->response.has_plaintext ? result : (ProtobufCBinaryData){0};
    bool sent = channel_send(&worker->channel, &answer->response.base);
    buffer_reset(&worker->result);
    return sent;
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
    } else {
        answer_bad_request(&answer, "not a request that is served");
    }
    bool token_gone = answer.response.status == HSM__STATUS__STATUS_TOKEN_UNAVAILABLE;
    return send_answer(worker, request, &answer) && !token_gone;
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
