/* A hash map from byte strings to pointers, for keys that a stranger may choose. */
#pragma once

#include "base/attr.h"
#include "base/view.h"

#define MAP_SEED_BYTES 16

/* More entries than fit any registry that we load; keeps every size below far from overflow. */
#define MAP_MAX_ENTRIES ((size_t)1 << 28)

struct map_slot {
    const uint8_t *key; /* borrowed: it usually lies in the value */
    void *value;        /* NULL in a free slot */
    uint32_t key_len;
    uint32_t hash;
};

/* Fields are private; the struct is here so that it can be part of another. */
struct map {
    struct map_slot *slots; /* owned; capacity of them, a power of two or none */
    size_t capacity;
    size_t count;
    uint8_t seed[MAP_SEED_BYTES];
};

enum map_code { MAP_ADDED, MAP_EXISTS, MAP_NO_MEMORY };

/* An empty map with a seed of its own from the kernel's generator (aborts if the kernel has none). Allocates nothing.
 */
void map_init(struct map *map);

/* Frees the table, not the keys and values: they are the caller's. The map is empty afterwards and can be used again.
 */
void map_clear(struct map *map);

/* Makes room for that many entries in all, so that map_add cannot fail before. False, and nothing changed, without
 * memory. */
REWRAP_MUST_USE bool map_reserve(struct map *map, size_t entries);

/*
 * Adds value (not NULL) under key. The map keeps key.data, which must stay as it is until the entry is removed.
 * MAP_EXISTS, and nothing changed, when the key is there; MAP_NO_MEMORY, and nothing changed, when the table cannot
 * grow.
 */
REWRAP_MUST_USE enum map_code map_add(struct map *map, struct view key, void *value);

/* The value under key, or NULL. */
void *map_find(const struct map *map, struct view key);

/* Takes the entry out and returns its value, or NULL when there was none. */
void *map_remove(struct map *map, struct view key);

/*
 * Walks all entries in no particular order: start with *cursor = 0 and call until NULL. The map must not change
 * meanwhile; freeing the values is fine when map_clear comes next.
 */
void *map_next(const struct map *map, size_t *cursor);

static inline size_t map_count(const struct map *map)
{
    return map->count;
}
