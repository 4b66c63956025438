/* When a token's workers are started: one at a time, after which wait, and not at all with a PIN that was refused. */
#include "internal.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

static struct timeval time_of_ms(unsigned ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

bool workers_token_up(const struct workers_token *token)
{
    return token->ready > 0 || (!token->stopped_by_pin && token->delay_ms == 0);
}

void workers_token_review(struct workers_token *token)
{
    if (workers_token_up(token)) {
        return;
    }
    for (struct workers_job *job = NULL; (job = TAILQ_FIRST(&token->queue.jobs)) != NULL;) {
        workers_queue_remove(&token->queue, job);
        workers_job_end_later(job, WORKERS_DOWN);
    }
}

/* Until every token was introduced, only the first worker of the one whose turn it is may start. */
static bool must_wait(const struct workers_token *token)
{
    const struct workers *workers = token->workers;
    return workers->freeing || token->stopped_by_pin || token->delayed ||
           (!workers->reported && token->index != workers->introducing);
}

void workers_token_start_next(struct workers_token *token)
{
    if (must_wait(token)) {
        return;
    }
    struct workers_worker *idle = NULL;
    for (unsigned i = 0; i < token->settings.workers; i++) {
        struct workers_worker *worker = &token->workers_list[i];
        if (worker->state == WORKER_STARTING) {
            return;
        }
        if (worker->state == WORKER_IDLE && idle == NULL) {
            idle = worker;
        }
    }
    if (idle != NULL) {
        workers_worker_start(idle);
    }
}

static void on_start(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct workers_token *token = arg;
    token->delayed = false;
    workers_token_start_next(token);
}

static unsigned backoff_ms(const struct workers_timing *timing, unsigned failures)
{
    if (failures == 0) {
        return 0;
    }
    uint64_t wait = timing->backoff_first_ms;
    for (unsigned i = 1; i < failures && wait < timing->backoff_cap_ms; i++) {
        wait *= 2;
    }
    return wait < timing->backoff_cap_ms ? (unsigned)wait : timing->backoff_cap_ms;
}

static void start_later(struct workers_token *token, unsigned ms)
{
    struct timeval wait = time_of_ms(ms);
    token->delayed = event_add(token->start_timer, &wait) == 0;
    if (!token->delayed) {
        workers_log(token->workers, LOG_CRIT, "token %s: no timer for the next start, no memory", token->settings.name);
    }
}

void workers_token_lost(struct workers_token *token, bool was_starting, bool had_served)
{
    if (had_served) {
        token->failures = 0;
    }
    if (was_starting && token->failures == 0) {
        token->failures = 1; /* a start that failed is never repeated at once */
    }
    token->delay_ms = backoff_ms(&token->workers->timing, token->failures);
    token->failures++;
    event_del(token->start_timer);
    token->delayed = false;
    if (token->delay_ms > 0) {
        start_later(token, token->delay_ms);
    }
}

void workers_token_introduced(struct workers_token *token)
{
    struct workers *workers = token->workers;
    if (workers->reported || token->index != workers->introducing) {
        return;
    }
    workers->introducing++;
    if (workers->introducing < workers->n_tokens) {
        workers_token_start_next(&workers->tokens[workers->introducing]);
        return;
    }
    rewrap_ignore(workers_token_report(workers, WORKERS_START_OK, NULL), "each worker's log line has said so");
}

bool workers_token_report(struct workers *workers, enum workers_start outcome, const char *text)
{
    if (workers->reported || workers->freeing) {
        return false;
    }
    workers->reported = true;
    workers->started(workers->arg, outcome, text);
    for (size_t i = 0; i < workers->n_tokens; i++) {
        struct workers_token *token = &workers->tokens[i];
        if (outcome != WORKERS_START_OK && !token->delayed) {
            start_later(token, workers->timing.backoff_first_ms); /* an owner who gives up now does not want them */
        }
        workers_token_start_next(token);
    }
    return true;
}

/* ------------------------------------------------------------------------------------------------ a refused PIN */

static void stop(struct workers_token *token)
{
    token->stopped_by_pin = true;
    /*
     * What the file is now, not what it was when the worker was started: should it have changed in between, either may
     * have been tried, and a right PIN that has to be written once more is better than a wrong one that counts twice.
     */
    token->pin_refused = workers_file_identify(token->settings.pin_file);
    token->pin_seen = token->pin_refused;
    struct timeval wait = time_of_ms(token->workers->timing.pin_look_ms);
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
            workers_token_review(same);
        }
    }
}

static void on_pin_look(evutil_socket_t fd, short what, void *arg)
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
    token->failures = 0;
    workers_log(token->workers, LOG_NOTICE, "token %s: the PIN file has changed, starting a worker",
                token->settings.name);
    workers_token_start_next(token);
}

/* ------------------------------------------------------------------------------------------------ its birth and end */

static bool copy_text(const char *from, const char **ret)
{
    if (from == NULL) {
        *ret = NULL;
        return true;
    }
    *ret = strdup(from);
    return *ret != NULL;
}

bool workers_token_init(struct workers_token *token, const struct workers_token_settings *settings)
{
    struct workers_token_settings *own = &token->settings;
    *own = *settings;
    own->name = own->module = own->init_args = own->uri = own->pin_file = NULL;
    own->workers = 0;
    TAILQ_INIT(&token->queue.jobs);
    token->queue.max = settings->max_queue;
    if (!copy_text(settings->name, &own->name) || !copy_text(settings->module, &own->module) ||
        !copy_text(settings->init_args, &own->init_args) || !copy_text(settings->uri, &own->uri) ||
        !copy_text(settings->pin_file, &own->pin_file)) {
        return false;
    }
    struct event_base *base = token->workers->base;
    token->start_timer = evtimer_new(base, on_start, token);
    token->pin_timer = event_new(base, -1, EV_PERSIST, on_pin_look, token);
    token->workers_list = calloc(settings->workers, sizeof(*token->workers_list));
    if (token->start_timer == NULL || token->pin_timer == NULL || token->workers_list == NULL) {
        return false;
    }
    for (; own->workers < settings->workers; own->workers++) {
        if (!workers_worker_init(&token->workers_list[own->workers], token)) {
            return false;
        }
    }
    return true;
}

void workers_token_clear(struct workers_token *token)
{
    for (unsigned i = 0; i < token->settings.workers; i++) {
        workers_worker_clear(&token->workers_list[i]);
    }
    free(token->workers_list);
    if (token->start_timer != NULL) {
        event_free(token->start_timer);
    }
    if (token->pin_timer != NULL) {
        event_free(token->pin_timer);
    }
    workers_stock_clear(&token->stock);
    free((char *)token->settings.name);
    free((char *)token->settings.module);
    free((char *)token->settings.init_args);
    free((char *)token->settings.uri);
    free((char *)token->settings.pin_file);
}
