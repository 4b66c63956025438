/* What follows the configuration: limits, sockets and who is who; at the start and again on SIGHUP. See server.h. */
#include "connection.h"
#include "listener.h"
#include "log.h"
#include "server.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#define SPARE_DESCRIPTORS 256 /* beside connections: workers, registry, sockets */

static const char *peer_principal(const struct settings *settings, uid_t uid, gid_t gid)
{
    for (size_t i = 0; i < settings->n_peers; i++) {
        const struct settings_peer *peer = &settings->peers[i];
        if ((!peer->has_uid || peer->uid == uid) && (!peer->has_gid || peer->gid == gid)) {
            return peer->principal;
        }
    }
    return NULL;
}

static const struct settings_listener *settings_of_name(const struct settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_listeners; i++) {
        if (strcmp(settings->listeners[i].name, name) == 0) {
            return &settings->listeners[i];
        }
    }
    return NULL;
}

const char *server_principal(const struct server *server, const char *listener, uid_t uid, gid_t gid)
{
    const struct settings_listener *settings = settings_of_name(server->settings, listener);
    if (settings == NULL) {
        return NULL; /* a reload took the listener away; its connections may do nothing more */
    }
    return settings->principal != NULL ? settings->principal : peer_principal(server->settings, uid, gid);
}

/* As many descriptors as the connections may need; the difference is said now and not when they run out. */
static void raise_descriptor_limit(const struct settings *settings)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)settings->max_connections + SPARE_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
        return;
    }
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted) {
        log_warning("max-connections = %u needs %llu descriptors, the limit is %llu (LimitNOFILE=)",
                    settings->max_connections, (unsigned long long)wanted, (unsigned long long)limit.rlim_cur);
    }
}

/* What Doctor looks at. There is room for all that a configuration may have. */
static size_t list_files(struct server *server)
{
    const struct settings *settings = server->settings;
    struct operations_file *files = server->files;
    size_t n = 0;
    snprintf(server->registry_path, sizeof server->registry_path, "%s/registry.db", settings->state_dir);
    files[n++] = (struct operations_file){.kind = OPERATIONS_FILE_CONFIGURATION, .path = server->config_path};
    files[n++] = (struct operations_file){.kind = OPERATIONS_FILE_STATE_DIR, .path = settings->state_dir};
    files[n++] = (struct operations_file){.kind = OPERATIONS_FILE_REGISTRY, .path = server->registry_path};
    for (size_t i = 0; i < settings->n_tokens; i++) {
        files[n++] = (struct operations_file){.kind = OPERATIONS_FILE_PIN, .path = settings->tokens[i].pin_file};
    }
    for (size_t i = 0; i < settings->n_listeners; i++) {
        const struct settings_listener *listener = &settings->listeners[i];
        files[n++] = (struct operations_file){
            .kind = OPERATIONS_FILE_SOCKET, .path = listener->path, .has_mode = true, .mode = listener->mode};
    }
    return n;
}

/* Everybody who may call here. */
static size_t list_principals(struct server *server)
{
    const struct settings *settings = server->settings;
    size_t n = 0;
    for (size_t i = 0; i < settings->n_listeners; i++) {
        if (settings->listeners[i].principal != NULL) {
            server->principals[n++] = settings->listeners[i].principal;
        }
    }
    for (size_t i = 0; i < settings->n_peers; i++) {
        server->principals[n++] = settings->peers[i].principal;
    }
    return n;
}

void server_apply_settings(struct server *server)
{
    const struct settings *settings = server->settings;
    log_set_level((int)settings->log_level);
    raise_descriptor_limit(settings);
    server->operations.settings = (struct operations_settings){
        .partition = settings->partition,
        .region = settings->region,
        .accounts = (const char *const *)settings->accounts,
        .n_accounts = settings->n_accounts,
        .principals = server->principals,
        .n_principals = list_principals(server),
        .default_timeout_ms = settings->default_timeout_ms,
        .max_timeout_ms = settings->max_timeout_ms,
        .max_keys_per_account = settings->max_keys_per_account,
        .files = server->files,
        .n_files = list_files(server),
    };
}

static struct listener *listener_at(const struct server *server, const char *path)
{
    for (size_t i = 0; i < server->n_listeners; i++) {
        if (strcmp(listener_path(server->listeners[i]), path) == 0) {
            return server->listeners[i];
        }
    }
    return NULL;
}

/* The sockets of a new configuration: which are kept, and which are new and freed again if another cannot be made. */
struct socket_plan {
    struct listener *listeners[SETTINGS_MAX_LISTENERS];
    bool is_new[SETTINGS_MAX_LISTENERS];
    size_t n;
};

/* Takes back what was done: new sockets go, kept ones get what the old configuration says of them. */
static void plan_undo(const struct server *server, const struct socket_plan *plan)
{
    char unused[512];
    for (size_t i = 0; i < plan->n; i++) {
        if (plan->is_new[i]) {
            listener_free(plan->listeners[i]);
            continue;
        }
        for (size_t j = 0; j < server->settings->n_listeners; j++) {
            const struct settings_listener *old = &server->settings->listeners[j];
            if (strcmp(old->path, listener_path(plan->listeners[i])) == 0) {
                rewrap_ignore(listener_change(plan->listeners[i], old, unused, sizeof unused),
                              "the failure that led here is the one that is told");
            }
        }
    }
}

/* Everything that can fail happens here, while the sockets in force are still open. */
static bool plan_make(struct server *server, const struct settings *fresh, struct socket_plan *plan, char *error,
                      size_t size)
{
    for (size_t i = 0; i < fresh->n_listeners; i++) {
        const struct settings_listener *wanted = &fresh->listeners[i];
        struct listener *listener = listener_at(server, wanted->path);
        plan->is_new[i] = listener == NULL;
        if (listener == NULL) {
            listener = listener_new(server, wanted, error, size);
        } else if (!listener_change(listener, wanted, error, size)) {
            listener = NULL;
        }
        if (listener == NULL) {
            plan_undo(server, plan);
            return false;
        }
        plan->listeners[plan->n++] = listener;
    }
    return true;
}

static bool is_planned(const struct socket_plan *plan, const struct listener *listener)
{
    for (size_t i = 0; i < plan->n; i++) {
        if (plan->listeners[i] == listener) {
            return true;
        }
    }
    return false;
}

static void plan_carry_out(struct server *server, const struct socket_plan *plan)
{
    for (size_t i = 0; i < server->n_listeners; i++) {
        if (!is_planned(plan, server->listeners[i])) {
            log_notice("[listen %s] is closed", listener_name(server->listeners[i]));
            listener_free(server->listeners[i]);
        }
    }
    for (size_t i = 0; i < plan->n; i++) {
        if (plan->is_new[i]) {
            log_notice("[listen %s] is open", listener_name(plan->listeners[i]));
        }
        server->listeners[i] = plan->listeners[i];
    }
    server->n_listeners = plan->n;
}

/* Puts fresh, which it then owns, in force; or says in error why not, with everything as it was. */
static bool take(struct server *server, struct settings *fresh, char *error, size_t size)
{
    struct socket_plan plan = {.n = 0};
    const char *fixed = settings_fixed_difference(server->settings, fresh);
    if (fixed != NULL) {
        snprintf(error, size, "%s: %s changed, which takes a restart", server->config_path, fixed);
        return false;
    }
    if (!settings_check_system(fresh, error, size) || !plan_make(server, fresh, &plan, error, size)) {
        return false;
    }
    struct settings *old = server->settings;
    server->settings = fresh;
    server_apply_settings(server);
    plan_carry_out(server, &plan);
    connections_reidentify(server);
    settings_free(old);
    return true;
}

void server_reload(struct server *server)
{
    if (server->phase != SERVER_SERVING) {
        server->reload_wanted = server->phase == SERVER_STARTING;
        log_notice("SIGHUP while %s", server->reload_wanted ? "starting: the configuration is read again afterwards"
                                                            : "stopping is ignored");
        return;
    }
    struct settings *fresh = NULL;
    char error[512];
    sd_notify(0, "RELOADING=1");
    bool read = settings_read(server->config_path, &fresh, error, sizeof error);
    if (read && take(server, fresh, error, sizeof error)) {
        log_notice("%s: the new configuration is in force", server->config_path);
    } else {
        log_error("%s; keeping the configuration that is in force", error);
        server->operations.settings.reload_refused = true; /* for Doctor; a reload that is taken sets all anew */
        settings_free(fresh);
    }
    sd_notify(0, "READY=1");
}
