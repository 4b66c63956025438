/* Reading rows; see sqlite_rows.h. Keys, materials and tags are read side by side, each in order of the key id. */
#include "sqlite_rows.h"

#include "base/hex.h"
#include "check.h"
#include "result.h"
#include "sqlite_statement.h"

/* A statement and whether it stands on a row. */
struct cursor {
    struct sqlite_statement statement;
    const char *table;
    bool row;
};

struct key_cursor {
    struct cursor keys;
    struct cursor materials;
    struct cursor tags;
};

#define KEYS      "SELECT key_id, account, token, description, spec, usage, state, boundary, created_ms FROM keys "
#define MATERIALS "SELECT key_id, version, material_id, created_ms FROM materials "
#define TAGS      "SELECT key_id, tag_key, tag_value FROM tags "
#define ALIASES   "SELECT account, name, key_id, created_ms, updated_ms FROM aliases "
#define OF_KEY    "WHERE key_id = ?1 "

/* ------------------------------------------------------------------ telling which row */

static struct registry_result row_failure(const char *table, struct view row, const char *wrong)
{
    char text[PRINTABLE_MAX_BYTES];
    return registry_failure(REGISTRY_STORE, "table %s, row %s: %s", table, printable(row, text), wrong);
}

/* Names the row by the first column, which is the key id or whatever stands in its place. */
static struct registry_result key_row_failure(const struct cursor *cursor, const char *wrong)
{
    sqlite3_stmt *row = cursor->statement.handle;
    const void *data = sqlite3_column_blob(row, 0);
    size_t len = data == NULL ? 0 : (size_t)sqlite3_column_bytes(row, 0);
    char text[UUID_TEXT_BYTES];
    if (len == KEY_ID_BYTES) {
        uuid_format(data, text);
    } else {
        hex_encode(view_of(data, len < KEY_ID_BYTES ? len : KEY_ID_BYTES), text);
    }
    return row_failure(cursor->table, view_of_string(text), wrong);
}

/* ------------------------------------------------------------------ stepping */

static struct registry_result cursor_next(struct cursor *cursor)
{
    return sqlite_statement_step(&cursor->statement, &cursor->row);
}

static struct registry_result cursor_open(sqlite3 *db, const char *table, const char *sql, const uint8_t *key_id,
                                          struct cursor *cursor)
{
    cursor->table = table;
    struct registry_result result = sqlite_statement_prepare(db, sql, &cursor->statement);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    if (key_id != NULL && !sqlite_bind_bytes(cursor->statement.handle, 1, view_of(key_id, KEY_ID_BYTES))) {
        return sqlite_failure(db, "cannot bind");
    }
    return cursor_next(cursor);
}

/* All keys, or the one of that id. */
static struct registry_result key_cursor_open(sqlite3 *db, const uint8_t *key_id, struct key_cursor *cursor)
{
    const bool all = key_id == NULL;
    struct registry_result result =
        cursor_open(db, "keys", all ? KEYS "ORDER BY key_id" : KEYS OF_KEY, key_id, &cursor->keys);
    if (result.code == REGISTRY_OK) {
        result = cursor_open(db, "materials",
                             all ? MATERIALS "ORDER BY key_id, version" : MATERIALS OF_KEY "ORDER BY version", key_id,
                             &cursor->materials);
    }
    if (result.code == REGISTRY_OK) {
        result = cursor_open(db, "tags", all ? TAGS "ORDER BY key_id, tag_key" : TAGS OF_KEY "ORDER BY tag_key", key_id,
                             &cursor->tags);
    }
    return result;
}

static void key_cursor_clear(struct key_cursor *cursor)
{
    sqlite_statement_clear(&cursor->keys.statement);
    sqlite_statement_clear(&cursor->materials.statement);
    sqlite_statement_clear(&cursor->tags.statement);
}

/* ------------------------------------------------------------------ rows of a key */

static const char *read_key_texts(sqlite3_stmt *row, struct view texts[3])
{
    for (int i = 0; i < 3; i++) {
        if (!sqlite_column_string(row, 1 + i, &texts[i])) {
            return "account, token or description is not a text";
        }
    }
    const char *wrong = check_account(texts[0]);
    if (wrong == NULL) {
        wrong = check_token_name(texts[1]);
    }
    return wrong != NULL ? wrong : check_description(texts[2]);
}

static const char *read_key_numbers(sqlite3_stmt *row, struct registry_key *key)
{
    int64_t numbers[5];
    for (int i = 0; i < 5; i++) {
        if (!sqlite_column_number(row, 4 + i, &numbers[i])) {
            return "spec, usage, state, boundary or time is not a number";
        }
        if (i < 4 && (numbers[i] < 1 || numbers[i] > UINT8_MAX)) {
            return "spec, usage, state or boundary is out of range";
        }
    }
    key->spec = (enum key_spec)numbers[0];
    key->usage = (enum key_usage)numbers[1];
    key->state = (enum key_state)numbers[2];
    key->boundary = (enum key_boundary)numbers[3];
    key->created_ms = numbers[4];
    return NULL;
}

static struct registry_result read_key_row(struct cursor *cursor, struct key_entry **ret)
{
    sqlite3_stmt *row = cursor->statement.handle;
    const uint8_t *key_id;
    if (!sqlite_column_bytes_of(row, 0, KEY_ID_BYTES, &key_id)) {
        return key_row_failure(cursor, "key id is not 16 bytes");
    }
    struct view texts[3];
    const char *wrong = read_key_texts(row, texts);
    if (wrong != NULL) {
        return key_row_failure(cursor, wrong);
    }
    struct key_entry *entry = key_entry_new(key_id, texts[0], texts[1], texts[2]);
    if (entry == NULL) {
        return registry_no_memory();
    }
    wrong = read_key_numbers(row, &entry->key);
    if (wrong != NULL) {
        key_entry_free(entry);
        return key_row_failure(cursor, wrong);
    }
    *ret = entry;
    return registry_ok();
}

/* Whether the cursor stands on a row of that key. A row of a smaller key has no key at all: nobody will come for it. */
static struct registry_result belongs(const struct cursor *cursor, const struct registry_key *key, bool *ret)
{
    *ret = false;
    if (!cursor->row) {
        return registry_ok();
    }
    const uint8_t *key_id;
    if (!sqlite_column_bytes_of(cursor->statement.handle, 0, KEY_ID_BYTES, &key_id)) {
        return key_row_failure(cursor, "key id is not 16 bytes");
    }
    int order = memcmp(key_id, key->key_id, KEY_ID_BYTES);
    if (order < 0) {
        return key_row_failure(cursor, "there is no such key");
    }
    *ret = order == 0;
    return registry_ok();
}

static struct registry_result read_material_row(const struct cursor *cursor, struct key_entry *entry)
{
    sqlite3_stmt *row = cursor->statement.handle;
    int64_t version;
    const uint8_t *id;
    struct registry_material material;
    if (!sqlite_column_number(row, 1, &version) || version != (int64_t)entry->key.n_materials + 1) {
        return key_row_failure(cursor, "versions do not count from 1");
    }
    if (!sqlite_column_bytes_of(row, 2, MATERIAL_ID_BYTES, &id)) {
        return key_row_failure(cursor, "material id is not 32 bytes");
    }
    if (!sqlite_column_number(row, 3, &material.created_ms) || check_time(material.created_ms) != NULL) {
        return key_row_failure(cursor, "time is out of range");
    }
    if (entry->key.n_materials == KEY_MAX_MATERIALS) {
        return key_row_failure(cursor, "key has too many materials");
    }
    memcpy(material.id, id, MATERIAL_ID_BYTES);
    return key_entry_add_material(entry, &material) ? registry_ok() : registry_no_memory();
}

static struct registry_result read_tag_row(const struct cursor *cursor, struct key_entry *entry)
{
    sqlite3_stmt *row = cursor->statement.handle;
    struct view key;
    struct view value;
    if (!sqlite_column_string(row, 1, &key) || !sqlite_column_string(row, 2, &value)) {
        return key_row_failure(cursor, "tag key or value is not a text");
    }
    const char *wrong = check_tag(key, value);
    if (wrong != NULL) {
        return key_row_failure(cursor, wrong);
    }
    if (entry->key.n_tags == KEY_MAX_TAGS) {
        return key_row_failure(cursor, "key has too many tags");
    }
    return key_entry_add_tag(entry, key, value) ? registry_ok() : registry_no_memory();
}

typedef struct registry_result (*part_fn)(const struct cursor *cursor, struct key_entry *entry);

static struct registry_result read_parts(struct cursor *cursor, part_fn read, struct key_entry *entry)
{
    for (;;) {
        bool mine;
        struct registry_result result = belongs(cursor, &entry->key, &mine);
        if (result.code != REGISTRY_OK || !mine) {
            return result;
        }
        result = read(cursor, entry);
        if (result.code == REGISTRY_OK) {
            result = cursor_next(cursor);
        }
        if (result.code != REGISTRY_OK) {
            return result;
        }
    }
}

/* The whole key on which the cursor stands. Moves on. */
static struct registry_result read_key(struct key_cursor *cursor, struct key_entry **ret)
{
    struct key_entry *entry;
    struct registry_result result = read_key_row(&cursor->keys, &entry);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    result = read_parts(&cursor->materials, read_material_row, entry);
    if (result.code == REGISTRY_OK) {
        result = read_parts(&cursor->tags, read_tag_row, entry);
    }
    const char *wrong = result.code == REGISTRY_OK ? check_key(&entry->key) : NULL;
    if (wrong != NULL) {
        result = key_row_failure(&cursor->keys, wrong);
    }
    if (result.code == REGISTRY_OK) {
        result = cursor_next(&cursor->keys);
    }
    if (result.code != REGISTRY_OK) {
        key_entry_free(entry);
        return result;
    }
    *ret = entry;
    return result;
}

/* ------------------------------------------------------------------ rows of aliases */

static struct registry_result read_alias_row(sqlite3_stmt *row, struct alias_entry **ret)
{
    struct view account;
    struct view name;
    const uint8_t *key_id;
    int64_t created_ms;
    int64_t updated_ms;
    if (!sqlite_column_string(row, 0, &account) || !sqlite_column_string(row, 1, &name)) {
        return row_failure("aliases", view_of(NULL, 0), "account or name is not a text");
    }
    if (!sqlite_column_bytes_of(row, 2, KEY_ID_BYTES, &key_id)) {
        return row_failure("aliases", name, "key id is not 16 bytes");
    }
    if (!sqlite_column_number(row, 3, &created_ms) || !sqlite_column_number(row, 4, &updated_ms)) {
        return row_failure("aliases", name, "time is not a number");
    }
    const char *wrong = check_account(account);
    if (wrong == NULL) {
        wrong = check_alias_name(name);
    }
    if (wrong != NULL) {
        return row_failure("aliases", name, wrong);
    }
    struct alias_entry *entry = alias_entry_new(account, name, key_id);
    if (entry == NULL) {
        return registry_no_memory();
    }
    entry->alias.created_ms = created_ms;
    entry->alias.updated_ms = updated_ms;
    wrong = check_alias(&entry->alias);
    if (wrong != NULL) {
        alias_entry_free(entry);
        return row_failure("aliases", name, wrong);
    }
    *ret = entry;
    return registry_ok();
}

/* ------------------------------------------------------------------ everything, or one */

static struct registry_result load_keys(sqlite3 *db, const struct store_visitor *visitor, void *arg)
{
    struct key_cursor cursor = {0};
    struct registry_result result = key_cursor_open(db, NULL, &cursor);
    while (result.code == REGISTRY_OK && cursor.keys.row) {
        struct key_entry *entry;
        result = read_key(&cursor, &entry);
        if (result.code == REGISTRY_OK) {
            result = visitor->key(arg, entry);
            if (result.code != REGISTRY_OK) {
                key_entry_free(entry);
            }
        }
    }
    if (result.code == REGISTRY_OK && cursor.materials.row) {
        result = key_row_failure(&cursor.materials, "there is no such key");
    }
    if (result.code == REGISTRY_OK && cursor.tags.row) {
        result = key_row_failure(&cursor.tags, "there is no such key");
    }
    key_cursor_clear(&cursor);
    return result;
}

static struct registry_result load_aliases(sqlite3 *db, const struct store_visitor *visitor, void *arg)
{
    struct cursor cursor = {0};
    struct registry_result result = cursor_open(db, "aliases", ALIASES "ORDER BY account, name", NULL, &cursor);
    while (result.code == REGISTRY_OK && cursor.row) {
        struct alias_entry *entry;
        result = read_alias_row(cursor.statement.handle, &entry);
        if (result.code != REGISTRY_OK) {
            break;
        }
        result = visitor->alias(arg, entry);
        if (result.code != REGISTRY_OK) {
            alias_entry_free(entry);
            break;
        }
        result = cursor_next(&cursor);
    }
    sqlite_statement_clear(&cursor.statement);
    return result;
}

struct registry_result sqlite_rows_load(sqlite3 *db, const struct store_visitor *visitor, void *arg)
{
    struct registry_result result = load_keys(db, visitor, arg);
    return result.code == REGISTRY_OK ? load_aliases(db, visitor, arg) : result;
}

struct registry_result sqlite_rows_key(sqlite3 *db, const uint8_t key_id[KEY_ID_BYTES], struct key_entry **ret)
{
    struct key_cursor cursor = {0};
    struct key_entry *entry = NULL;
    struct registry_result result = key_cursor_open(db, key_id, &cursor);
    if (result.code == REGISTRY_OK && cursor.keys.row) {
        result = read_key(&cursor, &entry);
    }
    key_cursor_clear(&cursor);
    if (result.code == REGISTRY_OK) {
        *ret = entry;
    }
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
        result = read_alias_row(statement.handle, &entry);
    }
    sqlite_statement_clear(&statement);
    if (result.code == REGISTRY_OK) {
        *ret = entry;
    }
    return result;
}
