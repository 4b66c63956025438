/* Running rewrapctl; see run.h. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void path_of(const struct fixture *fixture, const char *name, char out[160])
{
    snprintf(out, 160, "%s/%s", fixture->dir, name);
}

void run_files(struct fixture *fixture)
{
    char path[160];
    path_of(fixture, "so-pin", path);
    fixture_write_file(path, FIXTURE_SO_PIN "\n", 0600);
    assert_int_equal(setenv("REWRAP_SO_PIN_FILE", path, 1), 0);
    assert_int_equal(setenv("REWRAP_PIN_FILE", fixture->pin_file, 1), 0);
    assert_int_equal(setenv("REWRAP_MODULE", FIXTURE_MODULE, 1), 0);
    assert_int_equal(setenv("REWRAP_TOKEN_URI", FIXTURE_URI, 1), 0);
}

/* In the child; only what may be called after a fork. */
static void redirect(const char *path, int to)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || dup2(fd, to) < 0) {
        _exit(98);
    }
}

static pid_t start(const struct fixture *fixture, const char *command, const char *const *arguments, bool traced)
{
    char out[160];
    char err[160];
    const char *argv[24] = {REWRAPCTL, command};
    size_t n = 2;
    for (; *arguments != NULL; arguments++) {
        assert_true(n < 23);
        argv[n++] = *arguments;
    }
    path_of(fixture, "out", out);
    path_of(fixture, "err", err);
    if (traced) {
        /* The leak checker is a tracer itself, and cannot be another one's. */
        assert_int_equal(setenv("ASAN_OPTIONS", "detect_leaks=0", 1), 0);
    }
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        redirect(out, STDOUT_FILENO);
        redirect(err, STDERR_FILENO);
        if (traced && ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            _exit(99);
        }
        execv(REWRAPCTL, (char *const *)(uintptr_t)argv);
        _exit(97);
    }
    if (traced) {
        unsetenv("ASAN_OPTIONS");
    }
    return pid;
}

pid_t run_start(const struct fixture *fixture, const char *const *arguments, bool traced)
{
    return start(fixture, "ceremony", arguments, traced);
}

static void read_text(const struct fixture *fixture, const char *name, char *out, size_t size)
{
    char path[160];
    path_of(fixture, name, path);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    const size_t len = fread(out, 1, size - 1, file);
    out[len] = '\0';
    fclose(file);
}

void run_read(const struct fixture *fixture, int status, struct outcome *ret)
{
    ret->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_text(fixture, "out", ret->out, sizeof ret->out);
    read_text(fixture, "err", ret->err, sizeof ret->err);
}

void run_finish(const struct fixture *fixture, pid_t pid, struct outcome *ret)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        assert_int_equal(errno, EINTR);
    }
    run_read(fixture, status, ret);
}

void run(const struct fixture *fixture, const char *const *arguments, struct outcome *ret)
{
    run_finish(fixture, run_start(fixture, arguments, false), ret);
}

void run_command(const struct fixture *fixture, const char *command, const char *const *arguments, struct outcome *ret)
{
    run_finish(fixture, start(fixture, command, arguments, false), ret);
}

size_t run_count(const struct outcome *list, const char *kind, const char *spec, const char *what)
{
    json_error_t error;
    json_t *document = json_loads(list->out, 0, &error);
    if (document == NULL) {
        print_error("%s: %s\n%s\n", error.text, list->out, list->err);
    }
    assert_non_null(document);
    size_t n = 0;
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(document, "Counts"), i, row)
    {
        const char *row_kind = json_string_value(json_object_get(row, "Kind"));
        const char *row_spec = json_string_value(json_object_get(row, "KeySpec"));
        if (strcmp(row_kind, kind) == 0 && (spec == NULL || (row_spec != NULL && strcmp(row_spec, spec) == 0))) {
            n += (size_t)json_integer_value(json_object_get(row, what));
        }
    }
    json_decref(document);
    return n;
}
