/* The files of the database: made, checked and locked before SQLite opens them. */
#pragma once

#include "result.h"

/*
 * Checks the file at path: regular, no symbolic link, ours, not writable by group or others. *ret_there is false when
 * there is none; but a log without its database is refused, because SQLite would play it into whatever file comes next.
 * Must not be called while this process has the database open: closing a file drops SQLite's own locks on it (POSIX,
 * fcntl).
 */
REWRAP_MUST_USE struct registry_result sqlite_file_check(const char *path, bool *ret_there);

/*
 * A new database is made beside its place and then moved there, so that whatever stands there is whole: an empty or cut
 * file is never taken for a new one. SQLite gives its -wal and -shm files the mode of the database.
 */
#define SQLITE_FILE_NEW_SUFFIX ".new"

/* Makes an empty file, mode 0600 whatever the umask, and removes what an earlier attempt left. */
REWRAP_MUST_USE struct registry_result sqlite_file_make(const char *path);

/* Moves a closed database to its place, durably. */
REWRAP_MUST_USE struct registry_result sqlite_file_publish(const char *from, const char *to);

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
