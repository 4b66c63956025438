/*
 * What the running operations are about to put into the registry, so that two of them do not take the same spare key
 * and limits hold among requests that are under way at once. An entry is part of its operation's state: it costs no
 * memory of its own.
 */
#pragma once

#include "turn.h"

struct operation_pending {
    LIST_ENTRY(operation_pending) entry;
    bool listed;
    bool is_key;                   /* a key of account; otherwise an alias of key_id, or */
    bool is_rotation;              /* a material of key_id, or */
    enum principal_kind principal; /* of account; 0: none */
    const char *name;              /* of it; borrowed from its operation */
    bool is_automatic;
    int64_t began_ms; /* of a rotation */
    char account[ACCOUNT_TEXT_BYTES];
    uint8_t key_id[KEY_ID_BYTES];
    bool has_material;
    uint8_t material_id[MATERIAL_ID_BYTES]; /* of a key, once it is drawn */
};

/*
 * A grant that is being made: it counts for its key. Whoever asks for the same once more, by its name, waits for the
 * first and gets the same grant (KMS.md R-122).
 */
struct operation_new_grant {
    LIST_ENTRY(operation_new_grant) entry;
    STAILQ_ENTRY(operation_new_grant) follower;
    STAILQ_HEAD(operation_followers, operation_new_grant) followers;
    bool listed;
    struct operation *operation;
    const struct registry_grant *grant;
};

struct operation_relist;
struct operation_sweep;

struct operations_state {
    size_t running;
    struct operation_turns changes;           /* change.c: of keys */
    struct operation_turns principal_changes; /* principal_change.c: of users and roles */
    LIST_HEAD(, operation_pending) pending;
    LIST_HEAD(, operation_new_grant) new_grants; /* create_grant.c */
    LIST_HEAD(, operation_relist) relists;       /* stock.c: one for each token that was read again */
    struct operation_sweep *sweep;               /* sweep.c: NULL before the first */
    struct operation *doctor;                    /* doctor.c: the one at work, or NULL */
};

/* Enters it, or takes it out; both may be called again. */
void operation_pending_add(struct operations *operations, struct operation_pending *pending);
void operation_pending_remove(struct operation_pending *pending);

/* Keys of an account and aliases of a key that are on their way. */
size_t operation_pending_keys(const struct operations *operations, const char *account);
/* The rotation of a key that is on its way; NULL: none. There is one at a time. */
const struct operation_pending *operation_pending_rotation(const struct operations *operations,
                                                           const uint8_t key_id[KEY_ID_BYTES]);
size_t operation_pending_aliases(const struct operations *operations, const uint8_t key_id[KEY_ID_BYTES]);
/* Users or roles of an account that are on their way, and whether one of that name is, whatever its case. */
size_t operation_pending_principals(const struct operations *operations, const char *account, enum principal_kind kind);
bool operation_pending_has_principal(const struct operations *operations, const char *account, enum principal_kind kind,
                                     const char *name);
bool operation_pending_material(const struct operations *operations, const uint8_t material_id[MATERIAL_ID_BYTES]);
