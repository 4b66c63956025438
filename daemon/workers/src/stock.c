/* The wrapping keys on a token, as its workers list them: checked, kept, searched. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static const char *entry_fault(const Hsm__StockEntry *object)
{
    if (!object->has_material_id || object->material_id.len != WORKERS_MATERIAL_ID_BYTES) {
        return "an object without a material id of 32 bytes";
    }
    if (!object->has_spec || object->spec < HSM__KEY_SPEC__KEY_SPEC_AES_256 ||
        object->spec > HSM__KEY_SPEC__KEY_SPEC_RSA_4096) {
        return "an object of no known key spec";
    }
    if (!object->has_boundary || object->boundary < HSM__BOUNDARY__BOUNDARY_SEALED ||
        object->boundary > HSM__BOUNDARY__BOUNDARY_OPEN) {
        return "an object of no known boundary";
    }
    return NULL;
}

static bool stock_reserve(struct workers_stock *stock, size_t more)
{
    if (more <= stock->cap - stock->len) {
        return true;
    }
    size_t cap = stock->cap * 2 > stock->len + more ? stock->cap * 2 : stock->len + more;
    struct workers_stock_entry *entries = reallocarray(stock->entries, cap, sizeof(*entries));
    if (entries == NULL) {
        return false;
    }
    stock->entries = entries;
    stock->cap = cap;
    return true;
}

static const char no_memory[] = "more objects than there is memory for";

/* False, and nothing allocated, when there is no memory. */
static bool entry_fill(struct workers_stock_entry *entry, const Hsm__StockEntry *object)
{
    *entry = (struct workers_stock_entry){.spec = object->spec, .boundary = object->boundary};
    memcpy(entry->material_id, object->material_id.data, WORKERS_MATERIAL_ID_BYTES);
    if (object->refused_for == NULL) {
        return true;
    }
    char reason[WORKERS_REASON_BYTES];
    workers_text_clean(object->refused_for, reason, sizeof(reason));
    entry->refused_for = strdup(reason);
    return entry->refused_for != NULL;
}

/* All but the first `keep` of them. */
static void entries_drop(struct workers_stock *stock, size_t keep)
{
    while (stock->len > keep) {
        free(stock->entries[--stock->len].refused_for);
    }
}

const char *workers_stock_append(struct workers_stock *stock, Hsm__StockEntry *const *objects, size_t n_objects,
                                 size_t max)
{
    if (n_objects > max || stock->len > max - n_objects) {
        return "more objects than max-objects";
    }
    for (size_t i = 0; i < n_objects; i++) {
        const char *fault = entry_fault(objects[i]);
        if (fault != NULL) {
            return fault;
        }
    }
    if (!stock_reserve(stock, n_objects)) {
        return no_memory;
    }
    size_t before = stock->len;
    for (size_t i = 0; i < n_objects; i++) {
        if (!entry_fill(&stock->entries[stock->len], objects[i])) {
            entries_drop(stock, before);
            return no_memory;
        }
        stock->len++;
    }
    return NULL;
}

void workers_stock_clear(struct workers_stock *stock)
{
    entries_drop(stock, 0);
    free(stock->entries);
    *stock = (struct workers_stock){.entries = NULL};
}

void workers_stock_move(struct workers_stock *to, struct workers_stock *from)
{
    workers_stock_clear(to);
    *to = *from;
    *from = (struct workers_stock){.entries = NULL};
}

void workers_stock_remove(struct workers_stock *stock, const uint8_t material_id[WORKERS_MATERIAL_ID_BYTES])
{
    for (size_t i = 0; i < stock->len;) {
        struct workers_stock_entry *entry = &stock->entries[i];
        if (memcmp(entry->material_id, material_id, WORKERS_MATERIAL_ID_BYTES) != 0) {
            i++;
            continue;
        }
        free(entry->refused_for);
        *entry = stock->entries[--stock->len];
    }
}

bool workers_stock_fits(const struct workers_stock_entry *entry, Hsm__KeySpec spec, Hsm__Boundary boundary)
{
    return entry->refused_for == NULL && entry->spec == spec && entry->boundary == boundary;
}

const struct workers_stock_entry *workers_stock_search(struct workers_stock *stock, Hsm__KeySpec spec,
                                                       Hsm__Boundary boundary, workers_taken_fn taken, void *arg)
{
    for (size_t i = 0; i < stock->len; i++) {
        size_t at = (stock->next + i) % stock->len;
        const struct workers_stock_entry *entry = &stock->entries[at];
        if (workers_stock_fits(entry, spec, boundary) && !taken(arg, entry->material_id)) {
            stock->next = at;
            return entry;
        }
    }
    return NULL;
}
