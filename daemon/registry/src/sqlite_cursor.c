/* Walking through rows; see sqlite_cursor.h. */
#include "sqlite_cursor.h"

struct registry_result sqlite_row_failure(const char *table, struct view row, const char *wrong)
{
    char text[PRINTABLE_MAX_BYTES];
    return registry_failure(REGISTRY_STORE, "table %s, row %s: %s", table, printable(row, text), wrong);
}

struct registry_result sqlite_cursor_next(struct sqlite_cursor *cursor)
{
    return sqlite_statement_step(&cursor->statement, &cursor->row);
}

struct registry_result sqlite_cursor_open(sqlite3 *db, const char *table, const char *sql, struct view id,
                                          struct sqlite_cursor *cursor)
{
    cursor->table = table;
    struct registry_result result = sqlite_statement_prepare(db, sql, &cursor->statement);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    if (id.len != 0 && !sqlite_bind_bytes(cursor->statement.handle, 1, id)) {
        return sqlite_failure(db, "cannot bind");
    }
    return sqlite_cursor_next(cursor);
}
