/* Reading departures of principals; see sqlite_rows.h. */
#include "sqlite_rows.h"

#include "check.h"
#include "registry/principals.h"
#include "sqlite_cursor.h"

#define DEPARTURES                                                                                                     \
    "SELECT name, account, kind, departed_ms, unique_id FROM departures ORDER BY account, kind, name, unique_id"

/* What is wrong with the row, or NULL and what it says. */
static const char *read_row(sqlite3_stmt *row, struct principal_departure *ret)
{
    struct view name;
    struct view account;
    struct view unique_id;
    int64_t kind;
    if (!sqlite_column_string(row, 0, &name) || !sqlite_column_string(row, 1, &account) ||
        !sqlite_column_string(row, 4, &unique_id)) {
        return "account, name or unique id is not a text";
    }
    const char *wrong = check_account(account);
    if (wrong == NULL) {
        wrong = check_principal_name(name);
    }
    if (wrong == NULL && unique_id.len != 0) {
        wrong = check_unique_id(unique_id);
    }
    if (wrong != NULL) {
        return wrong;
    }
    if (!sqlite_column_number(row, 2, &kind) || !sqlite_column_number(row, 3, &ret->departed_ms)) {
        return "kind or time is not a number";
    }
    memcpy(ret->account, account.data, account.len);
    memcpy(ret->name, name.data, name.len);
    memcpy(ret->unique_id, unique_id.data, unique_id.len);
    ret->kind = kind == PRINCIPAL_USER || kind == PRINCIPAL_ROLE ? (enum principal_kind)kind : 0;
    ret->kept_ids = REGISTRY_DEPARTED_IDS;
    return check_departure(ret);
}

struct registry_result sqlite_rows_departures(sqlite3 *db, const struct store_visitor *visitor, void *arg)
{
    struct sqlite_cursor cursor = {0};
    struct registry_result result = sqlite_cursor_open(db, "departures", DEPARTURES, view_of(NULL, 0), &cursor);
    while (result.code == REGISTRY_OK && cursor.row) {
        struct principal_departure departure = {0};
        const char *wrong = read_row(cursor.statement.handle, &departure);
        if (wrong != NULL) {
            struct view name = view_of(NULL, 0);
            rewrap_ignore(sqlite_column_string(cursor.statement.handle, 0, &name), "then the row has no name");
            result = sqlite_row_failure("departures", name, wrong);
            break;
        }
        result = visitor->departure(arg, &departure);
        if (result.code == REGISTRY_OK) {
            result = sqlite_cursor_next(&cursor);
        }
    }
    sqlite_statement_clear(&cursor.statement);
    return result;
}
