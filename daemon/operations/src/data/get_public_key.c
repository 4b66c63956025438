/* GetPublicKey: the public half of an RSA key, with which anybody makes ciphertexts for it (KMS.md ). */
#include "access/states.h"
#include "frame/table.h"
#include "job.h"

#define PUBLIC_KEY_MAX_BYTES 1024 /* SubjectPublicKeyInfo of RSA_4096 has 550 */

struct get_public_key {
    struct operation_side side;
    Rewrap__KeyUsageType__Value usage;
};

static void on_response(struct operation *operation, const Hsm__Response *answer)
{
    struct get_public_key *state = operation->state;
    struct operation_side *side = &state->side;
    if (!answer->has_public_key || answer->public_key.len == 0 || answer->public_key.len > PUBLIC_KEY_MAX_BYTES) {
        operation_fail_with(operation, operation_failure_of_token(HSM__STATUS__STATUS_INTERNAL),
                            "its answer has no usable public key");
        return;
    }
    Rewrap__EncryptionAlgorithmSpec__Value algorithms[OPERATION_SPEC_MAX_ALGORITHMS];
    Rewrap__GetPublicKeyResponse response = REWRAP__GET_PUBLIC_KEY_RESPONSE__INIT;
    response.key_id = side->arn;
    response.has_public_key = true;
    response.public_key = answer->public_key;
    response.has_key_spec = true;
    response.key_spec = side->spec->value;
    response.has_customer_master_key_spec = true; /* the legacy twin */
    response.customer_master_key_spec = side->spec->value;
    response.has_key_usage = true;
    response.key_usage = state->usage;
    if (state->usage == REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT) {
        response.n_encryption_algorithms =
            operation_token_algorithms(operation->operations, side->token, side->spec, algorithms);
        response.encryption_algorithms = algorithms;
    }
    operation_finish(operation, &response.base);
}

static void run(struct operation *operation)
{
    const Rewrap__GetPublicKeyRequest *request = (const Rewrap__GetPublicKeyRequest *)operation->request;
    struct get_public_key *state = operation->state;
    struct operation_side *side = &state->side;
    struct operation_members members = {.grant_tokens = request->grant_tokens,
                                        .n_grant_tokens = request->n_grant_tokens};
    const struct registry_key *key;
    if (!operation_check_members(operation, &members) ||
        !operation_admit(operation, OPERATION_MAY_GET_PUBLIC_KEY, request->key_id, &key)) {
        return;
    }
    operation_side_set(operation, side, key);
    if (!side->spec->is_pair) {
        operation_fail(operation, OPERATION_UNSUPPORTED, "%s is %s key: it has no public key.", side->arn,
                       side->spec->symmetric ? "a symmetric" : "an HMAC");
        return;
    }
    state->usage = operation_usage_value(key->usage);
    struct operation_job job;
    Hsm__GetPublicKey body = HSM__GET_PUBLIC_KEY__INIT;
    operation_job_init(&job, HSM__REQUEST__BODY_GET_PUBLIC_KEY, NULL, NULL);
    operation_job_key(side, &job.source_key);
    job.request.get_public_key = &body;
    body.key = &job.source_key;
    operation_submit(operation, side->token, &job.request, on_response);
}

const struct operation_kind operation_kind_get_public_key = {
    .name = "GetPublicKey", .run = run, .state_bytes = sizeof(struct get_public_key)};
