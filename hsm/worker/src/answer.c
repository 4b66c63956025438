/* What a worker answers: the one table from the hsm module's codes to those of hsm.proto. */
#include "worker.h"

#include <stdio.h>

/* STATUS_INTERNAL is for what no request can cause: the failures of a start, and a device that fails. */
static const Hsm__Status statuses[] = {
    [HSM_OK] = HSM__STATUS__STATUS_OK,
    [HSM_MODULE] = HSM__STATUS__STATUS_INTERNAL,
    [HSM_TOKEN_ABSENT] = HSM__STATUS__STATUS_INTERNAL,
    [HSM_PIN_UNREADABLE] = HSM__STATUS__STATUS_INTERNAL,
    [HSM_PIN_WRONG] = HSM__STATUS__STATUS_INTERNAL,
    [HSM_PIN_LOCKED] = HSM__STATUS__STATUS_INTERNAL,
    [HSM_NO_CEREMONY] = HSM__STATUS__STATUS_INTERNAL,
    [HSM_KEY_NOT_FOUND] = HSM__STATUS__STATUS_KEY_NOT_FOUND,
    [HSM_KEY_REFUSED] = HSM__STATUS__STATUS_KEY_REFUSED,
    [HSM_KEY_AMBIGUOUS] = HSM__STATUS__STATUS_KEY_REFUSED,
    [HSM_INVALID_CIPHERTEXT] = HSM__STATUS__STATUS_INVALID_CIPHERTEXT,
    [HSM_NOT_WRAPPABLE] = HSM__STATUS__STATUS_NOT_WRAPPABLE,
    [HSM_TOO_LARGE] = HSM__STATUS__STATUS_TOO_LARGE,
    [HSM_UNSUPPORTED] = HSM__STATUS__STATUS_UNSUPPORTED,
    [HSM_LENGTH_NOT_KEPT] = HSM__STATUS__STATUS_LENGTH_NOT_KEPT,
    [HSM_TOKEN_UNAVAILABLE] = HSM__STATUS__STATUS_TOKEN_UNAVAILABLE,
    [HSM_KEY_KEPT] = HSM__STATUS__STATUS_KEY_KEPT,
    [HSM_LIMIT] = HSM__STATUS__STATUS_INTERNAL,
    [HSM_NO_MEMORY] = HSM__STATUS__STATUS_INTERNAL,
    [HSM_FAULT] = HSM__STATUS__STATUS_INTERNAL,
};

void answer_init(struct answer *answer, const Hsm__Request *request)
{
    *answer = (struct answer){.response = HSM__RESPONSE__INIT};
    answer->response.has_id = true;
    answer->response.id = request->id;
    answer->response.has_status = true;
    answer->response.status = HSM__STATUS__STATUS_OK;
}

void result_text(struct hsm_result result, char out[DETAIL_BYTES])
{
    const char *what = result.what == NULL ? "" : result.what;
    const char *colon = result.what == NULL ? "" : ": ";
    if (result.rv == 0) {
        snprintf(out, DETAIL_BYTES, "%s%s%s", what, colon, hsm_code_text(result.code));
        return;
    }
    snprintf(out, DETAIL_BYTES, "%s%s%s (%s)", what, colon, hsm_reason_text(result), hsm_rv_name(result.rv));
}

void answer_result(struct answer *answer, struct hsm_result result)
{
    answer->response.status = statuses[result.code];
    if (result.code == HSM_OK) {
        return;
    }
    result_text(result, answer->detail);
    answer->response.detail = answer->detail;
    answer->response.has_ckr = result.rv != 0;
    answer->response.ckr = result.rv;
}

void answer_bad_request(struct answer *answer, const char *why)
{
    answer->response.status = HSM__STATUS__STATUS_BAD_REQUEST;
    snprintf(answer->detail, DETAIL_BYTES, "%s", why);
    answer->response.detail = answer->detail;
}
