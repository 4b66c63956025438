/*
 * rewrapd itself: the one event loop, what it listens on, who is connected, and how it starts, reloads and stops.
 *
 *     main → server ─┬─ listener (a socket each) → connection (a caller each) → operations
 *                    └─ workers, registry (their own modules)
 */
#pragma once

#include "base/attr.h"
#include "base/buffer.h"
#include "operations/operation.h"
#include "settings.h"

#include <event2/event.h>
#include <limits.h>
#include <sys/queue.h>

struct connection;
struct listener;

LIST_HEAD(connection_list, connection);
STAILQ_HEAD(connection_queue, connection);

#define SERVER_MAX_FILES                                                                                               \
    (3 + SETTINGS_MAX_TOKENS + SETTINGS_MAX_LISTENERS) /* beside configuration, state, registry                        \
                                                        */

enum server_phase {
    SERVER_STARTING, /* the workers log in; nobody can connect yet */
    SERVER_SERVING,
    SERVER_STOPPING, /* what was taken is finished, everything else refused */
};

struct server {
    struct event_base *base;
    const char *config_path;
    struct settings *settings; /* owned; replaced as a whole by a reload */
    struct registry *registry;
    struct workers *workers;
    struct operations operations;
    struct operations_file files[SERVER_MAX_FILES];                      /* of the settings */
    const char *principals[SETTINGS_MAX_LISTENERS + SETTINGS_MAX_PEERS]; /* likewise */
    char registry_path[PATH_MAX];
    enum server_phase phase;
    int exit_code;

    struct listener *listeners[SETTINGS_MAX_LISTENERS];
    size_t n_listeners;

    struct connection_list connections;
    size_t n_connections;
    struct caller_counts *callers;  /* connections by uid */
    struct caller_counts *requests; /* requests in flight by uid */
    size_t buffered_bytes;          /* in the buffers of all connections */
    unsigned accepted_this_turn;
    unsigned refused;              /* connections, since the last line about it in the log */
    bool reload_wanted;            /* SIGHUP came while starting */
    struct connection_queue dirty; /* have something to write or to be freed at the end of this loop turn */
    struct event *flush;           /* runs after the callbacks of this turn */
    struct event *sweep;           /* looks for stalled peers, what is due with keys, and for the end of a stop */
    struct buffer frame;           /* scratch for one answer, used within one call */
    int64_t stop_deadline_ms;

    struct event *signals[4];
};

/* Monotonic milliseconds, to a few of them: the kernel's coarse clock costs no system call. */
int64_t server_now_ms(const struct server *server);

/* The principal of a peer that came through a listener, by the present configuration; NULL when nobody is mapped to it.
 * Borrowed from settings. */
const char *server_principal(const struct server *server, const char *listener, uid_t uid, gid_t gid);

/* Hands the settings to the log and the operations. */
void server_apply_settings(struct server *server);

/*
 * Reads the configuration again, while serving. A bad one, one that names what is not there, one whose sockets cannot
 * be opened, or one that changes what takes a restart is logged and the one in force kept, whole. Otherwise sockets are
 * opened and closed as it says and everybody's principal is looked up again.
 */
void server_reload(struct server *server);

/* Runs until it is told to stop. Returns the exit code of the program: 0, EX_CONFIG, EX_TEMPFAIL, EX_OSERR
 * (sysexits.h). Takes the settings. */
int server_run(const char *config_path, struct settings *settings);
