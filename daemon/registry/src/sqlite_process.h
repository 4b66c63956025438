/* Starting and ending the writer process. */
#pragma once

#include "result.h"

#include <sys/types.h>

struct sqlite_process {
    pid_t pid;
    int pidfd; /* readable when the process has ended; -1 for none */
    int fd;    /* our end of the socketpair, non-blocking; -1 for none */
};

/*
 * Forks the writer (sqlite_writer.h). It keeps the socket, the lock file and standard error and no other descriptor,
 * has no signal handlers of ours, ignores the signals that stop a service (the end of the socket stops it), and is
 * killed with the daemon. Forking a process that serves is fine: there are no threads, and the child only makes libc
 * and SQLite calls on a connection that it opens itself. On failure *ret is untouched.
 */
REWRAP_MUST_USE struct registry_result sqlite_process_start(const char *path, struct sqlite_process *ret);

/* Kills it; its end shows at pidfd. */
void sqlite_process_kill(const struct sqlite_process *process);

/* Waits at most wait_ms (0: only looks) for its end, and takes its status away. True when it has ended; pidfd is closed
 * then. */
REWRAP_MUST_USE bool sqlite_process_reap(struct sqlite_process *process, int wait_ms);
