/* Walking through rows, and telling which one is wrong. */
#pragma once

#include "registry/types.h"
#include "sqlite_statement.h"

/* A statement and whether it stands on a row. Zeroed before it is opened. */
struct sqlite_cursor {
    struct sqlite_statement statement;
    const char *table; /* borrowed */
    bool row;
};

/* Prepares sql, binds id to ?1 (no bytes: nothing), and steps to the first row. Clear the statement in any case. */
REWRAP_MUST_USE struct registry_result sqlite_cursor_open(sqlite3 *db, const char *table, const char *sql,
                                                          struct view id, struct sqlite_cursor *cursor);
REWRAP_MUST_USE struct registry_result sqlite_cursor_next(struct sqlite_cursor *cursor);

/* REGISTRY_STORE with table, row and what is wrong. The row's bytes may be anything. */
struct registry_result sqlite_row_failure(const char *table, struct view row, const char *wrong);
