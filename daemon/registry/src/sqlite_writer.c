/*
 * The writer process; see sqlite_writer.h.
 *
 * One transaction holds every change that has arrived while the last one was synced (group commit), each in a savepoint
 * of its own, so that a refused one takes nothing with it. Answers go out after the commit. A transaction that fails
 * before its commit is in the log (disk full) is rolled back and every change of it is answered REGISTRY_STORE. After
 * any other failure of COMMIT nobody knows what is on the disk, and a later recovery may still find the transaction in
 * the log. Then the writer gives up without answering; its successor opens the database anew, which recovers the log,
 * and tells the daemon what the rows are.
 */
#include "sqlite_writer.h"

#include "sqlite_apply.h"
#include "sqlite_database.h"
#include "sqlite_file.h"
#include "sqlite_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH_MAX_CHANGES   256 /* in a transaction: bounds the time until the first of them is answered */
#define READ_BYTES          ((size_t)64 << 10)  /* at once from the socket */
#define ANSWER_MAX_BYTES    ((size_t)512 << 10) /* 256 answers of 220 bytes, or one row */
#define PREDECESSOR_WAIT_MS 1000 /* a writer that just ended gives up its descriptors one after the other */
#define CHECKPOINT_PAGES    1000 /* of log, about 4 MB: reading it at a start takes no time */

struct writer {
    int fd;
    sqlite3 *db;
    struct sqlite_apply apply;
    struct buffer in;
    struct buffer out;
    struct wire_frame batch[BATCH_MAX_CHANGES];
    struct registry_result answers[BATCH_MAX_CHANGES];
    size_t n;
    bool drained; /* nothing more was in the socket at the last look */
    int log_pages;
};

/* ------------------------------------------------------------------ the socket */

/* False when the daemon is gone: nobody waits for answers then. */
static bool send_out(struct writer *writer)
{
    size_t sent = 0;
    while (sent < writer->out.len) {
        ssize_t n = send(writer->fd, writer->out.data + sent, writer->out.len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        sent += n < 0 ? 0 : (size_t)n;
    }
    buffer_reset(&writer->out);
    return true;
}

_Noreturn static void finish(struct writer *writer, int status)
{
    if (writer->db != NULL) {
        sqlite_apply_clear(&writer->apply);
        sqlite3_close(writer->db); /* the last connection: checkpoints and removes the log */
    }
    _exit(status);
}

/* Without the checkpoint of a close: after a failure nothing more is tried on this disk. */
_Noreturn static void give_up(struct writer *writer, const struct registry_result *why)
{
    buffer_reset(&writer->out);
    if (wire_write_result(&writer->out, 0, WIRE_FAILED, why)) {
        rewrap_ignore(send_out(writer), "ends in any case");
    }
    _exit(1);
}

/* Waits for bytes when there is nothing to do, else takes what is there. False at the end of the stream. */
static bool receive(struct writer *writer)
{
    if (!buffer_reserve(&writer->in, READ_BYTES)) {
        struct registry_result why = registry_no_memory();
        give_up(writer, &why);
    }
    const int flags = writer->n == 0 ? 0 : MSG_DONTWAIT;
    ssize_t got;
    do {
        got = recv(writer->fd, writer->in.data + writer->in.len, READ_BYTES, flags);
    } while (got < 0 && errno == EINTR);
    writer->drained = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (got <= 0) {
        return writer->drained;
    }
    writer->in.len += (size_t)got;
    return true;
}

static bool is_read(const struct wire_frame *frame)
{
    return frame->kind >= WIRE_FIRST_QUESTION;
}

/* Takes whole frames out of the input. A question for a row comes alone: it is answered outside of any transaction. */
static void parse(struct writer *writer)
{
    size_t used = 0;
    while (writer->n < BATCH_MAX_CHANGES && (writer->n == 0 || !is_read(&writer->batch[writer->n - 1]))) {
        struct wire_frame frame;
        size_t len;
        struct view rest = view_of(writer->in.data + used, writer->in.len - used);
        enum wire_code code = wire_read(rest, &frame, &len);
        if (code == WIRE_INCOMPLETE) {
            break;
        }
        if (code != WIRE_OK || frame.kind >= WIRE_FIRST_ANSWER) {
            struct registry_result why =
                code == WIRE_NO_MEMORY ? registry_no_memory()
                                       : registry_failure(REGISTRY_STORE, "the writer was sent a malformed frame");
            give_up(writer, &why);
        }
        if (is_read(&frame) && writer->n > 0) {
            wire_frame_clear(&frame);
            break;
        }
        writer->batch[writer->n++] = frame;
        used += len;
    }
    if (used != 0) {
        buffer_consume(&writer->in, used);
    }
}

/* At least one frame, and all that have come. False at the end with nothing left to do. */
static bool next_batch(struct writer *writer)
{
    writer->n = 0;
    if (writer->in.len != 0) {
        parse(writer);
    }
    bool open = true;
    writer->drained = false;
    while (open && !writer->drained && writer->n < BATCH_MAX_CHANGES &&
           (writer->n == 0 || !is_read(&writer->batch[writer->n - 1]))) {
        size_t had = writer->in.len;
        if (writer->n != 0 && had >= WIRE_FRAME_MAX_BYTES) {
            break; /* a question waits behind the changes: they go first */
        }
        open = receive(writer);
        if (writer->in.len != had) {
            parse(writer);
        }
    }
    return writer->n != 0;
}

/* ------------------------------------------------------------------ the database */

static void roll_back(struct writer *writer)
{
    if (sqlite3_get_autocommit(writer->db)) {
        return; /* SQLite did it already */
    }
    struct registry_result result = sqlite_run(writer->db, "ROLLBACK");
    if (result.code != REGISTRY_OK) {
        give_up(writer, &result); /* the successor's recovery rolls back */
    }
}

/*
 * Two failures of COMMIT say for certain that no commit is in the log: SQLITE_BUSY, a lock that was not had before
 * anything was written; and SQLITE_FULL, which only the writing of the log answers, whose last frame is the commit.
 * Everything else can come later, even SQLITE_NOMEM: after the frames were written and synced, the index of the log
 * grows.
 */
static bool is_surely_undone(int code)
{
    return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_FULL;
}

static struct registry_result commit(struct writer *writer)
{
    struct registry_result result = sqlite_run(writer->db, "COMMIT");
    if (result.code != REGISTRY_OK && !is_surely_undone(sqlite3_errcode(writer->db))) {
        give_up(writer, &result);
    }
    return result;
}

static void write_changes(struct writer *writer)
{
    struct registry_result result = sqlite_run(writer->db, "BEGIN IMMEDIATE");
    for (size_t i = 0; result.code == REGISTRY_OK && i < writer->n; i++) {
        result = sqlite_apply_change(&writer->apply, &writer->batch[i], &writer->answers[i]);
    }
    if (result.code == REGISTRY_OK) {
        result = commit(writer);
    }
    if (result.code != REGISTRY_OK) {
        roll_back(writer);
        for (size_t i = 0; i < writer->n; i++) {
            writer->answers[i] = result;
        }
    }
    for (size_t i = 0; i < writer->n; i++) {
        if (!wire_write_result(&writer->out, writer->batch[i].sequence, WIRE_DONE, &writer->answers[i])) {
            struct registry_result why = registry_no_memory();
            give_up(writer, &why);
        }
    }
}

static struct registry_result read_gone_key(struct writer *writer, const struct wire_frame *question, bool *ret_written)
{
    struct retired_list retired = {0};
    struct registry_result result = sqlite_rows_retired_of_key(writer->db, question->key_id, &retired);
    if (result.code == REGISTRY_OK) {
        *ret_written = wire_write_key_gone(&writer->out, question->sequence, question->key_id, &retired);
    }
    retired_list_clear(&retired);
    return result;
}

static struct registry_result read_key(struct writer *writer, const struct wire_frame *question, bool *ret_written)
{
    struct key_entry *entry;
    struct registry_result result = sqlite_rows_key(writer->db, question->key_id, &entry);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    if (entry == NULL) {
        return read_gone_key(writer, question, ret_written);
    }
    *ret_written = wire_write_key(&writer->out, question->sequence, WIRE_KEY_ROW, &entry->key);
    key_entry_free(entry);
    return result;
}

static struct registry_result read_retired(struct writer *writer, const struct wire_frame *question, bool *ret_written)
{
    struct retired_entry *entry;
    struct registry_result result = sqlite_rows_retired(writer->db, question->material_id, &entry);
    if (result.code == REGISTRY_OK) {
        *ret_written = entry == NULL ? wire_write_empty(&writer->out, question->sequence, WIRE_NO_ROW)
                                     : wire_write_retired(&writer->out, question->sequence, &entry->retired);
        retired_entry_free(entry);
    }
    return result;
}

static struct registry_result read_alias(struct writer *writer, const struct wire_frame *question, bool *ret_written)
{
    struct alias_entry *entry;
    const struct registry_alias *asked = &question->alias->alias;
    struct registry_result result = sqlite_rows_alias(writer->db, asked->account, asked->name, &entry);
    if (result.code == REGISTRY_OK) {
        *ret_written = entry == NULL
                           ? wire_write_empty(&writer->out, question->sequence, WIRE_NO_ROW)
                           : wire_write_alias(&writer->out, question->sequence, WIRE_ALIAS_ROW, &entry->alias);
        alias_entry_free(entry);
    }
    return result;
}

static struct registry_result read_principal(struct writer *writer, const struct wire_frame *question,
                                             bool *ret_written)
{
    struct principal_entry *entry;
    struct registry_result result = sqlite_rows_principal(writer->db, question->principal_removal.unique_id, &entry);
    if (result.code == REGISTRY_OK) {
        *ret_written = entry == NULL ? wire_write_empty(&writer->out, question->sequence, WIRE_NO_ROW)
                                     : wire_write_principal(&writer->out, question->sequence, WIRE_PRINCIPAL_ROW,
                                                            &entry->principal);
        principal_entry_free(entry);
    }
    return result;
}

static struct registry_result read_grant(struct writer *writer, const struct wire_frame *question, bool *ret_written)
{
    struct grant_entry *entry;
    struct registry_result result = sqlite_rows_grant(writer->db, &question->grant_place, &entry);
    if (result.code == REGISTRY_OK) {
        *ret_written = entry == NULL
                           ? wire_write_empty(&writer->out, question->sequence, WIRE_NO_ROW)
                           : wire_write_grant(&writer->out, question->sequence, WIRE_GRANT_ROW, &entry->grant);
        grant_entry_free(entry);
    }
    return result;
}

static void answer_question(struct writer *writer)
{
    static struct registry_result (*const reads[])(struct writer *, const struct wire_frame *, bool *) = {
        [WIRE_KEY_READ - WIRE_FIRST_QUESTION] = read_key,
        [WIRE_ALIAS_READ - WIRE_FIRST_QUESTION] = read_alias,
        [WIRE_RETIRED_READ - WIRE_FIRST_QUESTION] = read_retired,
        [WIRE_PRINCIPAL_READ - WIRE_FIRST_QUESTION] = read_principal,
        [WIRE_GRANT_READ - WIRE_FIRST_QUESTION] = read_grant,
    };
    const struct wire_frame *question = &writer->batch[0];
    bool written = false;
    struct registry_result result = reads[question->kind - WIRE_FIRST_QUESTION](writer, question, &written);
    if (result.code == REGISTRY_OK && !written) {
        result = registry_no_memory();
    }
    if (result.code != REGISTRY_OK) {
        give_up(writer, &result);
    }
}

static int on_log_written(void *arg, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    ((struct writer *)arg)->log_pages = pages;
    return SQLITE_OK;
}

/*
 * After the answers, so that nobody waits for it. A failure loses nothing: everything is durable in the log, which
 * grows until a later checkpoint gets through.
 */
static void checkpoint(struct writer *writer)
{
    if (writer->log_pages >= CHECKPOINT_PAGES) {
        rewrap_ignore(sqlite3_wal_checkpoint_v2(writer->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL),
                      "tried again after the next transaction");
        writer->log_pages = 0;
    }
}

static void open_database(struct writer *writer, int lock_fd, const char *path)
{
    struct registry_result result = sqlite_lock_take(lock_fd, SQLITE_LOCK_WRITER, PREDECESSOR_WAIT_MS);
    if (result.code == REGISTRY_OK) {
        result = sqlite_database_open(path, &writer->db);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_apply_init(&writer->apply, writer->db);
    }
    if (result.code != REGISTRY_OK) {
        give_up(writer, &result);
    }
    sqlite3_wal_hook(writer->db, on_log_written, writer); /* instead of SQLite's own checkpoint within COMMIT */
    if (!wire_write_empty(&writer->out, 0, WIRE_READY)) {
        result = registry_no_memory();
        give_up(writer, &result);
    }
}

static void run(int fd, int lock_fd, const char *path)
{
    struct writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        _exit(1);
    }
    writer->fd = fd;
    writer->in = BUFFER_INIT(WIRE_FRAME_MAX_BYTES + READ_BYTES);
    writer->out = BUFFER_INIT(ANSWER_MAX_BYTES);
    open_database(writer, lock_fd, path);
    bool heard = send_out(writer);
    while (heard && next_batch(writer)) {
        if (is_read(&writer->batch[0])) {
            answer_question(writer);
        } else {
            write_changes(writer);
        }
        for (size_t i = 0; i < writer->n; i++) {
            wire_frame_clear(&writer->batch[i]);
        }
        /* Not "heard = …": a daemon that stops does not listen any more, but what it gave us is still written. */
        rewrap_ignore(send_out(writer), "the next receive finds the end of the stream");
        buffer_reset(&writer->out);
        checkpoint(writer);
    }
    finish(writer, 0);
}

const struct sqlite_job sqlite_writer_job = {.name = "rewrapd-store", .run = run};
