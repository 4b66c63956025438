/*
 * Where the registry is kept. Narrow on purpose: load everything, apply a change, say what became of a change whose
 * outcome was lost. The registry knows nothing of SQL; a second backend implements these functions and the promises
 * written here.
 */
#pragma once

#include "entries.h"
#include "entries_grant.h"
#include "entries_principal.h"
#include "registry/registry.h"

struct event_base;
struct store;

enum change_kind {
    CHANGE_KEY_ADD = 1,
    CHANGE_ALIAS_ADD = 2,
    CHANGE_ALIAS_RETARGET = 3,
    CHANGE_ALIAS_REMOVE = 4,
    CHANGE_KEY_REPLACE = 5,
    CHANGE_KEY_REMOVE = 6,
    CHANGE_RETIRED_REMOVE = 7,
    CHANGE_PRINCIPAL_ADD = 8,
    CHANGE_PRINCIPAL_REPLACE = 9,
    CHANGE_PRINCIPAL_REMOVE = 10,
    CHANGE_GRANT_ADD = 11,
    CHANGE_GRANT_REMOVE = 12,
};

struct key_removal {
    uint8_t key_id[KEY_ID_BYTES];
    uint64_t revision; /* that was seen */
    int64_t retired_ms;
};

/* By the unique id: one of the same name may be another by then. */
struct principal_removal {
    char unique_id[PRINCIPAL_ID_BYTES];
    uint64_t revision; /* that was seen */
    struct principal_departure departure;
};

/* Where a grant stands. */
struct grant_place {
    uint8_t key_id[KEY_ID_BYTES];
    uint8_t id[GRANT_ID_BYTES];
};

/* A change as it is asked for; has passed the rules of check.h. */
struct change {
    enum change_kind kind;
    struct key_entry *key;       /* CHANGE_KEY_ADD; CHANGE_KEY_REPLACE: its revision is the one that was seen */
    struct alias_entry *alias;   /* CHANGE_ALIAS_*; CHANGE_ALIAS_REMOVE uses account and name only */
    struct key_removal removal;  /* CHANGE_KEY_REMOVE */
    struct retired_list retired; /* CHANGE_KEY_REMOVE: what the store makes of the key's materials */
    uint8_t material_id[MATERIAL_ID_BYTES]; /* CHANGE_RETIRED_REMOVE */
    struct principal_entry *principal;      /* CHANGE_PRINCIPAL_ADD, _REPLACE: as with a key */
    struct principal_removal principal_removal;
    struct departure_entry *departed; /* CHANGE_PRINCIPAL_REMOVE: the same, for memory */
    struct grant_entry *grant;        /* CHANGE_GRANT_ADD */
    struct grant_place grant_place;   /* CHANGE_GRANT_REMOVE */
};

/*
 * What the store shows. Rows have passed the rules of check.h. While loading: keys first, in order of their ids, then
 * retired materials in order of theirs, then aliases in order of account and name, principals, departures, and grants
 * in order of key id and id. Policies are not compiled yet. Later: rows which a change with a lost outcome may have
 * touched, as they are in the store; what is known already is shown again. A key that is not there is followed by those
 * of its materials that are retired; one of a principal whose removal was lost follows his departure. Each takes the
 * entry over when it answers REGISTRY_OK, but grants and departures are borrowed.
 */
struct store_visitor {
    struct registry_result (*key)(void *arg, struct key_entry *entry);
    struct registry_result (*retired)(void *arg, struct retired_entry *entry);
    struct registry_result (*alias)(void *arg, struct alias_entry *entry);
    struct registry_result (*principal)(void *arg, struct principal_entry *entry);
    struct registry_result (*departure)(void *arg, const struct principal_departure *departure);
    struct registry_result (*grant)(void *arg, const struct registry_grant *grant);
    void (*loaded)(void *arg); /* while loading, behind the last row */
    void (*no_key)(void *arg, const uint8_t key_id[KEY_ID_BYTES]);
    void (*no_retired)(void *arg, const uint8_t material_id[MATERIAL_ID_BYTES]);
    void (*no_alias)(void *arg, const char *account, const char *name);
    void (*no_principal)(void *arg, const char *unique_id);
    void (*no_grant)(void *arg, const uint8_t id[GRANT_ID_BYTES]);
};

typedef void (*store_done_fn)(void *arg, struct registry_result result);

/*
 * Opens or makes the store at path, shows the visitor all of it, and is ready for changes. Blocks. On failure *ret is
 * untouched; the visitor may have been shown a part. base, visitor and arg must outlive the store. The caller frees
 * with store_free.
 */
REWRAP_MUST_USE struct registry_result store_open(struct event_base *base, const char *path,
                                                  const struct store_visitor *visitor, void *arg, struct store **ret);

/*
 * Applies change, in the order of the calls; never blocks. When this answers REGISTRY_OK, `done` is called exactly
 * once, later, from the event loop, in the same order:
 *
 *   REGISTRY_OK         durable
 *   REGISTRY_EXISTS     key id, material id (also as a retired one), alias, name or unique id of a principal, access
 *                       key or grant is there: nothing changed
 *   REGISTRY_NOT_FOUND  the key, material, alias, principal or grant, or the key that it is for, is not there in that
 *                       account: nothing changed
 *   REGISTRY_CONFLICT   the key or principal has another revision: nothing changed
 *   REGISTRY_STORE      nothing changed; or the outcome was lost, and then the visitor was shown the rows before,
 * unless detail says that they could not be read: then that happens before any later change is applied
 *
 * change is borrowed until then. Otherwise `done` is never called: REGISTRY_LIMIT when too much is waiting,
 * REGISTRY_STORE while there is nobody to write, REGISTRY_NO_MEMORY.
 */
REWRAP_MUST_USE struct registry_result store_apply(struct store *store, const struct change *change, store_done_fn done,
                                                   void *arg);

/* How long whoever writes may say nothing while somebody waits; see registry.h. */
void store_set_patience(struct store *store, int patience_ms);

/* Waits (for a bounded time) until what was given is written; no `done` is called any more. NULL is allowed. */
void store_free(struct store *store);
