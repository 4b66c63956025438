/* Reading grants; see sqlite_rows.h. */
#include "sqlite_rows.h"

#include "base/hex.h"
#include "check.h"
#include "pairs.h"
#include "sqlite_cursor.h"

#define GRANTS                                                                                                         \
    "SELECT key_id, grant_id, created_ms, operations, grantee_is_service, retiring_is_service, name, grantee,"         \
    " retiring, issuing_account, source_arn, equals, subset FROM grants "

enum { FIRST_NUMBER = 2, NUMBERS = 4, FIRST_TEXT = 6, TEXTS = 5, EQUALS = 11, SUBSET = 12 }; /* columns of GRANTS */

/* A grant that borrows from the row it was read from. */
struct grant_row {
    struct registry_grant grant;
    struct policy_pair equals[POLICY_GRANT_PAIRS_MAX];
    struct policy_pair subset[POLICY_GRANT_PAIRS_MAX];
};

static struct registry_result row_failure(sqlite3_stmt *row, const char *wrong)
{
    const uint8_t *id;
    char text[2 * GRANT_ID_BYTES + 1] = "";
    if (sqlite_column_bytes_of(row, 1, GRANT_ID_BYTES, &id)) {
        hex_encode(view_of(id, GRANT_ID_BYTES), text);
    }
    return sqlite_row_failure("grants", view_of_string(text), wrong);
}

static const char *read_numbers(sqlite3_stmt *row, struct registry_grant *grant)
{
    int64_t numbers[NUMBERS];
    for (int i = 0; i < NUMBERS; i++) {
        if (!sqlite_column_number(row, FIRST_NUMBER + i, &numbers[i])) {
            return "time, operations or kind of a principal is not a number";
        }
    }
    if (numbers[1] < 0 || numbers[1] > UINT32_MAX || (uint64_t)numbers[2] > 1 || (uint64_t)numbers[3] > 1) {
        return "operations or kind of a principal is out of range";
    }
    grant->created_ms = numbers[0];
    grant->grant.operations = (uint32_t)numbers[1];
    grant->grantee_is_service = numbers[2] != 0;
    grant->retiring_is_service = numbers[3] != 0;
    return NULL;
}

static const char *read_texts(sqlite3_stmt *row, struct policy_grant *terms)
{
    struct view *const texts[TEXTS] = {&terms->name, &terms->grantee, &terms->retiring, &terms->issuing_account,
                                       &terms->constraints.source_arn};
    for (int i = 0; i < TEXTS; i++) {
        if (!sqlite_column_string(row, FIRST_TEXT + i, texts[i])) {
            return "name, principal, account or source ARN is not a text";
        }
    }
    return NULL;
}

/* NULL is a constraint that was not given. */
static const char *read_pairs(sqlite3_stmt *row, int column, struct policy_pair *pairs, bool *ret_given, size_t *ret_n)
{
    if (sqlite3_column_type(row, column) == SQLITE_NULL) {
        return NULL;
    }
    if (sqlite3_column_type(row, column) != SQLITE_BLOB) {
        return "constraint is not bytes";
    }
    const void *data = sqlite3_column_blob(row, column);
    struct reader reader = reader_of(view_of(data, data == NULL ? 0 : (size_t)sqlite3_column_bytes(row, column)));
    if (!pairs_read(&reader, pairs, ret_n) || !reader_finished(&reader)) {
        return "constraint is no list of pairs";
    }
    *ret_given = true;
    return NULL;
}

static const char *read_row(sqlite3_stmt *row, struct grant_row *ret)
{
    const uint8_t *key_id;
    const uint8_t *id;
    struct registry_grant *grant = &ret->grant;
    struct policy_grant_constraints *constraints = &grant->grant.constraints;
    *grant = (struct registry_grant){0};
    constraints->equals = ret->equals;
    constraints->subset = ret->subset;
    if (!sqlite_column_bytes_of(row, 0, KEY_ID_BYTES, &key_id)) {
        return "key id is not 16 bytes";
    }
    if (!sqlite_column_bytes_of(row, 1, GRANT_ID_BYTES, &id)) {
        return "grant id is not 32 bytes";
    }
    memcpy(grant->key_id, key_id, KEY_ID_BYTES);
    memcpy(grant->id, id, GRANT_ID_BYTES);
    const char *wrong = read_numbers(row, grant);
    if (wrong == NULL) {
        wrong = read_texts(row, &grant->grant);
    }
    if (wrong == NULL) {
        wrong = read_pairs(row, EQUALS, ret->equals, &constraints->has_equals, &constraints->equals_count);
    }
    if (wrong == NULL) {
        wrong = read_pairs(row, SUBSET, ret->subset, &constraints->has_subset, &constraints->subset_count);
    }
    return wrong != NULL ? wrong : check_grant(grant);
}

struct registry_result sqlite_rows_grants(sqlite3 *db, const struct store_visitor *visitor, void *arg)
{
    struct sqlite_cursor cursor = {0};
    struct registry_result result =
        sqlite_cursor_open(db, "grants", GRANTS "ORDER BY key_id, grant_id", view_of(NULL, 0), &cursor);
    while (result.code == REGISTRY_OK && cursor.row) {
        struct grant_row row;
        const char *wrong = read_row(cursor.statement.handle, &row);
        result = wrong != NULL ? row_failure(cursor.statement.handle, wrong) : visitor->grant(arg, &row.grant);
        if (result.code == REGISTRY_OK) {
            result = sqlite_cursor_next(&cursor);
        }
    }
    sqlite_statement_clear(&cursor.statement);
    return result;
}

struct registry_result sqlite_rows_grant(sqlite3 *db, const struct grant_place *place, struct grant_entry **ret)
{
    struct sqlite_cursor cursor = {0};
    struct grant_entry *entry = NULL;
    struct registry_result result =
        sqlite_statement_prepare(db, GRANTS "WHERE key_id = ?1 AND grant_id = ?2", &cursor.statement);
    if (result.code == REGISTRY_OK &&
        (!sqlite_bind_bytes(cursor.statement.handle, 1, view_of(place->key_id, KEY_ID_BYTES)) ||
         !sqlite_bind_bytes(cursor.statement.handle, 2, view_of(place->id, GRANT_ID_BYTES)))) {
        result = sqlite_failure(db, "cannot bind");
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_cursor_next(&cursor);
    }
    if (result.code == REGISTRY_OK && cursor.row) {
        struct grant_row row;
        const char *wrong = read_row(cursor.statement.handle, &row);
        if (wrong != NULL) {
            result = row_failure(cursor.statement.handle, wrong);
        } else {
            entry = grant_entry_copy(&row.grant, NULL);
            result = entry == NULL ? registry_no_memory() : result;
        }
    }
    sqlite_statement_clear(&cursor.statement);
    if (result.code == REGISTRY_OK) {
        *ret = entry;
    }
    return result;
}
