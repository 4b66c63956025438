/* Reading aliases; see sqlite_rows.h. */
#include "sqlite_rows.h"

#include "check.h"
#include "sqlite_cursor.h"

#define ALIASES "SELECT account, name, key_id, created_ms, updated_ms FROM aliases "

/* The row as an entry, or NULL and *ret_why. */
static struct alias_entry *read_alias_row(sqlite3_stmt *row, struct registry_result *ret_why)
{
    struct view account;
    struct view name;
    const uint8_t *key_id;
    int64_t created_ms;
    int64_t updated_ms;
    if (!sqlite_column_string(row, 0, &account) || !sqlite_column_string(row, 1, &name)) {
        *ret_why = sqlite_row_failure("aliases", view_of(NULL, 0), "account or name is not a text");
        return NULL;
    }
    if (!sqlite_column_bytes_of(row, 2, KEY_ID_BYTES, &key_id)) {
        *ret_why = sqlite_row_failure("aliases", name, "key id is not 16 bytes");
        return NULL;
    }
    if (!sqlite_column_number(row, 3, &created_ms) || !sqlite_column_number(row, 4, &updated_ms)) {
        *ret_why = sqlite_row_failure("aliases", name, "time is not a number");
        return NULL;
    }
    const char *wrong = check_account(account);
    if (wrong == NULL) {
        wrong = check_alias_name(name);
    }
    if (wrong != NULL) {
        *ret_why = sqlite_row_failure("aliases", name, wrong);
        return NULL;
    }
    struct alias_entry *entry = alias_entry_new(account, name, key_id);
    if (entry == NULL) {
        *ret_why = registry_no_memory();
        return NULL;
    }
    entry->alias.created_ms = created_ms;
    entry->alias.updated_ms = updated_ms;
    wrong = check_alias(&entry->alias);
    if (wrong != NULL) {
        alias_entry_free(entry);
        *ret_why = sqlite_row_failure("aliases", name, wrong);
        return NULL;
    }
    return entry;
}

struct registry_result sqlite_rows_aliases(sqlite3 *db, const struct store_visitor *visitor, void *arg)
{
    struct sqlite_cursor cursor = {0};
    struct registry_result result =
        sqlite_cursor_open(db, "aliases", ALIASES "ORDER BY account, name", view_of(NULL, 0), &cursor);
    while (result.code == REGISTRY_OK && cursor.row) {
        struct alias_entry *entry = read_alias_row(cursor.statement.handle, &result);
        if (entry == NULL) {
            break;
        }
        result = visitor->alias(arg, entry);
        if (result.code != REGISTRY_OK) {
            alias_entry_free(entry);
            break;
        }
        result = sqlite_cursor_next(&cursor);
    }
    sqlite_statement_clear(&cursor.statement);
    return result;
}

struct registry_result sqlite_rows_alias(sqlite3 *db, const char *account, const char *name, struct alias_entry **ret)
{
    struct sqlite_statement statement = {0};
    struct alias_entry *entry = NULL;
    bool row = false;
    struct registry_result result =
        sqlite_statement_prepare(db, ALIASES "WHERE account = ?1 AND name = ?2", &statement);
    if (result.code == REGISTRY_OK && (!sqlite_bind_string(statement.handle, 1, view_of_string(account)) ||
                                       !sqlite_bind_string(statement.handle, 2, view_of_string(name)))) {
        result = sqlite_failure(db, "cannot bind");
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_statement_step(&statement, &row);
    }
    if (result.code == REGISTRY_OK && row) {
        entry = read_alias_row(statement.handle, &result);
    }
    sqlite_statement_clear(&statement);
    if (result.code == REGISTRY_OK) {
        *ret = entry;
    }
    return result;
}
