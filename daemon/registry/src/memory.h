/*
 * The registry's content while it runs: maps to find by id or name, and for each account sorted arrays to page through.
 * Adding needs no memory once room was reserved, because a change that is durable must not fail any more.
 */
#pragma once

#include "base/map.h"
#include "entries.h"

struct account {
    char id[ACCOUNT_TEXT_BYTES];
    struct key_entry **keys; /* by key id */
    size_t n_keys;
    size_t keys_room;
    struct alias_entry **aliases; /* by name, byte order */
    size_t n_aliases;
    size_t aliases_room;
};

struct memory {
    struct map keys;                   /* key id → struct key_entry, owned */
    struct map materials;              /* material id → struct key_entry; none of them is retired */
    struct map retired;                /* material id → struct retired_entry, owned */
    struct map aliases;                /* account and name → struct alias_entry, owned */
    struct map accounts;               /* digits → struct account, owned */
    struct retired_entry **retirement; /* what is in retired, by material id */
    size_t retirement_room;
};

void memory_init(struct memory *memory);
void memory_clear(struct memory *memory);

/* Room for that many more keys (each with one new material), and aliases, in this account and in all. False without
 * memory. */
REWRAP_MUST_USE bool memory_reserve(struct memory *memory, const char *account, size_t more);

/* Room for that many more materials of keys to come, beyond the first of each. False without memory. */
REWRAP_MUST_USE bool memory_reserve_materials(struct memory *memory, size_t more);

/* Room for that many more retired materials. False without memory. */
REWRAP_MUST_USE bool memory_reserve_retired(struct memory *memory, size_t more);

struct account *memory_account(const struct memory *memory, const char *account);
struct key_entry *memory_key(const struct memory *memory, const uint8_t key_id[KEY_ID_BYTES]);
struct key_entry *memory_key_of_material(const struct memory *memory, const uint8_t material_id[MATERIAL_ID_BYTES]);
struct retired_entry *memory_retired(const struct memory *memory, const uint8_t material_id[MATERIAL_ID_BYTES]);
struct alias_entry *memory_alias(const struct memory *memory, const char *account, const char *name);

/* Takes entry over. False, with nothing taken, when the key is known or one of its materials is, also as a retired one.
 * Needs reserved room. */
REWRAP_MUST_USE bool memory_add_key(struct memory *memory, struct key_entry *entry);

/*
 * Takes entry over in the place of the key with its id, whose aliases stay. False, with nothing taken, when there is no
 * such key in that account, or when a material is another key's or retired. Needs reserved room for materials that the
 * key did not have.
 */
REWRAP_MUST_USE bool memory_replace_key(struct memory *memory, struct key_entry *entry);

/* With its aliases. False when there was none. */
bool memory_remove_key(struct memory *memory, const uint8_t key_id[KEY_ID_BYTES]);

/* Takes entry over; one of that material is replaced by it. False, with nothing taken, when a key has the material.
 * Needs reserved room. */
REWRAP_MUST_USE bool memory_put_retired(struct memory *memory, struct retired_entry *entry);

/* False when there was none. */
bool memory_remove_retired(struct memory *memory, const uint8_t material_id[MATERIAL_ID_BYTES]);

/*
 * Takes entry over; an alias of that name is replaced by it. False, with nothing taken, when its key is not there or
 * belongs to another account. Needs reserved room.
 */
REWRAP_MUST_USE bool memory_put_alias(struct memory *memory, struct alias_entry *entry);

/* False when there was none. */
bool memory_remove_alias(struct memory *memory, const char *account, const char *name);

/* Where in the sorted array the first entry greater than `after` stands (NULL: 0); the array's length when there is
 * none. */
size_t account_key_after(const struct account *account, const uint8_t *after);
size_t account_alias_after(const struct account *account, const char *after);
size_t memory_retired_after(const struct memory *memory, const uint8_t *after);
