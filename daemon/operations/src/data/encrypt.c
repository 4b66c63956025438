/* Encrypt: data of the caller under a key. The plaintext passes through the service, since the caller has it. */
#include "frame/table.h"
#include "job.h"

static void clear(struct operation *operation)
{
    operation_side_clear(operation->state);
}

static void on_response(struct operation *operation, const Hsm__Response *answer)
{
    struct operation_side *side = operation->state;
    if (!operation_job_ciphertext(operation, answer)) {
        return;
    }
    Rewrap__EncryptResponse response = REWRAP__ENCRYPT_RESPONSE__INIT;
    response.has_ciphertext_blob = true;
    response.ciphertext_blob = answer->ciphertext;
    response.key_id = side->arn;
    response.has_encryption_algorithm = true;
    response.encryption_algorithm = side->algorithm;
    operation_finish(operation, &response.base);
}

static bool refused(struct operation *operation, Hsm__Status status)
{
    return operation_job_refused(operation, NULL, operation->state, status);
}

static void submit(struct operation *operation, const Rewrap__EncryptRequest *request)
{
    const struct operation_side *side = operation->state;
    struct operation_job job;
    Hsm__Encrypt body = HSM__ENCRYPT__INIT;
    operation_job_init(&job, HSM__REQUEST__BODY_ENCRYPT, NULL, side);
    job.request.encrypt = &body;
    body.has_plaintext = true;
    body.plaintext = request->plaintext;
    body.destination = &job.destination;
    operation_submit(operation, side->token, &job.request, on_response);
}

static void run(struct operation *operation)
{
    const Rewrap__EncryptRequest *request = (const Rewrap__EncryptRequest *)operation->request;
    struct operation_side *side = operation->state;
    struct operation_members members = {.grant_tokens = request->grant_tokens,
                                        .n_grant_tokens = request->n_grant_tokens};
    if (!operation_side_begin(operation, side, request->has_encryption_algorithm, request->encryption_algorithm,
                              (const ProtobufCMessage *const *)request->encryption_context,
                              request->n_encryption_context) ||
        !operation_check_members(operation, &members) ||
        !operation_side_destination(operation, request->key_id, OPERATION_MAY_ENCRYPT, side) ||
        !operation_job_check_length(operation, side, request->plaintext.len)) {
        return;
    }
    if (request->has_dry_run && request->dry_run) {
        operation_fail_dry_run(operation);
        return;
    }
    submit(operation, request);
}

const struct operation_kind operation_kind_encrypt = {
    .name = "Encrypt", .run = run, .refused = refused, .clear = clear, .state_bytes = sizeof(struct operation_side)};
