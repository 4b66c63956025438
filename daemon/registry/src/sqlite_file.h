/* The files of the database: made, checked and locked before SQLite opens them. */
#pragma once

#include "result.h"

/*
 * Makes the file at path when there is none, mode 0600 whatever the umask, or checks the one that is there: a regular
 * file, no symbolic link, ours, not writable by group or others. SQLite gives its -wal and -shm files the same mode.
 * Must not be called while this process has the database open: closing a file drops SQLite's own locks on it (POSIX,
 * fcntl).
 */
REWRAP_MUST_USE struct registry_result sqlite_file_prepare(const char *path);

/*
 * PATH.lock has two bytes to lock. The daemon holds the first as long as it lives: it alone owns the database. The
 * writer process holds the second: after a daemon was killed, the next one waits for the end of the writer that it left
 * behind, since that may still commit. Locks belong to the descriptor (F_OFD_SETLK) and end with their process, however
 * it ends.
 */
enum sqlite_lock { SQLITE_LOCK_DAEMON = 0, SQLITE_LOCK_WRITER = 1 };

/* Opens the lock file, mode 0600. The caller closes *ret_fd. */
REWRAP_MUST_USE struct registry_result sqlite_lock_open(const char *path, int *ret_fd);

/* Takes one of the locks; waits at most wait_ms for it. REGISTRY_STORE when another process keeps it. */
REWRAP_MUST_USE struct registry_result sqlite_lock_take(int fd, enum sqlite_lock which, int wait_ms);
void sqlite_lock_release(int fd, enum sqlite_lock which);
