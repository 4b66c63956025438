/* The writer process: it alone writes to the database, so that the daemon's event loop never waits for a disk. */
#pragma once

#include "sqlite_process.h"

/*
 * Reads frames (wire.h) from the socket until its end; commits what is there as one transaction; answers. Ends the
 * process: with 0 after the end of the frames, everything written and the log checkpointed; with 1 after a failure,
 * told in a WIRE_FAILED frame.
 */
extern const struct sqlite_job sqlite_writer_job;
