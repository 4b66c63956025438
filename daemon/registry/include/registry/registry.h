/*
 * Keys, materials and aliases: all of them in memory, every change a transaction in the store before it is seen or answered.
 *
 * Reading is immediate and never blocks. Pointers to entries are valid until the event loop turns: whoever waits copies the ids
 * it needs. Changing is asynchronous: the change goes to the store's writer, and `done` is called from the event loop once it is
 * durable and in memory, or refused. Changes are applied in the order in which they were asked for.
 */
#pragma once

#include "base/attr.h"
#include "registry/types.h"

#include <stdbool.h>

struct event_base;
struct registry;

enum registry_code {
    REGISTRY_OK = 0,
    REGISTRY_EXISTS,    /* the key, material or alias is already there */
    REGISTRY_NOT_FOUND, /* what was to be changed is not there */
    REGISTRY_LIMIT,     /* too many changes waiting (REGISTRY_MAX_WAITING) */
    REGISTRY_STORE,     /* the database cannot be read or written: disk full, I/O error, no permission, not ours, newer schema */
    REGISTRY_NO_MEMORY,
};

#define REGISTRY_MAX_WAITING 1024 /* changes that may wait for the disk at once */

struct registry_result {
    enum registry_code code;
    char detail[200]; /* for the log: what the database said; empty on success */
};

/*
 * Opens or makes the database at path (mode 0600, in a folder that exists), loads it, and starts the writer process. Blocks while
 * loading: called before serving. On failure *ret is untouched. The caller frees with registry_free.
 */
REWRAP_MUST_USE struct registry_result registry_open(struct event_base *base, const char *path, struct registry **ret);

/* Stops the writer once it has written what it was given; waiting changes that were not yet sent are dropped without a call. NULL is allowed. */
void registry_free(struct registry *registry);

/* How many changes are waiting: a graceful stop waits for none. */
size_t registry_waiting(const struct registry *registry);

/* ------------------------------------------------------------------ reading; NULL when there is none */
const struct registry_key *registry_key_find(const struct registry *registry, const uint8_t key_id[KEY_ID_BYTES]);
const struct registry_key *registry_key_of_material(const struct registry *registry, const uint8_t material_id[MATERIAL_ID_BYTES]);
const struct registry_alias *registry_alias_find(const struct registry *registry, const char *account, const char *name);

/* The first key of the account with an id greater than `after` (NULL: the first of all), for paging in a stable order. */
const struct registry_key *registry_key_after(const struct registry *registry, const char *account, const uint8_t after[KEY_ID_BYTES]);

/* The first alias of the account with a name greater than `after` (byte order; NULL: the first of all). */
const struct registry_alias *registry_alias_after(const struct registry *registry, const char *account, const char *after);

/* How many keys an account has; how many keys and aliases there are in all. */
size_t registry_account_keys(const struct registry *registry, const char *account);
size_t registry_keys(const struct registry *registry);
size_t registry_aliases(const struct registry *registry);

/* ------------------------------------------------------------------ changing */
typedef void (*registry_done_fn)(void *arg, struct registry_result result);

/*
 * Adds a key with its first material, tags included. Copies everything that `key` points to. REGISTRY_EXISTS when the key id or
 * the material id is known. `done` is called exactly once, later, from the event loop; never before this returns.
 */
void registry_key_add(struct registry *registry, const struct registry_key *key, registry_done_fn done, void *arg);

/* now_ms becomes created and updated. REGISTRY_EXISTS when the account has an alias of that name, REGISTRY_NOT_FOUND without the key. */
void registry_alias_add(struct registry *registry, const char *account, const char *name, const uint8_t key_id[KEY_ID_BYTES],
                        int64_t now_ms, registry_done_fn done, void *arg);
void registry_alias_retarget(struct registry *registry, const char *account, const char *name, const uint8_t key_id[KEY_ID_BYTES],
                             int64_t now_ms, registry_done_fn done, void *arg);
void registry_alias_remove(struct registry *registry, const char *account, const char *name, registry_done_fn done, void *arg);
