/* The whole, and with it what all files of this module share. Nothing of src/ is seen outside. */
#pragma once

#include "token.h"

#include <stdarg.h>
#include <sys/time.h>
#include <syslog.h>

#define WORKERS_RESTARTS 4

/* The waits of the supervision, in one place; tests shorten them. */
struct workers_timing {
    unsigned backoff_first_ms; /* before a start that follows a failed one: a token that hiccups is back within this */
    unsigned backoff_cap_ms;   /* an appliance that reboots is not flooded with logins, and found within this */
    /* Before the start that follows a death among the token's workers: [0] after a long life and after the first of all
     * deaths, then by the short lives after that one, in a row, the last for all further ones. Here the token is well
     * and a request is not: a login every few seconds is no burden, and the other requests want a worker. */
    unsigned restart_ms[WORKERS_RESTARTS];
    unsigned soon_ms;   /* jobs wait for a start after this or less, which takes less than to ask again */
    unsigned served_ms; /* a life of this or more was not short */
    unsigned grace_ms;  /* for a worker to leave once its socket is closed: C_Logout and C_Finalize take some */
    unsigned pin_look_ms;
    unsigned patience_ms;    /* how long jobs wait for a start: several times what one takes */
    unsigned renewal_log_ms; /* renewals of one worker closer together than this are one line in the log */
    /* The longest that a worker waits for its turns in one request, in one that takes long and in another: it is not
     * believed beyond this. */
    unsigned long_wait_max_ms;
    unsigned wait_max_ms;
};

struct workers {
    struct event_base *base; /* borrowed */
    char *program;
    char *turn_folder; /* or NULL */
    workers_started_fn started;
    workers_log_fn log;
    void *arg;
    struct workers_timing timing;
    struct workers_token *tokens;
    size_t n_tokens;
    size_t introducing; /* the token whose first worker is being started, until `reported` */
    bool reported;      /* started was called */
    bool freeing;
    struct event *child; /* SIGCHLD */
    struct event *turn;  /* the end of the loop turn: finished jobs, hungry tokens */
    bool turn_pending;
    uint64_t last_id;
    size_t pending; /* jobs whose done is owed */
    struct workers_job_list finished;
    struct workers_job_list spare;
    size_t n_spare;
    struct workers_wheel wheel;
};

void workers_log(const struct workers *workers, int priority, const char *format, ...) REWRAP_PRINTF(3, 4);

/* Makes the turn event run after the events that are active now. */
void workers_turn_request(struct workers *workers);

/* What it runs. */
void workers_on_turn(int fd, short what, void *arg);

/* Calls every done that is due. */
void workers_finished_drain(struct workers *workers);

uint64_t workers_now_ms(void);
struct timeval workers_time_of_ms(uint64_t ms);
