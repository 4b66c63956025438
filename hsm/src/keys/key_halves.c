/* Pairs among halves; see key_halves.h. */
#include "key_halves.h"

#include "p11/errors.h"

#include <stdlib.h>
#include <string.h>

struct hsm_result key_half_keep(struct key_half_list *halves, const struct key_half_seen *half)
{
    if (halves->count == halves->room) {
        size_t room = halves->room == 0 ? 16 : halves->room * 2;
        struct key_half_seen *list = reallocarray(halves->list, room, sizeof *list);
        if (list == NULL) {
            return hsm_failure(HSM_NO_MEMORY, "list of keys");
        }
        halves->list = list;
        halves->room = room;
    }
    halves->list[halves->count++] = *half;
    return HSM_SUCCESS;
}

static int by_pair(const void *left, const void *right)
{
    const struct key_half_seen *a = left;
    const struct key_half_seen *b = right;
    if (a->class != b->class) {
        return a->class < b->class ? -1 : 1;
    }
    int order = memcmp(a->material_id, b->material_id, sizeof a->material_id);
    return order != 0 ? order : memcmp(a->pair, b->pair, sizeof a->pair);
}

/* Counts what the halves [first, end), which are equal but for their kind, are: a pair, parts of one, or several. */
static void count_pairs(struct key_table *table, const struct key_half_seen *first, const struct key_half_seen *end)
{
    struct key_entry *entry = key_table_find(table, first->class, first->material_id);
    size_t counts[KEY_HALVES] = {0};
    CK_OBJECT_HANDLE handles[KEY_HALVES] = {0};
    for (const struct key_half_seen *half = first; half < end; half++) {
        counts[half->half]++;
        handles[half->half] = half->object;
    }
    if (entry == NULL || counts[KEY_UNWRAP] == 0 || counts[KEY_WRAP] == 0) {
        return;
    }
    bool one = entry->passed == 0 && counts[KEY_UNWRAP] == 1 && counts[KEY_WRAP] == 1;
    entry->passed = one ? 1 : 2;
    memcpy(entry->handles, handles, sizeof entry->handles);
    memcpy(entry->pair, first->pair, sizeof entry->pair);
}

void key_halves_match(struct key_half_list *halves, struct key_table *table)
{
    if (halves->count == 0) {
        return;
    }
    qsort(halves->list, halves->count, sizeof *halves->list, by_pair);
    size_t first = 0;
    for (size_t i = 1; i <= halves->count; i++) {
        if (i == halves->count || by_pair(&halves->list[first], &halves->list[i]) != 0) {
            count_pairs(table, &halves->list[first], &halves->list[i]);
            first = i;
        }
    }
}

void key_half_list_clear(struct key_half_list *halves)
{
    free(halves->list);
    *halves = (struct key_half_list){0};
}
