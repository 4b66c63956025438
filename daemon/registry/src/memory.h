/*
 * The registry's content while it runs: maps to find by id or name, and for each account sorted arrays to page through.
 * Adding needs no memory once room was reserved, because a change that is durable must not fail any more.
 */
#pragma once

#include "base/map.h"
#include "entries.h"
#include "entries_grant.h"
#include "entries_principal.h"

#define PRINCIPAL_KINDS 2

struct principal_list {
    struct principal_entry **entries; /* by name, byte order */
    size_t n;
    size_t room;
};

struct account {
    char id[ACCOUNT_TEXT_BYTES];
    struct key_entry **keys; /* by key id */
    size_t n_keys;
    size_t keys_room;
    struct alias_entry **aliases; /* by name, byte order */
    size_t n_aliases;
    size_t aliases_room;
    struct principal_list principals[PRINCIPAL_KINDS]; /* see account_principals */
};

struct memory {
    struct map keys;                   /* key id → struct key_entry, owned */
    struct map materials;              /* material id → struct key_entry; none of them is retired */
    struct map retired;                /* material id → struct retired_entry, owned */
    struct map aliases;                /* account and name → struct alias_entry, owned */
    struct map accounts;               /* digits → struct account, owned */
    struct map principals;             /* account, kind and name → struct principal_entry, owned */
    struct map unique_ids;             /* unique id → struct principal_entry */
    struct map access_keys;            /* id of an access key → struct principal_entry */
    struct map departures;             /* account, kind and name → the last struct departure_entry, all owned */
    size_t n_departures;               /* of all names together */
    struct map grants;                 /* grant id → struct grant_entry, owned */
    struct policies policies;          /* of keys and principals, and of changes that are waiting */
    struct texts texts;                /* of grants, and of changes that are waiting */
    struct retired_entry **retirement; /* what is in retired, by material id */
    size_t retirement_room;
    struct key_entry **due; /* keys that are due at some time, in that order: see registry/due.h */
    size_t n_due;
    size_t due_room; /* as many as there are keys, since each may come to be due */
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

/* Makes an empty one if need be. NULL without memory. */
struct account *memory_account_made(struct memory *memory, const char *id);
struct key_entry *memory_key(const struct memory *memory, const uint8_t key_id[KEY_ID_BYTES]);
struct key_entry *memory_key_of_material(const struct memory *memory, const uint8_t material_id[MATERIAL_ID_BYTES]);
struct retired_entry *memory_retired(const struct memory *memory, const uint8_t material_id[MATERIAL_ID_BYTES]);
struct alias_entry *memory_alias(const struct memory *memory, const char *account, const char *name);

/* Takes entry over. False, with nothing taken, when the key is known or one of its materials is, also as a retired one.
 * Needs reserved room. */
REWRAP_MUST_USE bool memory_add_key(struct memory *memory, struct key_entry *entry);

/* Likewise while loading; to be followed by one memory_due_sort. */
REWRAP_MUST_USE bool memory_append_key(struct memory *memory, struct key_entry *entry);

/*
 * Takes entry over in the place of the key with its id, whose aliases stay. False, with nothing taken, when there is no
 * such key in that account, or when a material is another key's or retired. Needs reserved room for materials that the
 * key did not have.
 */
REWRAP_MUST_USE bool memory_replace_key(struct memory *memory, struct key_entry *entry);

/* With its aliases and grants. False when there was none. */
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

/* ------------------------------------------------------------------ due.c */

/* Each does nothing for a key that is never due. There is room. What they look at must not change while a key is in. */
void memory_due_add(struct memory *memory, struct key_entry *entry);
void memory_due_remove(struct memory *memory, const struct key_entry *entry);

/* While loading: behind the others, in no order; then one sort. */
void memory_due_append(struct memory *memory, struct key_entry *entry);
void memory_due_sort(struct memory *memory);

/* ------------------------------------------------------------------ memory_principal.c */

/* Room for that many more principals in this account and in all, with all the access keys that they may have. False
 * without memory. */
REWRAP_MUST_USE bool memory_reserve_principals(struct memory *memory, const char *account, size_t more);

struct principal_entry *memory_principal(const struct memory *memory, const char *account, enum principal_kind kind,
                                         const char *name);
struct principal_entry *memory_principal_of_id(const struct memory *memory, const char *unique_id);
struct principal_entry *memory_principal_of_access_key(const struct memory *memory, const char *access_key_id);

/*
 * Takes entry over, in the place of the principal with its unique id if there is one. False, with nothing taken, when
 * another has its name or one of its access keys. Needs reserved room.
 */
REWRAP_MUST_USE bool memory_put_principal(struct memory *memory, struct principal_entry *entry);

/* False when there was none. */
bool memory_remove_principal(struct memory *memory, const char *unique_id);

/* Room for that many more names that somebody departed from. False without memory. */
REWRAP_MUST_USE bool memory_reserve_departures(struct memory *memory, size_t more);

/* The last one from that name, behind which are the earlier ones. NULL when there is none. */
const struct departure_entry *memory_departure(const struct memory *memory, const char *account,
                                               enum principal_kind kind, const char *name);

/*
 * Takes entry over; of two of the same unique id the later counts. Who departed from the name before the last
 * kept_ids becomes one entry without an id, as in the store (sqlite_apply.c). Needs reserved room.
 */
void memory_put_departure(struct memory *memory, struct departure_entry *entry, size_t kept_ids);

/* How many there are of a name, from the last one on. */
size_t departure_entry_count(const struct departure_entry *last);

/* NULL when there is no such kind. */
const struct principal_list *account_principals(const struct account *account, enum principal_kind kind);
size_t principal_list_after(const struct principal_list *list, const char *after);

/* ------------------------------------------------------------------ memory_grant.c */

/* Room for that many more grants in all, on this key, with this name of who retires them. False without memory. */
REWRAP_MUST_USE bool memory_reserve_grants(struct memory *memory, struct key_entry *key,
                                           const struct grant_entry *entry, size_t more);

struct grant_entry *memory_grant(const struct memory *memory, const uint8_t id[GRANT_ID_BYTES]);

/* Takes entry over, whose texts are shared. False, with nothing taken, when its id is known or its key is not there.
 * Needs reserved room. */
REWRAP_MUST_USE bool memory_add_grant(struct memory *memory, struct grant_entry *entry);

/* Likewise while loading, for its key, in order of key id and id; to be followed by one memory_sort_grants, before
 * which nothing but ids is found. */
REWRAP_MUST_USE bool memory_append_grant(struct memory *memory, struct key_entry *key, struct grant_entry *entry);
void memory_sort_grants(struct memory *memory);

/* False when there was none. */
bool memory_remove_grant(struct memory *memory, const uint8_t id[GRANT_ID_BYTES]);

/* All those of a key, in time that grows with them and with what their retiring principals may retire elsewhere. */
void memory_remove_grants_of_key(struct memory *memory, struct key_entry *key);

/* ------------------------------------------------------------------ what the files of memory share */

/* Room for more pointers in the array at `array`, which has n. False without memory. */
REWRAP_MUST_USE bool memory_array_reserve(void *array, size_t *room, size_t n, size_t more);

/* Arrays of pointers, in order of what they point to; to insert there is room for one more. */
void memory_array_insert(void *array, size_t n, size_t at, const void *entry);
void memory_array_remove(void *array, size_t n, size_t at);

/* Room was reserved: ends the process if not. */
void memory_map_add(struct map *map, struct view key, void *value);

/* Where in the sorted array the first entry greater than `after` stands (NULL: 0); the array's length when there is
 * none. */
size_t account_key_after(const struct account *account, const uint8_t *after);
size_t account_alias_after(const struct account *account, const char *after);
size_t memory_retired_after(const struct memory *memory, const uint8_t *after);
