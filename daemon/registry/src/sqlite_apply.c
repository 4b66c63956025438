/* Changes as SQL; see sqlite_apply.h. */
#include "sqlite_apply_changes.h"

static const char insert_key[] =
    "INSERT INTO keys (key_id, description, state, deletion_ms, rotation_days, next_rotation_ms, policy_ms, policy,"
    " account, token, spec, usage, boundary, created_ms, revision)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

static const char update_key[] =
    "UPDATE keys SET description = ?2, state = ?3, deletion_ms = ?4, rotation_days = ?5, next_rotation_ms = ?6,"
    " policy_ms = ?7, policy = ?8, revision = revision + 1 WHERE key_id = ?1";

static const char key_seen[] =
    "SELECT revision, (SELECT count(*) FROM materials WHERE key_id = ?1) FROM keys WHERE key_id = ?1";

static const char retire[] = "INSERT INTO retired (material_id, key_id, account, token, spec, boundary, retired_ms)"
                             " SELECT material_id, key_id, account, token, spec, boundary, ?2"
                             " FROM keys JOIN materials USING (key_id) WHERE key_id = ?1";

static const char remove_aliases[] =
    "DELETE FROM aliases WHERE account = (SELECT account FROM keys WHERE key_id = ?1) AND key_id = ?1";

static const char insert_principal[] =
    "INSERT INTO principals (unique_id, account, kind, name, path, created_ms, revision)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

static const char depart[] = "INSERT INTO departures (account, kind, name, unique_id, departed_ms)"
                             " SELECT account, kind, name, unique_id, ?2 FROM principals WHERE unique_id = ?1"
                             " ON CONFLICT DO UPDATE SET departed_ms = max(departed_ms, excluded.departed_ms)";

/* Of the name of ?1: who departed from it before the last ?2 becomes one row without an id, at the time of the last of
 * them. */
#define OF_THAT_NAME "(account, kind, name) = (SELECT account, kind, name FROM principals WHERE unique_id = ?1)"
static const char forget[] = "INSERT INTO departures (account, kind, name, unique_id, departed_ms)"
                             " SELECT account, kind, name, '', departed_ms FROM departures WHERE " OF_THAT_NAME
                             " ORDER BY departed_ms DESC LIMIT 1 OFFSET ?2"
                             " ON CONFLICT DO UPDATE SET departed_ms = max(departed_ms, excluded.departed_ms)";
static const char forgotten[] = "DELETE FROM departures WHERE " OF_THAT_NAME " AND unique_id <> '' AND departed_ms <="
                                " (SELECT departed_ms FROM departures WHERE " OF_THAT_NAME " AND unique_id = '')";

static const char insert_access_key[] =
    "INSERT INTO access_keys (unique_id, access_key_id, secret, status, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)";

static const char insert_material[] =
    "INSERT INTO materials (key_id, version, material_id, created_ms, origin) VALUES (?1, ?2, ?3, ?4, ?5)";

static const char insert_grant[] =
    "INSERT INTO grants (key_id, grant_id, created_ms, name, grantee, grantee_is_service, retiring,"
    " retiring_is_service, issuing_account, operations, equals, subset, source_arn)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

static const char *const texts[APPLY_STATEMENTS] = {
    [APPLY_SAVE] = "SAVEPOINT change",
    [APPLY_RELEASE] = "RELEASE change",
    [APPLY_UNDO] = "ROLLBACK TO change",
    [APPLY_KEY] = insert_key,
    [APPLY_MATERIAL] = insert_material,
    [APPLY_TAG] = "INSERT INTO tags (key_id, tag_key, tag_value) VALUES (?1, ?2, ?3)",
    [APPLY_ALIAS] = "INSERT INTO aliases (account, name, key_id, created_ms, updated_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    [APPLY_RETARGET] = "UPDATE aliases SET key_id = ?3, updated_ms = ?4 WHERE account = ?1 AND name = ?2",
    [APPLY_REMOVE] = "DELETE FROM aliases WHERE account = ?1 AND name = ?2",
    [APPLY_KEY_SEEN] = key_seen,
    [APPLY_KEY_UPDATE] = update_key,
    [APPLY_RETIRE] = retire,
    [APPLY_KEY_TAGS_OUT] = "DELETE FROM tags WHERE key_id = ?1",
    [APPLY_KEY_ALIASES_OUT] = remove_aliases,
    [APPLY_KEY_MATERIALS_OUT] = "DELETE FROM materials WHERE key_id = ?1",
    [APPLY_KEY_OUT] = "DELETE FROM keys WHERE key_id = ?1",
    [APPLY_RETIRED_KNOWN] = "SELECT 1 FROM retired WHERE material_id = ?1",
    [APPLY_RETIRED_OUT] = "DELETE FROM retired WHERE material_id = ?1",
    [APPLY_KEY_GRANTS_OUT] = "DELETE FROM grants WHERE key_id = ?1",
    [APPLY_PRINCIPAL] = insert_principal,
    [APPLY_PRINCIPAL_SEEN] = "SELECT revision FROM principals WHERE unique_id = ?1",
    [APPLY_PRINCIPAL_UPDATE] = "UPDATE principals SET revision = revision + 1 WHERE unique_id = ?1",
    [APPLY_PRINCIPAL_POLICY] = "INSERT INTO identity_policies (unique_id, name, policy) VALUES (?1, ?2, ?3)",
    [APPLY_PRINCIPAL_ACCESS_KEY] = insert_access_key,
    [APPLY_PRINCIPAL_POLICIES_OUT] = "DELETE FROM identity_policies WHERE unique_id = ?1",
    [APPLY_PRINCIPAL_ACCESS_KEYS_OUT] = "DELETE FROM access_keys WHERE unique_id = ?1",
    [APPLY_PRINCIPAL_DEPARTS] = depart,
    [APPLY_DEPARTURES_FORGET] = forget,
    [APPLY_DEPARTURES_FORGOTTEN] = forgotten,
    [APPLY_PRINCIPAL_OUT] = "DELETE FROM principals WHERE unique_id = ?1",
    [APPLY_GRANT] = insert_grant,
    [APPLY_GRANT_OUT] = "DELETE FROM grants WHERE key_id = ?1 AND grant_id = ?2",
};

struct registry_result sqlite_apply_init(struct sqlite_apply *apply, sqlite3 *db)
{
    *apply = (struct sqlite_apply){.db = db};
    for (size_t i = 0; i < APPLY_STATEMENTS; i++) {
        struct registry_result result = sqlite_statement_prepare(db, texts[i], &apply->statements[i]);
        if (result.code != REGISTRY_OK) {
            sqlite_apply_clear(apply);
            return result;
        }
    }
    return registry_ok();
}

void sqlite_apply_clear(struct sqlite_apply *apply)
{
    for (size_t i = 0; i < APPLY_STATEMENTS; i++) {
        sqlite_statement_clear(&apply->statements[i]);
    }
}

sqlite3_stmt *sqlite_apply_handle(struct sqlite_apply *apply, enum sqlite_apply_statement which)
{
    return apply->statements[which].handle;
}

/* What a refused row means to the asker. Rules were checked before, so a broken CHECK is our bug: said, and nothing
 * else is held up. */
static struct registry_result refusal(sqlite3 *db)
{
    switch (sqlite3_extended_errcode(db)) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
        return registry_failure(REGISTRY_EXISTS, "is there already");
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return registry_failure(REGISTRY_NOT_FOUND, "there is no such key in this account");
    default:
        return sqlite_failure(db, "refused");
    }
}

static void make_ready(sqlite3_stmt *handle)
{
    rewrap_ignore(sqlite3_reset(handle), "repeats the error of the step");
    rewrap_ignore(sqlite3_clear_bindings(handle), "cannot fail");
}

struct registry_result sqlite_apply_run(struct sqlite_apply *apply, enum sqlite_apply_statement which, bool bound,
                                        struct registry_result *ret_answer)
{
    sqlite3_stmt *handle = sqlite_apply_handle(apply, which);
    struct registry_result result = registry_ok();
    if (!bound) {
        result = sqlite_failure(apply->db, "cannot bind");
    } else if (sqlite3_step(handle) != SQLITE_DONE) {
        if (sqlite3_errcode(apply->db) % 256 == SQLITE_CONSTRAINT) {
            *ret_answer = refusal(apply->db);
        } else {
            result = sqlite_failure(apply->db, "not written");
        }
    }
    make_ready(handle);
    return result;
}

struct registry_result sqlite_apply_run_on_row(struct sqlite_apply *apply, enum sqlite_apply_statement which,
                                               bool bound, const char *none, struct registry_result *ret_answer)
{
    struct registry_result result = sqlite_apply_run(apply, which, bound, ret_answer);
    if (result.code == REGISTRY_OK && ret_answer->code == REGISTRY_OK && sqlite3_changes(apply->db) == 0) {
        *ret_answer = registry_failure(REGISTRY_NOT_FOUND, "%s", none);
    }
    return result;
}

struct registry_result sqlite_apply_look(struct sqlite_apply *apply, enum sqlite_apply_statement which, bool bound,
                                         size_t n, int64_t *ret_numbers, bool *ret_row)
{
    struct registry_result result = bound ? registry_ok() : sqlite_failure(apply->db, "cannot bind");
    if (result.code == REGISTRY_OK) {
        result = sqlite_statement_step(&apply->statements[which], ret_row);
    }
    sqlite3_stmt *handle = sqlite_apply_handle(apply, which);
    for (size_t i = 0; result.code == REGISTRY_OK && *ret_row && i < n; i++) {
        ret_numbers[i] = sqlite3_column_int64(handle, (int)i);
    }
    make_ready(handle);
    return result;
}

struct registry_result sqlite_apply_change(struct sqlite_apply *apply, const struct wire_frame *change,
                                           struct registry_result *ret_answer)
{
    static struct registry_result (*const changes[])(struct sqlite_apply *, const struct wire_frame *,
                                                     struct registry_result *) = {
        [WIRE_KEY_ADD] = sqlite_apply_key_add,
        [WIRE_KEY_REPLACE] = sqlite_apply_key_replace,
        [WIRE_KEY_REMOVE] = sqlite_apply_key_remove,
        [WIRE_RETIRED_REMOVE] = sqlite_apply_retired_remove,
        [WIRE_ALIAS_ADD] = sqlite_apply_alias_add,
        [WIRE_ALIAS_RETARGET] = sqlite_apply_alias_retarget,
        [WIRE_ALIAS_REMOVE] = sqlite_apply_alias_remove,
        [WIRE_PRINCIPAL_ADD] = sqlite_apply_principal_add,
        [WIRE_PRINCIPAL_REPLACE] = sqlite_apply_principal_replace,
        [WIRE_PRINCIPAL_REMOVE] = sqlite_apply_principal_remove,
        [WIRE_GRANT_ADD] = sqlite_apply_grant_add,
        [WIRE_GRANT_REMOVE] = sqlite_apply_grant_remove,
    };
    struct registry_result answer = registry_ok();
    struct registry_result result = sqlite_apply_run(apply, APPLY_SAVE, true, &answer);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    result = changes[change->kind](apply, change, &answer);
    if (result.code == REGISTRY_OK && answer.code != REGISTRY_OK) {
        result = sqlite_apply_run(apply, APPLY_UNDO, true, &answer);
    }
    if (result.code == REGISTRY_OK) {
        result = sqlite_apply_run(apply, APPLY_RELEASE, true, &answer);
    }
    if (result.code == REGISTRY_OK) {
        *ret_answer = answer;
    }
    return result;
}
