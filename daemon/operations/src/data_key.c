/* GenerateDataKeyWithoutPlaintext: a random payload made on the token, given out only as ciphertext. */
#include "side.h"
#include "table.h"

#include "base/hex.h"

static void clear(struct operation *operation)
{
    operation_side_clear(operation->state);
}

/* Exactly one of the two says how long the data key is (KMS.md R-72). */
static bool wanted_length(struct operation *operation, const Rewrap__GenerateDataKeyWithoutPlaintextRequest *request,
                          uint32_t *ret_length)
{
    if (request->has_key_spec == request->has_number_of_bytes) {
        operation_fail(operation, OPERATION_VALIDATION, "Please specify either number of bytes or key spec.");
        return false;
    }
    if (request->has_number_of_bytes) {
        *ret_length = (uint32_t)request->number_of_bytes;
    } else {
        *ret_length = request->key_spec == REWRAP__DATA_KEY_SPEC__VALUE__AES_128 ? 16 : 32;
    }
    return true;
}

static void on_response(struct operation *operation, const Hsm__Response *answer)
{
    struct operation_side *side = operation->state;
    if (!operation_take_ciphertext(operation, answer)) {
        return;
    }
    char material[OPERATION_MATERIAL_TEXT_BYTES];
    hex_encode(view_of(side->material_id, MATERIAL_ID_BYTES), material);
    Rewrap__GenerateDataKeyWithoutPlaintextResponse response =
        REWRAP__GENERATE_DATA_KEY_WITHOUT_PLAINTEXT_RESPONSE__INIT;
    response.has_ciphertext_blob = true;
    response.ciphertext_blob = answer->ciphertext;
    response.key_id = side->arn;
    response.key_material_id = material;
    operation_finish(operation, &response.base);
}

static void submit(struct operation *operation, uint32_t length)
{
    const struct operation_side *side = operation->state;
    Hsm__Key key;
    Hsm__Side destination;
    operation_side_to_worker(side, &key, &destination);
    Hsm__GenerateDataKey body = HSM__GENERATE_DATA_KEY__INIT;
    body.destination = &destination;
    body.has_length = true;
    body.length = length;
    Hsm__Request job = HSM__REQUEST__INIT;
    job.body_case = HSM__REQUEST__BODY_GENERATE_DATA_KEY;
    job.generate_data_key = &body;
    operation_submit(operation, side->key->token, &job, on_response);
}

static void run(struct operation *operation)
{
    const Rewrap__GenerateDataKeyWithoutPlaintextRequest *request =
        (const Rewrap__GenerateDataKeyWithoutPlaintextRequest *)operation->request;
    struct operation_side *side = operation->state;
    struct operation_members members = {.n_grant_tokens = request->n_grant_tokens};
    uint32_t length;
    if (!operation_side_begin(operation, side, false, 0, (const ProtobufCMessage *const *)request->encryption_context,
                              request->n_encryption_context) ||
        !wanted_length(operation, request, &length) || !operation_check_members(operation, &members) ||
        !operation_side_destination(operation, request->key_id, OPERATION_MAY_GENERATE_DATA_KEY_WITHOUT_PLAINTEXT,
                                    side)) {
        return;
    }
    if (request->has_dry_run && request->dry_run) {
        operation_fail_dry_run(operation);
        return;
    }
    submit(operation, length);
}

const struct operation_kind operation_kind_data_key_without_plaintext = {.name = "GenerateDataKeyWithoutPlaintext",
                                                                         .run = run,
                                                                         .clear = clear,
                                                                         .state_bytes = sizeof(struct operation_side)};
