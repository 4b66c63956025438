/* Finding the pairs among the halves of RSA keys that a reading of the token has met, in whatever order (keys.h: the
 * rule of exactly one). */
#pragma once

#include "hsm/result.h"
#include "key_table.h"

/* An object that passed, and what is learnt of it. */
struct key_half_seen {
    const struct key_class *class;
    enum key_half half;
    CK_OBJECT_HANDLE object;
    uint8_t material_id[MATERIAL_ID_BYTES];
    CK_MECHANISM_TYPE mechanism;   /* AES */
    uint8_t pair[PAIR_NAME_BYTES]; /* RSA */
};

struct key_half_list {
    struct key_half_seen *list; /* owned */
    size_t count;
    size_t room;
};

/* Adds a half of a pair. HSM_NO_MEMORY. */
REWRAP_MUST_USE struct hsm_result key_half_keep(struct key_half_list *halves, const struct key_half_seen *half);

/* Counts the pairs into the entries of the table, which are there already. Sorts the list. */
void key_halves_match(struct key_half_list *halves, struct key_table *table);

void key_half_list_clear(struct key_half_list *halves);
