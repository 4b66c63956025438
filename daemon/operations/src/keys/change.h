/*
 * A change of one key, whichever: find it, authorise, look at its state, decide, write. Changes of a key are made by
 * turns (turn.h): who may make one waits for those before it, and begins again with the key that they left. So it does
 * when something else was faster. What an operation adds is a row of functions.
 */
#pragma once

#include "access/authorize.h"
#include "frame/turn.h"
#include "request/tag_rules.h"

/* How often it is tried before the caller has to. */
#define OPERATION_CHANGE_MAX_TRIES 16

enum operation_decision {
    OPERATION_DECIDED_NOTHING,  /* the key is already as it should be: answered without a write */
    OPERATION_DECIDED_WRITE,    /* the draft is what it should be */
    OPERATION_DECIDED_ANSWERED, /* refused; the operation is over */
};

/* What the key shall be, made from what it is. Lists and texts are the key's own until a decision sets others, which
 * must live until it returns: in the request, or in the room that is here. */
struct operation_draft {
    struct registry_key key;
    struct registry_tag tags[OPERATION_TAGS_MAX];
    struct registry_material *materials; /* room for one more than the key has */
};

struct operation_change_kind {
    enum operation_permission permission;
    enum operation_decision (*decide)(struct operation *operation, const struct registry_key *key,
                                      struct operation_draft *draft);
    /* Answers, once the key is as it should be; NULL: with an empty message. */
    void (*answer)(struct operation *operation, const struct registry_key *key);
    /*
     * After a change of which nobody knows whether it was made (REGISTRY_STORE): whether the key shows it. NULL: when
     * there would be nothing to do now.
     */
    bool (*is_made)(const struct operation *operation, const struct registry_key *key);
};

/* The first member of the handler's state. */
struct operation_change {
    const struct operation_change_kind *kind;
    const char *key_id_text; /* of the request; NULL: key_id is the key, and nobody is asked for a permission */
    uint8_t key_id[KEY_ID_BYTES];
    unsigned tries;
    struct operation_turn turn;
    bool may_be_made; /* or was: once this is set, what the change put into the registry may be in it */
};

/*
 * Finds the key, authorises the caller and, when it is its turn, checks its state and kind (states.h): what a change
 * begins with, and what an operation may do before it has all that the change needs. NULL when the request was
 * answered, or waits: `again` is called when its turn has come.
 */
REWRAP_MUST_USE const struct registry_key *operation_change_find(struct operation *operation, operation_run_fn again);

/* Goes from there to the answer. The operation may have ended when this returns. */
void operation_change_run(struct operation *operation);

/* Both, for operations that need nothing else; key_id is the request's. */
void operation_change_start(struct operation *operation, const struct operation_change_kind *kind, const char *key_id);
