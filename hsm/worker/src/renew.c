/* A lost session, login or set of handles: another one in its place, within the same process. */
#include "base/attr.h"
#include "worker.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/*
 * A renewal logs in. One that did not help may be tried again after this long; sooner, the worker leaves, and rewrapd
 * starts another with a wait that grows.
 */
#define RENEWAL_PAUSE_MS 1000

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void turn_take(struct worker *worker)
{
    /* Like the reading of the PIN: a FIFO in its place must not hang the start. */
    int fd = open(worker->pin_file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return;
    }
    rewrap_ignore(flock(fd, LOCK_EX), "a file system without locks: without a turn");
    worker->turn = fd;
}

void turn_return(struct worker *worker)
{
    if (worker->turn >= 0) {
        close(worker->turn);
        worker->turn = -1;
    }
}

struct hsm_result worker_renew(struct worker *worker)
{
    uint64_t now = now_ms();
    if (worker->renewed_in_vain && now - worker->renewed_ms < RENEWAL_PAUSE_MS) {
        return (struct hsm_result){.code = HSM_TOKEN_UNAVAILABLE, .what = "session renewed a moment ago, in vain"};
    }
    worker->renewed_in_vain = true;
    worker->renewed_ms = now;
    turn_take(worker);
    struct hsm_result result = hsm_token_renew(worker->token, worker->pin_file);
    if (result.code != HSM_OK) {
        return result; /* the turn is kept until this process ends: rewrapd hears of it before the next one tries */
    }
    turn_return(worker);
    return hsm_rewrap_renew(worker->rewrap);
}
