/* ReEncrypt: data under one key to data under another; the plaintext never leaves the token (KMS.md section 2). */
#include "re_encrypt.h"

#include "access/resolve.h"
#include "frame/table.h"
#include "job.h"

#include "envelope/header.h"
#include "workers/workers.h"

#include <string.h>

void operation_re_encrypt_clear(struct operation_re_encrypt *state)
{
    operation_side_clear(&state->source);
    operation_side_clear(&state->destination);
}

static void clear(struct operation *operation)
{
    operation_re_encrypt_clear(operation->state);
}

bool operation_re_encrypt_begin(struct operation *operation, const Rewrap__ReEncryptRequest *request,
                                struct operation_re_encrypt *state)
{
    if (!operation_side_begin(operation, &state->source, request->has_source_encryption_algorithm,
                              request->source_encryption_algorithm,
                              (const ProtobufCMessage *const *)request->source_encryption_context,
                              request->n_source_encryption_context) ||
        !operation_side_begin(operation, &state->destination, request->has_destination_encryption_algorithm,
                              request->destination_encryption_algorithm,
                              (const ProtobufCMessage *const *)request->destination_encryption_context,
                              request->n_destination_encryption_context)) {
        return false;
    }
    struct operation_members members = {
        .dry_run = request->has_dry_run && request->dry_run,
        .n_modifiers = request->n_dry_run_modifiers,
        .grant_tokens = request->grant_tokens,
        .n_grant_tokens = request->n_grant_tokens,
        .needs_key_id = !operation_algorithm_is_symmetric(state->source.algorithm),
        .key_id = request->source_key_id,
        .key_id_member = "SourceKeyId",
    };
    return operation_check_members(operation, &members);
}

struct operation_source operation_re_encrypt_source(const Rewrap__ReEncryptRequest *request)
{
    return (struct operation_source){
        .ciphertext = view_of(request->ciphertext_blob.data, request->ciphertext_blob.len),
        .key_id = request->source_key_id,
        .ignores_ciphertext = request->n_dry_run_modifiers != 0,
        .permission = OPERATION_MAY_RE_ENCRYPT_FROM,
    };
}

/* What two keys that are each in order cannot do together. The token refuses sealed to open as well; here the text is
 * clearer. */
static bool check_pair(struct operation *operation, const struct operation_re_encrypt *state)
{
    const struct operation_side *source = &state->source;
    const struct operation_side *destination = &state->destination;
    if (source->key->boundary == KEY_BOUNDARY_SEALED && destination->key->boundary == KEY_BOUNDARY_OPEN) {
        operation_fail(operation, OPERATION_UNSUPPORTED,
                       "%s is sealed and %s is open. Data under a sealed key can only be re-encrypted to sealed keys.",
                       source->arn, destination->arn);
        return false;
    }
    if (strcmp(source->key->token, destination->key->token) != 0) {
        operation_fail(operation, OPERATION_UNSUPPORTED,
                       "%s is on token %s and %s on token %s. Data can only be re-encrypted between keys of one token.",
                       source->arn, source->key->token, destination->arn, destination->key->token);
        return false;
    }
    return true;
}

static bool is_dry_run(const Rewrap__ReEncryptRequest *request)
{
    return request->has_dry_run && request->dry_run;
}

/* The length of data that was under a symmetric key, for a worker's answer that could only come after its ciphertext
 * was found to be genuine: before that nobody may learn what its header says. False for what was under an RSA key. */
static bool known_length(const struct operation *operation, size_t *ret_length)
{
    const Rewrap__ReEncryptRequest *request = (const Rewrap__ReEncryptRequest *)operation->request;
    const struct operation_re_encrypt *state = operation->state;
    struct envelope_header header;
    if (!state->source.spec->symmetric ||
        !envelope_header_parse(view_of(request->ciphertext_blob.data, request->ciphertext_blob.len), &header)) {
        return false;
    }
    *ret_length = header.payload_length;
    return true;
}

static bool refused(struct operation *operation, Hsm__Status status)
{
    const struct operation_re_encrypt *state = operation->state;
    return operation_job_refused(operation, &state->source, &state->destination, status);
}

/* The worker has checked the ciphertext and made nothing: what it would then have refused is answered as it would be.
 */
static void end_dry_run(struct operation *operation)
{
    const struct operation_re_encrypt *state = operation->state;
    struct workers_token_state token;
    size_t length;
    if (state->destination.spec->symmetric || !known_length(operation, &length)) {
        operation_fail_dry_run(operation);
        return;
    }
    if (!operation_job_check_length(operation, &state->destination, length)) {
        return;
    }
    bool pads = workers_state(operation->operations->workers, state->source.token, &token) && token.pads_payloads;
    if (!pads || length % 8 == 0 || !refused(operation, HSM__STATUS__STATUS_LENGTH_NOT_KEPT)) {
        operation_fail_dry_run(operation);
    }
}

static void on_response(struct operation *operation, const Hsm__Response *answer)
{
    const Rewrap__ReEncryptRequest *request = (const Rewrap__ReEncryptRequest *)operation->request;
    struct operation_re_encrypt *state = operation->state;
    if (is_dry_run(request)) {
        end_dry_run(operation);
        return;
    }
    if (!operation_job_ciphertext(operation, answer)) {
        return;
    }
    char source_material[OPERATION_MATERIAL_TEXT_BYTES];
    char destination_material[OPERATION_MATERIAL_TEXT_BYTES];
    Rewrap__ReEncryptResponse response = REWRAP__RE_ENCRYPT_RESPONSE__INIT;
    response.has_ciphertext_blob = true;
    response.ciphertext_blob = answer->ciphertext;
    response.source_key_id = state->source.arn;
    response.key_id = state->destination.arn;
    response.has_source_encryption_algorithm = true;
    response.source_encryption_algorithm = state->source.algorithm;
    response.has_destination_encryption_algorithm = true;
    response.destination_encryption_algorithm = state->destination.algorithm;
    response.source_key_material_id = operation_side_material(&state->source, source_material);
    response.destination_key_material_id = operation_side_material(&state->destination, destination_material);
    operation_finish(operation, &response.base);
}

static void submit(struct operation *operation, const Rewrap__ReEncryptRequest *request)
{
    const struct operation_re_encrypt *state = operation->state;
    struct operation_job job;
    Hsm__ReEncrypt body = HSM__RE_ENCRYPT__INIT;
    operation_job_init(&job, HSM__REQUEST__BODY_RE_ENCRYPT, &state->source, &state->destination);
    job.request.re_encrypt = &body;
    body.has_ciphertext = true;
    body.ciphertext = request->ciphertext_blob;
    body.source = &job.source;
    body.destination = &job.destination;
    body.has_check_only = true;
    body.check_only = is_dry_run(request);
    operation_submit(operation, state->source.token, &job.request, on_response);
}

/* Whether both keys are the same is a condition of both permissions: the destination is looked up before it is
 * its turn, and what is wrong with it is said when it is. */
static bool find_source(struct operation *operation, const struct operation_source *source)
{
    const Rewrap__ReEncryptRequest *request = (const Rewrap__ReEncryptRequest *)operation->request;
    struct operation_re_encrypt *state = operation->state;
    operation->facts.has_other = true;
    operation->facts.other = operation_peek_key(operation, request->destination_key_id);
    return operation_side_source(operation, source, &state->source);
}

static bool find_destination(struct operation *operation, const char *key_id)
{
    struct operation_re_encrypt *state = operation->state;
    operation->facts.other = state->source.key;
    return operation_side_destination(operation, key_id, OPERATION_MAY_RE_ENCRYPT_TO, &state->destination);
}

/* The order of checks is KMS.md R-39: the source comes completely before the destination. */
static void run(struct operation *operation)
{
    const Rewrap__ReEncryptRequest *request = (const Rewrap__ReEncryptRequest *)operation->request;
    struct operation_re_encrypt *state = operation->state;
    if (!operation_re_encrypt_begin(operation, request, state)) {
        return;
    }
    struct operation_source source = operation_re_encrypt_source(request);
    if (!find_source(operation, &source) || !find_destination(operation, request->destination_key_id) ||
        !check_pair(operation, state) || !operation_side_check_material(operation, &state->source)) {
        return;
    }
    if (source.ignores_ciphertext) {
        operation_fail_dry_run(operation);
        return;
    }
    submit(operation, request);
}

const struct operation_kind operation_kind_re_encrypt = {.name = "ReEncrypt",
                                                         .run = run,
                                                         .refused = refused,
                                                         .clear = clear,
                                                         .state_bytes = sizeof(struct operation_re_encrypt)};
