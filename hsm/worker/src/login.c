/*
 * The login, and the mark that a refused PIN leaves; see worker.h. Not every token has CKF_USER_PIN_COUNT_LOW, by which
 * a worker sees that another's PIN was refused a moment ago, and a token locks after a few wrong ones.
 */
#include "base/secbuf.h"
#include "base/view.h"
#include "worker.h"

#include <sys/stat.h>
#include <unistd.h>

/* Longer than the workers of a token wait for their turns; and the token may have that PIN by then. */
#define MARK_MS 30000

/* A PIN file as it was. Whoever writes it, be it with the same PIN, wants it to be tried. */
struct pin_file {
    uint64_t device, inode, size;
    int64_t changed_s, changed_ns;
};

/* What the file of the turn holds when a PIN was refused: nothing that the PIN could be found by. */
struct mark {
    uint64_t refused_ms; /* CLOCK_MONOTONIC */
    struct pin_file file;
};

/* All zeros, which is no file, when it cannot be looked at: reading it says why. */
static struct pin_file look_at(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return (struct pin_file){0};
    }
    return (struct pin_file){.device = status.st_dev,
                             .inode = status.st_ino,
                             .size = (uint64_t)status.st_size,
                             .changed_s = status.st_ctim.tv_sec,
                             .changed_ns = status.st_ctim.tv_nsec};
}

static bool was_refused(int turn, const struct pin_file *file)
{
    struct mark found;
    if (turn < 0 || pread(turn, &found, sizeof found, 0) != (ssize_t)sizeof found) {
        return false;
    }
    uint64_t now = now_ms(); /* before the mark when the machine was started since */
    return found.refused_ms <= now && now - found.refused_ms < MARK_MS &&
           view_equal(view_of(&found.file, sizeof found.file), view_of(file, sizeof *file));
}

static void leave_mark(int turn, const struct pin_file *file)
{
    const struct mark mark = {.refused_ms = now_ms(), .file = *file};
    if (turn >= 0) {
        rewrap_ignore(pwrite(turn, &mark, sizeof mark, 0), "without it another worker may try the PIN once more");
    }
}

static void take_mark_away(int turn)
{
    if (turn >= 0) {
        rewrap_ignore(ftruncate(turn, 0), "what stays is of another PIN file, and not valid long");
    }
}

struct hsm_result worker_log_in(struct worker *worker)
{
    const struct pin_file file = look_at(worker->pin_file);
    if (was_refused(worker->turn, &file)) {
        return (struct hsm_result){.code = HSM_PIN_WRONG,
                                   .what = "not tried, since the token refused it less than half a minute ago"};
    }
    if (lifeline_is_cut()) {
        return (struct hsm_result){.code = HSM_TOKEN_UNAVAILABLE, .what = "not logged in, since nobody waits for it"};
    }
    struct secbuf *pin = NULL;
    struct hsm_result result = hsm_pin_read(worker->pin_file, &pin);
    if (result.code == HSM_OK) {
        lifeline_loosen();
        result = hsm_token_login(worker->token, HSM_USER, pin);
        lifeline_tighten();
    }
    if (result.code == HSM_PIN_WRONG) {
        leave_mark(worker->turn, &file);
    } else if (result.code == HSM_OK) {
        take_mark_away(worker->turn);
    }
    secbuf_free(pin);
    return result;
}
