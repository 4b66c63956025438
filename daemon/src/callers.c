/* Counts by uid; see callers.h. A machine has few users that call at a time: a list is enough. */
#include "callers.h"

#include "base/checked.h"

#include <stdlib.h>

struct caller_count {
    uid_t uid;
    size_t count; /* never 0: then the row is gone */
};

struct caller_counts {
    struct caller_count *rows;
    size_t n;
    size_t cap;
};

struct caller_counts *caller_counts_new(void)
{
    return calloc(1, sizeof(struct caller_counts));
}

void caller_counts_free(struct caller_counts *counts)
{
    if (counts != NULL) {
        free(counts->rows);
        free(counts);
    }
}

static struct caller_count *find(struct caller_counts *counts, uid_t uid)
{
    for (size_t i = 0; i < counts->n; i++) {
        if (counts->rows[i].uid == uid) {
            return &counts->rows[i];
        }
    }
    return NULL;
}

static bool make_room(struct caller_counts *counts)
{
    if (counts->n < counts->cap) {
        return true;
    }
    size_t cap = counts->cap == 0 ? 8 : counts->cap * 2;
    size_t bytes;
    if (!size_multiply(cap, sizeof *counts->rows, &bytes)) {
        return false;
    }
    struct caller_count *rows = realloc(counts->rows, bytes);
    if (rows == NULL) {
        return false;
    }
    counts->rows = rows;
    counts->cap = cap;
    return true;
}

bool caller_counts_add(struct caller_counts *counts, uid_t uid, size_t max)
{
    struct caller_count *row = find(counts, uid);
    if (row != NULL) {
        if (row->count >= max) {
            return false;
        }
        row->count++;
        return true;
    }
    if (max == 0 || !make_room(counts)) {
        return false;
    }
    counts->rows[counts->n++] = (struct caller_count){.uid = uid, .count = 1};
    return true;
}

void caller_counts_remove(struct caller_counts *counts, uid_t uid)
{
    struct caller_count *row = find(counts, uid);
    if (row != NULL && --row->count == 0) {
        *row = counts->rows[--counts->n];
    }
}
