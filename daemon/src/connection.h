/*
 * One caller's connection: frames in, operations, frames out. Many requests may be in flight; answers go out as they
 * are ready.
 *
 * What a caller can make the daemon hold is bounded: one frame of input, max-in-flight operations,
 * CONNECTION_MAX_OUTPUT_BYTES of answers that he does not read. Beyond any of them his socket is not read until there
 * is room again. A frame that is begun must be there stall-timeout-ms later, and answers must be taken within the same
 * time; an idle connection may stay for ever. When all of them together hold CONNECTIONS_MAX_BYTES, one that holds more
 * than its share is closed. One user may have three quarters of max-connections.
 */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct server;
struct connection;

#define CONNECTION_MAX_OUTPUT_BYTES ((size_t)1 << 20)
#define CONNECTIONS_MAX_BYTES       ((size_t)256 << 20) /* in the buffers of all of them */
#define CONNECTION_SHARE_BYTES      ((size_t)16 << 10)  /* that each of 16384 may always hold of it */

/* Takes the socket of a new caller: asks the kernel who he is, and reads. Closes it, after an error answer, when there
 * is no room for him. */
void connection_accept(struct server *server, const char *listener, int fd);

/* Writes what this turn has put out, and frees what has ended. Called once at the end of each loop turn that needs it.
 */
void connections_flush(struct server *server);

/* Closes who has stalled. Called now and then. */
void connections_sweep(struct server *server);

/* After a reload: everybody's principal is looked up again. */
void connections_reidentify(struct server *server);

/* True when nothing is left to write or to wait for. */
REWRAP_MUST_USE bool connections_drained(const struct server *server);

/* Frees all of them; operations under way are abandoned. */
void connections_close(struct server *server);
