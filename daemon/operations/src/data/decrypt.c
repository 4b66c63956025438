/* Decrypt: hands the plaintext out, so it is for open keys only. */
#include "frame/table.h"
#include "job.h"

#include "envelope/header.h"

static void clear(struct operation *operation)
{
    operation_side_clear(operation->state);
}

static bool begin(struct operation *operation, const Rewrap__DecryptRequest *request)
{
    struct operation_side *side = operation->state;
    if (!operation_side_begin(operation, side, request->has_encryption_algorithm, request->encryption_algorithm,
                              (const ProtobufCMessage *const *)request->encryption_context,
                              request->n_encryption_context)) {
        return false;
    }
    struct operation_members members = {
        .dry_run = request->has_dry_run && request->dry_run,
        .n_modifiers = request->n_dry_run_modifiers,
        .grant_tokens = request->grant_tokens,
        .n_grant_tokens = request->n_grant_tokens,
        .needs_key_id = !operation_algorithm_is_symmetric(side->algorithm),
        .key_id = request->key_id,
        .key_id_member = "KeyId",
    };
    return operation_check_members(operation, &members);
}

static bool check_open(struct operation *operation, const struct operation_side *side)
{
    if (side->key->boundary == KEY_BOUNDARY_OPEN) {
        return true;
    }
    operation_fail(
        operation, OPERATION_UNSUPPORTED,
        "%s is sealed: plaintext under it never leaves the token, so there is no Decrypt. Use ReEncrypt to move "
        "the ciphertext to another sealed key; for data that must be decrypted, encrypt it under a key made by "
        "CreateKey with Boundary OPEN (or the tag rewrapd:boundary=open).",
        side->arn);
    return false;
}

static void on_response(struct operation *operation, const Hsm__Response *answer)
{
    const Rewrap__DecryptRequest *request = (const Rewrap__DecryptRequest *)operation->request;
    struct operation_side *side = operation->state;
    if (request->has_dry_run && request->dry_run) {
        operation_fail_dry_run(operation);
        return;
    }
    if (!operation_job_plaintext(operation, answer, 1, ENVELOPE_PAYLOAD_MAX_BYTES)) {
        return;
    }
    char material[OPERATION_MATERIAL_TEXT_BYTES];
    Rewrap__DecryptResponse response = REWRAP__DECRYPT_RESPONSE__INIT;
    response.key_id = side->arn;
    response.has_plaintext = true;
    response.plaintext = answer->plaintext;
    response.has_encryption_algorithm = true;
    response.encryption_algorithm = side->algorithm;
    response.key_material_id = operation_side_material(side, material);
    operation_finish(operation, &response.base);
}

static bool refused(struct operation *operation, Hsm__Status status)
{
    return operation_job_refused(operation, operation->state, NULL, status);
}

static void submit(struct operation *operation, const Rewrap__DecryptRequest *request)
{
    const struct operation_side *side = operation->state;
    struct operation_job job;
    Hsm__Decrypt body = HSM__DECRYPT__INIT;
    operation_job_init(&job, HSM__REQUEST__BODY_DECRYPT, side, NULL);
    job.request.decrypt = &body;
    body.has_ciphertext = true;
    body.ciphertext = request->ciphertext_blob;
    body.source = &job.source;
    body.has_check_only = true;
    body.check_only = request->has_dry_run && request->dry_run;
    operation_submit(operation, side->token, &job.request, on_response);
}

static void run(struct operation *operation)
{
    const Rewrap__DecryptRequest *request = (const Rewrap__DecryptRequest *)operation->request;
    struct operation_side *side = operation->state;
    if (!begin(operation, request)) {
        return;
    }
    struct operation_source source = {
        .ciphertext = view_of(request->ciphertext_blob.data, request->ciphertext_blob.len),
        .key_id = request->key_id,
        .ignores_ciphertext = request->n_dry_run_modifiers != 0,
        .permission = OPERATION_MAY_DECRYPT,
    };
    if (!operation_side_source(operation, &source, side) || !check_open(operation, side) ||
        !operation_side_check_material(operation, side)) {
        return;
    }
    if (source.ignores_ciphertext) {
        operation_fail_dry_run(operation);
        return;
    }
    submit(operation, request);
}

const struct operation_kind operation_kind_decrypt = {
    .name = "Decrypt", .run = run, .refused = refused, .clear = clear, .state_bytes = sizeof(struct operation_side)};
