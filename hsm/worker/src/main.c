/*
 * rewrapd-hsm: one session on one token. Started by rewrapd, which talks to it over the socket that is its descriptor 3
 * (hsm.proto), and may give it a page to say its progress in (proto/progress.h). It prints nothing, reads no arguments,
 * and ends when that socket does.
 */
#include "proto/message.h"
#include "proto/progress.h"
#include "worker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define CHANNEL_FD 3

/*
 * The login lives in this process: nobody may attach to it or find it in a core dump, and it ends with rewrapd. When it
 * ends otherwise is rewrapd's to say, so that what was taken is answered: signals meant for the whole service do not
 * stop it.
 */
static bool harden(void)
{
    static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        if (signal(ignored[i], SIG_IGN) == SIG_ERR) {
            return false;
        }
    }
    struct rlimit none = {0, 0};
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0 && lifeline_tie(CHANNEL_FD);
}

/*
 * Plaintexts of Encrypt and Decrypt pass through here. With a finite limit MCL_FUTURE would make a later allocation
 * fail at the worst moment, so all is locked or nothing, as in rewrapd, which says so in its log.
 */
static void lock_memory(void)
{
    struct rlimit locked;
    bool unlimited = getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur == RLIM_INFINITY;
    if (unlimited || geteuid() == 0) {
        rewrap_ignore(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT), "secrets have locked memory of their own");
    }
}

static bool is_socket(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* The page, or NULL when rewrapd gave none: anything else may be behind that number then. */
static struct progress *map_progress(void)
{
    struct stat status;
    int seals = fcntl(PROGRESS_FD, F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat(PROGRESS_FD, &status) != 0 ||
        status.st_size != PROGRESS_PAGE_BYTES) {
        return NULL;
    }
    void *page = mmap(NULL, PROGRESS_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, PROGRESS_FD, 0);
    close(PROGRESS_FD);
    return page == MAP_FAILED ? NULL : page;
}

/* The first request; true when the worker serves. */
static bool start(struct worker *worker)
{
    struct view message;
    if (channel_next(&worker->channel, &message) != CHANNEL_MESSAGE) {
        return false;
    }
    ProtobufCMessage *unpacked = NULL;
    if (proto_unpack(&hsm__request__descriptor, message, &unpacked).code != PROTO_OK) {
        return false;
    }
    bool ready = worker_start(worker, (const Hsm__Request *)unpacked);
    proto_free(unpacked);
    return ready;
}

int main(void)
{
    if (!is_socket(CHANNEL_FD)) {
        return EX_USAGE;
    }
    if (!harden() || fcntl(CHANNEL_FD, F_SETFD, FD_CLOEXEC) != 0) {
        return EX_OSERR;
    }
    lock_memory();
    struct worker worker = {.turn = -1,
                            .module_turn = -1,
                            .result = BUFFER_INIT(CIPHERTEXT_MAX_BYTES),
                            .plaintext = BUFFER_INIT(CIPHERTEXT_MAX_BYTES)};
    channel_init(&worker.channel, CHANNEL_FD, map_progress());
    bool ready = start(&worker);
    if (ready) {
        worker_serve(&worker);
    }
    rewrap_ignore(channel_flush(&worker.channel), "it leaves in either case");
    hsm_rewrap_free(worker.rewrap);
    hsm_token_close(worker.token);
    turn_return(&worker);
    free(worker.pin_file);
    free(worker.module);
    free(worker.turn_folder);
    buffer_clear(&worker.result);
    buffer_clear(&worker.plaintext);
    channel_clear(&worker.channel);
    return ready ? EX_OK : EX_UNAVAILABLE;
}
