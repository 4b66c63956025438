/* The writer process: it alone writes to the database, so that the daemon's event loop never waits for a disk. */
#pragma once

/*
 * Reads frames (wire.h) from fd, a blocking stream socket, until its end; commits what is there as one transaction;
 * answers. Ends the process: with 0 after the end of the frames, everything written and the log checkpointed; with 1
 * after a failure, told in a WIRE_FAILED frame. lock_fd is the lock file (sqlite_file.h).
 */
_Noreturn void sqlite_writer_run(int fd, int lock_fd, const char *path);
