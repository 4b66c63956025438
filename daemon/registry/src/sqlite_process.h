/* Starting and ending a process that works on the database: the writer, or the examiner. */
#pragma once

#include "result.h"

#include <sys/types.h>

struct sqlite_job {
    const char *name; /* of the process: at most 15 bytes (prctl(2)) */

    /* Works, then ends the process. fd is a blocking stream socket to the daemon, lock_fd the lock file. */
    void (*run)(int fd, int lock_fd, const char *path);
};

/*
 * The process alone has the other end of the socket and never closes it: the end of the stream says that it is past its
 * last system call, so that nothing of it can reach the database any more.
 */
struct sqlite_process {
    pid_t pid; /* -1: none, or its status was taken away */
    int fd;    /* our end of the socketpair, non-blocking; -1 for none */
};

/*
 * Forks a process for the job. It keeps the socket, the lock file and standard error and no other descriptor,
 * has no signal handlers of ours, ignores the signals that stop a service (the writer is stopped by
 * the end of the socket, the examiner stops by itself), and is killed with the daemon. Forking a process that serves is
 * fine: there are no threads, and the child only makes libc and SQLite calls on a connection that it opens itself.
 *
 * It is a copy of the daemon's memory at the moment of the fork: the first ones are made before anything is served, but
 * the successor of a lost writer carries, as long as it lives, what was passing through the daemon then, plaintexts of
 * Encrypt and Decrypt among it. It looks at none of it, leaves no core file, cannot be looked into by other processes
 * of its user, and keeps it out of swap where the daemon may lock memory. On failure *ret is untouched.
 */
REWRAP_MUST_USE struct registry_result sqlite_process_start(const char *path, const struct sqlite_job *job,
                                                            struct sqlite_process *ret);

/* Kills it; the stream ends soon after. Nobody else may wait for children of any number, or the number might be
 * another's. */
void sqlite_process_kill(const struct sqlite_process *process);

/* Between two looks whether a process whose stream has ended is gone: no call waits for that with a limit. */
#define SQLITE_PROCESS_REAP_MS 5

/*
 * After the end of the stream: takes the status away and closes our end. False, with nothing done, while the process
 * has not vanished: usually that takes a moment, but closing files may wait for the disk. Does not block.
 */
REWRAP_MUST_USE bool sqlite_process_reap(struct sqlite_process *process);

/*
 * Ends the input and waits at most wait_ms until the process has done what it has to do and is gone; answers that still
 * come are not read. False when it goes on. Blocks.
 */
REWRAP_MUST_USE bool sqlite_process_stop(struct sqlite_process *process, int wait_ms);
