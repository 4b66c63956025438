/*
 * The hash map; see base/map.h. Open addressing with linear probing: a hash with a secret seed spreads any keys evenly,
 * and removal moves the followers up, so that no markers of the dead slow down a table which lives for months.
 */
#include "base/map.h"

#include "siphash.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define MIN_CAPACITY 16

/* Three quarters: probes stay short, and one doubling in two is saved against one half. */
static size_t room_of(size_t capacity)
{
    return capacity / 4 * 3;
}

void map_init(struct map *map)
{
    *map = (struct map){0};
    ssize_t got;
    do {
        got = getrandom(map->seed, sizeof map->seed, 0);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof map->seed) {
        abort();
    }
}

void map_clear(struct map *map)
{
    free(map->slots);
    map->slots = NULL;
    map->capacity = 0;
    map->count = 0;
}

static uint32_t hash_of(const struct map *map, struct view key)
{
    return (uint32_t)siphash(map->seed, key);
}

static size_t next_slot(const struct map *map, size_t i)
{
    return (i + 1) & (map->capacity - 1);
}

/* The slot that holds key, or the free one where it would go. There is always a free one. */
static size_t slot_for(const struct map *map, struct view key, uint32_t hash)
{
    size_t i = hash & (map->capacity - 1);
    for (; map->slots[i].value != NULL; i = next_slot(map, i)) {
        const struct map_slot *slot = &map->slots[i];
        if (slot->hash == hash && view_equal(view_of(slot->key, slot->key_len), key)) {
            break;
        }
    }
    return i;
}

bool map_reserve(struct map *map, size_t entries)
{
    if (entries > MAP_MAX_ENTRIES) {
        return false;
    }
    size_t capacity = map->capacity < MIN_CAPACITY ? MIN_CAPACITY : map->capacity;
    while (room_of(capacity) < entries) {
        capacity *= 2;
    }
    if (capacity == map->capacity) {
        return true;
    }
    struct map_slot *slots = calloc(capacity, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].value == NULL) {
            continue;
        }
        size_t at = map->slots[i].hash & (capacity - 1);
        while (slots[at].value != NULL) {
            at = (at + 1) & (capacity - 1);
        }
        slots[at] = map->slots[i];
    }
    free(map->slots);
    map->slots = slots;
    map->capacity = capacity;
    return true;
}

enum map_code map_add(struct map *map, struct view key, void *value)
{
    if (key.len > UINT32_MAX) {
        return MAP_NO_MEMORY;
    }
    uint32_t hash = hash_of(map, key);
    if (map->capacity != 0 && map->slots[slot_for(map, key, hash)].value != NULL) {
        return MAP_EXISTS;
    }
    if (!map_reserve(map, map->count + 1)) {
        return MAP_NO_MEMORY;
    }
    map->slots[slot_for(map, key, hash)] =
        (struct map_slot){.key = key.data, .value = value, .key_len = (uint32_t)key.len, .hash = hash};
    map->count++;
    return MAP_ADDED;
}

void *map_find(const struct map *map, struct view key)
{
    if (map->count == 0) {
        return NULL;
    }
    return map->slots[slot_for(map, key, hash_of(map, key))].value;
}

void *map_remove(struct map *map, struct view key)
{
    if (map->count == 0) {
        return NULL;
    }
    size_t hole = slot_for(map, key, hash_of(map, key));
    void *value = map->slots[hole].value;
    if (value == NULL) {
        return NULL;
    }
    /* A follower moves into the hole unless its own first slot lies after the hole: a search for it would not pass
     * there. */
    const size_t mask = map->capacity - 1;
    for (size_t i = next_slot(map, hole); map->slots[i].value != NULL; i = next_slot(map, i)) {
        size_t distance_from_home = (i - map->slots[i].hash) & mask;
        size_t distance_from_hole = (i - hole) & mask;
        if (distance_from_home >= distance_from_hole) {
            map->slots[hole] = map->slots[i];
            hole = i;
        }
    }
    map->slots[hole] = (struct map_slot){0};
    map->count--;
    return value;
}

void *map_next(const struct map *map, size_t *cursor)
{
    while (*cursor < map->capacity) {
        void *value = map->slots[(*cursor)++].value;
        if (value != NULL) {
            return value;
        }
    }
    return NULL;
}
