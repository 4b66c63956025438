/* What follows the configuration: limits, sockets and who is who; at the start and again on SIGHUP. See server.h. */
#include "connection.h"
#include "listener.h"
#include "log.h"
#include "server.h"

#include <string.h>
#include <systemd/sd-daemon.h>

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

const char *server_principal(const struct server *server, const char *listener, uid_t uid, gid_t gid)
{
    const struct settings *settings = server->settings;
    for (size_t i = 0; i < settings->n_listeners; i++) {
        if (strcmp(settings->listeners[i].name, listener) == 0) {
            const char *principal = settings->listeners[i].principal;
            return principal != NULL ? principal : peer_principal(settings, uid, gid);
        }
    }
    return NULL; /* a reload took the listener away; its connections may do nothing more */
}

void server_apply_settings(struct server *server)
{
    const struct settings *settings = server->settings;
    log_set_level((int)settings->log_level);
    server->operations.settings = (struct operations_settings){
        .partition = settings->partition,
        .region = settings->region,
        .accounts = (const char *const *)settings->accounts,
        .n_accounts = settings->n_accounts,
        .default_timeout_ms = settings->default_timeout_ms,
        .max_timeout_ms = settings->max_timeout_ms,
        .max_keys_per_account = settings->max_keys_per_account,
    };
}

static const struct settings_listener *settings_of_listener(const struct settings *settings,
                                                            const struct listener *listener)
{
    for (size_t i = 0; i < settings->n_listeners; i++) {
        if (listener_matches(listener, &settings->listeners[i])) {
            return &settings->listeners[i];
        }
    }
    return NULL;
}

/* Closes what is gone or changed, keeps what is the same, opens what is new. One that cannot be opened is left out,
 * loudly. */
static void reopen_listeners(struct server *server)
{
    size_t kept = 0;
    for (size_t i = 0; i < server->n_listeners; i++) {
        struct listener *listener = server->listeners[i];
        if (settings_of_listener(server->settings, listener) == NULL) {
            log_notice("[listen %s] is closed", listener_name(listener));
            listener_free(listener);
        } else {
            server->listeners[kept++] = listener;
        }
    }
    server->n_listeners = kept;
    for (size_t i = 0; i < server->settings->n_listeners; i++) {
        const struct settings_listener *wanted = &server->settings->listeners[i];
        bool open = false;
        for (size_t j = 0; j < kept; j++) {
            open = open || listener_matches(server->listeners[j], wanted);
        }
        if (open) {
            continue;
        }
        char error[512];
        struct listener *listener = listener_new(server, wanted, error, sizeof error);
        if (listener == NULL) {
            log_error("%s; going on without [listen %s]", error, wanted->name);
        } else {
            log_notice("[listen %s] is open", wanted->name);
            server->listeners[server->n_listeners++] = listener;
        }
    }
}

void server_reload(struct server *server)
{
    struct settings *fresh = NULL;
    char error[512];
    sd_notify(0, "RELOADING=1");
    if (!settings_read(server->config_path, &fresh, error, sizeof error)) {
        log_error("%s; keeping the configuration that is in force", error);
    } else if (settings_fixed_difference(server->settings, fresh) != NULL) {
        log_error("%s: %s changed, which takes a restart; keeping the configuration that is in force",
                  server->config_path, settings_fixed_difference(server->settings, fresh));
        settings_free(fresh);
    } else {
        struct settings *old = server->settings;
        server->settings = fresh;
        server_apply_settings(server);
        reopen_listeners(server);
        connections_reidentify(server);
        settings_free(old);
        log_notice("%s: the new configuration is in force", server->config_path);
    }
    sd_notify(0, "READY=1");
}
