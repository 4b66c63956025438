/* The registry's content while it runs; see memory.h. */
#include "memory.h"

#include "base/checked.h"

#include <stdlib.h>

void memory_init(struct memory *memory)
{
    map_init(&memory->keys);
    map_init(&memory->materials);
    map_init(&memory->aliases);
    map_init(&memory->accounts);
}

void memory_clear(struct memory *memory)
{
    size_t cursor = 0;
    for (struct key_entry *key = map_next(&memory->keys, &cursor); key; key = map_next(&memory->keys, &cursor)) {
        key_entry_free(key);
    }
    cursor = 0;
    for (struct alias_entry *a = map_next(&memory->aliases, &cursor); a; a = map_next(&memory->aliases, &cursor)) {
        alias_entry_free(a);
    }
    cursor = 0;
    for (struct account *a = map_next(&memory->accounts, &cursor); a; a = map_next(&memory->accounts, &cursor)) {
        free(a->keys);
        free(a->aliases);
        free(a);
    }
    map_clear(&memory->keys);
    map_clear(&memory->materials);
    map_clear(&memory->aliases);
    map_clear(&memory->accounts);
}

/* ------------------------------------------------------------------ room */

static bool array_reserve(void *array, size_t *room, size_t n, size_t more)
{
    size_t needed;
    if (!size_add(n, more, &needed)) {
        return false;
    }
    if (needed <= *room) {
        return true;
    }
    size_t doubled = *room * 2;
    size_t wanted = doubled > needed ? doubled : needed;
    void *old;
    memcpy(&old, array, sizeof old);
    void *grown = reallocarray(old, wanted, sizeof(void *));
    if (grown == NULL) {
        return false;
    }
    memcpy(array, &grown, sizeof grown);
    *room = wanted;
    return true;
}

static struct account *account_new(struct memory *memory, const char *id)
{
    struct account *account = calloc(1, sizeof *account);
    if (account == NULL) {
        return NULL;
    }
    memcpy(account->id, id, ACCOUNT_TEXT_BYTES - 1);
    if (map_add(&memory->accounts, view_of_string(account->id), account) != MAP_ADDED) {
        free(account);
        return NULL;
    }
    return account;
}

bool memory_reserve(struct memory *memory, const char *id, size_t more)
{
    struct account *account = memory_account(memory, id);
    if (account == NULL) {
        account = account_new(memory, id);
    }
    return account != NULL && array_reserve(&account->keys, &account->keys_room, account->n_keys, more) &&
           array_reserve(&account->aliases, &account->aliases_room, account->n_aliases, more) &&
           map_reserve(&memory->keys, map_count(&memory->keys) + more) &&
           map_reserve(&memory->aliases, map_count(&memory->aliases) + more) && memory_reserve_materials(memory, more);
}

bool memory_reserve_materials(struct memory *memory, size_t more)
{
    return map_reserve(&memory->materials, map_count(&memory->materials) + more);
}

/* ------------------------------------------------------------------ finding */

struct account *memory_account(const struct memory *memory, const char *account)
{
    return map_find(&memory->accounts, view_of_string(account));
}

struct key_entry *memory_key(const struct memory *memory, const uint8_t key_id[KEY_ID_BYTES])
{
    return map_find(&memory->keys, view_of(key_id, KEY_ID_BYTES));
}

struct key_entry *memory_key_of_material(const struct memory *memory, const uint8_t material_id[MATERIAL_ID_BYTES])
{
    return map_find(&memory->materials, view_of(material_id, MATERIAL_ID_BYTES));
}

struct alias_entry *memory_alias(const struct memory *memory, const char *account, const char *name)
{
    uint8_t id[ALIAS_ID_MAX_BYTES];
    const struct view digits = view_of(account, strlen(account));
    const struct view text = view_of(name, strlen(name));
    if (digits.len != ACCOUNT_TEXT_BYTES - 1 || text.len > ALIAS_NAME_MAX_BYTES) {
        return NULL;
    }
    memcpy(id, digits.data, digits.len);
    memcpy(id + digits.len, text.data, text.len);
    return map_find(&memory->aliases, view_of(id, digits.len + text.len));
}

size_t account_key_after(const struct account *account, const uint8_t *after)
{
    size_t low = 0;
    size_t high = after == NULL ? 0 : account->n_keys;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(account->keys[middle]->key.key_id, after, KEY_ID_BYTES) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t account_alias_after(const struct account *account, const char *after)
{
    size_t low = 0;
    size_t high = after == NULL ? 0 : account->n_aliases;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(account->aliases[middle]->alias.name, after) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ------------------------------------------------------------------ changing */

/* Room was reserved, so it is our own bug when there is none. */
static void add_reserved(struct map *map, struct view key, void *value)
{
    if (map_add(map, key, value) != MAP_ADDED) {
        abort();
    }
}

static bool has_known_material(const struct memory *memory, const struct registry_key *key)
{
    for (size_t i = 0; i < key->n_materials; i++) {
        if (memory_key_of_material(memory, key->materials[i].id) != NULL) {
            return true;
        }
    }
    return false;
}

bool memory_add_key(struct memory *memory, struct key_entry *entry)
{
    const struct registry_key *key = &entry->key;
    if (memory_key(memory, key->key_id) != NULL || has_known_material(memory, key)) {
        return false;
    }
    add_reserved(&memory->keys, view_of(key->key_id, KEY_ID_BYTES), entry);
    for (size_t i = 0; i < key->n_materials; i++) {
        add_reserved(&memory->materials, view_of(key->materials[i].id, MATERIAL_ID_BYTES), entry);
    }
    struct account *account = memory_account(memory, key->account);
    size_t at = account_key_after(account, key->key_id);
    memmove(account->keys + at + 1, account->keys + at, (account->n_keys - at) * sizeof *account->keys);
    account->keys[at] = entry;
    account->n_keys++;
    return true;
}

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
    memmove(account->aliases + at, account->aliases + at + 1, (account->n_aliases - at - 1) * sizeof *account->aliases);
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
    add_reserved(&memory->aliases, alias_entry_id(entry), entry);
    struct account *account = memory_account(memory, alias->account);
    size_t at = account_alias_after(account, alias->name);
    memmove(account->aliases + at + 1, account->aliases + at, (account->n_aliases - at) * sizeof *account->aliases);
    account->aliases[at] = entry;
    account->n_aliases++;
    key_link_alias(key, entry);
    return true;
}
