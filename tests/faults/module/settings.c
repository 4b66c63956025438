/* The module's settings; see settings.h. */
#include "settings.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define PREFIX         "faulty:"

static struct faulty_settings settings;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char reserved_copy[1024];
static char state_path[1024];

static void state_beside_control(void)
{
    if (settings.state == NULL && settings.control != NULL) {
        snprintf(state_path, sizeof state_path, "%s.state", settings.control);
        settings.state = state_path;
    }
}

static void from_environment(void)
{
    settings.module = getenv("FAULTY_MODULE");
    settings.control = getenv("FAULTY_CONTROL");
    settings.state = getenv("FAULTY_STATE");
    settings.inner = getenv("FAULTY_INIT_ARGS");
    if (settings.module == NULL) {
        settings.module = DEFAULT_MODULE;
    }
    state_beside_control();
}

const struct faulty_settings *faulty_settings(void)
{
    pthread_once(&once, from_environment);
    return &settings;
}

static void take(char *word, const char *name, const char **ret)
{
    size_t len = strlen(name);
    if (strncmp(word, name, len) == 0 && word[len] == '=') {
        *ret = word + len + 1;
    }
}

bool faulty_settings_read(const char *reserved)
{
    pthread_once(&once, from_environment);
    if (reserved == NULL || strncmp(reserved, PREFIX, strlen(PREFIX)) != 0) {
        return false;
    }
    snprintf(reserved_copy, sizeof reserved_copy, "%s", reserved + strlen(PREFIX));
    char *rest = reserved_copy;
    char *init = strstr(reserved_copy, "init=");
    if (init != NULL) {
        settings.inner = init + strlen("init=");
        *init = '\0';
    }
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        take(word, "module", &settings.module);
        take(word, "control", &settings.control);
        take(word, "state", &settings.state);
    }
    state_beside_control();
    return true;
}
