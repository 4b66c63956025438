/* Jobs of cryptographic operations; see job.h. */
#include "job.h"

#include "token/object.h"

#include "envelope/header.h"
#include "workers/workers.h"

/* ------------------------------------------------------------------ to the worker */

void operation_job_key(const struct operation_side *side, Hsm__Key *ret_key)
{
    const struct operation_object object = {.key_id = side->key->key_id,
                                            .material_id = side->material_id,
                                            .spec = side->key->spec,
                                            .boundary = side->key->boundary};
    operation_object_fill(&object, ret_key);
}

static void fill_side(const struct operation_side *side, Hsm__Key *key, Hsm__Side *ret_side)
{
    operation_job_key(side, key);
    hsm__side__init(ret_side);
    ret_side->key = key;
    ret_side->has_algorithm = true;
    ret_side->algorithm = operation_spec_algorithm(side->spec, side->algorithm)->token_value;
    if (side->spec->symmetric) {
        ret_side->has_context = true;
        ret_side->context = (ProtobufCBinaryData){.data = side->context.data, .len = side->context.len};
    }
}

void operation_job_init(struct operation_job *job, Hsm__Request__BodyCase body, const struct operation_side *source,
                        const struct operation_side *destination)
{
    hsm__request__init(&job->request);
    job->request.body_case = body;
    if (source != NULL) {
        fill_side(source, &job->source_key, &job->source);
    }
    if (destination != NULL) {
        fill_side(destination, &job->destination_key, &job->destination);
    }
}

/* ------------------------------------------------------------------ from the worker */

static void fail_unusable(struct operation *operation, const char *detail)
{
    operation_fail_with(operation, operation_failure_of_token(HSM__STATUS__STATUS_INTERNAL), detail);
}

bool operation_job_ciphertext(struct operation *operation, const Hsm__Response *response)
{
    if (response->has_ciphertext && response->ciphertext.len != 0 && response->ciphertext.len <= CIPHERTEXT_MAX_BYTES) {
        return true;
    }
    fail_unusable(operation, "its answer has no usable ciphertext");
    return false;
}

bool operation_job_plaintext(struct operation *operation, const Hsm__Response *response, size_t least, size_t most)
{
    if (response->has_plaintext && response->plaintext.len >= least && response->plaintext.len <= most) {
        return true;
    }
    fail_unusable(operation, "its answer has no usable plaintext");
    return false;
}

/* ------------------------------------------------------------------ what cannot be done */

static unsigned longest(const struct operation_side *side)
{
    return operation_spec_algorithm(side->spec, side->algorithm)->max_plaintext_bytes;
}

static void fail_length(struct operation *operation, const struct operation_side *destination)
{
    operation_fail(operation, OPERATION_VALIDATION,
                   "Algorithm %s and key spec %s cannot encrypt data larger than %u bytes.",
                   operation_algorithm_name(destination->algorithm), destination->spec->name, longest(destination));
}

/* Too long for the token, and not for the algorithm. max_bytes 0: the token has not said where its limit is. */
static void fail_length_of_token(struct operation *operation, const char *token, uint32_t max_bytes)
{
    if (max_bytes == 0) {
        operation_fail(operation, OPERATION_VALIDATION, "%s does not take data of this length.", token);
        return;
    }
    operation_fail(operation, OPERATION_VALIDATION, "%s does not take data larger than %u bytes.", token,
                   (unsigned)max_bytes);
}

bool operation_job_check_length(struct operation *operation, const struct operation_side *destination, size_t length)
{
    struct workers_token_state state;
    if (length > longest(destination)) {
        fail_length(operation, destination);
        return false;
    }
    if (!workers_state(operation->operations->workers, destination->token, &state) || state.payload_max_bytes == 0 ||
        length <= state.payload_max_bytes) {
        return true;
    }
    char token[OPERATION_TOKEN_TEXT_BYTES];
    operation_token_text(operation->operations, destination->token, token);
    fail_length_of_token(operation, token, state.payload_max_bytes);
    return false;
}

/*
 * Two limits, and the worker alone knows the data: that of the algorithm, and the token's own, which may be the lower
 * one (NSS softokn: 256 bytes). Lengths that the service knows it has checked against the first; of what was under
 * another RSA key it may know no more than that one of the two was met.
 */
static void fail_too_large(struct operation *operation, const struct operation_side *source,
                           const struct operation_side *destination, const char *token)
{
    struct workers_token_state state = {0};
    bool open = source != NULL && destination != NULL && longest(source) > longest(destination);
    rewrap_ignore(
        workers_state(operation->operations->workers, destination != NULL ? destination->token : source->token, &state),
        "a token that is not there any more has no limit to name");
    if (!open) {
        fail_length_of_token(operation, token, state.payload_max_bytes);
        return;
    }
    if (state.payload_max_bytes == 0 || state.payload_max_bytes >= longest(destination)) {
        fail_length(operation, destination);
        return;
    }
    operation_fail(operation, OPERATION_VALIDATION,
                   "Algorithm %s and key spec %s cannot encrypt data larger than %u bytes, and %s does not take data "
                   "larger than %u bytes.",
                   operation_algorithm_name(destination->algorithm), destination->spec->name, longest(destination),
                   token, (unsigned)state.payload_max_bytes);
}

static void fail_unsupported(struct operation *operation, const struct operation_side *source,
                             const struct operation_side *destination, const char *token)
{
    if (source == NULL || destination == NULL) {
        const struct operation_side *side = source != NULL ? source : destination;
        operation_fail(operation, OPERATION_UNSUPPORTED, "%s cannot do %s with %s and key spec %s.", token,
                       operation->kind->name, operation_algorithm_name(side->algorithm), side->spec->name);
        return;
    }
    operation_fail(operation, OPERATION_UNSUPPORTED,
                   "%s cannot do %s from %s and key spec %s to %s and key spec %s with this data.", token,
                   operation->kind->name, operation_algorithm_name(source->algorithm), source->spec->name,
                   operation_algorithm_name(destination->algorithm), destination->spec->name);
}

bool operation_job_refused(struct operation *operation, const struct operation_side *source,
                           const struct operation_side *destination, Hsm__Status status)
{
    char token[OPERATION_TOKEN_TEXT_BYTES];
    operation_token_text(operation->operations, source != NULL ? source->token : destination->token, token);
    switch ((int)status) {
    case HSM__STATUS__STATUS_TOO_LARGE:
        fail_too_large(operation, source, destination, token);
        return true;
    case HSM__STATUS__STATUS_UNSUPPORTED:
        fail_unsupported(operation, source, destination, token);
        return true;
    case HSM__STATUS__STATUS_LENGTH_NOT_KEPT:
        operation_fail(
            operation, OPERATION_UNSUPPORTED,
            "%s pads data under a symmetric key to a multiple of 8 bytes, so it cannot re-encrypt this data, "
            "which has another length, to an RSA key.",
            token);
        return true;
    default:
        return false;
    }
}
