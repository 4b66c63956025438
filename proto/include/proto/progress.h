/*
 * The page that rewrapd shares with each of its workers: the worker writes there which request it is at, before it
 * begins.
 *
 * A worker may then hold back a few answers and send them in one system call. When it dies, rewrapd reads the page and
 * knows which request it died of; without it the oldest unanswered one would be blamed, which may have been done and
 * not yet sent. The page is a memfd, sealed against a change of its size, so that reading it cannot fail. What is in it
 * is the worker's word: an id that it was not given is ignored, and time is believed up to a limit.
 *
 * Whoever writes a request's id sets waited_ms to 0 after it, and whoever reads both reads waited_ms first: then it is
 * never less than what that request has waited.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define PROGRESS_FD         4    /* the worker's descriptor of the memfd, beside 3 for its socket */
#define PROGRESS_PAGE_BYTES 4096 /* the size of the memfd */

struct progress {
    _Atomic uint64_t request_id; /* of hsm.proto's Request; 0: none yet */
    _Atomic uint32_t waited_ms;  /* in that request so far, for other workers' turns: no time that it hangs */
};
