/* A lost session, login or set of handles: another one in its place, within the same process. */
#include "base/attr.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/*
 * A renewal logs in. One that did not help may be tried again after this long; sooner, the worker leaves, and rewrapd
 * starts another with a wait that grows.
 */
#define RENEWAL_PAUSE_MS 1000

/* Many times what a login takes, and shorter than [token] deadline-ms is by default. */
#define RENEWAL_TURN_MS 3000

#define TURN_LOOK_MS 5

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The folder of the PIN file. */
static int turn_open(const struct worker *worker)
{
    char *path = strdup(worker->pin_file);
    if (path == NULL) {
        return -1;
    }
    int fd = open(dirname(path), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    free(path);
    return fd;
}

bool turn_take_within(struct worker *worker, unsigned max_ms)
{
    int fd = turn_open(worker);
    if (fd < 0) {
        return true;
    }
    uint64_t until_ms = now_ms() + max_ms;
    bool taken;
    while (!(taken = flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) && now_ms() < until_ms) {
        rewrap_ignore(poll(NULL, 0, TURN_LOOK_MS), "between two looks, when there is nothing to wait for");
    }
    worker->turn = fd;
    return taken;
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
    if (!turn_take_within(worker, RENEWAL_TURN_MS)) {
        return (struct hsm_result){.code = HSM_TOKEN_UNAVAILABLE, .what = "the login of another worker does not end"};
    }
    struct hsm_result result = hsm_token_renew(worker->token, worker->pin_file);
    if (result.code != HSM_OK) {
        return result; /* the turn is kept until this process ends: rewrapd hears of it before the next one tries */
    }
    turn_return(worker);
    return hsm_rewrap_renew(worker->rewrap);
}
