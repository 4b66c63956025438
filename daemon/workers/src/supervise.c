/* The life of one worker: IDLE → STARTING → READY → ENDING → IDLE. Every change of its state is made in state_set. */
#include "internal.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* From which states each may be reached: anything else is a defect of ours. */
static const unsigned reachable_from[] = {
    [WORKER_IDLE] = 1U << WORKER_ENDING,
    [WORKER_STARTING] = 1U << WORKER_IDLE,
    [WORKER_READY] = 1U << WORKER_STARTING,
    [WORKER_ENDING] = 1U << WORKER_STARTING | 1U << WORKER_READY,
};

static void state_set(struct workers_worker *worker, enum workers_worker_state state)
{
    if ((reachable_from[state] & (1U << worker->state)) == 0) {
        abort(); /* also in a release: a worker in a state that nobody meant would take jobs and lose them */
    }
    struct workers_token *token = worker->token;
    token->ready -= worker->state == WORKER_READY;
    worker->state = state;
    token->ready += worker->state == WORKER_READY;
    event_del(worker->timer);
}

/* How each way to lose a worker is handled. */
struct end_rule {
    const char *text; /* for the log; NULL: whoever ends it so, or its reaping, has said it */
    int priority;
    enum workers_status blamed; /* what the job it was at ends with; WORKERS_ANSWERED: it did nothing to that one */
    bool kill;                  /* at once; otherwise it is given a moment to leave */
};

static const struct end_rule end_rules[] = {
    [END_GONE] = {NULL, LOG_DEBUG, WORKERS_CRASHED, false},
    [END_LEFT] = {"says that the token is gone, and leaves", LOG_WARNING, WORKERS_ANSWERED, false},
    [END_REFUSED] = {NULL, LOG_DEBUG, WORKERS_ANSWERED, false},
    [END_PROTOCOL] = {"sent what it must not, killing it", LOG_ERR, WORKERS_CRASHED, true},
    [END_DEADLINE] = {"is past deadline-ms with one request, killing it", LOG_ERR, WORKERS_TIMEOUT, true},
    [END_LONG_DEADLINE] = {"is past start-deadline-ms with a list of its objects or a new key, killing it", LOG_ERR,
                           WORKERS_TIMEOUT, true},
    [END_START_DEADLINE] = {"is not ready within start-deadline-ms, killing it", LOG_ERR, WORKERS_ANSWERED, true},
    [END_NO_MEMORY] = {"cannot be talked to, no memory, killing it", LOG_ERR, WORKERS_ANSWERED, true},
};

static void end_log(const struct workers_worker *worker, const struct end_rule *rule, const char *detail,
                    bool was_starting)
{
    if (rule->text == NULL) {
        return;
    }
    struct workers_token *token = worker->token;
    char clean[128];
    workers_text_clean(detail, clean, sizeof(clean));
    char text[512];
    snprintf(text, sizeof(text), "token %s: worker %d %s%s%s", token->settings.name, (int)worker->pid, rule->text,
             clean[0] == '\0' ? "" : ": ", clean);
    workers_token_failed(token, text + strlen("token ") + strlen(token->settings.name) + strlen(": "));
    if (!was_starting || !workers_token_report(token->workers, WORKERS_START_RETRY, text)) {
        workers_log(token->workers, rule->priority, "%s", text);
    }
}

/* Only a child that was not reaped is signalled: its number cannot have gone to another process. */
static void kill_if_running(const struct workers_worker *worker)
{
    if (worker->running) {
        rewrap_ignore(kill(worker->pid, SIGKILL), "it may have exited meanwhile");
    }
}

static void progress_forget(struct workers_worker *worker)
{
    workers_progress_free(worker->progress);
    worker->progress = NULL;
}

void workers_worker_end(struct workers_worker *worker, enum workers_end end, const char *detail)
{
    if (worker->state != WORKER_STARTING && worker->state != WORKER_READY) {
        return;
    }
    struct workers_token *token = worker->token;
    const struct end_rule *rule = &end_rules[end];
    bool was_starting = worker->state == WORKER_STARTING;
    bool had_served = !was_starting && workers_now_ms() - worker->ready_since_ms >= token->workers->timing.served_ms;
    worker->report_exit = was_starting && end == END_GONE;
    worker->ended_by_exit = end == END_GONE;

    if (end == END_GONE && worker->running) {
        workers_token_failed(token, "a worker has closed its socket"); /* how it ended is known when it is reaped */
    }
    workers_channel_close(worker);
    workers_stock_clear(&worker->incoming);
    workers_feed_give_back(worker, rule->blamed);
    progress_forget(worker);
    state_set(worker, WORKER_ENDING);
    workers_token_lost(token, was_starting, had_served);
    end_log(worker, rule, detail, was_starting);
    if (rule->kill) {
        kill_if_running(worker);
    } else {
        workers_worker_arm(worker, token->workers->timing.grace_ms);
    }
    workers_token_review(token);
    workers_token_start_next(token);
}

void workers_worker_arm(struct workers_worker *worker, uint64_t in_ms)
{
    struct timeval wait = workers_time_of_ms(in_ms);
    if (event_add(worker->timer, &wait) != 0) {
        workers_log(worker->token->workers, LOG_ERR, "token %s: worker %d cannot be timed, killing it",
                    worker->token->settings.name, (int)worker->pid);
        kill_if_running(worker); /* better none than one that may hang for ever */
    }
}

/*
 * How often a worker is looked at within a deadline. When it has gone on to the next job is known by the look after
 * that only, so one that hangs is killed up to this part of the deadline late, and never early.
 */
#define LOOKS_PER_DEADLINE 8

void workers_worker_watch(struct workers_worker *worker)
{
    if (worker->n_in_flight == 0) {
        return;
    }
    const uint32_t said_ms = workers_progress_waited_ms(worker);
    workers_progress_look(worker);
    const struct workers_token_settings *settings = &worker->token->settings;
    bool takes_long = workers_job_takes_long(worker->at);
    const struct workers_timing *timing = &worker->token->workers->timing;
    const uint32_t max_ms = takes_long ? timing->long_wait_max_ms : timing->wait_max_ms;
    const uint32_t waited_ms = said_ms < max_ms ? said_ms : max_ms;
    uint64_t deadline_ms = (uint64_t)(takes_long ? settings->start_deadline_ms : settings->deadline_ms) + waited_ms;
    uint64_t spent_ms = workers_now_ms() - worker->at_since_ms;
    if (spent_ms >= deadline_ms) {
        workers_worker_end(worker, takes_long ? END_LONG_DEADLINE : END_DEADLINE, NULL);
        return;
    }
    uint64_t left_ms = deadline_ms - spent_ms;
    uint64_t look_ms = settings->deadline_ms / LOOKS_PER_DEADLINE + 1;
    workers_worker_arm(worker, left_ms < look_ms ? left_ms : look_ms);
}

void workers_worker_renew(struct workers_worker *worker)
{
    if (worker->state == WORKER_STARTING) {
        workers_worker_arm(worker, worker->token->settings.start_deadline_ms);
    } else if (worker->at == TAILQ_FIRST(&worker->in_flight)) {
        worker->at_since_ms = workers_now_ms();
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct workers_worker *worker = arg;
    switch (worker->state) {
    case WORKER_STARTING:
        workers_worker_end(worker, END_START_DEADLINE, NULL);
        break;
    case WORKER_READY:
        workers_worker_watch(worker);
        break;
    case WORKER_ENDING:
        workers_log(worker->token->workers, LOG_WARNING, "token %s: worker %d has not left, killing it",
                    worker->token->settings.name, (int)worker->pid);
        kill_if_running(worker);
        break;
    case WORKER_IDLE:
        break;
    }
}

static void start_failed(struct workers_worker *worker, const char *reason)
{
    struct workers_token *token = worker->token;
    char failure[480];
    char text[512];
    workers_token_lost(token, true, false);
    snprintf(failure, sizeof(failure), "cannot start %s (%s)", token->workers->program, reason);
    workers_token_failed(token, failure);
    snprintf(text, sizeof(text), "token %s: %s", token->settings.name, failure);
    if (!workers_token_report(token->workers, WORKERS_START_RETRY, text)) {
        workers_log(token->workers, LOG_ERR, "%s; next start in %u ms", text, token->delay_ms);
    }
    workers_token_review(token);
}

void workers_worker_start(struct workers_worker *worker)
{
    struct workers_token *token = worker->token;
    int fd = -1;
    int error = workers_process_start(token->workers->program, &worker->pid, &fd, &worker->progress);
    if (error != 0) {
        start_failed(worker, strerror(error));
        return;
    }
    worker->running = true;
    worker->hello_seen = false;
    worker->renewal_told_ms = 0;
    worker->report_exit = false;
    worker->ended_by_exit = false;
    state_set(worker, WORKER_STARTING);
    workers_log(token->workers, LOG_INFO, "token %s: worker %d started", token->settings.name, (int)worker->pid);
    struct workers_job *configure = workers_hello_ask(token);
    if (!workers_channel_open(worker, fd) || configure == NULL) {
        if (configure != NULL) {
            workers_job_return(configure);
        }
        workers_worker_end(worker, END_NO_MEMORY, NULL);
        return;
    }
    workers_worker_arm(worker, token->settings.start_deadline_ms);
    workers_feed_give(worker, configure);
    workers_channel_flush(worker);
}

void workers_worker_serve(struct workers_worker *worker)
{
    struct workers_token *token = worker->token;
    state_set(worker, WORKER_READY);
    worker->ready_since_ms = workers_now_ms();
    workers_token_served(token);
    workers_log(token->workers, LOG_INFO, "token %s: worker %d is ready, %zu objects, level %s%s", token->settings.name,
                (int)worker->pid, token->stock.len, token->level == HSM__LEVEL__LEVEL_SEALED ? "sealed" : "sensitive",
                token->pads_payloads ? ", pads payloads" : "");
    workers_token_introduced(token);
    workers_token_start_next(token);
}

static void log_reaped(const struct workers_worker *worker, const char *how)
{
    const struct workers_token *token = worker->token;
    char text[256];
    snprintf(text, sizeof(text), "token %s: worker %d %s", token->settings.name, (int)worker->pid, how);
    if (worker->report_exit && workers_token_report(token->workers, WORKERS_START_RETRY, text)) {
        return;
    }
    if (token->stopped_by_pin) {
        workers_log(token->workers, LOG_WARNING, "%s; next start when the PIN file has changed", text);
    } else {
        workers_log(token->workers, LOG_WARNING, "%s; next start in %u ms", text, token->delay_ms);
    }
}

void workers_worker_reap(struct workers_worker *worker)
{
    int status = 0;
    if (!worker->running || waitpid(worker->pid, &status, WNOHANG) != worker->pid) {
        return;
    }
    worker->running = false;
    char how[64];
    char failure[128];
    workers_process_describe(status, how, sizeof(how));
    if (worker->state != WORKER_ENDING || worker->ended_by_exit) {
        snprintf(failure, sizeof(failure), "worker %d %s", (int)worker->pid, how);
        workers_token_failed(worker->token, failure);
    }
    workers_channel_drain(worker); /* its last answers count */
    workers_worker_end(worker, END_GONE, NULL);
    state_set(worker, WORKER_IDLE);
    log_reaped(worker, how);
    workers_token_start_next(worker->token);
    workers_feed(worker->token);
}

bool workers_worker_init(struct workers_worker *worker, struct workers_token *token)
{
    worker->token = token;
    worker->fd = -1;
    TAILQ_INIT(&worker->in_flight);
    worker->timer = evtimer_new(token->workers->base, on_timer, worker);
    return worker->timer != NULL;
}

void workers_worker_clear(struct workers_worker *worker)
{
    workers_channel_close(worker);
    progress_forget(worker);
    workers_stock_clear(&worker->incoming);
    if (worker->timer != NULL) {
        event_free(worker->timer);
        worker->timer = NULL;
    }
}
