/* A connection to the database; see sqlite_database.h. */
#include "sqlite_database.h"

#include "base/wipe.h"
#include "sqlite_file.h"
#include "sqlite_schema.h"
#include "sqlite_statement.h"

#include <limits.h>
#include <stdio.h>

#define BUSY_TIMEOUT_MS   2000      /* a backup or an operator's shell may hold the database for a moment */
#define VALUE_MAX_BYTES   (1 << 20) /* far above our largest row: what is longer is not ours */
#define EXAMINE_CACHE_KIB "65536"   /* indices are compared with tables in no order: without it three times as slow */
#define WAL_KEEP_BYTES    "4194304" /* the -wal file is cut to this after a checkpoint */

/* A database can carry code (views, triggers, functions in its schema): none of it is ours, so none of it runs. */
static struct registry_result distrust(sqlite3 *db)
{
    static const struct {
        int option, value;
    } options[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0}, {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (sqlite3_db_config(db, options[i].option, options[i].value, NULL) != SQLITE_OK) {
            return sqlite_failure(db, "cannot set up the database");
        }
    }
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_MAX_BYTES);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    return sqlite_run(db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
                          " PRAGMA secure_delete = ON");
}

/* Runs a pragma that answers with the value in force, and compares. */
static struct registry_result pragma(sqlite3 *db, const char *sql, const char *expected)
{
    struct sqlite_statement statement = {0};
    struct registry_result result = sqlite_statement_prepare(db, sql, &statement);
    if (result.code == REGISTRY_OK) {
        bool row;
        result = sqlite_statement_step(&statement, &row);
        if (result.code == REGISTRY_OK) {
            const char *got = row ? (const char *)sqlite3_column_text(statement.handle, 0) : NULL;
            char text[PRINTABLE_MAX_BYTES];
            if (got == NULL || strcmp(got, expected) != 0) {
                result = registry_failure(REGISTRY_STORE, "%s: got %s, not %s", sql,
                                          printable(view_of_string(got), text), expected);
            }
        }
    }
    sqlite_statement_clear(&statement);
    return result;
}

/* ------------------------------------------------------------------ secrets of access keys pass through SQLite */

static sqlite3_mem_methods plain; /* SQLite's own, once ours stand in their place */

static void erasing_free(void *old)
{
    secret_wipe(old, (size_t)plain.xSize(old));
    plain.xFree(old);
}

/* Not xRealloc: that may leave the old copy behind. */
static void *erasing_realloc(void *old, int size)
{
    const int had = plain.xSize(old);
    if (size <= had) {
        return old;
    }
    void *moved = plain.xMalloc(size);
    if (moved != NULL) {
        memcpy(moved, old, (size_t)had);
        erasing_free(old);
    }
    return moved;
}

/* Pages and rows are erased before they go back to the heap. */
static void erase_memory(void)
{
    if (plain.xFree != NULL || sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) != SQLITE_OK) {
        return;
    }
    sqlite3_mem_methods erasing = plain;
    erasing.xFree = erasing_free;
    erasing.xRealloc = erasing_realloc;
    rewrap_ignore(sqlite3_config(SQLITE_CONFIG_MALLOC, &erasing),
                  "refused when something in the process has used SQLite before, which nothing in rewrapd does");
}

/* Every commit is synced before it is answered; a reader (a backup) does not block the writer. */
static struct registry_result make_durable(sqlite3 *db)
{
    struct registry_result result = pragma(db, "PRAGMA journal_mode = WAL", "wal");
    if (result.code == REGISTRY_OK) {
        result = sqlite_run(db, "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = " WAL_KEEP_BYTES);
    }
    return result.code == REGISTRY_OK ? pragma(db, "PRAGMA synchronous", "2") : result;
}

static struct registry_result open_database(const char *path, bool may_be_empty, sqlite3 **ret)
{
    erase_memory();
    sqlite3 *db = NULL;
    /* NOMUTEX: there are no threads, and each column of each row would take a lock. */
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX;
    struct registry_result result = registry_ok();
    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
        result = db == NULL ? registry_no_memory() : sqlite_failure(db, "cannot open the database");
    }
    if (result.code == REGISTRY_OK && sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS) != SQLITE_OK) {
        result = sqlite_failure(db, "cannot set up the database");
    }
    if (result.code == REGISTRY_OK) {
        result = distrust(db);
    }
    int version = 0;
    if (result.code == REGISTRY_OK) {
        result = sqlite_schema_identify(db, may_be_empty, &version);
    }
    if (result.code == REGISTRY_OK) {
        result = make_durable(db);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_schema_upgrade(db, version);
    }
    if (result.code != REGISTRY_OK) {
        sqlite3_close(db);
        return result;
    }
    *ret = db;
    return registry_ok();
}

struct registry_result sqlite_database_open(const char *path, sqlite3 **ret)
{
    return open_database(path, false, ret);
}

struct registry_result sqlite_database_make(const char *path)
{
    char made[PATH_MAX];
    if ((size_t)snprintf(made, sizeof made, "%s" SQLITE_FILE_NEW_SUFFIX, path) >= sizeof made) {
        return registry_failure(REGISTRY_STORE, "cannot make the database: its name is too long");
    }
    sqlite3 *db;
    struct registry_result result = sqlite_file_make(made);
    if (result.code == REGISTRY_OK) {
        result = open_database(made, true, &db);
    }
    if (result.code != REGISTRY_OK) {
        return result;
    }
    if (sqlite3_close(db) != SQLITE_OK) {
        return registry_failure(REGISTRY_STORE, "cannot make the database: it cannot be closed");
    }
    return sqlite_file_publish(made, path);
}

struct registry_result sqlite_database_examine(sqlite3 *db)
{
    /* The rules of CHECKs are half of the work, and check.h has all of them, which rows are held against one by one. */
    struct registry_result result = sqlite_run(db, "PRAGMA ignore_check_constraints = ON;"
                                                   " PRAGMA cache_size = -" EXAMINE_CACHE_KIB);
    return result.code == REGISTRY_OK ? pragma(db, "PRAGMA integrity_check(1)", "ok") : result;
}
