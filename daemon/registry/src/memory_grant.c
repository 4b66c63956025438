/*
 * The registry's content while it runs: grants; see memory.h. A key has its grants in three orders, a text that names
 * who retires some has those.
 */
#include "memory.h"

#include <stdlib.h>

/* NULL for a grant that nobody retires. */
static struct shared_text *retiring_of(const struct grant_entry *entry)
{
    const struct view retiring = entry->grant.grant.retiring;
    return retiring.len == 0 ? NULL : shared_text_of(retiring);
}

static bool is_in(const struct grant_entry *entry, enum grant_order order)
{
    return order != GRANTS_BY_NAME || entry->grant.grant.name.len != 0;
}

bool memory_reserve_grants(struct memory *memory, struct key_entry *key, const struct grant_entry *entry, size_t more)
{
    for (size_t order = 0; order < GRANT_ORDERS; order++) {
        if (is_in(entry, (enum grant_order)order) && !grant_list_reserve(&key->grants[order], more)) {
            return false;
        }
    }
    struct shared_text *retiring = retiring_of(entry);
    return (retiring == NULL || grant_list_reserve(&retiring->retirable, more)) &&
           map_reserve(&memory->grants, map_count(&memory->grants) + more);
}

struct grant_entry *memory_grant(const struct memory *memory, const uint8_t id[GRANT_ID_BYTES])
{
    return map_find(&memory->grants, view_of(id, GRANT_ID_BYTES));
}

/* False when the id is known; room was reserved. */
static bool add_id(struct memory *memory, struct grant_entry *entry)
{
    return map_add(&memory->grants, view_of(entry->grant.id, GRANT_ID_BYTES), entry) == MAP_ADDED;
}

bool memory_add_grant(struct memory *memory, struct grant_entry *entry)
{
    struct key_entry *key = memory_key(memory, entry->grant.key_id);
    if (key == NULL || !add_id(memory, entry)) {
        return false;
    }
    for (size_t order = 0; order < GRANT_ORDERS; order++) {
        if (is_in(entry, (enum grant_order)order)) {
            grant_list_insert(&key->grants[order], (enum grant_order)order, &entry->grant);
        }
    }
    struct shared_text *retiring = retiring_of(entry);
    if (retiring != NULL) {
        grant_list_insert(&retiring->retirable, GRANTS_BY_ID, &entry->grant);
    }
    return true;
}

/* ------------------------------------------------------------------ loading: a million at once */

bool memory_append_grant(struct memory *memory, struct key_entry *key, struct grant_entry *entry)
{
    if (!add_id(memory, entry)) {
        return false;
    }
    for (size_t order = 0; order < GRANT_ORDERS; order++) {
        if (is_in(entry, (enum grant_order)order)) {
            grant_list_append(&key->grants[order], &entry->grant);
        }
    }
    struct shared_text *retiring = retiring_of(entry);
    if (retiring != NULL) {
        grant_list_append(&retiring->retirable, &entry->grant);
    }
    return true;
}

/* Those of a key came in order of their ids. */
void memory_sort_grants(struct memory *memory)
{
    size_t cursor = 0;
    for (struct key_entry *key = map_next(&memory->keys, &cursor); key; key = map_next(&memory->keys, &cursor)) {
        grant_list_sort(&key->grants[GRANTS_BY_GRANTEE], GRANTS_BY_GRANTEE);
        grant_list_sort(&key->grants[GRANTS_BY_NAME], GRANTS_BY_NAME);
    }
    cursor = 0;
    const struct map *texts = &memory->texts.map;
    for (struct shared_text *text = map_next(texts, &cursor); text != NULL; text = map_next(texts, &cursor)) {
        grant_list_sort(&text->retirable, GRANTS_BY_ID);
    }
}

/* ------------------------------------------------------------------ removing */

bool memory_remove_grant(struct memory *memory, const uint8_t id[GRANT_ID_BYTES])
{
    struct grant_entry *entry = memory_grant(memory, id);
    if (entry == NULL) {
        return false;
    }
    struct key_entry *key = memory_key(memory, entry->grant.key_id);
    for (size_t order = 0; order < GRANT_ORDERS; order++) {
        if (is_in(entry, (enum grant_order)order)) {
            grant_list_remove(&key->grants[order], (enum grant_order)order, &entry->grant);
        }
    }
    struct shared_text *retiring = retiring_of(entry);
    if (retiring != NULL) {
        grant_list_remove(&retiring->retirable, GRANTS_BY_ID, &entry->grant);
    }
    map_remove(&memory->grants, view_of(id, GRANT_ID_BYTES));
    grant_entry_free(entry);
    return true;
}

/* Closes the gaps in one walk. */
static void drop_gone(struct shared_text *retiring)
{
    struct grant_list *list = &retiring->retirable;
    size_t kept = 0;
    for (size_t i = 0; i < list->n; i++) {
        if (!grant_entry_of(list->grants[i])->gone) {
            list->grants[kept++] = list->grants[i];
        }
    }
    list->n = kept;
    retiring->n_gone = 0;
}

/* Not one after the other: each would move what its retiring principal may retire on all other keys. */
void memory_remove_grants_of_key(struct memory *memory, struct key_entry *key)
{
    const struct grant_list *all = &key->grants[GRANTS_BY_ID];
    for (size_t i = 0; i < all->n; i++) {
        struct grant_entry *entry = grant_entry_of(all->grants[i]);
        struct shared_text *retiring = retiring_of(entry);
        entry->gone = true;
        if (retiring != NULL) {
            retiring->n_gone++;
        }
    }
    for (size_t i = 0; i < all->n; i++) {
        struct shared_text *retiring = retiring_of(grant_entry_of(all->grants[i]));
        if (retiring != NULL && retiring->n_gone != 0) {
            drop_gone(retiring);
        }
    }
    for (size_t i = 0; i < all->n; i++) {
        struct grant_entry *entry = grant_entry_of(all->grants[i]);
        map_remove(&memory->grants, view_of(entry->grant.id, GRANT_ID_BYTES));
        grant_entry_free(entry);
    }
    for (size_t order = 0; order < GRANT_ORDERS; order++) {
        grant_list_clear(&key->grants[order]);
    }
}
