/* Starting and ending a process that works on the database; see sqlite_process.h. */
#include "sqlite_process.h"

#include "sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHILD_SOCKET = 3, CHILD_LOCK = 4, CHILD_FIRST_FREE = 5 };

/* ------------------------------------------------------------------ in the child */

static void settle_signals(void)
{
    /* SIGXFSZ: a limit on the size of files is to be an error of write(2), not a death. */
    static const int ignored[] = {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGXFSZ};
    for (int number = 1; number < NSIG; number++) {
        rewrap_ignore(signal(number, SIG_DFL), "SIGKILL, SIGSTOP and libc's own cannot be set");
    }
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        rewrap_ignore(signal(ignored[i], SIG_IGN), "these can be set");
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The two descriptors go above the range first, so that moving one cannot cover the other. */
static bool settle_descriptors(int socket_fd, int lock_fd)
{
    int high_socket = fcntl(socket_fd, F_DUPFD, CHILD_FIRST_FREE);
    int high_lock = fcntl(lock_fd, F_DUPFD, CHILD_FIRST_FREE);
    if (high_socket < 0 || high_lock < 0 || dup2(high_socket, CHILD_SOCKET) < 0 || dup2(high_lock, CHILD_LOCK) < 0 ||
        close_range(CHILD_FIRST_FREE, ~0U, 0) != 0) {
        return false;
    }
    /* Standard input and output are not ours, but SQLite must not get their numbers. */
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
           (null <= STDERR_FILENO || close(null) == 0);
}

/* No core file, no debugger: whatever the daemon did for itself, this process does not rely on. */
static bool settle_memory(void)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

_Noreturn static void run_child(int socket_fd, int lock_fd, pid_t parent, const char *path,
                                const struct sqlite_job *job)
{
    rewrap_ignore(prctl(PR_SET_NAME, job->name), "only a name");
    settle_signals();
    /* A killed daemon has no use for it. WAL makes the kill safe, and the next daemon need not wait. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        _exit(1);
    }
    /* See sqlite_process.h for what is in this memory. */
    rewrap_ignore(mlockall(MCL_CURRENT | MCL_ONFAULT), "works where the daemon may lock its own memory");
    if (!settle_memory() || !settle_descriptors(socket_fd, lock_fd)) {
        _exit(1);
    }
    job->run(CHILD_SOCKET, CHILD_LOCK, path);
    abort(); /* it ends the process */
}

/* ------------------------------------------------------------------ in the daemon */

/* With all signals blocked over the fork: a handler of the daemon that ran in the child would write into the daemon's
 * pipes. */
static pid_t fork_quietly(void)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid != 0) {
        int error = errno;
        sigprocmask(SIG_SETMASK, &before, NULL);
        errno = error;
    }
    return pid;
}

static struct registry_result start(const char *path, int lock_fd, const struct sqlite_job *job,
                                    struct sqlite_process *ret)
{
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        return registry_failure(REGISTRY_STORE, "cannot start %s: socketpair: %m", job->name);
    }
    struct registry_result result = registry_ok();
    const pid_t parent = getpid();
    struct sqlite_process process = {.pid = -1, .fd = sockets[0]};
    if (fcntl(sockets[0], F_SETFL, O_NONBLOCK) != 0) {
        result = registry_failure(REGISTRY_STORE, "cannot start %s: fcntl: %m", job->name);
        goto done;
    }
    process.pid = fork_quietly();
    if (process.pid == 0) {
        run_child(sockets[1], lock_fd, parent, path, job);
    }
    if (process.pid < 0) {
        result = registry_failure(REGISTRY_STORE, "cannot start %s: fork: %m", job->name);
    }
done:
    close(sockets[1]);
    if (result.code != REGISTRY_OK) {
        close(sockets[0]);
        return result;
    }
    *ret = process;
    return result;
}

struct registry_result sqlite_process_start(const char *path, const struct sqlite_job *job, struct sqlite_process *ret)
{
    /* A description of its own: the lock that a writer takes on it ends with the writer. */
    int lock_fd;
    struct registry_result result = sqlite_lock_open(path, &lock_fd);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    result = start(path, lock_fd, job, ret);
    close(lock_fd);
    return result;
}

void sqlite_process_kill(const struct sqlite_process *process)
{
    if (process->pid > 0) { /* -1 would be every process there is */
        rewrap_ignore(kill(process->pid, SIGKILL), "it may have ended; until it was waited for, the number is its own");
    }
}

bool sqlite_process_reap(struct sqlite_process *process)
{
    if (waitpid(process->pid, NULL, WNOHANG) == 0) {
        return false;
    }
    close(process->fd);
    *process = (struct sqlite_process){.pid = -1, .fd = -1};
    return true;
}

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Drops what comes. True at the end of the stream. */
static bool drain(int fd)
{
    char dropped[4096];
    ssize_t got;
    do {
        got = recv(fd, dropped, sizeof dropped, 0);
    } while (got > 0 || (got < 0 && errno == EINTR));
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

bool sqlite_process_stop(struct sqlite_process *process, int wait_ms)
{
    rewrap_ignore(shutdown(process->fd, SHUT_WR), "it may be gone");
    const int64_t end_ms = monotonic_ms() + wait_ms;
    bool ended = drain(process->fd);
    while (!ended || !sqlite_process_reap(process)) {
        int64_t left_ms = end_ms - monotonic_ms();
        if (left_ms <= 0) {
            return false;
        }
        struct pollfd readable = {.fd = ended ? -1 : process->fd, .events = POLLIN};
        rewrap_ignore(poll(&readable, 1, (int)(ended ? SQLITE_PROCESS_REAP_MS : left_ms)), "looks again in any case");
        ended = ended || drain(process->fd);
    }
    return true;
}
