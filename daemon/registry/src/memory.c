/* The registry's content while it runs: room and finding; see memory.h. */
#include "memory.h"

#include "base/checked.h"

#include <stdlib.h>

void memory_init(struct memory *memory)
{
    *memory = (struct memory){0};
    map_init(&memory->keys);
    map_init(&memory->materials);
    map_init(&memory->retired);
    map_init(&memory->aliases);
    map_init(&memory->accounts);
    map_init(&memory->principals);
    map_init(&memory->unique_ids);
    map_init(&memory->access_keys);
    map_init(&memory->departures);
    map_init(&memory->grants);
    policies_init(&memory->policies);
    texts_init(&memory->texts);
}

/* Grants before keys and texts, which have lists of them; whatever has a policy before the policies. */
static void free_entries(struct memory *memory)
{
    size_t cursor = 0;
    for (struct grant_entry *g = map_next(&memory->grants, &cursor); g; g = map_next(&memory->grants, &cursor)) {
        grant_entry_free(g);
    }
    cursor = 0;
    const struct map *principals = &memory->principals;
    for (struct principal_entry *p = map_next(principals, &cursor); p; p = map_next(principals, &cursor)) {
        principal_entry_free(p);
    }
    cursor = 0;
    const struct map *departures = &memory->departures;
    for (struct departure_entry *d = map_next(departures, &cursor); d; d = map_next(departures, &cursor)) {
        departure_entry_free_all(d);
    }
    cursor = 0;
    for (struct key_entry *key = map_next(&memory->keys, &cursor); key; key = map_next(&memory->keys, &cursor)) {
        key_entry_free(key);
    }
    cursor = 0;
    for (struct alias_entry *a = map_next(&memory->aliases, &cursor); a; a = map_next(&memory->aliases, &cursor)) {
        alias_entry_free(a);
    }
    for (size_t i = 0; i < map_count(&memory->retired); i++) {
        retired_entry_free(memory->retirement[i]);
    }
}

void memory_clear(struct memory *memory)
{
    free_entries(memory);
    size_t cursor = 0;
    for (struct account *a = map_next(&memory->accounts, &cursor); a; a = map_next(&memory->accounts, &cursor)) {
        free(a->keys);
        free(a->aliases);
        for (size_t kind = 0; kind < PRINCIPAL_KINDS; kind++) {
            free(a->principals[kind].entries);
        }
        free(a);
    }
    free(memory->retirement);
    memory->retirement = NULL;
    memory->retirement_room = 0;
    free(memory->due);
    memory->due = NULL;
    memory->n_due = memory->due_room = 0;
    map_clear(&memory->keys);
    map_clear(&memory->materials);
    map_clear(&memory->retired);
    map_clear(&memory->aliases);
    map_clear(&memory->accounts);
    map_clear(&memory->principals);
    map_clear(&memory->unique_ids);
    map_clear(&memory->access_keys);
    map_clear(&memory->departures);
    map_clear(&memory->grants);
    policies_clear(&memory->policies);
    texts_clear(&memory->texts);
}

/* ------------------------------------------------------------------ room */

bool memory_array_reserve(void *array, size_t *room, size_t n, size_t more)
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

struct account *memory_account_made(struct memory *memory, const char *id)
{
    struct account *account = memory_account(memory, id);
    return account != NULL ? account : account_new(memory, id);
}

bool memory_reserve(struct memory *memory, const char *id, size_t more)
{
    struct account *account = memory_account_made(memory, id);
    return account != NULL && memory_array_reserve(&account->keys, &account->keys_room, account->n_keys, more) &&
           memory_array_reserve(&account->aliases, &account->aliases_room, account->n_aliases, more) &&
           memory_array_reserve(&memory->due, &memory->due_room, map_count(&memory->keys), more) &&
           map_reserve(&memory->keys, map_count(&memory->keys) + more) &&
           map_reserve(&memory->aliases, map_count(&memory->aliases) + more) && memory_reserve_materials(memory, more);
}

bool memory_reserve_materials(struct memory *memory, size_t more)
{
    return map_reserve(&memory->materials, map_count(&memory->materials) + more);
}

bool memory_reserve_retired(struct memory *memory, size_t more)
{
    size_t n = map_count(&memory->retired);
    return memory_array_reserve(&memory->retirement, &memory->retirement_room, n, more) &&
           map_reserve(&memory->retired, n + more);
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

struct retired_entry *memory_retired(const struct memory *memory, const uint8_t material_id[MATERIAL_ID_BYTES])
{
    return map_find(&memory->retired, view_of(material_id, MATERIAL_ID_BYTES));
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

size_t memory_retired_after(const struct memory *memory, const uint8_t *after)
{
    size_t low = 0;
    size_t high = after == NULL ? 0 : map_count(&memory->retired);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(memory->retirement[middle]->retired.material_id, after, MATERIAL_ID_BYTES) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
