/* When a token's workers are started: one at a time, after which wait, and not at all with a PIN that was refused. */
#include "internal.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct timeval time_of_ms(unsigned ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

bool workers_token_up(const struct workers_token *token)
{
    return token->ready > 0 || (!token->stopped_by_pin && !token->impatient);
}

void workers_token_failed(struct workers_token *token, const char *text)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    token->last_failure_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    snprintf(token->last_failure, sizeof(token->last_failure), "%s", text);
}

/* Once for each time that it is down. Before the start was reported its owner is told instead. */
static void tell_down(struct workers_token *token)
{
    if (token->told_down || !token->workers->reported || token->workers->freeing) {
        return;
    }
    token->told_down = true;
    token->down_since_ms = workers_now_ms();
    workers_log(token->workers, LOG_ERR, "token %s is down, requests are refused until it is up again: %s",
                token->settings.name, token->last_failure);
}

static void tell_up(struct workers_token *token)
{
    if (!token->told_down) {
        return;
    }
    token->told_down = false;
    uint64_t down_ms = workers_now_ms() - token->down_since_ms;
    workers_log(token->workers, LOG_NOTICE, "token %s is up again, after %u.%03u s", token->settings.name,
                (unsigned)(down_ms / 1000), (unsigned)(down_ms % 1000));
}

void workers_token_served(struct workers_token *token)
{
    token->failed_starts = 0;
    token->delay_ms = 0;
    token->impatient = false;
    event_del(token->patience_timer);
    tell_up(token);
}

void workers_token_review(struct workers_token *token)
{
    if (workers_token_up(token)) {
        return;
    }
    tell_down(token);
    for (struct workers_job *job = NULL; (job = TAILQ_FIRST(&token->queue.jobs)) != NULL;) {
        workers_queue_remove(&token->queue, job);
        workers_job_end_later(job, WORKERS_DOWN);
    }
}

/* The start that jobs wait for has met a token that hangs, and its start deadline is too long to wait for. */
static void on_patience(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct workers_token *token = arg;
    token->impatient = true;
    workers_token_review(token);
}

static void patience_begin(struct workers_token *token)
{
    struct timeval wait = time_of_ms(token->workers->timing.patience_ms);
    token->impatient = event_add(token->patience_timer, &wait) != 0;
}

/*
 * Whether the two sections may name one token: two starts on it at a time could meet each other (SoftHSM rewrites its
 * token's object at a login), and would try a wrong PIN twice. Before both have said Hello it is not known.
 */
static bool may_be_one_token(const struct workers_token *a, const struct workers_token *b)
{
    if (strcmp(a->settings.module, b->settings.module) != 0) {
        return false;
    }
    return a->serial[0] == '\0' || b->serial[0] == '\0' ||
           (strcmp(a->serial, b->serial) == 0 && strcmp(a->label, b->label) == 0 && strcmp(a->model, b->model) == 0);
}

static bool is_starting(const struct workers_token *token)
{
    for (unsigned i = 0; i < token->settings.workers; i++) {
        if (token->workers_list[i].state == WORKER_STARTING) {
            return true;
        }
    }
    return false;
}

/* One start at a time for each token, by whichever of its sections. */
static bool start_is_under_way(const struct workers_token *token)
{
    for (size_t i = 0; i < token->workers->n_tokens; i++) {
        const struct workers_token *other = &token->workers->tokens[i];
        if (is_starting(other) && (other == token || may_be_one_token(other, token))) {
            return true;
        }
    }
    return false;
}

/* Until every token was introduced, only the first worker of the one whose turn it is may start. */
static bool must_wait(const struct workers_token *token)
{
    const struct workers *workers = token->workers;
    return workers->freeing || token->stopped_by_pin || token->delayed ||
           (!workers->reported && token->index != workers->introducing);
}

static void start_one(struct workers_token *token)
{
    if (must_wait(token) || start_is_under_way(token)) {
        return;
    }
    for (unsigned i = 0; i < token->settings.workers; i++) {
        if (token->workers_list[i].state == WORKER_IDLE) {
            workers_worker_start(&token->workers_list[i]);
            return;
        }
    }
}

void workers_token_start_next(struct workers_token *token)
{
    struct workers *workers = token->workers;
    for (size_t i = 0; i < workers->n_tokens; i++) {
        start_one(&workers->tokens[(token->index + i) % workers->n_tokens]);
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

static unsigned backoff_ms(const struct workers_timing *timing, unsigned failed_starts)
{
    uint64_t wait = timing->backoff_first_ms;
    for (unsigned i = 1; i < failed_starts && wait < timing->backoff_cap_ms; i++) {
        wait *= 2;
    }
    return wait < timing->backoff_cap_ms ? (unsigned)wait : timing->backoff_cap_ms;
}

/* By the deaths before the one at hand. */
static unsigned restart_ms(const struct workers_timing *timing, unsigned short_lives)
{
    return timing->restart_ms[short_lives < WORKERS_RESTARTS ? short_lives : WORKERS_RESTARTS - 1];
}

/*
 * How long to wait after a death when a start is waited for already: no longer, since a request that kills a worker
 * every few seconds would put it off until none is left. But after a start that failed the token has to come back
 * first, whatever another worker died of.
 */
static unsigned wait_on_ms(const struct workers_token *token, unsigned ms)
{
    if (!token->delayed) {
        return ms;
    }
    uint64_t now_ms = workers_now_ms();
    unsigned left_ms = token->start_at_ms > now_ms ? (unsigned)(token->start_at_ms - now_ms) : 0;
    bool sooner = ms < left_ms;
    return sooner == (token->failed_starts == 0) ? ms : left_ms;
}

static void start_later(struct workers_token *token, unsigned ms)
{
    struct timeval wait = time_of_ms(ms);
    token->start_at_ms = workers_now_ms() + ms;
    token->delayed = event_add(token->start_timer, &wait) == 0;
    if (!token->delayed) {
        workers_log(token->workers, LOG_CRIT, "token %s: no timer for the next start, no memory", token->settings.name);
    }
}

void workers_token_lost(struct workers_token *token, bool was_starting, bool had_served)
{
    const struct workers_timing *timing = &token->workers->timing;
    unsigned wait_ms = 0;
    if (was_starting) {
        wait_ms = backoff_ms(timing, ++token->failed_starts);
    } else {
        token->short_lives = had_served ? 0 : token->short_lives;
        wait_ms = restart_ms(timing, token->short_lives++);
    }
    token->delay_ms = wait_on_ms(token, wait_ms);
    event_del(token->start_timer);
    token->delayed = false;
    if (token->delay_ms > 0) {
        start_later(token, token->delay_ms);
    }
    if (token->failed_starts != 0 || token->delay_ms > timing->soon_ms) {
        token->impatient = true;
    } else if (token->ready == 0) {
        patience_begin(token);
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
            if (same != token) {
                workers_token_failed(same, token->last_failure);
            }
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
    token->failed_starts = 0;
    patience_begin(token);
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
    token->patience_timer = evtimer_new(base, on_patience, token);
    token->pin_timer = event_new(base, -1, EV_PERSIST, on_pin_look, token);
    token->workers_list = calloc(settings->workers, sizeof(*token->workers_list));
    if (token->start_timer == NULL || token->patience_timer == NULL || token->pin_timer == NULL ||
        token->workers_list == NULL) {
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
    if (token->patience_timer != NULL) {
        event_free(token->patience_timer);
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
