/* When a token's workers are started: one at a time, and after which wait. */
#include "internal.h"

#include <event2/event.h>
#include <string.h>

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

void workers_token_on_start(int fd, short what, void *arg)
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
    struct timeval wait = workers_time_of_ms(ms);
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
        workers_token_be_patient(token);
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
