/* GenerateRandom: bytes of a token's own generator. */
#include "access/authorize.h"
#include "frame/table.h"
#include "job.h"
#include "token/token.h"

static void on_response(struct operation *operation, const Hsm__Response *answer)
{
    const Rewrap__GenerateRandomRequest *request = (const Rewrap__GenerateRandomRequest *)operation->request;
    size_t wanted = (size_t)request->number_of_bytes;
    if (!operation_job_plaintext(operation, answer, wanted, wanted)) {
        return;
    }
    Rewrap__GenerateRandomResponse response = REWRAP__GENERATE_RANDOM_RESPONSE__INIT;
    response.has_plaintext = true;
    response.plaintext = answer->plaintext;
    operation_finish(operation, &response.base);
}

static void run(struct operation *operation)
{
    const Rewrap__GenerateRandomRequest *request = (const Rewrap__GenerateRandomRequest *)operation->request;
    char token[OPERATION_TOKEN_NAME_BYTES];
    if (!operation_authorize(operation, OPERATION_MAY_GENERATE_RANDOM) ||
        !operation_token_choose(operation, request->custom_key_store_id, token)) {
        return;
    }
    struct operation_job job;
    Hsm__GenerateRandom body = HSM__GENERATE_RANDOM__INIT;
    operation_job_init(&job, HSM__REQUEST__BODY_GENERATE_RANDOM, NULL, NULL);
    job.request.generate_random = &body;
    body.has_length = true;
    body.length = (uint32_t)request->number_of_bytes;
    operation_submit(operation, token, &job.request, on_response);
}

const struct operation_kind operation_kind_generate_random = {.name = "GenerateRandom", .run = run};
