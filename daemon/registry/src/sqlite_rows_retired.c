/* Reading retired materials; see sqlite_rows.h. */
#include "sqlite_rows.h"

#include "base/hex.h"
#include "check.h"
#include "sqlite_cursor.h"

#define RETIRED "SELECT material_id, key_id, account, token, spec, boundary, retired_ms FROM retired "

/* What is wrong with the row, or NULL and the numbers. */
static const char *read_numbers(sqlite3_stmt *row, struct registry_retired *retired)
{
    int64_t numbers[3];
    for (int i = 0; i < 3; i++) {
        if (!sqlite_column_number(row, 4 + i, &numbers[i])) {
            return "spec, boundary or time is not a number";
        }
        if (i < 2 && (numbers[i] < 1 || numbers[i] > UINT8_MAX)) {
            return "spec or boundary is out of range";
        }
    }
    retired->spec = (enum key_spec)numbers[0];
    retired->boundary = (enum key_boundary)numbers[1];
    retired->retired_ms = numbers[2];
    return check_retired(retired);
}

/* The texts of the row, or what is wrong with them. */
static const char *read_texts(sqlite3_stmt *row, const uint8_t **ret_key_id, struct view *ret_account,
                              struct view *ret_token)
{
    if (!sqlite_column_bytes_of(row, 1, KEY_ID_BYTES, ret_key_id)) {
        return "key id is not 16 bytes";
    }
    if (!sqlite_column_string(row, 2, ret_account) || !sqlite_column_string(row, 3, ret_token)) {
        return "account or token is not a text";
    }
    const char *wrong = check_account(*ret_account);
    return wrong != NULL ? wrong : check_token_name(*ret_token);
}

/* The row as an entry, or NULL and *ret_why. */
static struct retired_entry *read_row(sqlite3_stmt *row, struct registry_result *ret_why)
{
    const uint8_t *material_id;
    if (!sqlite_column_bytes_of(row, 0, MATERIAL_ID_BYTES, &material_id)) {
        *ret_why = sqlite_row_failure("retired", view_of(NULL, 0), "material id is not 32 bytes");
        return NULL;
    }
    char name[2 * MATERIAL_ID_BYTES + 1];
    hex_encode(view_of(material_id, MATERIAL_ID_BYTES), name);
    const uint8_t *key_id;
    struct view account;
    struct view token;
    const char *wrong = read_texts(row, &key_id, &account, &token);
    if (wrong != NULL) {
        *ret_why = sqlite_row_failure("retired", view_of_string(name), wrong);
        return NULL;
    }
    struct retired_entry *entry = retired_entry_new(material_id, key_id, account, token);
    if (entry == NULL) {
        *ret_why = registry_no_memory();
        return NULL;
    }
    wrong = read_numbers(row, &entry->retired);
    if (wrong != NULL) {
        retired_entry_free(entry);
        *ret_why = sqlite_row_failure("retired", view_of_string(name), wrong);
        return NULL;
    }
    return entry;
}

/* Each row of an opened cursor; who is shown an entry takes it over when he answers REGISTRY_OK. */
static struct registry_result show_rows(struct sqlite_cursor *cursor, struct registry_result result,
                                        struct registry_result (*show)(void *arg, struct retired_entry *entry),
                                        void *arg)
{
    while (result.code == REGISTRY_OK && cursor->row) {
        struct retired_entry *entry = read_row(cursor->statement.handle, &result);
        if (entry == NULL) {
            break;
        }
        result = show(arg, entry);
        if (result.code != REGISTRY_OK) {
            retired_entry_free(entry);
            break;
        }
        result = sqlite_cursor_next(cursor);
    }
    sqlite_statement_clear(&cursor->statement);
    return result;
}

struct registry_result sqlite_rows_retired_all(sqlite3 *db, const struct store_visitor *visitor, void *arg)
{
    struct sqlite_cursor cursor = {0};
    struct registry_result result =
        sqlite_cursor_open(db, "retired", RETIRED "ORDER BY material_id", view_of(NULL, 0), &cursor);
    return show_rows(&cursor, result, visitor->retired, arg);
}

static struct registry_result collect(void *arg, struct retired_entry *entry)
{
    struct retired_list *list = arg;
    if (list->n == KEY_MAX_MATERIALS) {
        return registry_failure(REGISTRY_STORE, "table retired: too many materials of one key");
    }
    return retired_list_add(list, entry) ? registry_ok() : registry_no_memory();
}

/* Looks at all of them: asked only after a writer was lost. */
struct registry_result sqlite_rows_retired_of_key(sqlite3 *db, const uint8_t key_id[KEY_ID_BYTES],
                                                  struct retired_list *list)
{
    struct sqlite_cursor cursor = {0};
    struct registry_result result = sqlite_cursor_open(db, "retired", RETIRED "WHERE key_id = ?1 ORDER BY material_id",
                                                       view_of(key_id, KEY_ID_BYTES), &cursor);
    return show_rows(&cursor, result, collect, list);
}

static struct registry_result take(void *arg, struct retired_entry *entry)
{
    *(struct retired_entry **)arg = entry;
    return registry_ok();
}

struct registry_result sqlite_rows_retired(sqlite3 *db, const uint8_t material_id[MATERIAL_ID_BYTES],
                                           struct retired_entry **ret)
{
    struct sqlite_cursor cursor = {0};
    struct retired_entry *entry = NULL;
    struct registry_result result = sqlite_cursor_open(db, "retired", RETIRED "WHERE material_id = ?1",
                                                       view_of(material_id, MATERIAL_ID_BYTES), &cursor);
    result = show_rows(&cursor, result, take, &entry);
    if (result.code == REGISTRY_OK) {
        *ret = entry;
    } else {
        retired_entry_free(entry);
    }
    return result;
}
