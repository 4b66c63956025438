/* Prepared statements, and SQLite's errors as ours; see sqlite_statement.h. */
#include "sqlite_statement.h"

struct registry_result sqlite_failure(sqlite3 *db, const char *what)
{
    int code = sqlite3_extended_errcode(db);
    if ((code & 0xff) == SQLITE_NOMEM) {
        return registry_no_memory();
    }
    int system = sqlite3_system_errno(db);
    bool has_cause = system != 0 && ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN);
    return registry_failure(REGISTRY_STORE, "%s: %s (SQLite %d)%s%s", what, sqlite3_errmsg(db), code,
                            has_cause ? ": " : "", has_cause ? strerror(system) : "");
}

struct registry_result sqlite_run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? registry_ok() : sqlite_failure(db, "database");
}

struct registry_result sqlite_statement_prepare(sqlite3 *db, const char *sql, struct sqlite_statement *ret)
{
    sqlite3_stmt *handle;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL) != SQLITE_OK) {
        return sqlite_failure(db, "database");
    }
    *ret = (struct sqlite_statement){.db = db, .handle = handle};
    return registry_ok();
}

struct registry_result sqlite_statement_step(struct sqlite_statement *statement, bool *ret_row)
{
    int code = sqlite3_step(statement->handle);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return sqlite_failure(statement->db, "database");
    }
    *ret_row = code == SQLITE_ROW;
    return registry_ok();
}

void sqlite_statement_clear(struct sqlite_statement *statement)
{
    rewrap_ignore(sqlite3_finalize(statement->handle), "repeats the error of the last step");
    statement->handle = NULL;
}

/* A NULL pointer would bind NULL, which is not an empty text. */
static const void *data_of(struct view bytes)
{
    return bytes.data == NULL ? (const void *)"" : bytes.data;
}

bool sqlite_bind_bytes(sqlite3_stmt *statement, int parameter, struct view bytes)
{
    return sqlite3_bind_blob64(statement, parameter, data_of(bytes), bytes.len, SQLITE_STATIC) == SQLITE_OK;
}

bool sqlite_bind_string(sqlite3_stmt *statement, int parameter, struct view text)
{
    return sqlite3_bind_text64(statement, parameter, data_of(text), text.len, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
}

bool sqlite_bind_number(sqlite3_stmt *statement, int parameter, int64_t value)
{
    return sqlite3_bind_int64(statement, parameter, value) == SQLITE_OK;
}

bool sqlite_column_bytes_of(sqlite3_stmt *statement, int column, size_t len, const uint8_t **ret)
{
    if (sqlite3_column_type(statement, column) != SQLITE_BLOB) {
        return false;
    }
    const void *data = sqlite3_column_blob(statement, column);
    if (data == NULL || (size_t)sqlite3_column_bytes(statement, column) != len) {
        return false;
    }
    *ret = data;
    return true;
}

bool sqlite_column_string(sqlite3_stmt *statement, int column, struct view *ret)
{
    if (sqlite3_column_type(statement, column) != SQLITE_TEXT) {
        return false;
    }
    const void *data = sqlite3_column_text(statement, column);
    if (data == NULL) {
        return false;
    }
    *ret = view_of(data, (size_t)sqlite3_column_bytes(statement, column));
    return true;
}

bool sqlite_column_number(sqlite3_stmt *statement, int column, int64_t *ret)
{
    if (sqlite3_column_type(statement, column) != SQLITE_INTEGER) {
        return false;
    }
    *ret = sqlite3_column_int64(statement, column);
    return true;
}
