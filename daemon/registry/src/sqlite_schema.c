/* What the database looks like; see sqlite_schema.h. */
#include "sqlite_schema.h"

#include "sqlite_migrations.h"
#include "sqlite_statement.h"

#include <stdio.h>

/* ANALYZE may have left its tables: they hold no content of ours. */
#define SCHEMA_OBJECTS                                                                                                 \
    "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT GLOB 'sqlite_stat[0-9]' ORDER "  \
    "BY name"

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

static struct registry_result migrate(sqlite3 *db, int from)
{
    struct registry_result result = sqlite_run(db, "BEGIN IMMEDIATE");
    if (result.code != REGISTRY_OK) {
        return result;
    }
    for (int version = from + 1; result.code == REGISTRY_OK && version <= SQLITE_SCHEMA_VERSION; version++) {
        result = sqlite_run(db, sqlite_migrations[version]);
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

static bool same_columns(sqlite3_stmt *a, sqlite3_stmt *b)
{
    for (int i = 0; i < 4; i++) {
        struct view text_a = view_of(sqlite3_column_text(a, i), (size_t)sqlite3_column_bytes(a, i));
        struct view text_b = view_of(sqlite3_column_text(b, i), (size_t)sqlite3_column_bytes(b, i));
        if (!view_equal(text_a, text_b)) {
            return false;
        }
    }
    return true;
}

static struct registry_result compare_objects(struct sqlite_statement *found, struct sqlite_statement *expected)
{
    for (;;) {
        bool found_row;
        bool expected_row;
        struct registry_result result = sqlite_statement_step(found, &found_row);
        if (result.code == REGISTRY_OK) {
            result = sqlite_statement_step(expected, &expected_row);
        }
        if (result.code != REGISTRY_OK || (!found_row && !expected_row)) {
            return result;
        }
        if (found_row != expected_row || !same_columns(found->handle, expected->handle)) {
            sqlite3_stmt *culprit = found_row ? found->handle : expected->handle;
            struct view name = view_of(sqlite3_column_text(culprit, 1), (size_t)sqlite3_column_bytes(culprit, 1));
            char text[PRINTABLE_MAX_BYTES];
            return registry_failure(REGISTRY_STORE, "the schema is not that of version %d: look at %s",
                                    SQLITE_SCHEMA_VERSION, printable(name, text));
        }
    }
}

/* The expected schema is made by the same statements, in memory. */
static struct registry_result verify(sqlite3 *db)
{
    sqlite3 *model = NULL;
    struct sqlite_statement found = {0};
    struct sqlite_statement expected = {0};
    struct registry_result result;
    if (sqlite3_open_v2(":memory:", &model, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK) {
        result = registry_no_memory();
        goto done;
    }
    result = migrate(model, 0);
    if (result.code == REGISTRY_OK) {
        result = sqlite_statement_prepare(db, SCHEMA_OBJECTS, &found);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_statement_prepare(model, SCHEMA_OBJECTS, &expected);
    }
    if (result.code == REGISTRY_OK) {
        result = compare_objects(&found, &expected);
    }
done:
    sqlite_statement_clear(&found);
    sqlite_statement_clear(&expected);
    sqlite3_close(model);
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
