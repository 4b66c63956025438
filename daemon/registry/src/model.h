/* The registry's inside, shared by its files. */
#pragma once

#include "memory.h"
#include "result.h"
#include "store.h"

#include <sys/queue.h>

struct event;

/* A change and who asked for it. */
struct waiting {
    TAILQ_ENTRY(waiting) link;
    struct registry *registry;
    struct change change; /* owns its entries */
    size_t n_retiring;    /* of registry->n_retiring, that are for this one */
    registry_done_fn done;
    void *arg;
    struct registry_result refusal; /* of those that never reached the store */
};

TAILQ_HEAD(waitings, waiting);

struct registry {
    struct memory memory;
    struct store *store;
    struct waitings waiting; /* in the store's queue */
    struct waitings refused; /* to be told so at the next turn of the loop */
    struct event *refuse;
    struct event *compile; /* compiles policies that nobody has asked for yet */
    registry_damaged_fn damaged;
    void *damaged_arg;
    size_t n_waiting;  /* in both */
    size_t n_retiring; /* materials that those in waiting may retire: there is room for so many */
    bool loading;
    struct key_entry *loading_key; /* whose grant was loaded last: they come key by key */
};

/* What the store shows, into memory (load.c). */
extern const struct store_visitor registry_visitor;

/* From the event loop on, in portions (compile.c). False without memory. */
REWRAP_MUST_USE bool registry_begin_compiling(struct registry *registry, struct event_base *base);

/*
 * Hands a change to the store; the caller of the registry is answered in any case, later. Takes over what change points
 * to. refusal is REGISTRY_OK, or why the change does not even get that far.
 */
void registry_submit(struct registry *registry, const struct change *change, struct registry_result refusal,
                     registry_done_fn done, void *arg);
