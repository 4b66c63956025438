/* rewrapctl doctor --config: rewrapd says whether a configuration is good; see doctor.h. */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK_CONFIGURATION "configuration"
#define SAID_MAX_BYTES      2048 /* of rewrapd's output: one line is usual */

/* Where rewrapd lies beside rewrapctl, in a build and when installed; else the name alone, which $PATH is searched for.
 */
static void find_program(char out[PATH_MAX])
{
    static const char *const beside[] = {"/rewrapd", "/../sbin/rewrapd"};
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    self[len < 0 ? 0 : len] = '\0';
    char *slash = strrchr(self, '/');
    for (size_t i = 0; slash != NULL && i < sizeof beside / sizeof beside[0]; i++) {
        *slash = '\0';
        if ((size_t)snprintf(out, PATH_MAX, "%s%s", self, beside[i]) < PATH_MAX && access(out, X_OK) == 0) {
            return;
        }
    }
    snprintf(out, PATH_MAX, "rewrapd");
}

/* What comes until the end, cut to the room of out; what is more is read and dropped. */
static void read_said(int fd, char out[SAID_MAX_BYTES])
{
    size_t len = 0;
    char rest[256];
    for (;;) {
        const bool full = len == SAID_MAX_BYTES - 1;
        ssize_t got = full ? read(fd, rest, sizeof rest) : read(fd, out + len, SAID_MAX_BYTES - 1 - len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        len += full ? 0 : (size_t)got;
    }
    while (len > 0 && out[len - 1] == '\n') {
        len--;
    }
    out[len] = '\0';
}

/* 0, or errno. Both outputs of the program go to fd. */
static int start(const char *path, int fd, pid_t *ret_pid)
{
    char program[PATH_MAX];
    find_program(program);
    char check[] = "--check-config";
    char config[] = "--config";
    char *argv[] = {program, check, config, (char *)(uintptr_t)path, NULL}; /* posix_spawn does not write to them */
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0) {
        return code;
    }
    code = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    for (int target = STDOUT_FILENO; code == 0 && target <= STDERR_FILENO; target++) {
        code = posix_spawn_file_actions_adddup2(&actions, fd, target);
    }
    if (code == 0) {
        code = posix_spawnp(ret_pid, program, &actions, NULL, argv, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* The exit code of the program, or -1 when it was not there, with why in said. */
static int run(const char *path, char said[SAID_MAX_BYTES])
{
    int ends[2];
    pid_t pid = -1;
    int code = pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
    if (code == 0) {
        code = start(path, ends[1], &pid);
        close(ends[1]);
        if (code == 0) {
            read_said(ends[0], said);
        }
        close(ends[0]);
    }
    if (code != 0) {
        snprintf(said, SAID_MAX_BYTES, "rewrapd cannot be started to check it: %s", strerror(code));
        return -1;
    }
    int status = 0;
    pid_t reaped;
    do {
        reaped = waitpid(pid, &status, 0);
    } while (reaped < 0 && errno == EINTR);
    return reaped == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool doctor_check_config(json_t *answer, const char *path)
{
    char said[SAID_MAX_BYTES] = "";
    if (run(path, said) == 0) {
        return doctor_add(answer, DOCTOR_OK, CHECK_CONFIGURATION, path, "rewrapd takes it", NULL);
    }
    for (char *at = said; *at != '\0'; at++) {
        *at = *at == '\n' ? ';' : *at; /* a finding is one line */
    }
    return doctor_add(answer, DOCTOR_FAULT, CHECK_CONFIGURATION, path,
                      *said == '\0' ? "rewrapd ended without a word" : said,
                      "Correct it: rewrapd would not start with it, and keeps the one it has on a reload.");
}
