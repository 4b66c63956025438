/* A PIN that the token has refused: nothing is started with it until its file changes. */
#include "internal.h"

#include <event2/event.h>
#include <string.h>

static void stop(struct workers_token *token)
{
    token->stopped_by_pin = true;
    /*
     * What the file is now, not what it was when the worker was started: should it have changed in between, either may
     * have been tried, and a right PIN that has to be written once more is better than a wrong one that counts twice.
     */
    token->pin_refused = workers_file_identify(token->settings.pin_file);
    token->pin_seen = token->pin_refused;
    struct timeval wait = workers_time_of_ms(token->workers->timing.pin_look_ms);
    if (event_add(token->pin_timer, &wait) != 0) {
        workers_log(token->workers, LOG_CRIT, "token %s: no timer to watch the PIN file, no memory",
                    token->settings.name);
    }
}

void workers_token_stop_by_pin(struct workers_token *token)
{
    for (size_t i = 0; i < token->workers->n_tokens; i++) {
        struct workers_token *same = &token->workers->tokens[i];
        /* Two sections may name one token: their attempts add up. */
        if (strcmp(same->settings.uri, token->settings.uri) == 0 &&
            strcmp(same->settings.pin_file, token->settings.pin_file) == 0) {
            stop(same);
            if (same != token) {
                workers_token_failed(same, token->last_failure);
            }
            workers_token_review(same);
        }
    }
}

void workers_token_on_pin_look(int fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct workers_token *token = arg;
    struct workers_file_identity now = workers_file_identify(token->settings.pin_file);
    bool settled = workers_file_same(&now, &token->pin_seen);
    token->pin_seen = now;
    if (!settled || !now.exists || workers_file_same(&now, &token->pin_refused)) {
        return;
    }
    event_del(token->pin_timer);
    event_del(token->start_timer);
    token->stopped_by_pin = false;
    token->delayed = false;
    token->delay_ms = 0;
    token->failed_starts = 0;
    workers_token_be_patient(token);
    workers_log(token->workers, LOG_NOTICE, "token %s: the PIN file has changed, starting a worker",
                token->settings.name);
    workers_token_start_next(token);
}
