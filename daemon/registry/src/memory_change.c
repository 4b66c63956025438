/* The registry's content while it runs: changing; see memory.h. */
#include "memory.h"
#include "registry/due.h"

#include <stdlib.h>

void memory_map_add(struct map *map, struct view key, void *value)
{
    if (map_add(map, key, value) != MAP_ADDED) {
        abort();
    }
}

void memory_array_remove(void *array, size_t n, size_t at)
{
    uint8_t *place = (uint8_t *)array + at * sizeof(void *);
    memmove(place, place + sizeof(void *), (n - at - 1) * sizeof(void *));
}

void memory_array_insert(void *array, size_t n, size_t at, const void *entry)
{
    uint8_t *place = (uint8_t *)array + at * sizeof(void *);
    memmove(place + sizeof(void *), place, (n - at) * sizeof(void *));
    memcpy(place, &entry, sizeof entry);
}

/* ------------------------------------------------------------------ keys */

/* Is a material of key another's than owner's, or retired? */
static bool has_foreign_material(const struct memory *memory, const struct registry_key *key,
                                 const struct key_entry *owner)
{
    for (size_t i = 0; i < key->n_materials; i++) {
        const struct key_entry *has = memory_key_of_material(memory, key->materials[i].id);
        if ((has != NULL && has != owner) || memory_retired(memory, key->materials[i].id) != NULL) {
            return true;
        }
    }
    return false;
}

static void add_materials(struct memory *memory, struct key_entry *entry)
{
    for (size_t i = 0; i < entry->key.n_materials; i++) {
        memory_map_add(&memory->materials, view_of(entry->key.materials[i].id, MATERIAL_ID_BYTES), entry);
    }
}

static void remove_materials(struct memory *memory, const struct registry_key *key)
{
    for (size_t i = 0; i < key->n_materials; i++) {
        map_remove(&memory->materials, view_of(key->materials[i].id, MATERIAL_ID_BYTES));
    }
}

/* Everything but when it is due. */
static bool add_key(struct memory *memory, struct key_entry *entry)
{
    const struct registry_key *key = &entry->key;
    if (memory_key(memory, key->key_id) != NULL || has_foreign_material(memory, key, NULL)) {
        return false;
    }
    memory_map_add(&memory->keys, view_of(key->key_id, KEY_ID_BYTES), entry);
    add_materials(memory, entry);
    struct account *account = memory_account(memory, key->account);
    memory_array_insert(account->keys, account->n_keys, account_key_after(account, key->key_id), entry);
    account->n_keys++;
    return true;
}

bool memory_add_key(struct memory *memory, struct key_entry *entry)
{
    bool added = add_key(memory, entry);
    if (added) {
        memory_due_add(memory, entry);
    }
    return added;
}

bool memory_append_key(struct memory *memory, struct key_entry *entry)
{
    bool added = add_key(memory, entry);
    if (added) {
        memory_due_append(memory, entry);
    }
    return added;
}

/* The entry that is known stays where maps, arrays and aliases point to; what it says is exchanged. Among those that
 * are due it is moved only when it is due at another time: few changes are about that. */
bool memory_replace_key(struct memory *memory, struct key_entry *entry)
{
    struct key_entry *known = memory_key(memory, entry->key.key_id);
    if (known == NULL || strcmp(known->key.account, entry->key.account) != 0 ||
        has_foreign_material(memory, &entry->key, known)) {
        return false;
    }
    const bool is_moved = registry_key_due_ms(&known->key) != registry_key_due_ms(&entry->key);
    if (is_moved) {
        memory_due_remove(memory, known);
    }
    remove_materials(memory, &known->key);
    struct registry_key old = known->key;
    struct registry_policy *old_policy = known->shared;
    known->key = entry->key;
    known->key.entry = known;
    known->key.n_aliases = old.n_aliases;
    known->shared = entry->shared;
    entry->key = old;
    entry->shared = old_policy;
    add_materials(memory, known);
    if (is_moved) {
        memory_due_add(memory, known);
    }
    key_entry_free(entry);
    return true;
}

bool memory_remove_key(struct memory *memory, const uint8_t key_id[KEY_ID_BYTES])
{
    struct key_entry *entry = memory_key(memory, key_id);
    if (entry == NULL) {
        return false;
    }
    while (entry->first_alias != NULL) {
        memory_remove_alias(memory, entry->key.account, entry->first_alias->alias.name);
    }
    memory_remove_grants_of_key(memory, entry);
    memory_due_remove(memory, entry);
    struct account *account = memory_account(memory, entry->key.account);
    memory_array_remove(account->keys, account->n_keys, account_key_after(account, entry->key.key_id) - 1);
    account->n_keys--;
    remove_materials(memory, &entry->key);
    map_remove(&memory->keys, view_of(entry->key.key_id, KEY_ID_BYTES));
    key_entry_free(entry);
    return true;
}

/* ------------------------------------------------------------------ retired materials */

bool memory_remove_retired(struct memory *memory, const uint8_t material_id[MATERIAL_ID_BYTES])
{
    struct retired_entry *entry = memory_retired(memory, material_id);
    if (entry == NULL) {
        return false;
    }
    memory_array_remove(memory->retirement, map_count(&memory->retired), memory_retired_after(memory, material_id) - 1);
    map_remove(&memory->retired, view_of(material_id, MATERIAL_ID_BYTES));
    retired_entry_free(entry);
    return true;
}

bool memory_put_retired(struct memory *memory, struct retired_entry *entry)
{
    const uint8_t *id = entry->retired.material_id;
    if (memory_key_of_material(memory, id) != NULL) {
        return false;
    }
    memory_remove_retired(memory, id);
    memory_array_insert(memory->retirement, map_count(&memory->retired), memory_retired_after(memory, id), entry);
    memory_map_add(&memory->retired, view_of(id, MATERIAL_ID_BYTES), entry);
    return true;
}

/* ------------------------------------------------------------------ aliases */

/* From the end, because loading comes in order. A key has few aliases: 50 in AWS KMS (KMS.md R-79). */
static void key_link_alias(struct key_entry *key, struct alias_entry *alias)
{
    struct alias_entry *before = key->last_alias;
    while (before != NULL && strcmp(before->alias.name, alias->alias.name) > 0) {
        before = before->previous;
    }
    struct alias_entry *behind = before == NULL ? key->first_alias : before->next;
    alias->previous = before;
    alias->next = behind;
    *(before == NULL ? &key->first_alias : &before->next) = alias;
    *(behind == NULL ? &key->last_alias : &behind->previous) = alias;
    key->key.n_aliases++;
}

static void key_unlink_alias(struct key_entry *key, struct alias_entry *alias)
{
    *(alias->previous == NULL ? &key->first_alias : &alias->previous->next) = alias->next;
    *(alias->next == NULL ? &key->last_alias : &alias->next->previous) = alias->previous;
    key->key.n_aliases--;
}

bool memory_remove_alias(struct memory *memory, const char *id, const char *name)
{
    struct alias_entry *entry = memory_alias(memory, id, name);
    if (entry == NULL) {
        return false;
    }
    key_unlink_alias(memory_key(memory, entry->alias.key_id), entry);
    struct account *account = memory_account(memory, id);
    size_t at = account_alias_after(account, name) - 1;
    memory_array_remove(account->aliases, account->n_aliases, at);
    account->n_aliases--;
    map_remove(&memory->aliases, alias_entry_id(entry));
    alias_entry_free(entry);
    return true;
}

bool memory_put_alias(struct memory *memory, struct alias_entry *entry)
{
    const struct registry_alias *alias = &entry->alias;
    struct key_entry *key = memory_key(memory, alias->key_id);
    if (key == NULL || strcmp(key->key.account, alias->account) != 0) {
        return false;
    }
    memory_remove_alias(memory, alias->account, alias->name);
    memory_map_add(&memory->aliases, alias_entry_id(entry), entry);
    struct account *account = memory_account(memory, alias->account);
    memory_array_insert(account->aliases, account->n_aliases, account_alias_after(account, alias->name), entry);
    account->n_aliases++;
    key_link_alias(key, entry);
    return true;
}
