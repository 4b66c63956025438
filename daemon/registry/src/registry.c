/* Opening, closing, and the way of a change: memory follows the store, never the other way round. */
#include "model.h"

#include <event2/event.h>
#include <stdlib.h>

static void change_clear(struct change *change)
{
    key_entry_free(change->key);
    alias_entry_free(change->alias);
    retired_list_clear(&change->retired);
    principal_entry_free(change->principal);
    free(change->departed);
    grant_entry_free(change->grant);
}

static void waiting_free(struct waiting *waiting)
{
    waiting->registry->n_retiring -= waiting->n_retiring;
    change_clear(&waiting->change);
    free(waiting);
}

/* ------------------------------------------------------------------ what is durable goes into memory */

/* Each is true when memory took the change; it owns the entry then. */

static bool add_key(struct memory *memory, struct change *change)
{
    bool taken = memory_add_key(memory, change->key);
    change->key = taken ? NULL : change->key;
    return taken;
}

static bool replace_key(struct memory *memory, struct change *change)
{
    change->key->key.revision++;
    bool taken = memory_replace_key(memory, change->key);
    change->key = taken ? NULL : change->key;
    return taken;
}

static bool remove_key(struct memory *memory, struct change *change)
{
    bool taken = memory_remove_key(memory, change->removal.key_id);
    for (size_t i = 0; i < change->retired.n && taken; i++) {
        taken = memory_put_retired(memory, change->retired.entries[i]);
        change->retired.entries[i] = taken ? NULL : change->retired.entries[i];
    }
    return taken;
}

static bool remove_retired(struct memory *memory, struct change *change)
{
    return memory_remove_retired(memory, change->material_id);
}

static bool put_alias(struct memory *memory, struct change *change)
{
    bool taken = memory_put_alias(memory, change->alias);
    change->alias = taken ? NULL : change->alias;
    return taken;
}

/* The created time of an alias stays when it gets another key. */
static bool retarget_alias(struct memory *memory, struct change *change)
{
    struct registry_alias *alias = &change->alias->alias;
    const struct alias_entry *old = memory_alias(memory, alias->account, alias->name);
    if (old == NULL) {
        return false;
    }
    alias->created_ms = old->alias.created_ms;
    return put_alias(memory, change);
}

static bool remove_alias(struct memory *memory, struct change *change)
{
    return memory_remove_alias(memory, change->alias->alias.account, change->alias->alias.name);
}

static bool put_principal(struct memory *memory, struct change *change)
{
    bool taken = memory_put_principal(memory, change->principal);
    change->principal = taken ? NULL : change->principal;
    return taken;
}

static bool replace_principal(struct memory *memory, struct change *change)
{
    change->principal->principal.revision++;
    return put_principal(memory, change);
}

static bool remove_principal(struct memory *memory, struct change *change)
{
    memory_put_departure(memory, change->departed, change->principal_removal.departure.kept_ids);
    change->departed = NULL;
    return memory_remove_principal(memory, change->principal_removal.unique_id);
}

static bool add_grant(struct memory *memory, struct change *change)
{
    bool taken = memory_add_grant(memory, change->grant);
    change->grant = taken ? NULL : change->grant;
    return taken;
}

static bool remove_grant(struct memory *memory, struct change *change)
{
    return memory_remove_grant(memory, change->grant_place.id);
}

static bool apply(struct memory *memory, struct change *change)
{
    static bool (*const changes[])(struct memory *, struct change *) = {
        [CHANGE_KEY_ADD] = add_key,
        [CHANGE_KEY_REPLACE] = replace_key,
        [CHANGE_KEY_REMOVE] = remove_key,
        [CHANGE_RETIRED_REMOVE] = remove_retired,
        [CHANGE_ALIAS_ADD] = put_alias,
        [CHANGE_ALIAS_RETARGET] = retarget_alias,
        [CHANGE_ALIAS_REMOVE] = remove_alias,
        [CHANGE_PRINCIPAL_ADD] = put_principal,
        [CHANGE_PRINCIPAL_REPLACE] = replace_principal,
        [CHANGE_PRINCIPAL_REMOVE] = remove_principal,
        [CHANGE_GRANT_ADD] = add_grant,
        [CHANGE_GRANT_REMOVE] = remove_grant,
    };
    return changes[change->kind](memory, change);
}

static void on_stored(void *arg, struct registry_result result)
{
    struct waiting *waiting = arg;
    struct registry *registry = waiting->registry;
    TAILQ_REMOVE(&registry->waiting, waiting, link);
    registry->n_waiting--;
    if (result.code == REGISTRY_OK && !apply(&registry->memory, &waiting->change)) {
        result =
            registry_failure(REGISTRY_STORE, "written, but something else changes this database: restart the daemon");
    }
    registry_done_fn done = waiting->done;
    void *done_arg = waiting->arg;
    waiting_free(waiting);
    done(done_arg, result);
}

/* ------------------------------------------------------------------ asking */

static void on_refuse(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    struct registry *registry = arg;
    /* Those that are refused meanwhile wait for the next turn: a caller who tries again at once must not keep the loop
     * here. */
    struct waitings now = TAILQ_HEAD_INITIALIZER(now);
    TAILQ_CONCAT(&now, &registry->refused, link);
    struct waiting *waiting;
    while ((waiting = TAILQ_FIRST(&now)) != NULL) {
        TAILQ_REMOVE(&now, waiting, link);
        registry->n_waiting--;
        registry_done_fn done = waiting->done;
        void *done_arg = waiting->arg;
        struct registry_result refusal = waiting->refusal;
        waiting_free(waiting);
        done(done_arg, refusal);
    }
}

void registry_submit(struct registry *registry, const struct change *change, struct registry_result refusal,
                     registry_done_fn done, void *arg)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);
    if (waiting == NULL) {
        abort(); /* `done` is promised, and there is no memory even to say no: a restart loses nothing that was answered
                  */
    }
    waiting->registry = registry;
    waiting->change = *change;
    waiting->n_retiring = change->retired.n;
    registry->n_retiring += waiting->n_retiring;
    waiting->done = done;
    waiting->arg = arg;
    registry->n_waiting++;
    if (refusal.code == REGISTRY_OK) {
        refusal = store_apply(registry->store, &waiting->change, on_stored, waiting);
    }
    if (refusal.code == REGISTRY_OK) {
        TAILQ_INSERT_TAIL(&registry->waiting, waiting, link);
        return;
    }
    waiting->refusal = refusal;
    TAILQ_INSERT_TAIL(&registry->refused, waiting, link);
    event_active(registry->refuse, EV_TIMEOUT, 0);
}

size_t registry_waiting(const struct registry *registry)
{
    return registry->n_waiting;
}

/* ------------------------------------------------------------------ opening and closing */

void registry_set_patience(struct registry *registry, int patience_ms)
{
    store_set_patience(registry->store, patience_ms);
}

struct registry_result registry_open(struct event_base *base, const char *path, struct registry **ret)
{
    struct registry *registry = calloc(1, sizeof *registry);
    if (registry == NULL) {
        return registry_no_memory();
    }
    memory_init(&registry->memory);
    TAILQ_INIT(&registry->waiting);
    TAILQ_INIT(&registry->refused);
    registry->refuse = event_new(base, -1, 0, on_refuse, registry);
    registry->loading = true;
    struct registry_result result = registry->refuse == NULL
                                        ? registry_no_memory()
                                        : store_open(base, path, &registry_visitor, registry, &registry->store);
    registry->loading = false;
    if (result.code == REGISTRY_OK && !registry_begin_compiling(registry, base)) {
        result = registry_no_memory();
    }
    if (result.code != REGISTRY_OK) {
        registry_free(registry);
        return result;
    }
    *ret = registry;
    return result;
}

static void drop_all(struct waitings *list)
{
    struct waiting *waiting;
    while ((waiting = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, waiting, link);
        waiting_free(waiting);
    }
}

void registry_free(struct registry *registry)
{
    if (registry == NULL) {
        return;
    }
    store_free(registry->store);
    drop_all(&registry->waiting);
    drop_all(&registry->refused);
    if (registry->refuse != NULL) {
        event_free(registry->refuse);
    }
    if (registry->compile != NULL) {
        event_free(registry->compile);
    }
    memory_clear(&registry->memory);
    free(registry);
}
