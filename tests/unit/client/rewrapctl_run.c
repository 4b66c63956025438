/* Running rewrapctl as a script does; see rewrapctl_run.h. */
#include "rewrapctl_run.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_WORDS 12

/* Reads both pipes to their end, so that neither fills up. */
static void read_both(int out, int err, struct rewrapctl_run *run)
{
    struct pollfd fds[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
    char *texts[2] = {run->out, run->err};
    size_t lens[2] = {0, 0};
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        assert_true(poll(fds, 2, 60000) > 0);
        for (int i = 0; i < 2; i++) {
            if (fds[i].fd < 0 || fds[i].revents == 0) {
                continue;
            }
            ssize_t got = read(fds[i].fd, texts[i] + lens[i], REWRAPCTL_OUTPUT_BYTES - 1 - lens[i]);
            lens[i] += got > 0 ? (size_t)got : 0;
            if (got <= 0) {
                close(fds[i].fd);
                fds[i].fd = -1;
            }
        }
    }
    run->out[lens[0]] = '\0';
    run->err[lens[1]] = '\0';
}

void rewrapctl_pipe(int ends[2], const char *content)
{
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    if (content != NULL) {
        assert_int_equal(write(ends[1], content, strlen(content)), strlen(content));
        close(ends[1]);
    }
}

pid_t rewrapctl_start(const char *const *words, const char *const *environment, int in, int out, int err)
{
    char *argv[MAX_WORDS + 2] = {(char *)(uintptr_t) "rewrapctl"};
    for (size_t i = 0; i < MAX_WORDS && words[i] != NULL; i++) {
        argv[i + 1] = (char *)(uintptr_t)words[i];
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const int files[] = {in, out, err};
    for (int fd = 0; fd < 3; fd++) {
        assert_int_equal(files[fd] < 0 ? posix_spawn_file_actions_addclose(&actions, fd)
                                       : posix_spawn_file_actions_adddup2(&actions, files[fd], fd),
                         0);
    }
    pid_t pid = -1;
    assert_int_equal(posix_spawn(&pid, REWRAPCTL, &actions, NULL, argv, (char *const *)(uintptr_t)environment), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/* Reads what pid says until it has ended; out may be -1. */
static struct rewrapctl_run *finish(pid_t pid, int out, int err)
{
    static struct rewrapctl_run run;
    int status = 0;
    read_both(out, err, &run);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    run.exit_code = WEXITSTATUS(status);
    return &run;
}

struct rewrapctl_run *rewrapctl_run(const char *const *words, const char *socket, const char *in)
{
    char variable[128];
    snprintf(variable, sizeof variable, "REWRAP_SOCKET=%s", socket == NULL ? "" : socket);
    const char *const environment[] = {variable, NULL};
    int ins[2];
    int outs[2];
    int errs[2];
    rewrapctl_pipe(ins, in);
    rewrapctl_pipe(outs, NULL);
    rewrapctl_pipe(errs, NULL);
    const pid_t pid = rewrapctl_start(words, environment, ins[0], outs[1], errs[1]);
    close(ins[0]);
    close(outs[1]);
    close(errs[1]);
    return finish(pid, outs[0], errs[0]);
}

struct rewrapctl_run *rewrapctl_run_into(const char *path, const char *const *words)
{
    const char *const environment[] = {NULL};
    int errs[2];
    rewrapctl_pipe(errs, NULL);
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int out = path == NULL ? -1 : open(path, O_WRONLY | O_CLOEXEC);
    const pid_t pid = rewrapctl_start(words, environment, null, out, errs[1]);
    close(null);
    close(errs[1]);
    if (out >= 0) {
        close(out);
    }
    return finish(pid, -1, errs[0]);
}
