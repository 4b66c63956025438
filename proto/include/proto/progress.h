/*
 * The page that rewrapd shares with each of its workers: the worker writes there which request it is at, before it
 * begins.
 *
 * A worker may then hold back a few answers and send them in one system call. When it dies, rewrapd reads the page and
 * knows which request it died of; without it the oldest unanswered one would be blamed, which may have been done and
 * not yet sent. The page is a memfd, sealed against a change of its size, so that reading it cannot fail. What is in it
 * is the worker's word: an id that it was not given is ignored.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define PROGRESS_FD         4    /* the worker's descriptor of the memfd, beside 3 for its socket */
#define PROGRESS_PAGE_BYTES 4096 /* the size of the memfd */

struct progress {
    _Atomic uint64_t request_id; /* of hsm.proto's Request; 0: none yet */
};
