/* Birth and end of the whole: what is allocated and started, and how nothing of it is left behind. */
#include "internal.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_child(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct workers *workers = arg;
    for (size_t i = 0; i < workers->n_tokens; i++) {
        for (unsigned j = 0; j < workers->tokens[i].settings.workers; j++) {
            workers_worker_reap(&workers->tokens[i].workers_list[j]);
        }
    }
}

/* ------------------------------------------------------------------------------------------------ birth and end */

static const struct workers_timing default_timing = {
    .backoff_first_ms = 100,
    .backoff_cap_ms = 30000,
    .restart_ms = {0, 100, 1000, 5000},
    .soon_ms = 100,
    .served_ms = 10000,
    .grace_ms = 2000,
    .pin_look_ms = 1000,
    .patience_ms = 3000,
    .renewal_log_ms = 1000,
    /* As the worker has them, for the token and the module each: a key is made in 10000 + 300, and once more after the
     * session was renewed in 3000 + 300. */
    .long_wait_max_ms = 2 * (10000 + 300) + 3000 + 300,
    .wait_max_ms = 3000 + 300,
};

static bool settings_sound(const struct workers_settings *settings)
{
    if (settings->program == NULL || access(settings->program, X_OK) != 0 || settings->n_tokens == 0) {
        return false;
    }
    for (size_t i = 0; i < settings->n_tokens; i++) {
        const struct workers_token_settings *token = &settings->tokens[i];
        if (token->name == NULL || token->module == NULL || token->uri == NULL || token->pin_file == NULL ||
            token->workers == 0 || token->workers > WORKERS_MAX_PER_TOKEN || token->max_queue == 0 ||
            token->deadline_ms == 0 || token->start_deadline_ms == 0 || token->max_objects == 0) {
            return false;
        }
    }
    return true;
}

static bool jobs_reserve(struct workers *workers)
{
    for (size_t i = 0; i < WORKERS_RESERVED_JOBS; i++) {
        struct workers_job *job = workers_job_take(workers, false);
        if (job == NULL) {
            return false;
        }
        workers_job_return(job);
    }
    return true;
}

static bool init(struct workers *workers, const struct workers_settings *settings)
{
    TAILQ_INIT(&workers->finished);
    TAILQ_INIT(&workers->spare);
    workers->program = strdup(settings->program);
    workers->turn_folder = settings->turn_folder == NULL ? NULL : strdup(settings->turn_folder);
    workers->turn = event_new(workers->base, -1, 0, workers_on_turn, workers);
    workers->child = evsignal_new(workers->base, SIGCHLD, on_child, workers);
    workers->tokens = calloc(settings->n_tokens, sizeof(*workers->tokens));
    if (!workers_wheel_init(workers) || workers->program == NULL ||
        (settings->turn_folder != NULL && workers->turn_folder == NULL) || workers->turn == NULL ||
        workers->child == NULL || workers->tokens == NULL || !jobs_reserve(workers) ||
        event_add(workers->child, NULL) != 0) {
        return false;
    }
    for (size_t i = 0; i < settings->n_tokens; i++) {
        struct workers_token *token = &workers->tokens[workers->n_tokens++];
        token->workers = workers;
        token->index = i;
        if (!workers_token_init(token, &settings->tokens[i])) {
            return false;
        }
    }
    return true;
}

struct workers *workers_new(struct event_base *base, const struct workers_settings *settings,
                            workers_started_fn started, workers_log_fn log, void *arg)
{
    if (!settings_sound(settings)) {
        return NULL;
    }
    struct workers *workers = calloc(1, sizeof(*workers));
    if (workers == NULL) {
        return NULL;
    }
    workers->base = base;
    workers->started = started;
    workers->log = log;
    workers->arg = arg;
    workers->timing = default_timing;
    if (!init(workers, settings)) {
        workers_free(workers);
        return NULL;
    }
    /* From the loop: `started` and `log` are not called before this returns. */
    struct timeval now = {.tv_sec = 0};
    workers->tokens[0].delayed = true;
    if (event_add(workers->tokens[0].start_timer, &now) != 0) {
        workers_free(workers);
        return NULL;
    }
    return workers;
}

static void jobs_end(struct workers *workers)
{
    for (size_t i = 0; i < workers->n_tokens; i++) {
        struct workers_token *token = &workers->tokens[i];
        for (unsigned j = 0; j < token->settings.workers; j++) {
            workers_channel_close(&token->workers_list[j]); /* which tells the worker to leave */
            workers_feed_give_back(&token->workers_list[j], WORKERS_DOWN);
        }
        for (struct workers_job *job = NULL; (job = TAILQ_FIRST(&token->queue.jobs)) != NULL;) {
            workers_queue_remove(&token->queue, job);
            workers_job_end_later(job, WORKERS_DOWN);
        }
    }
    workers_finished_drain(workers);
}

/* How many still run, after reaping those that do not. */
static size_t running_count(struct workers *workers, bool kill_them)
{
    size_t running = 0;
    for (size_t i = 0; i < workers->n_tokens; i++) {
        for (unsigned j = 0; j < workers->tokens[i].settings.workers; j++) {
            struct workers_worker *worker = &workers->tokens[i].workers_list[j];
            if (worker->running && waitpid(worker->pid, NULL, WNOHANG) == worker->pid) {
                worker->running = false;
            }
            if (worker->running && kill_them) {
                rewrap_ignore(kill(worker->pid, SIGKILL), "it may have exited meanwhile");
            }
            running += worker->running;
        }
    }
    return running;
}

/* SIGCHLD is blocked. */
static size_t reap_until(struct workers *workers, uint64_t until_ms)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    size_t running = 0;
    for (uint64_t now_ms = 0;
         (running = running_count(workers, false)) > 0 && (now_ms = workers_now_ms()) < until_ms;) {
        uint64_t left_ms = until_ms - now_ms;
        struct timespec wait = {.tv_sec = (time_t)(left_ms / 1000), .tv_nsec = (long)(left_ms % 1000) * 1000000};
        rewrap_ignore(sigtimedwait(&child, NULL, &wait), "the loop looks at the children and the clock again");
    }
    return running;
}

static void processes_end(struct workers *workers)
{
    if (running_count(workers, false) == 0) {
        return;
    }
    sigset_t child;
    sigset_t before;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &before);
    size_t running = reap_until(workers, workers_now_ms() + workers->timing.grace_ms);
    if (running > 0) {
        workers_log(workers, LOG_WARNING, "%zu workers have not left in time, killing them", running);
        running_count(workers, true);
        running = reap_until(workers, workers_now_ms() + workers->timing.grace_ms);
    }
    if (running > 0) {
        workers_log(workers, LOG_ERR, "%zu killed workers have not ended; they are left to init", running);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

void workers_free(struct workers *workers)
{
    if (workers == NULL) {
        return;
    }
    workers->freeing = true;
    jobs_end(workers);
    processes_end(workers);
    for (size_t i = 0; i < workers->n_tokens; i++) {
        workers_token_clear(&workers->tokens[i]);
    }
    for (struct workers_job *job = NULL; (job = TAILQ_FIRST(&workers->spare)) != NULL;) {
        TAILQ_REMOVE(&workers->spare, job, link);
        buffer_clear(&job->frame);
        free(job);
    }
    workers_wheel_clear(&workers->wheel);
    if (workers->turn != NULL) {
        event_free(workers->turn);
    }
    if (workers->child != NULL) {
        event_free(workers->child);
    }
    free(workers->tokens);
    free(workers->program);
    free(workers->turn_folder);
    free(workers);
}
