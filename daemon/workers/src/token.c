/* A token: its birth and end, whether it is up, what becomes of its queue when it is not, and what the log has of it.
 */
#include "internal.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void workers_token_be_patient(struct workers_token *token)
{
    struct timeval wait = workers_time_of_ms(token->workers->timing.patience_ms);
    token->impatient = event_add(token->patience_timer, &wait) != 0;
}

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
    token->start_timer = evtimer_new(base, workers_token_on_start, token);
    token->patience_timer = evtimer_new(base, on_patience, token);
    token->pin_timer = event_new(base, -1, EV_PERSIST, workers_token_on_pin_look, token);
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
