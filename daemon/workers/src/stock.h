/* What a token holds: the list of its wrapping keys. */
#pragma once

#include "workers/workers.h"

#define WORKERS_MATERIAL_ID_BYTES 32

struct workers_stock_entry {
    uint8_t material_id[WORKERS_MATERIAL_ID_BYTES];
    Hsm__KeySpec spec;
    Hsm__Boundary boundary;
    char *refused_for; /* owned, cleaned for a log; NULL: usable */
};

struct workers_stock {
    struct workers_stock_entry *entries; /* owned */
    size_t len;
    size_t cap;
    size_t next; /* where the last search ended: what lies before is mostly taken */
};

/* Appends the objects, up to max in all. NULL, or what is wrong with them, with *stock as it was. */
const char *workers_stock_append(struct workers_stock *stock, Hsm__StockEntry *const *objects, size_t n_objects,
                                 size_t max);
void workers_stock_clear(struct workers_stock *stock);
/* Moves *from to *to, whose old content is freed. */
void workers_stock_move(struct workers_stock *to, struct workers_stock *from);

/* The key is not on the token any more. */
void workers_stock_remove(struct workers_stock *stock, const uint8_t material_id[WORKERS_MATERIAL_ID_BYTES]);

/* Whether it is verified, and of that kind. */
bool workers_stock_fits(const struct workers_stock_entry *entry, Hsm__KeySpec spec, Hsm__Boundary boundary);

/* The first usable one of that kind that is not taken, borrowed, or NULL. Starts where the last search ended. */
const struct workers_stock_entry *workers_stock_search(struct workers_stock *stock, Hsm__KeySpec spec,
                                                       Hsm__Boundary boundary, workers_taken_fn taken, void *arg);
