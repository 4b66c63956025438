/* A hash table of wrapping keys by class and material id: open addressing, grows up to a maximum, entries are never
 * removed. Beside it an index by handle. */
#pragma once

#include "objects/classes.h"
#include "pair.h"

/* The halves of a key; AES keys have only the first. */
enum key_half { KEY_UNWRAP, KEY_WRAP, KEY_HALVES };

struct key_entry {
    const struct key_class *class; /* NULL: the slot is free */
    uint8_t material_id[MATERIAL_ID_BYTES];
    CK_OBJECT_HANDLE handles[KEY_HALVES]; /* of one key that passed */
    unsigned passed;                      /* how many keys did: objects of AES, pairs of RSA; 2 stands for more */
    bool half_passed[KEY_HALVES];         /* whether an object did that may be this half */
    const char *refused_for[KEY_HALVES];  /* of one that did not, NULL when there was none */
    CK_MECHANISM_TYPE mechanism;          /* AES: the one that the key allows, 0 when the token does not say */
    uint8_t pair[PAIR_NAME_BYTES];        /* RSA: of the pair that passed (pair.h) */
    bool stale;                           /* look on the token before the next use */
    bool gone; /* its objects were destroyed; the slot stays, since the search for others may lead through it */
    uint64_t looked_at_ms; /* when this key alone was looked for; 0: never */
};

struct key_table {
    struct key_entry *slots; /* owned */
    size_t size;             /* a power of two, or 0 */
    size_t used;
    size_t max; /* entries */
};

/* NULL when there is none. */
struct key_entry *key_table_find(const struct key_table *table, const struct key_class *class,
                                 const uint8_t material_id[MATERIAL_ID_BYTES]);

/*
 * The entry, made if there is none; pointers from earlier calls are invalid then. NULL when the table is full (used ==
 * max) or memory is.
 */
struct key_entry *key_table_add(struct key_table *table, const struct key_class *class,
                                const uint8_t material_id[MATERIAL_ID_BYTES]);

void key_table_clear(struct key_table *table);

/* The objects of a table's keys that passed, by handle. Borrows the entries: valid until the table changes. */
struct key_index {
    struct key_passed *list; /* owned */
    size_t count;
};

struct key_passed {
    CK_OBJECT_HANDLE handle;
    enum key_half half;
    const struct key_entry *entry;
};

/* Without the stale entries. Of two keys that passed with one id only one is in it. False when there is no memory. */
REWRAP_MUST_USE bool key_index_make(const struct key_table *table, struct key_index *ret);
void key_index_clear(struct key_index *index);

/* NULL when no object of that handle passed. */
const struct key_passed *key_index_find(const struct key_index *index, CK_OBJECT_HANDLE handle);
