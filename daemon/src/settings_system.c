/* What the configuration names must be on this machine; see settings.h. */
#include "settings.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum wanted { WANTED_FOLDER, WANTED_FILE, WANTED_PROGRAM };

static const char *const wanted_texts[] = {[WANTED_FOLDER] = "is not a folder",
                                           [WANTED_FILE] = "is not a regular file",
                                           [WANTED_PROGRAM] = "is not a program"};

/* NULL, or what is wrong with the path. */
static const char *look_at(const char *path, enum wanted wanted)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return strerror(errno);
    }
    bool folder = S_ISDIR(status.st_mode);
    bool fits = wanted == WANTED_FOLDER ? folder : S_ISREG(status.st_mode);
    if (!fits || (wanted == WANTED_PROGRAM && access(path, X_OK) != 0)) {
        return wanted_texts[wanted];
    }
    return NULL;
}

static bool check_path(const char *section, const char *name, const char *key, const char *path, enum wanted wanted,
                       char *error, size_t size)
{
    const char *wrong = look_at(path, wanted);
    if (wrong != NULL) {
        snprintf(error, size, "[%s%s%s] %s: %s: %s", section, name[0] == '\0' ? "" : " ", name, key, path, wrong);
    }
    return wrong == NULL;
}

/* A module may also be a name in p11-kit's folder, which only p11-kit knows. */
static bool check_module(const struct settings_token *token, char *error, size_t size)
{
    return token->module[0] != '/' ||
           check_path("token", token->name, "module", token->module, WANTED_FILE, error, size);
}

/* As the worker will judge it. */
static bool check_pin_file(const struct settings_token *token, char *error, size_t size)
{
    struct stat status;
    if (!check_path("token", token->name, "pin-source", token->pin_file, WANTED_FILE, error, size)) {
        return false;
    }
    if (stat(token->pin_file, &status) == 0 && (status.st_mode & S_IRWXO) != 0) {
        snprintf(error, size, "[token %s] pin-source: %s: its mode %04o lets others use it (chmod o=)", token->name,
                 token->pin_file, (unsigned)status.st_mode & 07777U);
        return false;
    }
    return true;
}

/* A socket may be there, of a daemon that was killed or runs; anything else is in the way. */
static bool check_socket_place(const struct settings_listener *listener, char *error, size_t size)
{
    struct stat status;
    if (lstat(listener->path, &status) == 0 && !S_ISSOCK(status.st_mode)) {
        snprintf(error, size, "[listen %s] path: %s is there and is no socket", listener->name, listener->path);
        return false;
    }
    return true;
}

static bool check_listener(const struct settings_listener *listener, char *error, size_t size)
{
    char folder[SETTINGS_LINE_BYTES + 1];
    snprintf(folder, sizeof folder, "%s", listener->path);
    char *slash = strrchr(folder, '/');
    slash[slash == folder] = '\0'; /* the root folder keeps its slash */
    if (!check_path("listen", listener->name, "folder of path", folder, WANTED_FOLDER, error, size)) {
        return false;
    }
    if (listener->group != NULL && getgrnam(listener->group) == NULL) {
        snprintf(error, size, "[listen %s] group: there is no group '%s'", listener->name, listener->group);
        return false;
    }
    return check_socket_place(listener, error, size);
}

bool settings_check_system(const struct settings *settings, char *error, size_t error_size)
{
    if (!check_path("service", "", "state-dir", settings->state_dir, WANTED_FOLDER, error, error_size) ||
        !check_path("service", "", "worker", settings->worker, WANTED_PROGRAM, error, error_size)) {
        return false;
    }
    for (size_t i = 0; i < settings->n_listeners; i++) {
        if (!check_listener(&settings->listeners[i], error, error_size)) {
            return false;
        }
    }
    for (size_t i = 0; i < settings->n_tokens; i++) {
        const struct settings_token *token = &settings->tokens[i];
        if (!check_module(token, error, error_size) || !check_pin_file(token, error, error_size)) {
            return false;
        }
    }
    return true;
}
