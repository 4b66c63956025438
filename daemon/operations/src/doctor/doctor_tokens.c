/* The doctor's look at tokens: reachable, served by as many workers as wanted, at which level, with which stock. */
#include "doctor.h"

#include "request/specs.h"

#include <stdio.h>

#define CHECK_TOKEN "token"
#define CHECK_LEVEL "level"
#define CHECK_STOCK "stock"

static void look_at_workers(struct doctor *doctor, const struct workers_token_state *state)
{
    const bool said = state->last_failure != NULL && *state->last_failure != '\0';
    const char *why = said ? state->last_failure : "none has started yet";
    if (state->stopped_by_pin) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__FAULT, CHECK_TOKEN, state->name,
                    "Correct the PIN file (a token locks after a few wrong PINs); the workers start again when it "
                    "changes.",
                    "the token refused the PIN, and it is not tried again: %s", why);
        return;
    }
    if (state->ready == 0 && state->starting) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__FAULT, CHECK_TOKEN, state->name,
                    "Ask again in a moment. The log of rewrapd says how the start ends.",
                    "no worker is ready, a start is under way%s%s", said ? "; before it: " : "",
                    said ? state->last_failure : "");
        return;
    }
    if (state->ready == 0) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__FAULT, CHECK_TOKEN, state->name,
                    "Bring the token back; the workers start again by themselves. The log of rewrapd says more.",
                    "not reachable, no worker is ready: %s", why);
        return;
    }
    if (state->ready < state->configured) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__WARNING, CHECK_TOKEN, state->name,
                    "They start again by themselves; if they do not, the log of rewrapd says why.",
                    "%u of %u workers are ready: %s", state->ready, state->configured, why);
        return;
    }
    doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__OK, CHECK_TOKEN, state->name, NULL, "%u of %u workers are ready",
                state->ready, state->configured);
}

/* No token is served below the level that its section requires: who has sensitive has asked for it. */
static void look_at_level(struct doctor *doctor, const struct workers_token_state *state)
{
    if (state->level == HSM__LEVEL__LEVEL_SEALED) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__OK, CHECK_LEVEL, state->name, NULL, "sealed");
    } else if (state->level == HSM__LEVEL__LEVEL_SENSITIVE) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__OK, CHECK_LEVEL, state->name, NULL,
                    "sensitive, as its section allows (require = sensitive), not sealed: %s is not enforced, and a "
                    "compromised worker could take payloads off this token",
                    state->level_reason == NULL || *state->level_reason == '\0' ? "the boundary" : state->level_reason);
    }
}

void doctor_look_at_token(struct doctor *doctor, const struct doctor_token *token)
{
    struct workers_token_state state;
    if (workers_state(doctor->operation->operations->workers, token->name, &state)) {
        look_at_workers(doctor, &state);
        look_at_level(doctor, &state);
    }
}

/* Symmetric keys are created and rotated everywhere; RSA pairs matter where somebody has one. */
static bool matters(const struct doctor_token *token, enum key_spec spec)
{
    return spec == KEY_SPEC_SYMMETRIC_DEFAULT || token->specs_used[spec];
}

void doctor_look_at_stock(struct doctor *doctor, const struct doctor_token *token)
{
    for (size_t i = 1; i <= DOCTOR_SPECS && token->listed; i++) {
        const enum key_spec spec = (enum key_spec)i;
        if (!matters(token, spec)) {
            continue;
        }
        const char *name = operation_spec_of(spec)->name;
        const size_t spares = token->spares[spec];
        char advice[DOCTOR_TEXT_BYTES];
        snprintf(advice, sizeof advice,
                 "The custodian adds some: rewrapctl ceremony add --key-spec %s --count N (docs/ceremony.md).", name);
        bool low = spares < DOCTOR_STOCK_LOW;
        doctor_find(doctor, low ? REWRAP__DOCTOR_VERDICT__VALUE__WARNING : REWRAP__DOCTOR_VERDICT__VALUE__OK,
                    CHECK_STOCK, token->name, low ? advice : NULL, "%zu spare sealed %s %s", spares, name,
                    spares == 1 ? "key" : "keys");
    }
}
