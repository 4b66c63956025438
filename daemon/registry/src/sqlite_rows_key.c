/* Reading keys; see sqlite_rows.h. Keys, materials and tags are read side by side, each in order of the key id. */
#include "sqlite_rows.h"

#include "base/hex.h"
#include "check.h"
#include "sqlite_cursor.h"

struct key_cursor {
    struct sqlite_cursor keys;
    struct sqlite_cursor materials;
    struct sqlite_cursor tags;
};

#define KEYS                                                                                                           \
    "SELECT key_id, account, token, description, spec, usage, state, boundary, created_ms, deletion_ms,"               \
    " rotation_days, next_rotation_ms, revision, policy_ms, policy FROM keys "
#define MATERIALS "SELECT key_id, version, material_id, created_ms, origin FROM materials "
#define TAGS      "SELECT key_id, tag_key, tag_value FROM tags "
#define OF_KEY    "WHERE key_id = ?1 "

enum { KEY_NUMBERS = 10, KEY_FIRST_NUMBER = 4, KEY_POLICY = 14 }; /* columns of KEYS */

/* Names the row by the first column, which is the key id or whatever stands in its place. */
static struct registry_result key_row_failure(const struct sqlite_cursor *cursor, const char *wrong)
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
    return sqlite_row_failure(cursor->table, view_of_string(text), wrong);
}

/* All keys, or the one of that id. */
static struct registry_result key_cursor_open(sqlite3 *db, const uint8_t *key_id, struct key_cursor *cursor)
{
    const bool all = key_id == NULL;
    const struct view id = view_of(key_id, all ? 0 : KEY_ID_BYTES);
    struct registry_result result =
        sqlite_cursor_open(db, "keys", all ? KEYS "ORDER BY key_id" : KEYS OF_KEY, id, &cursor->keys);
    if (result.code == REGISTRY_OK) {
        result = sqlite_cursor_open(db, "materials",
                                    all ? MATERIALS "ORDER BY key_id, version" : MATERIALS OF_KEY "ORDER BY version",
                                    id, &cursor->materials);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_cursor_open(db, "tags", all ? TAGS "ORDER BY key_id, tag_key" : TAGS OF_KEY "ORDER BY tag_key",
                                    id, &cursor->tags);
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
    int64_t numbers[KEY_NUMBERS];
    for (int i = 0; i < KEY_NUMBERS; i++) {
        if (!sqlite_column_number(row, KEY_FIRST_NUMBER + i, &numbers[i])) {
            return "spec, usage, state, boundary, a time, the rotation period or the revision is not a number";
        }
        if (i < 4 && (numbers[i] < 1 || numbers[i] > UINT8_MAX)) {
            return "spec, usage, state or boundary is out of range";
        }
    }
    if (numbers[6] < 0 || numbers[6] > ROTATION_DAYS_MAX) {
        return "rotation period is out of range";
    }
    if (numbers[8] < 1) {
        return "revision is out of range";
    }
    key->spec = (enum key_spec)numbers[0];
    key->usage = (enum key_usage)numbers[1];
    key->state = (enum key_state)numbers[2];
    key->boundary = (enum key_boundary)numbers[3];
    key->created_ms = numbers[4];
    key->deletion_ms = numbers[5];
    key->rotation_days = (unsigned)numbers[6];
    key->next_rotation_ms = numbers[7];
    key->revision = (uint64_t)numbers[8];
    key->policy_ms = numbers[9];
    return NULL;
}

/* NULL is the default one. */
static struct registry_result read_key_policy(const struct sqlite_cursor *cursor, struct key_entry *entry)
{
    sqlite3_stmt *row = cursor->statement.handle;
    struct view policy;
    if (sqlite3_column_type(row, KEY_POLICY) == SQLITE_NULL) {
        return registry_ok();
    }
    if (!sqlite_column_string(row, KEY_POLICY, &policy)) {
        return key_row_failure(cursor, "policy is not a text");
    }
    const char *wrong = check_policy_text(policy, POLICY_DOCUMENT_MAX_BYTES);
    if (wrong != NULL) {
        return key_row_failure(cursor, wrong);
    }
    return key_entry_set_policy(entry, policy) ? registry_ok() : registry_no_memory();
}

/* The row as an entry without its parts, or NULL and *ret_why. */
static struct key_entry *read_key_row(struct sqlite_cursor *cursor, struct registry_result *ret_why)
{
    sqlite3_stmt *row = cursor->statement.handle;
    const uint8_t *key_id;
    if (!sqlite_column_bytes_of(row, 0, KEY_ID_BYTES, &key_id)) {
        *ret_why = key_row_failure(cursor, "key id is not 16 bytes");
        return NULL;
    }
    struct view texts[3];
    const char *wrong = read_key_texts(row, texts);
    if (wrong != NULL) {
        *ret_why = key_row_failure(cursor, wrong);
        return NULL;
    }
    struct key_entry *entry = key_entry_new(key_id, texts[0], texts[1], texts[2]);
    if (entry == NULL) {
        *ret_why = registry_no_memory();
        return NULL;
    }
    wrong = read_key_numbers(row, &entry->key);
    if (wrong != NULL) {
        key_entry_free(entry);
        *ret_why = key_row_failure(cursor, wrong);
        return NULL;
    }
    return entry;
}

/* Whether the cursor stands on a row of that key. A row of a smaller key has no key at all: nobody will come for it. */
static struct registry_result belongs(const struct sqlite_cursor *cursor, const struct registry_key *key, bool *ret)
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

static struct registry_result read_material_row(const struct sqlite_cursor *cursor, struct key_entry *entry)
{
    sqlite3_stmt *row = cursor->statement.handle;
    int64_t version;
    int64_t origin;
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
    if (!sqlite_column_number(row, 4, &origin) || origin < MATERIAL_FIRST || origin > MATERIAL_ROTATED_ON_DEMAND) {
        return key_row_failure(cursor, "origin is unknown");
    }
    if (entry->key.n_materials == KEY_MAX_MATERIALS) {
        return key_row_failure(cursor, "key has too many materials");
    }
    material.origin = (enum material_origin)origin;
    memcpy(material.id, id, MATERIAL_ID_BYTES);
    return key_entry_add_material(entry, &material) ? registry_ok() : registry_no_memory();
}

static struct registry_result read_tag_row(const struct sqlite_cursor *cursor, struct key_entry *entry)
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

static struct registry_result
read_parts(struct sqlite_cursor *cursor,
           struct registry_result (*read)(const struct sqlite_cursor *, struct key_entry *), struct key_entry *entry)
{
    for (;;) {
        bool mine;
        struct registry_result result = belongs(cursor, &entry->key, &mine);
        if (result.code != REGISTRY_OK || !mine) {
            return result;
        }
        result = read(cursor, entry);
        if (result.code == REGISTRY_OK) {
            result = sqlite_cursor_next(cursor);
        }
        if (result.code != REGISTRY_OK) {
            return result;
        }
    }
}

/* The whole key on which the cursor stands, or NULL and *ret_why. Moves on. */
static struct key_entry *read_key(struct key_cursor *cursor, struct registry_result *ret_why)
{
    struct key_entry *entry = read_key_row(&cursor->keys, ret_why);
    if (entry == NULL) {
        return NULL;
    }
    struct registry_result result = read_key_policy(&cursor->keys, entry);
    if (result.code == REGISTRY_OK) {
        result = read_parts(&cursor->materials, read_material_row, entry);
    }
    if (result.code == REGISTRY_OK) {
        result = read_parts(&cursor->tags, read_tag_row, entry);
    }
    const char *wrong = result.code == REGISTRY_OK ? check_key(&entry->key) : NULL;
    if (wrong != NULL) {
        result = key_row_failure(&cursor->keys, wrong);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_cursor_next(&cursor->keys);
    }
    if (result.code != REGISTRY_OK) {
        key_entry_free(entry);
        *ret_why = result;
        return NULL;
    }
    return entry;
}

/* ------------------------------------------------------------------ all, or one */

struct registry_result sqlite_rows_keys(sqlite3 *db, const struct store_visitor *visitor, void *arg)
{
    struct key_cursor cursor = {0};
    struct registry_result result = key_cursor_open(db, NULL, &cursor);
    while (result.code == REGISTRY_OK && cursor.keys.row) {
        struct key_entry *entry = read_key(&cursor, &result);
        if (entry == NULL) {
            break;
        }
        result = visitor->key(arg, entry);
        if (result.code != REGISTRY_OK) {
            key_entry_free(entry);
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

struct registry_result sqlite_rows_key(sqlite3 *db, const uint8_t key_id[KEY_ID_BYTES], struct key_entry **ret)
{
    struct key_cursor cursor = {0};
    struct key_entry *entry = NULL;
    struct registry_result result = key_cursor_open(db, key_id, &cursor);
    if (result.code == REGISTRY_OK && cursor.keys.row) {
        entry = read_key(&cursor, &result);
    }
    key_cursor_clear(&cursor);
    if (result.code == REGISTRY_OK) {
        *ret = entry;
    }
    return result;
}
