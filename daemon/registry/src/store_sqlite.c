/* Opening and closing the store in SQLite: locks, loading, the first writer; see store_model.h. */
#include "sqlite_database.h"
#include "sqlite_examiner.h"
#include "sqlite_file.h"
#include "sqlite_rows.h"
#include "store_model.h"

#include <stdlib.h>
#include <unistd.h>

#define LEFT_WRITER_WAIT_MS 10000 /* for the writer of a killed daemon: a sync on a busy disk may take seconds */

/* A connection must not cross a fork: what is closed is written back to the file. */
static struct registry_result close_database(sqlite3 *db)
{
    return sqlite3_close(db) == SQLITE_OK ? registry_ok()
                                          : registry_failure(REGISTRY_STORE, "the database cannot be closed");
}

static struct registry_result bring_up_to_date(struct store *store)
{
    sqlite3 *db;
    struct registry_result result = sqlite_database_open(store->path, &db);
    return result.code == REGISTRY_OK ? close_database(db) : result;
}

static struct registry_result load_rows(struct store *store, sqlite3 *db)
{
    struct registry_result result = sqlite_rows_keys(db, store->visitor, store->visitor_arg);
    if (result.code == REGISTRY_OK) {
        result = sqlite_rows_retired_all(db, store->visitor, store->visitor_arg);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_rows_aliases(db, store->visitor, store->visitor_arg);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_rows_principals(db, store->visitor, store->visitor_arg);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_rows_departures(db, store->visitor, store->visitor_arg);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_rows_grants(db, store->visitor, store->visitor_arg);
    }
    if (result.code == REGISTRY_OK) {
        store->visitor->loaded(store->visitor_arg);
    }
    return result;
}

/* Damage is told before what came of it while loading. */
static struct registry_result load(struct store *store)
{
    sqlite3 *db = NULL;
    struct sqlite_examiner examiner;
    struct registry_result result = bring_up_to_date(store);
    if (result.code == REGISTRY_OK) {
        result = sqlite_examiner_start(store->path, &examiner);
    }
    if (result.code != REGISTRY_OK) {
        return result;
    }
    result = sqlite_database_open(store->path, &db);
    if (result.code == REGISTRY_OK) {
        sqlite_examiner_guard(&examiner, db);
        result = load_rows(store, db);
    }
    struct registry_result verdict = sqlite_examiner_finish(&examiner);
    struct registry_result closed = close_database(db);
    if (verdict.code != REGISTRY_OK) {
        return verdict;
    }
    return result.code != REGISTRY_OK ? result : closed;
}

static struct registry_result make_or_load(struct store *store)
{
    bool there = false;
    struct registry_result result = sqlite_file_check(store->path, &there);
    if (result.code == REGISTRY_OK && !there) {
        result = sqlite_database_make(store->path);
    }
    return result.code == REGISTRY_OK ? load(store) : result;
}

static struct registry_result lock_and_load(struct store *store)
{
    struct registry_result result = sqlite_lock_open(store->path, &store->lock_fd);
    if (result.code == REGISTRY_OK) {
        result = sqlite_lock_take(store->lock_fd, SQLITE_LOCK_DAEMON, 0);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_lock_take(store->lock_fd, SQLITE_LOCK_WRITER, LEFT_WRITER_WAIT_MS);
    }
    if (result.code == REGISTRY_OK) {
        result = make_or_load(store);
        /* For our own writer; no other daemon passes the first lock. */
        sqlite_lock_release(store->lock_fd, SQLITE_LOCK_WRITER);
    }
    return result;
}

static struct registry_result open_store(struct store *store)
{
    struct registry_result result = lock_and_load(store);
    return result.code == REGISTRY_OK ? store_writer_open(store) : result;
}

struct registry_result store_open(struct event_base *base, const char *path, const struct store_visitor *visitor,
                                  void *arg, struct store **ret)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return registry_no_memory();
    }
    store->base = base;
    store->visitor = visitor;
    store->visitor_arg = arg;
    store->lock_fd = -1;
    store->patience_ms = REGISTRY_PATIENCE_MS;
    store->process = (struct sqlite_process){.pid = -1, .fd = -1};
    store->in = BUFFER_INIT(STORE_IN_MAX_BYTES);
    TAILQ_INIT(&store->requests);
    store->path = strdup(path);
    struct registry_result result = store->path == NULL ? registry_no_memory() : open_store(store);
    if (result.code != REGISTRY_OK) {
        store_free(store);
        return result;
    }
    *ret = store;
    return result;
}

void store_set_patience(struct store *store, int patience_ms)
{
    store->patience_ms = patience_ms;
}

void store_free(struct store *store)
{
    if (store == NULL) {
        return;
    }
    store_writer_close(store);
    struct request *request;
    while ((request = TAILQ_FIRST(&store->requests)) != NULL) {
        store_request_drop(store, request);
    }
    buffer_clear(&store->in);
    if (store->lock_fd >= 0) {
        close(store->lock_fd);
    }
    free(store->path);
    free(store);
}
