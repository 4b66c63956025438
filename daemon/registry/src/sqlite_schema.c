/* What the database looks like; see sqlite_schema.h. */
#include "sqlite_schema.h"

#include "sqlite_migrations.h"
#include "sqlite_statement.h"

#include "base/buffer.h"

#include <stdio.h>
#include <string.h>

/* ANALYZE may have left its tables: they hold no content of ours. */
#define SCHEMA_OBJECTS                                                                                                 \
    "SELECT name, type || ' of ' || coalesce(tbl_name, '') || ': ' || coalesce(sql, '') FROM sqlite_schema"            \
    " WHERE name NOT GLOB 'sqlite_stat[0-9]' ORDER BY name"

static struct registry_result read_number(sqlite3 *db, const char *sql, int *ret)
{
    struct sqlite_statement statement = {0};
    struct registry_result result = sqlite_statement_prepare(db, sql, &statement);
    if (result.code == REGISTRY_OK) {
        bool row;
        result = sqlite_statement_step(&statement, &row);
        if (result.code == REGISTRY_OK) {
            *ret = row ? sqlite3_column_int(statement.handle, 0) : 0;
        }
    }
    sqlite_statement_clear(&statement);
    return result;
}

struct registry_result sqlite_schema_identify(sqlite3 *db, bool may_be_empty, int *ret_version)
{
    int application;
    int version;
    int objects;
    struct registry_result result = read_number(db, "PRAGMA application_id", &application);
    if (result.code == REGISTRY_OK) {
        result = read_number(db, "PRAGMA user_version", &version);
    }
    if (result.code == REGISTRY_OK) {
        result = read_number(db, "SELECT count(*) FROM sqlite_schema", &objects);
    }
    if (result.code != REGISTRY_OK) {
        return result;
    }
    if (application == 0 && version == 0 && objects == 0) {
        if (!may_be_empty) {
            return registry_failure(REGISTRY_STORE,
                                    "the database is empty: restore it, or remove it to begin a new one");
        }
        *ret_version = 0;
        return registry_ok();
    }
    if (application != SQLITE_SCHEMA_APPLICATION) {
        return registry_failure(REGISTRY_STORE, "not a registry of rewrapd (application_id %d)", application);
    }
    if (version > SQLITE_SCHEMA_VERSION) {
        return registry_failure(REGISTRY_STORE, "schema version %d is newer than this program knows (%d)", version,
                                SQLITE_SCHEMA_VERSION);
    }
    if (version < 1) {
        return registry_failure(REGISTRY_STORE, "schema version %d is not one of ours", version);
    }
    *ret_version = version;
    return registry_ok();
}

/* An older row may break a rule of the version, which is what SQLite says then, not which row. */
static struct registry_result make_version(sqlite3 *db, int version)
{
    const struct registry_result result = sqlite_run(db, sqlite_migrations[version]);
    return result.code == REGISTRY_STORE
               ? registry_failure(REGISTRY_STORE, "schema version %d cannot be made: %s", version, result.detail)
               : result;
}

static struct registry_result migrate(sqlite3 *db, int from)
{
    struct registry_result result = sqlite_run(db, "BEGIN IMMEDIATE");
    if (result.code != REGISTRY_OK) {
        return result;
    }
    for (int version = from + 1; result.code == REGISTRY_OK && version <= SQLITE_SCHEMA_VERSION; version++) {
        result = make_version(db, version);
    }
    char identity[96];
    snprintf(identity, sizeof identity, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             SQLITE_SCHEMA_APPLICATION, SQLITE_SCHEMA_VERSION);
    if (result.code == REGISTRY_OK) {
        result = sqlite_run(db, identity);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_run(db, "COMMIT");
    }
    if (result.code != REGISTRY_OK && !sqlite3_get_autocommit(db)) {
        rewrap_ignore(sqlite_run(db, "ROLLBACK"), "the connection is closed next, which rolls back too");
    }
    return result;
}

/* ------------------------------------------------------------------ is it ours */

/* What the versions up to now make, made once in a process and those that it forks: names and texts by turns,
 * each with its NUL. */
#define EXPECTED_MAX_BYTES (1 << 16) /* many times what they take */
static struct buffer expected = BUFFER_INIT(EXPECTED_MAX_BYTES);

static struct view column(const struct sqlite_statement *statement, int i)
{
    return view_of(sqlite3_column_text(statement->handle, i), (size_t)sqlite3_column_bytes(statement->handle, i));
}

static struct registry_result append_text(struct buffer *out, struct view text)
{
    if (out->len + text.len >= EXPECTED_MAX_BYTES) {
        return registry_failure(REGISTRY_STORE, "the schema of version %d takes more than %d bytes",
                                SQLITE_SCHEMA_VERSION, EXPECTED_MAX_BYTES);
    }
    return buffer_append(out, text.data, text.len) && buffer_append_u8(out, 0) ? registry_ok() : registry_no_memory();
}

static struct registry_result list_objects(sqlite3 *db, struct buffer *out)
{
    struct sqlite_statement statement = {0};
    bool row = true;
    struct registry_result result = sqlite_statement_prepare(db, SCHEMA_OBJECTS, &statement);
    while (result.code == REGISTRY_OK && row) {
        result = sqlite_statement_step(&statement, &row);
        for (int i = 0; i < 2 && result.code == REGISTRY_OK && row; i++) {
            result = append_text(out, column(&statement, i));
        }
    }
    sqlite_statement_clear(&statement);
    return result;
}

/* By the same statements, in memory. */
static struct registry_result make_expected(void)
{
    if (expected.len != 0) {
        return registry_ok();
    }
    sqlite3 *model = NULL;
    struct registry_result result = registry_no_memory();
    if (sqlite3_open_v2(":memory:", &model, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK) {
        result = migrate(model, 0);
    }
    if (result.code == REGISTRY_OK) {
        result = list_objects(model, &expected);
    }
    if (result.code != REGISTRY_OK) {
        buffer_clear(&expected);
    }
    sqlite3_close(model);
    return result;
}

/* The next of the expected texts; empty behind the last. */
static struct view take_expected(size_t *at)
{
    size_t left = expected.len - *at;
    struct view text = view_of(expected.data + *at, strnlen((const char *)expected.data + *at, left));
    *at += left == 0 ? 0 : text.len + 1;
    return text;
}

static struct registry_result verify(sqlite3 *db)
{
    struct sqlite_statement found = {0};
    struct registry_result result = make_expected();
    if (result.code == REGISTRY_OK) {
        result = sqlite_statement_prepare(db, SCHEMA_OBJECTS, &found);
    }
    bool row = true;
    for (size_t at = 0; result.code == REGISTRY_OK && (row || at < expected.len);) {
        struct view name = take_expected(&at);
        struct view text = take_expected(&at);
        result = sqlite_statement_step(&found, &row);
        bool same = row ? view_equal(column(&found, 0), name) && view_equal(column(&found, 1), text) : name.len == 0;
        if (result.code == REGISTRY_OK && !same) {
            char culprit[PRINTABLE_MAX_BYTES];
            result = registry_failure(REGISTRY_STORE, "the schema is not that of version %d: look at %s",
                                      SQLITE_SCHEMA_VERSION, printable(row ? column(&found, 0) : name, culprit));
        }
    }
    sqlite_statement_clear(&found);
    return result;
}

struct registry_result sqlite_schema_upgrade(sqlite3 *db, int version)
{
    if (version < SQLITE_SCHEMA_VERSION) {
        struct registry_result result = migrate(db, version);
        if (result.code != REGISTRY_OK) {
            return result;
        }
    }
    return verify(db);
}
