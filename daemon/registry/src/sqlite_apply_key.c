/* Changes of keys and of their retired materials as SQL; see sqlite_apply_changes.h. */
#include "sqlite_apply_changes.h"

/* ------------------------------------------------------------------ rows */

/* What may change of a key: the first parameters of both statements. */
static bool bind_changing(sqlite3_stmt *h, const struct registry_key *key)
{
    return sqlite_bind_bytes(h, 1, view_of(key->key_id, KEY_ID_BYTES)) &&
           sqlite_bind_string(h, 2, view_of_string(key->description)) && sqlite_bind_number(h, 3, key->state) &&
           sqlite_bind_number(h, 4, key->deletion_ms) && sqlite_bind_number(h, 5, key->rotation_days) &&
           sqlite_bind_number(h, 6, key->next_rotation_ms) && sqlite_bind_number(h, 7, key->policy_ms) &&
           (key->policy == NULL || sqlite_bind_string(h, 8, view_of_string(key->policy))); /* unbound is NULL */
}

static struct registry_result add_key_row(struct sqlite_apply *apply, const struct registry_key *key,
                                          struct registry_result *ret_answer)
{
    sqlite3_stmt *h = sqlite_apply_handle(apply, APPLY_KEY);
    bool bound = bind_changing(h, key) && sqlite_bind_string(h, 9, view_of_string(key->account)) &&
                 sqlite_bind_string(h, 10, view_of_string(key->token)) && sqlite_bind_number(h, 11, key->spec) &&
                 sqlite_bind_number(h, 12, key->usage) && sqlite_bind_number(h, 13, key->boundary) &&
                 sqlite_bind_number(h, 14, key->created_ms) && sqlite_bind_number(h, 15, (int64_t)key->revision);
    return sqlite_apply_run(apply, APPLY_KEY, bound, ret_answer);
}

static struct registry_result update_key_row(struct sqlite_apply *apply, const struct registry_key *key,
                                             struct registry_result *ret_answer)
{
    bool bound = bind_changing(sqlite_apply_handle(apply, APPLY_KEY_UPDATE), key);
    return sqlite_apply_run(apply, APPLY_KEY_UPDATE, bound, ret_answer);
}

static struct registry_result refuse_retired(struct sqlite_apply *apply, const struct registry_material *material,
                                             struct registry_result *ret_answer)
{
    bool retired = false;
    sqlite3_stmt *h = sqlite_apply_handle(apply, APPLY_RETIRED_KNOWN);
    bool bound = sqlite_bind_bytes(h, 1, view_of(material->id, MATERIAL_ID_BYTES));
    struct registry_result result = sqlite_apply_look(apply, APPLY_RETIRED_KNOWN, bound, 0, NULL, &retired);
    if (result.code == REGISTRY_OK && retired) {
        *ret_answer = registry_failure(REGISTRY_EXISTS, "the material is a deleted key's");
    }
    return result;
}

static struct registry_result add_material_row(struct sqlite_apply *apply, const struct registry_key *key, size_t i,
                                               struct registry_result *ret_answer)
{
    struct registry_result result = refuse_retired(apply, &key->materials[i], ret_answer);
    if (!sqlite_apply_goes_on(result, ret_answer)) {
        return result;
    }
    sqlite3_stmt *h = sqlite_apply_handle(apply, APPLY_MATERIAL);
    bool bound =
        sqlite_bind_bytes(h, 1, view_of(key->key_id, KEY_ID_BYTES)) && sqlite_bind_number(h, 2, (int64_t)i + 1) &&
        sqlite_bind_bytes(h, 3, view_of(key->materials[i].id, MATERIAL_ID_BYTES)) &&
        sqlite_bind_number(h, 4, key->materials[i].created_ms) && sqlite_bind_number(h, 5, key->materials[i].origin);
    return sqlite_apply_run(apply, APPLY_MATERIAL, bound, ret_answer);
}

static struct registry_result add_tag_row(struct sqlite_apply *apply, const struct registry_key *key, size_t i,
                                          struct registry_result *ret_answer)
{
    sqlite3_stmt *h = sqlite_apply_handle(apply, APPLY_TAG);
    bool bound = sqlite_bind_bytes(h, 1, view_of(key->key_id, KEY_ID_BYTES)) &&
                 sqlite_bind_string(h, 2, view_of_string(key->tags[i].key)) &&
                 sqlite_bind_string(h, 3, view_of_string(key->tags[i].value));
    return sqlite_apply_run(apply, APPLY_TAG, bound, ret_answer);
}

/* Materials from the one at `first` on, and all tags. */
static struct registry_result add_parts(struct sqlite_apply *apply, const struct registry_key *key, size_t first,
                                        struct registry_result *ret_answer)
{
    struct registry_result result = registry_ok();
    for (size_t i = first; sqlite_apply_goes_on(result, ret_answer) && i < key->n_materials; i++) {
        result = add_material_row(apply, key, i, ret_answer);
    }
    for (size_t i = 0; sqlite_apply_goes_on(result, ret_answer) && i < key->n_tags; i++) {
        result = add_tag_row(apply, key, i, ret_answer);
    }
    return result;
}

/* A statement whose first parameter is the key id, and its only one. */
static struct registry_result run_of_key(struct sqlite_apply *apply, enum sqlite_apply_statement which,
                                         const uint8_t key_id[KEY_ID_BYTES], struct registry_result *ret_answer)
{
    bool bound = sqlite_bind_bytes(sqlite_apply_handle(apply, which), 1, view_of(key_id, KEY_ID_BYTES));
    return sqlite_apply_run(apply, which, bound, ret_answer);
}

/* Is the key as the asker has seen it? Within the transaction, so no other change comes between. */
static struct registry_result look_at_key(struct sqlite_apply *apply, const uint8_t key_id[KEY_ID_BYTES],
                                          uint64_t revision, size_t *ret_materials, struct registry_result *ret_answer)
{
    int64_t numbers[2] = {0}; /* revision, how many materials */
    bool there = false;
    bool bound = sqlite_bind_bytes(sqlite_apply_handle(apply, APPLY_KEY_SEEN), 1, view_of(key_id, KEY_ID_BYTES));
    struct registry_result result = sqlite_apply_look(apply, APPLY_KEY_SEEN, bound, 2, numbers, &there);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    if (!there) {
        *ret_answer = registry_failure(REGISTRY_NOT_FOUND, "there is no such key");
    } else if (numbers[0] != (int64_t)revision) {
        *ret_answer = registry_failure(REGISTRY_CONFLICT, "the key was changed meanwhile");
    } else {
        *ret_materials = (size_t)numbers[1];
    }
    return result;
}

/* ------------------------------------------------------------------ changes */

struct registry_result sqlite_apply_key_add(struct sqlite_apply *apply, const struct wire_frame *change,
                                            struct registry_result *ret_answer)
{
    const struct registry_key *key = &change->key->key;
    struct registry_result result = add_key_row(apply, key, ret_answer);
    return sqlite_apply_goes_on(result, ret_answer) ? add_parts(apply, key, 0, ret_answer) : result;
}

struct registry_result sqlite_apply_key_replace(struct sqlite_apply *apply, const struct wire_frame *change,
                                                struct registry_result *ret_answer)
{
    const struct registry_key *key = &change->key->key;
    size_t known = 0;
    struct registry_result result = look_at_key(apply, key->key_id, key->revision, &known, ret_answer);
    if (!sqlite_apply_goes_on(result, ret_answer)) {
        return result;
    }
    if (key->n_materials != known && key->n_materials != known + 1) {
        *ret_answer = registry_failure(REGISTRY_STORE, "the key has %zu materials in the database", known);
        return result;
    }
    result = update_key_row(apply, key, ret_answer);
    if (sqlite_apply_goes_on(result, ret_answer)) {
        result = run_of_key(apply, APPLY_KEY_TAGS_OUT, key->key_id, ret_answer);
    }
    return sqlite_apply_goes_on(result, ret_answer) ? add_parts(apply, key, known, ret_answer) : result;
}

static struct registry_result retire_materials(struct sqlite_apply *apply, const struct key_removal *removal,
                                               struct registry_result *ret_answer)
{
    sqlite3_stmt *h = sqlite_apply_handle(apply, APPLY_RETIRE);
    bool bound = sqlite_bind_bytes(h, 1, view_of(removal->key_id, KEY_ID_BYTES)) &&
                 sqlite_bind_number(h, 2, removal->retired_ms);
    return sqlite_apply_run(apply, APPLY_RETIRE, bound, ret_answer);
}

struct registry_result sqlite_apply_key_remove(struct sqlite_apply *apply, const struct wire_frame *change,
                                               struct registry_result *ret_answer)
{
    static const enum sqlite_apply_statement parts[] = {APPLY_KEY_TAGS_OUT, APPLY_KEY_ALIASES_OUT, APPLY_KEY_GRANTS_OUT,
                                                        APPLY_KEY_MATERIALS_OUT, APPLY_KEY_OUT};
    const struct key_removal *removal = &change->removal;
    size_t known;
    struct registry_result result = look_at_key(apply, removal->key_id, removal->revision, &known, ret_answer);
    if (sqlite_apply_goes_on(result, ret_answer)) {
        result = retire_materials(apply, removal, ret_answer);
    }
    for (size_t i = 0; sqlite_apply_goes_on(result, ret_answer) && i < sizeof parts / sizeof parts[0]; i++) {
        result = run_of_key(apply, parts[i], removal->key_id, ret_answer);
    }
    return result;
}

struct registry_result sqlite_apply_retired_remove(struct sqlite_apply *apply, const struct wire_frame *change,
                                                   struct registry_result *ret_answer)
{
    sqlite3_stmt *h = sqlite_apply_handle(apply, APPLY_RETIRED_OUT);
    bool bound = sqlite_bind_bytes(h, 1, view_of(change->material_id, MATERIAL_ID_BYTES));
    return sqlite_apply_run_on_row(apply, APPLY_RETIRED_OUT, bound, "there is no such retired material", ret_answer);
}
