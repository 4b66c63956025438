/*
 * A change of one user or role: find it, authorise, wait for its turn (turn.h), decide, write; as change.h does it for
 * keys.
 */
#pragma once

#include "keys/change.h"
#include "principal.h"

/* What it shall be, made from what it is, in locked memory that is wiped: the secrets of access keys are in it. Texts
 * are the registry's or the request's own. */
struct operation_principal_draft {
    struct registry_principal principal;
    struct registry_identity_policy policies[PRINCIPAL_MAX_POLICIES];
    struct registry_access_key access_keys[PRINCIPAL_MAX_ACCESS_KEYS];
    bool remove; /* it shall not be at all */
};

struct operation_principal_change_kind {
    enum operation_decision (*decide)(struct operation *operation, const struct registry_principal *principal,
                                      struct operation_principal_draft *draft);
    /* Answers, once it is as it should be; NULL: with an empty message. Not called with one that is removed. */
    void (*answer)(struct operation *operation, const struct registry_principal *principal);
    /* After a change of which nobody knows whether it was made: whether the principal shows it. NULL for removals. */
    bool (*is_made)(const struct operation *operation, const struct registry_principal *principal);
};

/* The first member of the handler's state. */
struct operation_principal_change {
    const struct operation_principal_change_kind *kind;
    enum operation_permission permission;
    char found_name[PRINCIPAL_NAME_MAX_BYTES + 1];
    char unique_id[PRINCIPAL_ID_BYTES]; /* of the one that was found: another of its name is another */
    bool removes;
    unsigned tries;
    struct operation_turn turn;
};

/* From the request to the answer. The operation may have ended when this returns. */
void operation_principal_change_start(struct operation *operation, const struct operation_principal_change_kind *kind,
                                      enum operation_permission permission);
