/* Whose turn it is among the workers of one token; see worker.h. */
#include "base/attr.h"
#include "base/hex.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 5

/* For the others of the module: many times what C_Initialize and a login take. Then it is done all the same, for one
 * that hangs is another token's more often than not. */
#define OPEN_TURN_MS  3000
#define LOGIN_TURN_MS 300

#define NAME_BYTES (sizeof "turn-" + 64)

uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Of any length and any bytes, so hashed; each text with its NUL, so that no two lists are the same bytes. */
static bool name_of(const char *const *texts, size_t n, char out[NAME_BYTES])
{
    uint8_t hash[32];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; ok && i < n; i++) {
        ok = EVP_DigestUpdate(context, texts[i], strlen(texts[i]) + 1) == 1;
    }
    ok = ok && EVP_DigestFinal_ex(context, hash, NULL) == 1;
    EVP_MD_CTX_free(context);
    if (ok) {
        memcpy(out, "turn-", 5);
        hex_encode(view_of(hash, sizeof hash), out + 5);
    }
    return ok;
}

/* The file of the token, or of the module when it is not known yet which token it will be; -1: there are no turns. */
static int file_open(const struct worker *worker, const struct hsm_token_info *token)
{
    const char *texts[] = {worker->module, token == NULL ? "" : token->serial, token == NULL ? "" : token->label};
    char name[NAME_BYTES];
    char path[PATH_MAX];
    if (worker->turn_folder == NULL || !name_of(texts, token == NULL ? 1 : 3, name)) {
        return -1;
    }
    int len = snprintf(path, sizeof path, "%s/%s", worker->turn_folder, name);
    if (len < 0 || (size_t)len >= sizeof path) {
        return -1;
    }
    return open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* False when others have it all the time. What cannot be locked at all has no turns. Meanwhile rewrapd is told that
 * this is a wait, and not a module that hangs. */
static bool lock_within(struct worker *worker, int fd, int how, unsigned max_ms)
{
    const uint64_t begun_ms = now_ms();
    const uint32_t waited_before_ms = channel_waited_ms(&worker->channel);
    while (fd >= 0 && flock(fd, how | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        const uint64_t waited_ms = now_ms() - begun_ms;
        channel_say_waited(&worker->channel, waited_before_ms + (uint32_t)waited_ms);
        if (waited_ms >= max_ms) {
            return false;
        }
        rewrap_ignore(poll(NULL, 0, LOOK_MS), "between two looks, when there is nothing to wait for");
    }
    return true;
}

void turn_take_to_open(struct worker *worker)
{
    worker->module_turn = file_open(worker, NULL);
    rewrap_ignore(lock_within(worker, worker->module_turn, LOCK_EX, OPEN_TURN_MS),
                  "one that hangs must not keep the others");
}

bool turn_take_within(struct worker *worker, unsigned max_ms)
{
    worker->turn = file_open(worker, hsm_token_info(worker->token));
    if (!lock_within(worker, worker->turn, LOCK_EX, max_ms)) {
        return false;
    }
    worker->module_turn = file_open(worker, NULL);
    rewrap_ignore(lock_within(worker, worker->module_turn, LOCK_SH, LOGIN_TURN_MS),
                  "it may be another token that hangs");
    return true;
}

static void file_close(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

void turn_return(struct worker *worker)
{
    file_close(&worker->module_turn);
    file_close(&worker->turn);
}
