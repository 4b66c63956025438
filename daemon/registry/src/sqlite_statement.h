/* Prepared statements, and SQLite's errors as ours. */
#pragma once

#include "result.h"

#include <sqlite3.h>

struct sqlite_statement {
    sqlite3 *db; /* borrowed */
    sqlite3_stmt *handle;
};

/* REGISTRY_STORE with what SQLite said of its last error, the code and errno included. */
struct registry_result sqlite_failure(sqlite3 *db, const char *what);

/* Runs statements without parameters, all of them ours. */
REWRAP_MUST_USE struct registry_result sqlite_run(sqlite3 *db, const char *sql);

REWRAP_MUST_USE struct registry_result sqlite_statement_prepare(sqlite3 *db, const char *sql,
                                                                struct sqlite_statement *ret);

/* *ret_row says whether there is a row; untouched on failure. */
REWRAP_MUST_USE struct registry_result sqlite_statement_step(struct sqlite_statement *statement, bool *ret_row);

/* Finalizes; may be called twice, and on a zeroed one. */
void sqlite_statement_clear(struct sqlite_statement *statement);

/* Parameters count from 1. The bytes are borrowed until the statement is reset. True on success. */
REWRAP_MUST_USE bool sqlite_bind_bytes(sqlite3_stmt *statement, int parameter, struct view bytes);
REWRAP_MUST_USE bool sqlite_bind_string(sqlite3_stmt *statement, int parameter, struct view text);
REWRAP_MUST_USE bool sqlite_bind_number(sqlite3_stmt *statement, int parameter, int64_t value);

/* False, with the output untouched, when the column has another type or length. Borrowed until the next step. */
REWRAP_MUST_USE bool sqlite_column_bytes_of(sqlite3_stmt *statement, int column, size_t len, const uint8_t **ret);
REWRAP_MUST_USE bool sqlite_column_string(sqlite3_stmt *statement, int column, struct view *ret);
REWRAP_MUST_USE bool sqlite_column_number(sqlite3_stmt *statement, int column, int64_t *ret);
