/* Running rewrapctl as a script does: words and standard input in; exit code and both outputs out. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define REWRAPCTL_OUTPUT_BYTES 65536

struct rewrapctl_run {
    int exit_code;
    char out[REWRAPCTL_OUTPUT_BYTES];
    char err[REWRAPCTL_OUTPUT_BYTES];
};

/* Runs it with `socket` in its environment (NULL: none) and `in` on its standard input. The answer is static. */
struct rewrapctl_run *rewrapctl_run(const char *const *words, const char *socket, const char *in);

/* The same without a daemon, and with its standard output going into that file, or closed (NULL). */
struct rewrapctl_run *rewrapctl_run_into(const char *path, const char *const *words);

/* Starts it with these files; -1 is one that is closed. The environment ends with NULL, as do the words. */
pid_t rewrapctl_start(const char *const *words, const char *const *environment, int in, int out, int err);

/* A pipe that is closed on exec, and with content holds it and is closed behind it. */
void rewrapctl_pipe(int ends[2], const char *content);
