/*
 * Keys, materials and aliases: all of them in memory, every change a transaction in the store before it is seen or
 * answered.
 *
 * Reading is immediate and never blocks. Pointers to entries are valid until the event loop turns: whoever waits copies
 * the ids it needs. Changing is asynchronous: the change goes to the store's writer process, and `done` is called from
 * the event loop once it is durable and in memory, or refused. Changes are applied in the order in which they were
 * asked for.
 */
#pragma once

#include "base/attr.h"
#include "registry/types.h"

struct event_base;
struct registry;

enum registry_code {
    REGISTRY_OK = 0,
    REGISTRY_EXISTS,    /* the key, material or alias is already there */
    REGISTRY_NOT_FOUND, /* what was to be changed is not there */
    REGISTRY_CONFLICT,  /* it was changed in between by another: read it again */
    REGISTRY_LIMIT, /* too much is waiting (REGISTRY_MAX_WAITING, REGISTRY_MAX_WAITING_BYTES), or there is too much */
    REGISTRY_STORE, /* not opened, or not written; below what that means for a change */
    REGISTRY_NO_MEMORY,
};

/* Changes that may wait for the disk at once, and the bytes of them: a key with long texts has up to 150 KiB. */
#define REGISTRY_MAX_WAITING       1024
#define REGISTRY_MAX_WAITING_BYTES (16 * 1024 * 1024)

/* How long the writer may say nothing while changes wait for it, or while it starts; then it is taken for hung. A sync
 * on a busy disk may take seconds. */
#define REGISTRY_PATIENCE_MS 10000

struct registry_result {
    enum registry_code code;
    char detail[200]; /* for the log: what the database said; empty on success */
};

/*
 * Opens or makes the database at path (mode 0600, in a folder that exists), loads it, and starts the writer process.
 * Blocks while loading: called before serving, and before there is anything in memory that another process should not
 * have a copy of. REGISTRY_STORE when another daemon has the database, when it is writable by others, damaged, not
 * ours, of a newer version, or has a row that breaks a rule: detail says which. On failure *ret is untouched. The
 * caller frees with registry_free. base must outlive it.
 */
REWRAP_MUST_USE struct registry_result registry_open(struct event_base *base, const char *path, struct registry **ret);

/* Another patience than REGISTRY_PATIENCE_MS, at least 1; for the waits that begin from now on. */
void registry_set_patience(struct registry *registry, int patience_ms);

/*
 * Stops the writer once it has written what it was given, but waits for that 3 seconds at most, and not at all for one
 * that is hung; then it is killed, which loses nothing that was answered. Waiting changes are dropped without a call.
 * Blocks, for 4 seconds at most. Not to be called from within a `done`. NULL is allowed.
 */
void registry_free(struct registry *registry);

/* How many changes are waiting: a graceful stop waits for none. */
size_t registry_waiting(const struct registry *registry);

/* ------------------------------------------------------------------ reading; NULL when there is none */
const struct registry_key *registry_key_find(const struct registry *registry, const uint8_t key_id[KEY_ID_BYTES]);
const struct registry_key *registry_key_of_material(const struct registry *registry,
                                                    const uint8_t material_id[MATERIAL_ID_BYTES]);
const struct registry_alias *registry_alias_find(const struct registry *registry, const char *account,
                                                 const char *name);

/* The first key of the account with an id greater than `after` (NULL: the first of all), for paging in a stable order.
 */
const struct registry_key *registry_key_after(const struct registry *registry, const char *account,
                                              const uint8_t after[KEY_ID_BYTES]);

/* The first alias of the account with a name greater than `after` (byte order; NULL: the first of all). */
const struct registry_alias *registry_alias_after(const struct registry *registry, const char *account,
                                                  const char *after);

/* The alias of the key that comes after that one, in the order of their names (NULL: the first); none of a key that is
 * not in the registry. */
const struct registry_alias *registry_alias_of_key_after(const struct registry_key *key,
                                                         const struct registry_alias *after);

/* NULL for a material that no deleted key had, or whose object is gone. */
const struct registry_retired *registry_retired_find(const struct registry *registry,
                                                     const uint8_t material_id[MATERIAL_ID_BYTES]);

/* The first retired material with an id greater than `after` (NULL: the first of all). */
const struct registry_retired *registry_retired_after(const struct registry *registry,
                                                      const uint8_t after[MATERIAL_ID_BYTES]);

/* The first key, of any account, with an id greater than `after` (NULL: the first of all): for going through all of
 * them in portions, a turn of the event loop each. */
const struct registry_key *registry_any_key_after(const struct registry *registry, const uint8_t after[KEY_ID_BYTES]);

/*
 * What a decision about a key looks at is spread over memory, and of a hundred thousand keys most are in no cache of
 * the processor. These have it fetched, a step each, while other work is done: what the key points to, then what that
 * points to. They change nothing but the time of what follows.
 */
void registry_key_prefetch_parts(const struct registry_key *key);
void registry_key_prefetch_contents(const struct registry_key *key); /* a hundred nanoseconds or more later */
void registry_policy_prefetch(const struct registry_policy *policy); /* if it is compiled */

/* ------------------------------------------------------------------ policies */
/*
 * A policy of a key or principal, compiled if that was not done before, which takes some hundred microseconds for a
 * long one. For a text that does not compile, in a damaged row, it is a document that denies everybody everything. NULL
 * without memory. Valid as long as an entry has the policy.
 */
const struct policy_document *registry_policy_document(struct registry_policy *policy);

/* Where and why it does not compile; NULL when it does, or when that was not tried yet. */
const char *registry_policy_fault(const struct registry_policy *policy);

/* Which row is damaged, and how: for the log. Called once for each text, when it is compiled. */
typedef void (*registry_damaged_fn)(void *arg, const char *what);
void registry_on_damaged_policy(struct registry *registry, registry_damaged_fn damaged, void *arg);

/*
 * How many policies are not compiled yet. After registry_open the registry compiles them by itself from the event loop,
 * in portions; registry_compile_policies takes a portion of that many microseconds now and returns what is left.
 */
size_t registry_policies_left(const struct registry *registry);
size_t registry_policies_damaged(const struct registry *registry); /* texts, as far as they were compiled */
size_t registry_compile_policies(struct registry *registry, unsigned budget_us);

/* ------------------------------------------------------------------ how many there are */

/* How many keys an account has; how many keys, aliases and retired materials there are in all. */
size_t registry_account_keys(const struct registry *registry, const char *account);
size_t registry_keys(const struct registry *registry);
size_t registry_aliases(const struct registry *registry);
size_t registry_retired_materials(const struct registry *registry);

/* ------------------------------------------------------------------ changing */
/*
 * Called exactly once for each change, later, from the event loop, never before the call that asked has returned; not
 * called any more once registry_free was.
 *
 * REGISTRY_STORE means that nothing was changed (disk full, a text that may not be stored), or that the writer was lost
 * and nobody knows. In the second case the rows have been read again: registry_key_find or registry_alias_find show
 * whether it was done. Only when the database cannot be read either, or the disk does not answer, they may not know it
 * yet; then no later change is applied before they do.
 *
 * The disk may not answer at all: when the writer has said nothing for REGISTRY_PATIENCE_MS, everything that waits is
 * answered REGISTRY_STORE, and so is every later change, at once, until another writer is ready. Reading goes on.
 */
typedef void (*registry_done_fn)(void *arg, struct registry_result result);

/*
 * Adds a key with its first material, tags included. Copies everything that `key` points to; key_id_text, n_aliases,
 * revision and the origin of the material are not looked at, tags are kept in byte order of their keys. REGISTRY_EXISTS
 * when the key id or the material id is known or retired. Sizes: description 8192 characters, 50 tags of 128 and 256
 * characters (KMS.md) and, for token, 128 bytes of printable ASCII; REGISTRY_STORE beyond them.
 */
void registry_key_add(struct registry *registry, const struct registry_key *key, registry_done_fn done, void *arg);

/*
 * Replaces what may change of a key: description, state, deletion_ms, rotation_days, next_rotation_ms,
 * policy with policy_ms (compiled is not looked at: the text is compiled; REGISTRY_STORE when it does not compile),
 * tags, and materials, of which the known ones must be the first and at most one is new. The rest must be as it is.
 * key->revision is the revision that the caller has seen: REGISTRY_CONFLICT when the key has another by then (the
 * caller reads the key again, and decides again), REGISTRY_NOT_FOUND without the key, REGISTRY_EXISTS when the new
 * material is known, also as a retired one. The stored key has the next revision.
 */
void registry_key_replace(struct registry *registry, const struct registry_key *key, registry_done_fn done, void *arg);

/*
 * Deletes a key with its aliases; its materials are retired, at now_ms. REGISTRY_CONFLICT when it has another revision,
 * REGISTRY_NOT_FOUND without the key.
 */
void registry_key_remove(struct registry *registry, const uint8_t key_id[KEY_ID_BYTES], uint64_t revision,
                         int64_t now_ms, registry_done_fn done, void *arg);

/* The object of a retired material is gone from its token. REGISTRY_NOT_FOUND when there is no such material. */
void registry_retired_remove(struct registry *registry, const uint8_t material_id[MATERIAL_ID_BYTES],
                             registry_done_fn done, void *arg);

/*
 * Add: now_ms becomes created and updated; REGISTRY_EXISTS when the account has an alias of that name. Retarget: now_ms
 * becomes updated; REGISTRY_NOT_FOUND without the alias. Both: REGISTRY_NOT_FOUND when there is no such key in that
 * account. A name is "alias/" and 1 to 250 of A-Z a-z 0-9 : / _ - (KMS.md R-50); REGISTRY_STORE for another.
 */
void registry_alias_add(struct registry *registry, const char *account, const char *name,
                        const uint8_t key_id[KEY_ID_BYTES], int64_t now_ms, registry_done_fn done, void *arg);
void registry_alias_retarget(struct registry *registry, const char *account, const char *name,
                             const uint8_t key_id[KEY_ID_BYTES], int64_t now_ms, registry_done_fn done, void *arg);

/* REGISTRY_NOT_FOUND when there is none. */
void registry_alias_remove(struct registry *registry, const char *account, const char *name, registry_done_fn done,
                           void *arg);
