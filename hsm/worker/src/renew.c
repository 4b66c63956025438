/* A lost session, login or set of handles: another one in its place, within the same process. */
#include "worker.h"

/*
 * A renewal logs in. One that did not help may be tried again after this long; sooner, the worker leaves, and rewrapd
 * starts another with a wait that grows.
 */
#define RENEWAL_PAUSE_MS 1000

/* Many times what a login takes. rewrapd gives it time for that (workers_timing). */
#define RENEWAL_TURN_MS 3000

struct hsm_result worker_renew(struct worker *worker)
{
    uint64_t now = now_ms();
    if (worker->renewed_in_vain && now - worker->renewed_ms < RENEWAL_PAUSE_MS) {
        return (struct hsm_result){.code = HSM_TOKEN_UNAVAILABLE, .what = "session renewed a moment ago, in vain"};
    }
    worker->renewed_in_vain = true;
    worker->renewed_ms = now;
    if (!turn_take_within(worker, RENEWAL_TURN_MS)) {
        return (struct hsm_result){.code = HSM_TOKEN_UNAVAILABLE, .what = "the login of another worker does not end"};
    }
    struct hsm_result result = hsm_token_reopen(worker->token);
    if (result.code == HSM_OK) {
        result = worker_log_in(worker);
    }
    if (result.code == HSM_PIN_WRONG && result.rv == 0) {
        result.code = HSM_TOKEN_UNAVAILABLE; /* the worker that was told so by the token tells rewrapd */
    }
    if (result.code != HSM_OK) {
        return result; /* the turn is kept until this process ends: rewrapd hears of it before the next one tries */
    }
    turn_return(worker);
    return hsm_rewrap_renew(worker->rewrap);
}
