/* Changes of users and roles; see principal_change.h. */
#include "principal_change.h"

#include "frame/pending.h"

#include "base/secbuf.h"

#include <stdio.h>
#include <string.h>

static struct operation_principal_change *change_of(const struct operation *operation)
{
    return operation->state;
}

static void draft_fill(struct operation_principal_draft *draft, const struct registry_principal *principal)
{
    draft->principal = *principal;
    for (size_t i = 0; i < principal->n_policies; i++) {
        draft->policies[i] = principal->policies[i];
    }
    for (size_t i = 0; i < principal->n_access_keys; i++) {
        draft->access_keys[i] = principal->access_keys[i];
    }
    draft->principal.policies = draft->policies;
    draft->principal.access_keys = draft->access_keys;
}

static void answer(struct operation *operation, const struct registry_principal *principal)
{
    const struct operation_principal_change_kind *kind = change_of(operation)->kind;
    if (kind->answer == NULL) {
        operation_finish_empty(operation);
    } else {
        kind->answer(operation, principal);
    }
}

/* ------------------------------------------------------------------ deciding */

static void on_done(void *arg, struct registry_result result);

static void write_draft(struct operation *operation, const struct operation_principal_draft *draft)
{
    const struct registry_principal *principal = &draft->principal;
    const struct operations *operations = operation->operations;
    struct operation_principal_change *change = change_of(operation);
    operation_turn_begin(&operations->state->principal_changes, &change->turn, operation,
                         view_of_string(change->unique_id));
    change->removes = draft->remove;
    if (draft->remove) {
        registry_principal_remove(operations->registry, principal->account, principal->kind, principal->name,
                                  principal->revision, operation_now_ms(operation), on_done, operation);
    } else {
        registry_principal_replace(operations->registry, principal, on_done, operation);
    }
}

/* Decides on it as it is, and writes or answers. */
static void decide(struct operation *operation, const struct registry_principal *principal)
{
    struct secbuf *room = secbuf_new(sizeof(struct operation_principal_draft));
    if (room == NULL) {
        operation_fail_no_memory(operation);
        return;
    }
    struct operation_principal_draft *draft = (struct operation_principal_draft *)(void *)room->data;
    draft_fill(draft, principal);
    switch (change_of(operation)->kind->decide(operation, principal, draft)) {
    case OPERATION_DECIDED_NOTHING:
        answer(operation, principal);
        break;
    case OPERATION_DECIDED_WRITE:
        write_draft(operation, draft);
        break;
    case OPERATION_DECIDED_ANSWERED:
    default:
        break;
    }
    secbuf_free(room);
}

static void run(struct operation *operation)
{
    struct operation_principal_change *change = change_of(operation);
    change->tries++;
    const struct registry_principal *principal = operation_principal_resolve(operation, change->permission);
    if (principal == NULL) {
        return;
    }
    snprintf(change->found_name, sizeof change->found_name, "%s", principal->name);
    memcpy(change->unique_id, principal->unique_id, sizeof change->unique_id);
    if (operation_turn_come(&operation->operations->state->principal_changes, &change->turn, operation,
                            view_of_string(change->unique_id), run)) {
        decide(operation, principal);
    }
}

void operation_principal_change_start(struct operation *operation, const struct operation_principal_change_kind *kind,
                                      enum operation_permission permission)
{
    struct operation_principal_change *change = change_of(operation);
    *change = (struct operation_principal_change){.kind = kind, .permission = permission};
    run(operation);
}

/* ------------------------------------------------------------------ after the write */

/* The one that was changed, if it is still there. */
static const struct registry_principal *find_again(const struct operation *operation)
{
    const struct operation_principal_change *change = change_of(operation);
    const struct registry_principal *found = registry_principal_find(
        operation->operations->registry, operation->account, operation->kind->principals->kind, change->found_name);
    return found != NULL && strcmp(found->unique_id, change->unique_id) == 0 ? found : NULL;
}

/* Nobody knows whether it was written: the registry was read again, and may show it. */
static bool shows_the_change(const struct operation *operation, const struct registry_principal *now)
{
    const struct operation_principal_change *change = change_of(operation);
    return change->removes ? now == NULL : now != NULL && change->kind->is_made(operation, now);
}

/* For the name of one more who is gone, as registry_principal_remove sees it: trying again would not help. */
static bool has_no_room(const struct operation *operation)
{
    const struct registry *registry = operation->operations->registry;
    return registry_departures(registry) + registry_waiting(registry) >= REGISTRY_MAX_DEPARTURES;
}

/* Answers, or begins again. */
static void go_on(struct operation *operation, struct registry_result result)
{
    struct operation_principal_change *change = change_of(operation);
    const struct registry_principal *now = find_again(operation);
    bool beaten = result.code == REGISTRY_CONFLICT || result.code == REGISTRY_NOT_FOUND;
    if (beaten && change->tries < OPERATION_CHANGE_MAX_TRIES) {
        run(operation);
    } else if (result.code == REGISTRY_CONFLICT) {
        operation_fail(operation, OPERATION_INTERNAL, "The %s is being changed by others at the same time.",
                       operation->kind->principals->noun);
    } else if (result.code == REGISTRY_LIMIT && change->removes && has_no_room(operation)) {
        operation_fail(operation, OPERATION_LIMIT_EXCEEDED, "Cannot exceed quota for DeletedNames: %d",
                       REGISTRY_MAX_DEPARTURES);
    } else if ((result.code == REGISTRY_STORE && shows_the_change(operation, now)) ||
               operation_take_change(operation, result)) {
        answer(operation, now);
    }
}

static void on_done(void *arg, struct registry_result result)
{
    struct operation *operation = arg;
    operation_turn_end(&change_of(operation)->turn, go_on, result);
}
