/* The processes themselves: how one is started with nothing but its socket, and how its end is told. */
#include "internal.h"

#include "proto/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHANNEL_FD 3 /* where rewrapd-hsm expects its socket */

/* Of the service manager's talk with us, and not for our children (sd_notify(3), sd_listen_fds(3),
 * sd_watchdog_enabled(3)). */
static const char *const kept_back[] = {
    "NOTIFY_SOCKET=", "WATCHDOG_PID=", "WATCHDOG_USEC=", "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES="};

/*
 * A module makes and frees hundreds of small blocks for each key it unwraps. glibc's thread cache keeps 7 of a size,
 * and what goes beyond takes its slow path: with SoftHSM 2.6.1 that is 15 % of a re-encryption. How many it keeps is
 * read when a program starts. At most 64 sizes of up to 1 KiB: 200 of each are 7 MiB. An operator's own setting wins.
 */
static char allocator[] = "GLIBC_TUNABLES=glibc.malloc.tcache_count=200:glibc.malloc.mxfast=0";

static bool is_kept_back(const char *variable)
{
    for (size_t i = 0; i < sizeof(kept_back) / sizeof(kept_back[0]); i++) {
        if (strncmp(variable, kept_back[i], strlen(kept_back[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* A new array of pointers into environ: PKCS#11 modules are configured through it (SOFTHSM2_CONF). The caller frees the
 * array. */
static char **environment_for_worker(void)
{
    size_t n = 0;
    while (environ != NULL && environ[n] != NULL) {
        n++;
    }
    char **kept = calloc(n + 2, sizeof(*kept));
    if (kept == NULL) {
        return NULL;
    }
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_kept_back(environ[i])) {
            kept[len++] = environ[i];
        }
    }
    if (getenv("GLIBC_TUNABLES") == NULL) {
        kept[len++] = allocator;
    }
    return kept;
}

/* Both are above the low numbers that are replaced. A vendor's chatter on stdout goes to our log. */
static int actions_fill(posix_spawn_file_actions_t *actions, int channel, int progress)
{
    int error = posix_spawn_file_actions_adddup2(actions, channel, CHANNEL_FD);
    error = error != 0 ? error : posix_spawn_file_actions_adddup2(actions, progress, PROGRESS_FD);
    error = error != 0 ? error : posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    error = error != 0 ? error : posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
    return error != 0 ? error : posix_spawn_file_actions_addclosefrom_np(actions, PROGRESS_FD + 1);
}

static int attributes_fill(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    error = error != 0 ? error : posix_spawnattr_setsigdefault(attributes, &all);
    /* A process group of its own: Ctrl-C in a terminal stops rewrapd, which still wants the answers to what it took. */
    error = error != 0 ? error : posix_spawnattr_setpgroup(attributes, 0);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP;
    return error != 0 ? error : posix_spawnattr_setflags(attributes, flags);
}

static int spawn(const char *program, int channel, int progress, pid_t *ret_pid)
{
    char **environment = environment_for_worker();
    if (environment == NULL) {
        return ENOMEM;
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        goto no_actions;
    }
    error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        goto no_attributes;
    }
    error = actions_fill(&actions, channel, progress);
    error = error != 0 ? error : attributes_fill(&attributes);
    if (error == 0) {
        char *const argv[] = {(char *)program, NULL};
        error = posix_spawn(ret_pid, program, &actions, &attributes, argv, environment);
    }
    posix_spawnattr_destroy(&attributes);
no_attributes:
    posix_spawn_file_actions_destroy(&actions);
no_actions:
    free(environment);
    return error;
}

/* A descriptor that cannot be one of those the child's are put on, so that none is overwritten before it is used. */
static int move_up(int *fd)
{
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, PROGRESS_FD + 1);
    int error = moved < 0 ? errno : 0;
    close(*fd);
    *fd = moved;
    return error;
}

static int start_with(const char *program, int channel, int progress, pid_t *ret_pid)
{
    int error = move_up(&channel);
    int moved = move_up(&progress);
    error = error != 0 ? error : moved;
    error = error != 0 ? error : spawn(program, channel, progress, ret_pid);
    if (channel >= 0) {
        close(channel);
    }
    if (progress >= 0) {
        close(progress);
    }
    return error;
}

int workers_process_start(const char *program, pid_t *ret_pid, int *ret_fd, struct progress **ret_progress)
{
    int pair[2];
    int page_fd = -1;
    struct progress *page = NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return errno;
    }
    /* Our end only: the flag belongs to an end, and the worker's blocks. */
    int error = fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
    error = error != 0 ? error : workers_progress_new(&page, &page_fd);
    if (error != 0) {
        close(pair[1]);
    } else {
        error = start_with(program, pair[1], page_fd, ret_pid);
    }
    if (error != 0) {
        close(pair[0]);
        workers_progress_free(page);
        return error;
    }
    *ret_fd = pair[0];
    *ret_progress = page;
    return 0;
}

void workers_process_describe(int status, char *out, size_t size)
{
    if (!WIFSIGNALED(status)) {
        snprintf(out, size, "exited with code %d", WEXITSTATUS(status));
        return;
    }
    const char *name = sigabbrev_np(WTERMSIG(status));
    snprintf(out, size, "was killed by signal %d (SIG%s)", WTERMSIG(status), name == NULL ? "?" : name);
}

struct workers_file_identity workers_file_identify(const char *path)
{
    struct stat status;
    if (path == NULL || stat(path, &status) != 0) {
        return (struct workers_file_identity){.exists = false};
    }
    return (struct workers_file_identity){.exists = true,
                                          .device = status.st_dev,
                                          .inode = status.st_ino,
                                          .size = status.st_size,
                                          .modified = status.st_mtim};
}

bool workers_file_same(const struct workers_file_identity *a, const struct workers_file_identity *b)
{
    return a->exists == b->exists && a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec;
}
