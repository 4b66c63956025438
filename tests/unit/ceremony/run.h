/* Running rewrapctl on a fixture's token. */
#pragma once

#include "fixture.h"

#include <jansson.h>
#include <sys/types.h>

/* What came of a run. */
struct outcome {
    int exit_code; /* -1: killed */
    char out[65536];
    char err[8192];
};

/* Adds the files of PINs to the fixture's folder: run_files must come first. */
void run_files(struct fixture *fixture);

/*
 * Starts `rewrapctl ceremony ARGUMENTS…` (up to NULL) with the fixture's token in the environment, its output in files.
 * traced: it waits for its tracer (PTRACE_TRACEME), or ends with 99 when it cannot be traced.
 */
pid_t run_start(const struct fixture *fixture, const char *const *arguments, bool traced);
/* Waits for it, and reads what it said. */
void run_finish(const struct fixture *fixture, pid_t pid, struct outcome *ret);
/* For one that has been waited for. */
void run_read(const struct fixture *fixture, int status, struct outcome *ret);
void run(const struct fixture *fixture, const char *const *arguments, struct outcome *ret);
/* The same for another command: "token". */
void run_command(const struct fixture *fixture, const char *command, const char *const *arguments, struct outcome *ret);

/* Of the document of `ceremony list --output json`: how many of a kind (and key spec, or NULL) are Verified, or
 * Refused. */
size_t run_count(const struct outcome *list, const char *kind, const char *spec, const char *what);
