/* The examination of the whole file in a process of its own; see sqlite_examiner.h. */
#include "sqlite_examiner.h"

#include "sqlite_database.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define GUARD_INSTRUCTIONS 100000 /* of SQLite's machine, some milliseconds, between two looks for a verdict */
#define END_WAIT_MS        1000   /* for a process that was killed */

/* ------------------------------------------------------------------ in the child */

/* Ends without closing the database, which would write its log back while the daemon loads. */
static void run(int fd, int lock_fd, const char *path)
{
    close(lock_fd);
    sqlite3 *db = NULL;
    struct registry_result verdict = sqlite_database_open(path, &db);
    if (verdict.code == REGISTRY_OK) {
        verdict = sqlite_database_examine(db);
    }
    struct buffer out = BUFFER_INIT(SQLITE_EXAMINER_VERDICT_MAX_BYTES);
    if (wire_write_result(&out, 0, WIRE_DONE, &verdict)) {
        rewrap_ignore(send(fd, out.data, out.len, MSG_NOSIGNAL), "whoever waits finds the end of the stream");
    }
    _exit(0);
}

/* ------------------------------------------------------------------ in the daemon */

struct registry_result sqlite_examiner_start(const char *path, struct sqlite_examiner *ret)
{
    static const struct sqlite_job examine = {.name = "rewrapd-check", .run = run};
    struct sqlite_process process;
    struct registry_result result = sqlite_process_start(path, &examine, &process);
    if (result.code == REGISTRY_OK) {
        *ret = (struct sqlite_examiner){.process = process};
    }
    return result;
}

static void take_verdict(struct sqlite_examiner *examiner, struct registry_result verdict)
{
    examiner->verdict = verdict;
    examiner->heard = true;
}

/* Reads what has come. True once there is a verdict, for better or worse. */
static bool listen_to(struct sqlite_examiner *examiner)
{
    while (!examiner->heard) {
        uint8_t *end = examiner->in + examiner->in_len;
        ssize_t got = recv(examiner->process.fd, end, sizeof examiner->in - examiner->in_len, 0);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
            return false;
        }
        if (got <= 0) {
            take_verdict(examiner, registry_failure(REGISTRY_STORE, "the examination of the database came to no end"));
            break;
        }
        examiner->in_len += (size_t)got;
        struct wire_frame frame;
        size_t used;
        enum wire_code code = wire_read(view_of(examiner->in, examiner->in_len), &frame, &used);
        if (code == WIRE_INCOMPLETE) {
            continue;
        }
        if (code == WIRE_OK && frame.kind == WIRE_DONE) {
            take_verdict(examiner, frame.result);
        } else {
            take_verdict(examiner, registry_failure(REGISTRY_STORE, "the examination of the database said nonsense"));
        }
        if (code == WIRE_OK) {
            wire_frame_clear(&frame);
        }
    }
    return true;
}

static int on_progress(void *arg)
{
    struct sqlite_examiner *examiner = arg;
    return listen_to(examiner) && examiner->verdict.code != REGISTRY_OK;
}

void sqlite_examiner_guard(struct sqlite_examiner *examiner, sqlite3 *db)
{
    sqlite3_progress_handler(db, GUARD_INSTRUCTIONS, on_progress, examiner);
}

struct registry_result sqlite_examiner_finish(struct sqlite_examiner *examiner)
{
    while (!listen_to(examiner)) {
        struct pollfd readable = {.fd = examiner->process.fd, .events = POLLIN};
        rewrap_ignore(poll(&readable, 1, -1), "looks again in any case");
    }
    sqlite_process_kill(&examiner->process);
    if (examiner->process.fd >= 0 && !sqlite_process_stop(&examiner->process, END_WAIT_MS)) {
        /* It hangs in the kernel, which ends it when it can; it only reads. Nobody takes its status away: from then on
         * it is a zombie, as long as the daemon lives. */
        close(examiner->process.fd);
        examiner->process = (struct sqlite_process){.pid = -1, .fd = -1};
    }
    return examiner->verdict;
}
