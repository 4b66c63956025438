/* A hash table of wrapping keys, and an index of it; see key_table.h. */
#include "key_table.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 64

/* Material ids are random bytes already. Who holds the user PIN could choose some that collide, and could as well lock
 * the PIN. */
static size_t first_slot(const struct key_table *table, const uint8_t *material_id)
{
    size_t hash;
    memcpy(&hash, material_id, sizeof hash);
    return hash & (table->size - 1);
}

/* The entry's slot or the free one where it belongs; the table is never full. */
static struct key_entry *slot_of(const struct key_table *table, const struct key_class *class,
                                 const uint8_t *material_id)
{
    size_t i = first_slot(table, material_id);
    for (;;) {
        struct key_entry *slot = &table->slots[i];
        if (slot->class == NULL ||
            (slot->class == class && memcmp(slot->material_id, material_id, MATERIAL_ID_BYTES) == 0)) {
            return slot;
        }
        i = (i + 1) & (table->size - 1);
    }
}

struct key_entry *key_table_find(const struct key_table *table, const struct key_class *class,
                                 const uint8_t material_id[MATERIAL_ID_BYTES])
{
    if (table->size == 0) {
        return NULL;
    }
    struct key_entry *slot = slot_of(table, class, material_id);
    return slot->class == NULL ? NULL : slot;
}

/* Half full at most, so that a search is short. */
static bool grow(struct key_table *table)
{
    if (table->size != 0 && table->used < table->size / 2) {
        return true;
    }
    struct key_table bigger = {
        .size = table->size == 0 ? FIRST_SIZE : table->size * 2, .used = table->used, .max = table->max};
    bigger.slots = calloc(bigger.size, sizeof *bigger.slots);
    if (bigger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < table->size; i++) {
        const struct key_entry *entry = &table->slots[i];
        if (entry->class != NULL) {
            *slot_of(&bigger, entry->class, entry->material_id) = *entry;
        }
    }
    free(table->slots);
    *table = bigger;
    return true;
}

struct key_entry *key_table_add(struct key_table *table, const struct key_class *class,
                                const uint8_t material_id[MATERIAL_ID_BYTES])
{
    struct key_entry *entry = key_table_find(table, class, material_id);
    if (entry != NULL) {
        return entry;
    }
    if (table->used >= table->max || !grow(table)) {
        return NULL;
    }
    entry = slot_of(table, class, material_id);
    entry->class = class;
    memcpy(entry->material_id, material_id, MATERIAL_ID_BYTES);
    table->used++;
    return entry;
}

void key_table_clear(struct key_table *table)
{
    free(table->slots);
    *table = (struct key_table){.max = table->max};
}

/* ------------------------------------------------------------------ the index by handle */

static int by_handle(const void *left, const void *right)
{
    const struct key_passed *a = left;
    const struct key_passed *b = right;
    return (a->handle > b->handle) - (a->handle < b->handle);
}

bool key_index_make(const struct key_table *table, struct key_index *ret)
{
    struct key_index index = {.list = calloc(table->used * KEY_HALVES + 1, sizeof *index.list)};
    if (index.list == NULL) {
        return false;
    }
    for (size_t i = 0; i < table->size; i++) {
        const struct key_entry *entry = &table->slots[i];
        if (entry->class == NULL || entry->stale || entry->passed == 0) {
            continue;
        }
        const enum key_half halves = entry->class->is_pair ? KEY_HALVES : KEY_WRAP;
        for (enum key_half half = KEY_UNWRAP; half < halves; half++) {
            index.list[index.count++] =
                (struct key_passed){.handle = entry->handles[half], .half = half, .entry = entry};
        }
    }
    qsort(index.list, index.count, sizeof *index.list, by_handle);
    *ret = index;
    return true;
}

void key_index_clear(struct key_index *index)
{
    free(index->list);
    *index = (struct key_index){0};
}

const struct key_passed *key_index_find(const struct key_index *index, CK_OBJECT_HANDLE handle)
{
    const struct key_passed wanted = {.handle = handle};
    return bsearch(&wanted, index->list, index->count, sizeof *index->list, by_handle);
}
