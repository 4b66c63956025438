/* A key, an alias and a retired material as the registry owns them, with what ties them together. */
#pragma once

#include "base/attr.h"
#include "base/view.h"
#include "grant_list.h"
#include "policies.h"
#include "registry/types.h"

#include <stdbool.h>

struct alias_entry {
    struct registry_alias alias;  /* alias.name points into id */
    struct alias_entry *previous; /* the other aliases of the same key, in order of their names */
    struct alias_entry *next;
    size_t id_len;
    char id[]; /* the account's digits, then the name: together the key of the map of aliases. With a NUL. */
};

static inline const struct alias_entry *alias_entry_around(const struct registry_alias *alias)
{
    return (const struct alias_entry *)((const char *)alias - offsetof(struct alias_entry, alias));
}

struct key_entry {
    struct registry_key key;
    struct registry_policy *shared; /* where key.policy is, and key.compiled; NULL: key.policy is the entry's own */
    struct grant_list grants[GRANT_ORDERS]; /* borrowed from the map of grants; of names only those that have one */
    struct alias_entry *first_alias;        /* borrowed from the map of aliases */
    struct alias_entry *last_alias;
};

struct retired_entry {
    struct registry_retired retired; /* retired.token points into text */
    char text[];
};

/* What became of the materials of one key. Owns the array and what it points to; NULL for those that were taken. */
struct retired_list {
    struct retired_entry **entries;
    size_t n;
};

/* A copy with a NUL behind it, for free(3); NULL without memory. */
char *registry_text_copy(struct view text);

#define ALIAS_ID_MAX_BYTES (ACCOUNT_TEXT_BYTES - 1 + ALIAS_NAME_MAX_BYTES)

/* A key with these three texts copied and nothing else set. Account has 12 bytes, no text has a NUL. NULL without
 * memory. */
REWRAP_MUST_USE struct key_entry *key_entry_new(const uint8_t key_id[KEY_ID_BYTES], struct view account,
                                                struct view token, struct view description);

/* A deep copy of key, tags sorted, its policy not compiled, without its aliases. NULL without memory. */
REWRAP_MUST_USE struct key_entry *key_entry_copy(const struct registry_key *key);

/* Append. False, and nothing changed, without memory. */
REWRAP_MUST_USE bool key_entry_add_material(struct key_entry *entry, const struct registry_material *material);
REWRAP_MUST_USE bool key_entry_add_tag(struct key_entry *entry, struct view key, struct view value);

/* Copies the text of a policy of its own; once. False without memory. */
REWRAP_MUST_USE bool key_entry_set_policy(struct key_entry *entry, struct view policy);

/* Finds the policy among those that others have, or the default one. On failure the entry is as it was. */
REWRAP_MUST_USE struct registry_result key_entry_share(struct key_entry *entry, struct policies *policies);

/* NULL is allowed. */
void key_entry_free(struct key_entry *entry);

/* Account has 12 bytes, name at most ALIAS_NAME_MAX_BYTES, no text has a NUL; key_id may be NULL: zeros. NULL without
 * memory. */
REWRAP_MUST_USE struct alias_entry *alias_entry_new(struct view account, struct view name, const uint8_t *key_id);

/* NULL is allowed. */
void alias_entry_free(struct alias_entry *entry);

/* With these copied and nothing else set. Account has 12 bytes, token no NUL. NULL without memory. */
REWRAP_MUST_USE struct retired_entry *retired_entry_new(const uint8_t material_id[MATERIAL_ID_BYTES],
                                                        const uint8_t key_id[KEY_ID_BYTES], struct view account,
                                                        struct view token);

/* NULL is allowed. */
void retired_entry_free(struct retired_entry *entry);

/* Takes entry over. False, and nothing taken, without memory. */
REWRAP_MUST_USE bool retired_list_add(struct retired_list *list, struct retired_entry *entry);

/* Every material of key as it is retired at that time. False, and an empty list, without memory. */
REWRAP_MUST_USE bool retired_list_of_key(const struct registry_key *key, int64_t retired_ms, struct retired_list *ret);
void retired_list_clear(struct retired_list *list);

static inline struct view alias_entry_id(const struct alias_entry *entry)
{
    return view_of(entry->id, entry->id_len);
}
