/* Unix sockets that callers connect to; see listener.h. */
#include "listener.h"

#include "connection.h"
#include "log.h"
#include "server.h"

#include <errno.h>
#include <event2/listener.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ACCEPT_A_TURN        64 /* callers; then those who are connected have their turn */
#define ACCEPT_PAUSE_SECONDS 1  /* when descriptors run out: the kernel keeps the callers waiting meanwhile */

struct listener {
    struct server *server;
    struct settings_listener settings; /* its own copies of the strings */
    struct evconnlistener *accepting;
    struct event *resume;
    bool bound; /* the socket file is ours to remove */
};

const char *listener_name(const struct listener *listener)
{
    return listener->settings.name;
}

const char *listener_path(const struct listener *listener)
{
    return listener->settings.path;
}

static void on_accept(struct evconnlistener *accepting, evutil_socket_t fd, struct sockaddr *address, int len,
                      void *arg)
{
    (void)address;
    (void)len;
    struct listener *listener = arg;
    struct server *server = listener->server;
    connection_accept(server, listener->settings.name, fd);
    if (++server->accepted_this_turn >= ACCEPT_A_TURN) {
        evconnlistener_disable(accepting);
        event_active(server->flush, EV_TIMEOUT, 0);
    }
}

void listener_resume(struct listener *listener)
{
    if (!event_pending(listener->resume, EV_TIMEOUT, NULL)) {
        evconnlistener_enable(listener->accepting);
    }
}

static void on_resume(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    struct listener *listener = arg;
    evconnlistener_enable(listener->accepting);
}

static void on_accept_error(struct evconnlistener *accepting, void *arg)
{
    struct listener *listener = arg;
    log_error("[listen %s] accepting a connection: %s; trying again in %d s", listener->settings.name, strerror(errno),
              ACCEPT_PAUSE_SECONDS);
    evconnlistener_disable(accepting);
    event_add(listener->resume, &(struct timeval){.tv_sec = ACCEPT_PAUSE_SECONDS});
}

static bool address_of(const char *path, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof ret->sun_path) {
        return false;
    }
    memcpy(ret->sun_path, path, strlen(path) + 1);
    return true;
}

/* A socket file that nobody answers on is what a killed daemon leaves behind. */
static bool remove_stale(const struct sockaddr_un *address, char *error, size_t size)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0) {
        return errno == ENOENT || (snprintf(error, size, "%s: %s", address->sun_path, strerror(errno)), false);
    }
    if (!S_ISSOCK(status.st_mode)) {
        snprintf(error, size, "%s is there and is no socket", address->sun_path);
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        snprintf(error, size, "%s: %s", address->sun_path, strerror(errno));
        return false;
    }
    bool refused = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED;
    close(fd);
    if (!refused) { /* connected, or no way to know: it is not ours to remove */
        snprintf(error, size, "%s: another process listens on it", address->sun_path);
        return false;
    }
    if (unlink(address->sun_path) != 0) {
        snprintf(error, size, "%s: removing the stale socket: %s", address->sun_path, strerror(errno));
        return false;
    }
    return true;
}

static bool set_owner(const struct settings_listener *settings, char *error, size_t size)
{
    gid_t gid = getegid();
    if (settings->group != NULL) {
        const struct group *group = getgrnam(settings->group);
        if (group == NULL) {
            snprintf(error, size, "[listen %s] there is no group '%s'", settings->name, settings->group);
            return false;
        }
        gid = group->gr_gid;
    }
    if (chown(settings->path, (uid_t)-1, gid) != 0) {
        snprintf(error, size, "%s: giving it to its group: %s", settings->path, strerror(errno));
        return false;
    }
    if (chmod(settings->path, settings->mode) != 0) {
        snprintf(error, size, "%s: setting its mode: %s", settings->path, strerror(errno));
        return false;
    }
    return true;
}

bool listener_change(struct listener *listener, const struct settings_listener *settings, char *error,
                     size_t error_size)
{
    struct settings_listener old = listener->settings;
    struct settings_listener fresh = *settings;
    fresh.principal = NULL;
    fresh.path = old.path;
    char *group = settings->group == NULL ? NULL : strdup(settings->group);
    if (settings->group != NULL && group == NULL) {
        snprintf(error, error_size, "[listen %s] there is no memory", settings->name);
        return false;
    }
    if (!set_owner(&fresh, error, error_size)) {
        char unused[256];
        rewrap_ignore(set_owner(&old, unused, sizeof unused), "the first failure is the one that is told");
        free(group);
        return false;
    }
    fresh.group = group;
    listener->settings = fresh;
    free(old.group);
    return true;
}

/* Bound without any permission, so that nobody connects before mode and group are right. */
static int bind_socket(struct listener *listener, char *error, size_t size)
{
    struct sockaddr_un address;
    const char *path = listener->settings.path;
    if (!address_of(path, &address) || !remove_stale(&address, error, size)) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return -1;
    }
    mode_t old = umask(0777);
    int bound = bind(fd, (const struct sockaddr *)&address, sizeof address);
    int saved = errno;
    umask(old);
    if (bound != 0) {
        snprintf(error, size, "%s: %s", path, strerror(saved));
        close(fd);
        return -1;
    }
    listener->bound = true;
    if (!set_owner(&listener->settings, error, size)) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool copy_settings(struct listener *listener, const struct settings_listener *settings)
{
    listener->settings = *settings;
    listener->settings.principal = NULL; /* looked up in the present configuration, never here */
    listener->settings.path = strdup(settings->path);
    listener->settings.group = settings->group == NULL ? NULL : strdup(settings->group);
    return listener->settings.path != NULL && (settings->group == NULL || listener->settings.group != NULL);
}

struct listener *listener_new(struct server *server, const struct settings_listener *settings, char *error,
                              size_t error_size)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL || !copy_settings(listener, settings)) {
        snprintf(error, error_size, "[listen %s] there is no memory", settings->name);
        listener_free(listener);
        return NULL;
    }
    listener->server = server;
    int fd = bind_socket(listener, error, error_size);
    if (fd < 0) {
        listener_free(listener);
        return NULL;
    }
    listener->resume = evtimer_new(server->base, on_resume, listener);
    listener->accepting = evconnlistener_new(server->base, on_accept, listener,
                                             LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE, SOMAXCONN, fd);
    if (listener->accepting == NULL || listener->resume == NULL) {
        snprintf(error, error_size, "%s: listening: %s", settings->path, strerror(errno));
        if (listener->accepting == NULL) {
            close(fd);
        }
        listener_free(listener);
        return NULL;
    }
    evconnlistener_set_error_cb(listener->accepting, on_accept_error);
    return listener;
}

void listener_free(struct listener *listener)
{
    if (listener == NULL) {
        return;
    }
    if (listener->accepting != NULL) {
        evconnlistener_free(listener->accepting);
    }
    if (listener->resume != NULL) {
        event_free(listener->resume);
    }
    if (listener->bound) {
        rewrap_ignore(unlink(listener->settings.path), "somebody may have removed it before us");
    }
    free(listener->settings.path);
    free(listener->settings.group);
    free(listener);
}
