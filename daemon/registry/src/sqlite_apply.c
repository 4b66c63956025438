/* Changes as SQL; see sqlite_apply.h. */
#include "sqlite_apply.h"

static const char insert_key[] =
    "INSERT INTO keys (key_id, account, token, description, spec, usage, state, boundary, created_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

static const char *const texts[APPLY_STATEMENTS] = {
    [APPLY_SAVE] = "SAVEPOINT change",
    [APPLY_RELEASE] = "RELEASE change",
    [APPLY_UNDO] = "ROLLBACK TO change",
    [APPLY_KEY] = insert_key,
    [APPLY_MATERIAL] = "INSERT INTO materials (key_id, version, material_id, created_ms) VALUES (?1, ?2, ?3, ?4)",
    [APPLY_TAG] = "INSERT INTO tags (key_id, tag_key, tag_value) VALUES (?1, ?2, ?3)",
    [APPLY_ALIAS] = "INSERT INTO aliases (account, name, key_id, created_ms, updated_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    [APPLY_RETARGET] = "UPDATE aliases SET key_id = ?3, updated_ms = ?4 WHERE account = ?1 AND name = ?2",
    [APPLY_REMOVE] = "DELETE FROM aliases WHERE account = ?1 AND name = ?2",
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

static sqlite3_stmt *handle_of(struct sqlite_apply *apply, enum sqlite_apply_statement which)
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

/* Runs a statement whose parameters were bound (or not: bound is false). *ret_answer is set when the database refused
 * the row. */
static struct registry_result run(struct sqlite_apply *apply, enum sqlite_apply_statement which, bool bound,
                                  struct registry_result *ret_answer)
{
    sqlite3_stmt *handle = handle_of(apply, which);
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
    rewrap_ignore(sqlite3_reset(handle), "repeats the error of the step");
    rewrap_ignore(sqlite3_clear_bindings(handle), "cannot fail");
    return result;
}

static struct registry_result add_key_row(struct sqlite_apply *apply, const struct registry_key *key,
                                          struct registry_result *ret_answer)
{
    sqlite3_stmt *h = handle_of(apply, APPLY_KEY);
    bool bound = sqlite_bind_bytes(h, 1, view_of(key->key_id, KEY_ID_BYTES)) &&
                 sqlite_bind_string(h, 2, view_of_string(key->account)) &&
                 sqlite_bind_string(h, 3, view_of_string(key->token)) &&
                 sqlite_bind_string(h, 4, view_of_string(key->description)) && sqlite_bind_number(h, 5, key->spec) &&
                 sqlite_bind_number(h, 6, key->usage) && sqlite_bind_number(h, 7, key->state) &&
                 sqlite_bind_number(h, 8, key->boundary) && sqlite_bind_number(h, 9, key->created_ms);
    return run(apply, APPLY_KEY, bound, ret_answer);
}

static struct registry_result add_material_row(struct sqlite_apply *apply, const struct registry_key *key, size_t i,
                                               struct registry_result *ret_answer)
{
    sqlite3_stmt *h = handle_of(apply, APPLY_MATERIAL);
    bool bound = sqlite_bind_bytes(h, 1, view_of(key->key_id, KEY_ID_BYTES)) &&
                 sqlite_bind_number(h, 2, (int64_t)i + 1) &&
                 sqlite_bind_bytes(h, 3, view_of(key->materials[i].id, MATERIAL_ID_BYTES)) &&
                 sqlite_bind_number(h, 4, key->materials[i].created_ms);
    return run(apply, APPLY_MATERIAL, bound, ret_answer);
}

static struct registry_result add_tag_row(struct sqlite_apply *apply, const struct registry_key *key, size_t i,
                                          struct registry_result *ret_answer)
{
    sqlite3_stmt *h = handle_of(apply, APPLY_TAG);
    bool bound = sqlite_bind_bytes(h, 1, view_of(key->key_id, KEY_ID_BYTES)) &&
                 sqlite_bind_string(h, 2, view_of_string(key->tags[i].key)) &&
                 sqlite_bind_string(h, 3, view_of_string(key->tags[i].value));
    return run(apply, APPLY_TAG, bound, ret_answer);
}

static struct registry_result key_add(struct sqlite_apply *apply, const struct wire_frame *change,
                                      struct registry_result *ret_answer)
{
    const struct registry_key *key = &change->key->key;
    struct registry_result result = add_key_row(apply, key, ret_answer);
    for (size_t i = 0; result.code == REGISTRY_OK && ret_answer->code == REGISTRY_OK && i < key->n_materials; i++) {
        result = add_material_row(apply, key, i, ret_answer);
    }
    for (size_t i = 0; result.code == REGISTRY_OK && ret_answer->code == REGISTRY_OK && i < key->n_tags; i++) {
        result = add_tag_row(apply, key, i, ret_answer);
    }
    return result;
}

static bool bind_alias_name(sqlite3_stmt *h, const struct registry_alias *alias)
{
    return sqlite_bind_string(h, 1, view_of_string(alias->account)) &&
           sqlite_bind_string(h, 2, view_of_string(alias->name));
}

static struct registry_result alias_add(struct sqlite_apply *apply, const struct wire_frame *change,
                                        struct registry_result *ret_answer)
{
    const struct registry_alias *alias = &change->alias->alias;
    sqlite3_stmt *h = handle_of(apply, APPLY_ALIAS);
    bool bound = bind_alias_name(h, alias) && sqlite_bind_bytes(h, 3, view_of(alias->key_id, KEY_ID_BYTES)) &&
                 sqlite_bind_number(h, 4, alias->created_ms) && sqlite_bind_number(h, 5, alias->updated_ms);
    return run(apply, APPLY_ALIAS, bound, ret_answer);
}

/* A statement that must have met its one row. */
static struct registry_result run_on_row(struct sqlite_apply *apply, enum sqlite_apply_statement which, bool bound,
                                         struct registry_result *ret_answer)
{
    struct registry_result result = run(apply, which, bound, ret_answer);
    if (result.code == REGISTRY_OK && ret_answer->code == REGISTRY_OK && sqlite3_changes(apply->db) == 0) {
        *ret_answer = registry_failure(REGISTRY_NOT_FOUND, "there is no such alias");
    }
    return result;
}

static struct registry_result alias_retarget(struct sqlite_apply *apply, const struct wire_frame *change,
                                             struct registry_result *ret_answer)
{
    const struct registry_alias *alias = &change->alias->alias;
    sqlite3_stmt *h = handle_of(apply, APPLY_RETARGET);
    bool bound = bind_alias_name(h, alias) && sqlite_bind_bytes(h, 3, view_of(alias->key_id, KEY_ID_BYTES)) &&
                 sqlite_bind_number(h, 4, alias->updated_ms);
    return run_on_row(apply, APPLY_RETARGET, bound, ret_answer);
}

static struct registry_result alias_remove(struct sqlite_apply *apply, const struct wire_frame *change,
                                           struct registry_result *ret_answer)
{
    bool bound = bind_alias_name(handle_of(apply, APPLY_REMOVE), &change->alias->alias);
    return run_on_row(apply, APPLY_REMOVE, bound, ret_answer);
}

struct registry_result sqlite_apply_change(struct sqlite_apply *apply, const struct wire_frame *change,
                                           struct registry_result *ret_answer)
{
    static struct registry_result (*const changes[])(struct sqlite_apply *, const struct wire_frame *,
                                                     struct registry_result *) = {
        [WIRE_KEY_ADD] = key_add,
        [WIRE_ALIAS_ADD] = alias_add,
        [WIRE_ALIAS_RETARGET] = alias_retarget,
        [WIRE_ALIAS_REMOVE] = alias_remove,
    };
    struct registry_result answer = registry_ok();
    struct registry_result result = run(apply, APPLY_SAVE, true, &answer);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    result = changes[change->kind](apply, change, &answer);
    if (result.code == REGISTRY_OK && answer.code != REGISTRY_OK) {
        result = run(apply, APPLY_UNDO, true, &answer);
    }
    if (result.code == REGISTRY_OK) {
        result = run(apply, APPLY_RELEASE, true, &answer);
    }
    if (result.code == REGISTRY_OK) {
        *ret_answer = answer;
    }
    return result;
}
