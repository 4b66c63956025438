/* A token: its queue, its workers, when they are started, and what is known of it. */
#pragma once

#include "worker.h"

#include <time.h>

/* Which file it is, and which content it has, as far as stat(2) tells. */
struct workers_file_identity {
    bool exists;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

struct workers_file_identity workers_file_identify(const char *path);
bool workers_file_same(const struct workers_file_identity *a, const struct workers_file_identity *b);

#define WORKERS_MAX_ALGORITHMS 16 /* in a Hello; there are three now */
#define WORKERS_NAME_BYTES     40 /* more than PKCS#11 has room for in a label, serial number or model */
#define WORKERS_REASON_BYTES   128
#define WORKERS_FAILURE_BYTES  1024

struct workers_token {
    struct workers *workers;
    size_t index;
    struct workers_token_settings settings; /* its strings are owned */
    struct workers_queue queue;
    struct workers_worker *workers_list; /* settings.workers of them */
    unsigned ready;
    bool hungry; /* in the list of things to do at the end of the turn */

    unsigned failed_starts; /* in a row */
    unsigned short_lives; /* deaths of its workers that had come up, in a row since the first, or the last after a long
                             life, which counts */
    unsigned delay_ms;    /* the wait before the current or next start */
    bool delayed;         /* start_timer runs, until start_at_ms */
    uint64_t start_at_ms;
    struct event *start_timer;
    struct event *patience_timer; /* runs while jobs wait for a start */
    bool impatient;               /* they are not to wait for it: it is not soon, or has taken too long */

    char last_failure[WORKERS_FAILURE_BYTES]; /* of a worker or a start, without the token's name */
    uint64_t last_failure_ms;                 /* since the epoch */
    bool told_down;                           /* the log has it that the token is down */
    uint64_t down_since_ms;

    bool stopped_by_pin;
    struct workers_file_identity pin_refused;
    struct workers_file_identity pin_seen; /* at the last look: a file that is still being written is left alone */
    struct event *pin_timer;

    Hsm__Level level;
    char level_reason[WORKERS_REASON_BYTES];
    char label[WORKERS_NAME_BYTES];
    char serial[WORKERS_NAME_BYTES];
    char model[WORKERS_NAME_BYTES];
    bool pads_payloads;
    uint32_t payload_max_bytes;
    Hsm__Algorithm algorithms[WORKERS_MAX_ALGORITHMS];
    size_t n_algorithms;
    struct workers_stock stock;
};

/* ---------------------------------------------------------------------- token.c, starts.c, pin.c */

REWRAP_MUST_USE bool workers_token_init(struct workers_token *token, const struct workers_token_settings *settings);
void workers_token_clear(struct workers_token *token);
/* A worker is up, or about to be without a wait. */
bool workers_token_up(const struct workers_token *token);
/* Fails the queue when the token is down, and tells the log when it has come to be. */
void workers_token_review(struct workers_token *token);
/* Why a worker was lost or could not be started. `text` does not name the token. */
void workers_token_failed(struct workers_token *token, const char *text);
/* A worker has become ready. */
void workers_token_served(struct workers_token *token);
/* Jobs wait for a start that is soon, but not for long. */
void workers_token_be_patient(struct workers_token *token);
/* Starts a worker if one should be, and then those of other tokens that may have waited for this one. */
void workers_token_start_next(struct workers_token *token);
/* A worker was lost or could not be started: settles when the next one is. */
void workers_token_lost(struct workers_token *token, bool was_starting, bool had_served);
/* … what the timer of the start does then. */
void workers_token_on_start(int fd, short what, void *arg);
/* The first worker of the token has come up. */
void workers_token_introduced(struct workers_token *token);
/* Tells the owner how the start went. False when he was told before: then the text belongs into the log instead. */
bool workers_token_report(struct workers *workers, enum workers_start outcome, const char *text);
/* The token refused the PIN: nothing is started with that PIN on that token until the PIN file changes. */
void workers_token_stop_by_pin(struct workers_token *token);
/* … which the timer looks at. */
void workers_token_on_pin_look(int fd, short what, void *arg);
