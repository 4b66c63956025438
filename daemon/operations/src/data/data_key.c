/* GenerateDataKey and GenerateDataKeyWithoutPlaintext: a random payload made on the token, given out as ciphertext, and
 * for open keys in clear too (KMS.md R-72). */
#include "frame/table.h"
#include "job.h"

struct data_key {
    struct operation_side side;
    bool with_plaintext;
    uint32_t length;
};

static void clear(struct operation *operation)
{
    struct data_key *state = operation->state;
    operation_side_clear(&state->side);
}

static bool refused(struct operation *operation, Hsm__Status status)
{
    const struct data_key *state = operation->state;
    return operation_job_refused(operation, NULL, &state->side, status);
}

/* ------------------------------------------------------------------ the answers */

static void answer_without_plaintext(struct operation *operation, const Hsm__Response *answer)
{
    struct data_key *state = operation->state;
    char material[OPERATION_MATERIAL_TEXT_BYTES];
    Rewrap__GenerateDataKeyWithoutPlaintextResponse response =
        REWRAP__GENERATE_DATA_KEY_WITHOUT_PLAINTEXT_RESPONSE__INIT;
    response.has_ciphertext_blob = true;
    response.ciphertext_blob = answer->ciphertext;
    response.key_id = state->side.arn;
    response.key_material_id = operation_side_material(&state->side, material);
    operation_finish(operation, &response.base);
}

static void answer_with_plaintext(struct operation *operation, const Hsm__Response *answer)
{
    struct data_key *state = operation->state;
    if (!operation_job_plaintext(operation, answer, state->length, state->length)) {
        return;
    }
    char material[OPERATION_MATERIAL_TEXT_BYTES];
    Rewrap__GenerateDataKeyResponse response = REWRAP__GENERATE_DATA_KEY_RESPONSE__INIT;
    response.has_ciphertext_blob = true;
    response.ciphertext_blob = answer->ciphertext;
    response.has_plaintext = true;
    response.plaintext = answer->plaintext;
    response.key_id = state->side.arn;
    response.key_material_id = operation_side_material(&state->side, material);
    operation_finish(operation, &response.base);
}

static void on_response(struct operation *operation, const Hsm__Response *answer)
{
    const struct data_key *state = operation->state;
    if (!operation_job_ciphertext(operation, answer)) {
        return;
    }
    if (state->with_plaintext) {
        answer_with_plaintext(operation, answer);
    } else {
        answer_without_plaintext(operation, answer);
    }
}

/* ------------------------------------------------------------------ the work */

static void submit(struct operation *operation)
{
    const struct data_key *state = operation->state;
    struct operation_job job;
    Hsm__GenerateDataKey body = HSM__GENERATE_DATA_KEY__INIT;
    operation_job_init(&job, HSM__REQUEST__BODY_GENERATE_DATA_KEY, NULL, &state->side);
    job.request.generate_data_key = &body;
    body.destination = &job.destination;
    body.has_length = true;
    body.length = state->length;
    body.has_with_plaintext = true;
    body.with_plaintext = state->with_plaintext;
    operation_submit(operation, state->side.token, &job.request, on_response);
}

static bool check_open(struct operation *operation, const struct operation_side *side)
{
    if (side->key->boundary == KEY_BOUNDARY_OPEN) {
        return true;
    }
    operation_fail(operation, OPERATION_UNSUPPORTED,
                   "%s is sealed: plaintext under it never leaves the token, so there is no GenerateDataKey. Use "
                   "GenerateDataKeyWithoutPlaintext, or a key made by CreateKey with Boundary OPEN (or the tag "
                   "rewrapd:boundary=open).",
                   side->arn);
    return false;
}

/* The members of the two requests, which have the same. */
struct wish {
    const ProtobufCMessage *const *context;
    size_t n_context;
    bool has_bytes;
    int32_t bytes;
    bool has_spec;
    Rewrap__DataKeySpec__Value spec;
    const char *key_id;
    struct operation_members members;
};

#define WISH(request)                                                                                                  \
    {                                                                                                                  \
        .context = (const ProtobufCMessage *const *)(request)->encryption_context,                                     \
        .n_context = (request)->n_encryption_context, .has_bytes = (request)->has_number_of_bytes,                     \
        .bytes = (request)->number_of_bytes, .has_spec = (request)->has_key_spec, .spec = (request)->key_spec,         \
        .key_id = (request)->key_id, .members = {                                                                      \
            .dry_run = (request)->has_dry_run && (request)->dry_run,                                                   \
            .grant_tokens = (request)->grant_tokens,                                                                   \
            .n_grant_tokens = (request)->n_grant_tokens                                                                \
        }                                                                                                              \
    }

/* Exactly one of the two says how long the data key is. */
static bool take_length(struct operation *operation, const struct wish *wish)
{
    struct data_key *state = operation->state;
    if (wish->has_spec == wish->has_bytes) {
        operation_fail(operation, OPERATION_VALIDATION, "Please specify either number of bytes or key spec.");
        return false;
    }
    if (wish->has_bytes) {
        state->length = (uint32_t)wish->bytes;
    } else {
        state->length = wish->spec == REWRAP__DATA_KEY_SPEC__VALUE__AES_128 ? 16 : 32;
    }
    return true;
}

static void go_on(struct operation *operation, enum operation_permission permission, const struct wish *wish)
{
    struct data_key *state = operation->state;
    state->with_plaintext = permission == OPERATION_MAY_GENERATE_DATA_KEY;
    if (!operation_side_begin(operation, &state->side, false, 0, wish->context, wish->n_context) ||
        !take_length(operation, wish) || !operation_check_members(operation, &wish->members) ||
        !operation_side_destination(operation, wish->key_id, permission, &state->side) ||
        (state->with_plaintext && !check_open(operation, &state->side)) ||
        !operation_job_check_length(operation, &state->side, state->length)) {
        return;
    }
    if (wish->members.dry_run) {
        operation_fail_dry_run(operation);
        return;
    }
    submit(operation);
}

static void run_with_plaintext(struct operation *operation)
{
    const Rewrap__GenerateDataKeyRequest *request = (const Rewrap__GenerateDataKeyRequest *)operation->request;
    struct wish wish = WISH(request);
    go_on(operation, OPERATION_MAY_GENERATE_DATA_KEY, &wish);
}

static void run_without_plaintext(struct operation *operation)
{
    const Rewrap__GenerateDataKeyWithoutPlaintextRequest *request =
        (const Rewrap__GenerateDataKeyWithoutPlaintextRequest *)operation->request;
    struct wish wish = WISH(request);
    go_on(operation, OPERATION_MAY_GENERATE_DATA_KEY_WITHOUT_PLAINTEXT, &wish);
}

const struct operation_kind operation_kind_data_key = {.name = "GenerateDataKey",
                                                       .run = run_with_plaintext,
                                                       .refused = refused,
                                                       .clear = clear,
                                                       .state_bytes = sizeof(struct data_key)};
const struct operation_kind operation_kind_data_key_without_plaintext = {.name = "GenerateDataKeyWithoutPlaintext",
                                                                         .run = run_without_plaintext,
                                                                         .refused = refused,
                                                                         .clear = clear,
                                                                         .state_bytes = sizeof(struct data_key)};
