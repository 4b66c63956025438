/* A user or role as the registry owns it, with its policies and access keys. */
#pragma once

#include "policies.h"
#include "registry/types.h"

struct principal_entry {
    struct registry_principal principal; /* its name points into id, its lists to the arrays below */
    struct registry_identity_policy policies[PRINCIPAL_MAX_POLICIES];
    struct registry_policy *shared[PRINCIPAL_MAX_POLICIES]; /* what the texts belong to; NULL: to the entry itself */
    struct registry_access_key access_keys[PRINCIPAL_MAX_ACCESS_KEYS];
    size_t id_len;
    char id[]; /* account, kind as a digit, name: together the key of the map of names. A NUL, then the path. */
};

/* When one of that name was deleted, and who he was. */
struct principal_departure {
    char account[ACCOUNT_TEXT_BYTES];
    enum principal_kind kind;
    char name[PRINCIPAL_NAME_MAX_BYTES + 1];
    char unique_id[PRINCIPAL_ID_BYTES]; /* empty: not on record, and whoever departed before is not either */
    int64_t departed_ms;
    uint8_t kept_ids; /* of the name, at most REGISTRY_DEPARTED_IDS: his and the last before him; the others go */
};

struct departure_entry {
    struct departure_entry *earlier; /* from the same name; NULL: none */
    int64_t departed_ms;
    char unique_id[PRINCIPAL_ID_BYTES];
    size_t id_len;
    char id[]; /* as of a principal_entry, without the path */
};

#define PRINCIPAL_ID_TEXT_BYTES    (PRINCIPAL_ID_BYTES - 1)
#define PRINCIPAL_MAP_ID_MAX_BYTES (ACCOUNT_TEXT_BYTES + PRINCIPAL_NAME_MAX_BYTES)

/* With these texts copied and nothing else set; they are of good length and have no NUL. In memory that is erased with
 * it. NULL without memory. */
REWRAP_MUST_USE struct principal_entry *principal_entry_new(struct view account, enum principal_kind kind,
                                                            struct view name, struct view path, struct view unique_id);

/* A deep copy, policies and access keys sorted. NULL without memory. No more than PRINCIPAL_MAX_POLICIES and
 * PRINCIPAL_MAX_ACCESS_KEYS. */
REWRAP_MUST_USE struct principal_entry *principal_entry_copy(const struct registry_principal *principal);

/* Each puts one in its place, of which there is room. Adding a policy copies its texts: false without memory. */
REWRAP_MUST_USE bool principal_entry_add_policy(struct principal_entry *entry, struct view name, struct view text);
void principal_entry_add_access_key(struct principal_entry *entry, const struct registry_access_key *access_key);

/* Compiles the policies. On failure some may be shared and some not. */
REWRAP_MUST_USE struct registry_result principal_entry_share(struct principal_entry *entry, struct policies *policies);

/* Erases it. NULL is allowed. */
void principal_entry_free(struct principal_entry *entry);

/* NULL without memory. To be freed with free, or with all the earlier ones behind it; NULL is allowed. */
REWRAP_MUST_USE struct departure_entry *departure_entry_new(const struct principal_departure *departure);
void departure_entry_free_all(struct departure_entry *entry);

/* Writes the id of the map; its length, or 0 when account or name have a length that none has. */
size_t principal_map_id(const char *account, enum principal_kind kind, const char *name,
                        char out[PRINCIPAL_MAP_ID_MAX_BYTES]);
