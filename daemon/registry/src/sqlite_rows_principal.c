/* Reading principals; see sqlite_rows.h. They, their policies and their access keys are read side by side, each in
 * order of the unique id. */
#include "sqlite_rows.h"

#include "check.h"
#include "sqlite_cursor.h"

struct principal_cursor {
    struct sqlite_cursor principals;
    struct sqlite_cursor policies;
    struct sqlite_cursor access_keys;
};

#define PRINCIPALS  "SELECT unique_id, account, name, path, kind, created_ms, revision FROM principals "
#define POLICIES    "SELECT unique_id, name, policy FROM identity_policies "
#define ACCESS_KEYS "SELECT unique_id, access_key_id, secret, status, created_ms FROM access_keys "
#define OF_ONE      "WHERE unique_id = ?1 "

/* Names the row by the first column. */
static struct registry_result row_failure(const struct sqlite_cursor *cursor, const char *wrong)
{
    struct view unique_id = view_of(NULL, 0);
    rewrap_ignore(sqlite_column_string(cursor->statement.handle, 0, &unique_id), "then the row has no name");
    return sqlite_row_failure(cursor->table, unique_id, wrong);
}

/* All rows, or those of one unique id: a text, which sqlite_cursor_open would bind as bytes. */
static struct registry_result open_one(sqlite3 *db, const char *table, const char *sql, const char *unique_id,
                                       struct sqlite_cursor *cursor)
{
    cursor->table = table;
    struct registry_result result = sqlite_statement_prepare(db, sql, &cursor->statement);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    if (unique_id != NULL && !sqlite_bind_string(cursor->statement.handle, 1, view_of_string(unique_id))) {
        return sqlite_failure(db, "cannot bind");
    }
    return sqlite_cursor_next(cursor);
}

static struct registry_result cursor_open(sqlite3 *db, const char *unique_id, struct principal_cursor *cursor)
{
    const bool all = unique_id == NULL;
    struct registry_result result = open_one(
        db, "principals", all ? PRINCIPALS "ORDER BY unique_id" : PRINCIPALS OF_ONE, unique_id, &cursor->principals);
    if (result.code == REGISTRY_OK) {
        result = open_one(db, "identity_policies",
                          all ? POLICIES "ORDER BY unique_id, name" : POLICIES OF_ONE "ORDER BY name", unique_id,
                          &cursor->policies);
    }
    if (result.code == REGISTRY_OK) {
        result = open_one(db, "access_keys",
                          all ? ACCESS_KEYS "ORDER BY unique_id, access_key_id"
                              : ACCESS_KEYS OF_ONE "ORDER BY access_key_id",
                          unique_id, &cursor->access_keys);
    }
    return result;
}

static void cursor_clear(struct principal_cursor *cursor)
{
    sqlite_statement_clear(&cursor->principals.statement);
    sqlite_statement_clear(&cursor->policies.statement);
    sqlite_statement_clear(&cursor->access_keys.statement);
}

/* ------------------------------------------------------------------ rows of a principal */

enum { ROW_TEXTS = 4, ROW_NUMBERS = 3 }; /* columns of PRINCIPALS: unique id, account, name, path; then numbers */

static const char *read_texts(sqlite3_stmt *row, struct view texts[ROW_TEXTS])
{
    for (int i = 0; i < ROW_TEXTS; i++) {
        if (!sqlite_column_string(row, i, &texts[i])) {
            return "unique id, account, name or path is not a text";
        }
    }
    const char *wrong = check_unique_id(texts[0]);
    if (wrong == NULL) {
        wrong = check_account(texts[1]);
    }
    if (wrong == NULL) {
        wrong = check_principal_name(texts[2]);
    }
    return wrong != NULL ? wrong : check_principal_path(texts[3]);
}

static const char *read_numbers(sqlite3_stmt *row, int64_t numbers[ROW_NUMBERS])
{
    for (int i = 0; i < ROW_NUMBERS; i++) {
        if (!sqlite_column_number(row, ROW_TEXTS + i, &numbers[i])) {
            return "kind, time or revision is not a number";
        }
    }
    if (numbers[0] != PRINCIPAL_USER && numbers[0] != PRINCIPAL_ROLE) {
        return "kind of a principal is unknown";
    }
    return numbers[2] < 1 ? "revision is out of range" : NULL;
}

/* The row as an entry without its parts, or NULL and *ret_why. */
static struct principal_entry *read_row(const struct sqlite_cursor *cursor, struct registry_result *ret_why)
{
    sqlite3_stmt *row = cursor->statement.handle;
    struct view texts[ROW_TEXTS];
    int64_t numbers[ROW_NUMBERS];
    const char *wrong = read_texts(row, texts);
    if (wrong == NULL) {
        wrong = read_numbers(row, numbers);
    }
    if (wrong != NULL) {
        *ret_why = row_failure(cursor, wrong);
        return NULL;
    }
    struct principal_entry *entry =
        principal_entry_new(texts[1], (enum principal_kind)numbers[0], texts[2], texts[3], texts[0]);
    if (entry == NULL) {
        *ret_why = registry_no_memory();
        return NULL;
    }
    entry->principal.created_ms = numbers[1];
    entry->principal.revision = (uint64_t)numbers[2];
    return entry;
}

static struct registry_result read_policy_row(const struct sqlite_cursor *cursor, struct principal_entry *entry)
{
    sqlite3_stmt *row = cursor->statement.handle;
    struct view name;
    struct view text;
    if (!sqlite_column_string(row, 1, &name) || !sqlite_column_string(row, 2, &text)) {
        return row_failure(cursor, "name or policy is not a text");
    }
    const char *wrong = check_identity_policy(name, text);
    if (wrong == NULL && entry->principal.n_policies == PRINCIPAL_MAX_POLICIES) {
        wrong = "principal has too many policies";
    }
    if (wrong != NULL) {
        return row_failure(cursor, wrong);
    }
    return principal_entry_add_policy(entry, name, text) ? registry_ok() : registry_no_memory();
}

/* Straight into the entry, which is erased with its end. */
static struct registry_result read_access_key_row(const struct sqlite_cursor *cursor, struct principal_entry *entry)
{
    sqlite3_stmt *row = cursor->statement.handle;
    struct view id;
    struct view secret;
    int64_t status;
    int64_t created_ms;
    if (!sqlite_column_string(row, 1, &id) || !sqlite_column_string(row, 2, &secret) ||
        !sqlite_column_number(row, 3, &status) || !sqlite_column_number(row, 4, &created_ms)) {
        return row_failure(cursor, "id, secret, status or time is of another type");
    }
    const int known = status == ACCESS_KEY_ACTIVE || status == ACCESS_KEY_INACTIVE ? (int)status : 0;
    const char *wrong = check_access_key(id, secret, known, created_ms);
    if (wrong == NULL && entry->principal.n_access_keys == PRINCIPAL_MAX_ACCESS_KEYS) {
        wrong = "principal has too many access keys";
    }
    if (wrong != NULL) {
        return row_failure(cursor, wrong);
    }
    struct registry_access_key *key = &entry->access_keys[entry->principal.n_access_keys++];
    memcpy(key->id, id.data, id.len);
    memcpy(key->secret, secret.data, secret.len);
    key->status = (enum access_key_status)status;
    key->created_ms = created_ms;
    return registry_ok();
}

/* Rows of that principal. A row of a smaller one has no principal at all: nobody will come for it. */
static struct registry_result read_parts(struct sqlite_cursor *cursor,
                                         struct registry_result (*read)(const struct sqlite_cursor *,
                                                                        struct principal_entry *),
                                         struct principal_entry *entry)
{
    struct registry_result result = registry_ok();
    while (result.code == REGISTRY_OK && cursor->row) {
        struct view unique_id;
        if (!sqlite_column_string(cursor->statement.handle, 0, &unique_id) || check_unique_id(unique_id) != NULL) {
            return row_failure(cursor, "unique id of a principal is none");
        }
        int order = memcmp(unique_id.data, entry->principal.unique_id, PRINCIPAL_ID_TEXT_BYTES);
        if (order > 0) {
            break;
        }
        result = order < 0 ? row_failure(cursor, "there is no such principal") : read(cursor, entry);
        if (result.code == REGISTRY_OK) {
            result = sqlite_cursor_next(cursor);
        }
    }
    return result;
}

/* The whole principal on which the cursor stands, or NULL and *ret_why. Moves on. */
static struct principal_entry *read_principal(struct principal_cursor *cursor, struct registry_result *ret_why)
{
    struct principal_entry *entry = read_row(&cursor->principals, ret_why);
    if (entry == NULL) {
        return NULL;
    }
    struct registry_result result = read_parts(&cursor->policies, read_policy_row, entry);
    if (result.code == REGISTRY_OK) {
        result = read_parts(&cursor->access_keys, read_access_key_row, entry);
    }
    const char *wrong = result.code == REGISTRY_OK ? check_principal(&entry->principal) : NULL;
    if (wrong != NULL) {
        result = row_failure(&cursor->principals, wrong);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_cursor_next(&cursor->principals);
    }
    if (result.code != REGISTRY_OK) {
        principal_entry_free(entry);
        *ret_why = result;
        return NULL;
    }
    return entry;
}

/* ------------------------------------------------------------------ all, or one */

struct registry_result sqlite_rows_principals(sqlite3 *db, const struct store_visitor *visitor, void *arg)
{
    struct principal_cursor cursor = {0};
    struct registry_result result = cursor_open(db, NULL, &cursor);
    while (result.code == REGISTRY_OK && cursor.principals.row) {
        struct principal_entry *entry = read_principal(&cursor, &result);
        if (entry == NULL) {
            break;
        }
        result = visitor->principal(arg, entry);
        if (result.code != REGISTRY_OK) {
            principal_entry_free(entry);
        }
    }
    if (result.code == REGISTRY_OK && cursor.policies.row) {
        result = row_failure(&cursor.policies, "there is no such principal");
    }
    if (result.code == REGISTRY_OK && cursor.access_keys.row) {
        result = row_failure(&cursor.access_keys, "there is no such principal");
    }
    cursor_clear(&cursor);
    return result;
}

struct registry_result sqlite_rows_principal(sqlite3 *db, const char *unique_id, struct principal_entry **ret)
{
    struct principal_cursor cursor = {0};
    struct principal_entry *entry = NULL;
    struct registry_result result = cursor_open(db, unique_id, &cursor);
    if (result.code == REGISTRY_OK && cursor.principals.row) {
        entry = read_principal(&cursor, &result);
    }
    cursor_clear(&cursor);
    if (result.code == REGISTRY_OK) {
        *ret = entry;
    }
    return result;
}
