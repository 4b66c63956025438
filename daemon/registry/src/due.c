/* Keys by the time at which they are due: in memory as a sorted array, as in memory.h; and finding the next one. */
#include "registry/due.h"

#include "model.h"

#include <stdlib.h>

int64_t registry_key_due_ms(const struct registry_key *key)
{
    if (key->state == KEY_STATE_PENDING_DELETION) {
        return key->deletion_ms;
    }
    return key->state == KEY_STATE_ENABLED ? key->next_rotation_ms : 0;
}

static struct registry_due due_of(const struct key_entry *entry)
{
    struct registry_due due = {.due_ms = registry_key_due_ms(&entry->key)};
    memcpy(due.key_id, entry->key.key_id, KEY_ID_BYTES);
    return due;
}

static int compare(const struct registry_due *a, const struct registry_due *b)
{
    if (a->due_ms != b->due_ms) {
        return a->due_ms < b->due_ms ? -1 : 1;
    }
    return memcmp(a->key_id, b->key_id, KEY_ID_BYTES);
}

static int compare_entries(const void *a, const void *b)
{
    const struct registry_due of_a = due_of(*(struct key_entry *const *)a);
    const struct registry_due of_b = due_of(*(struct key_entry *const *)b);
    return compare(&of_a, &of_b);
}

/* Where the first one stands that is greater; n when there is none. */
static size_t find_after(const struct memory *memory, const struct registry_due *after)
{
    size_t low = 0;
    size_t high = memory->n_due;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct registry_due found = due_of(memory->due[middle]);
        if (compare(&found, after) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void memory_due_add(struct memory *memory, struct key_entry *entry)
{
    const struct registry_due due = due_of(entry);
    if (due.due_ms != 0) {
        memory_array_insert(memory->due, memory->n_due, find_after(memory, &due), entry);
        memory->n_due++;
    }
}

void memory_due_remove(struct memory *memory, const struct key_entry *entry)
{
    const struct registry_due due = due_of(entry);
    if (due.due_ms != 0) {
        memory_array_remove(memory->due, memory->n_due, find_after(memory, &due) - 1);
        memory->n_due--;
    }
}

void memory_due_append(struct memory *memory, struct key_entry *entry)
{
    if (registry_key_due_ms(&entry->key) != 0) {
        memory->due[memory->n_due++] = entry;
    }
}

void memory_due_sort(struct memory *memory)
{
    if (memory->n_due > 1) {
        qsort(memory->due, memory->n_due, sizeof memory->due[0], compare_entries);
    }
}

const struct registry_key *registry_key_due_after(const struct registry *registry, int64_t now_ms,
                                                  const struct registry_due *after)
{
    const struct memory *memory = &registry->memory;
    const size_t at = after == NULL ? 0 : find_after(memory, after);
    if (at == memory->n_due || registry_key_due_ms(&memory->due[at]->key) > now_ms) {
        return NULL;
    }
    return &memory->due[at]->key;
}
