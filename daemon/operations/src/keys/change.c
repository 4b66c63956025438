/* Changes of keys; see change.h. */
#include "change.h"

#include "access/resolve.h"
#include "access/states.h"
#include "frame/pending.h"

#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

static struct operation_change *change_of(const struct operation *operation)
{
    return operation->state;
}

/* For a change of our own: the key may have gone since it was begun. */
static const struct registry_key *find_own(struct operation *operation)
{
    const struct registry_key *key = operation_find_key(operation, change_of(operation)->key_id);
    if (key == NULL) {
        operation_fail_with(operation, operation_failure_of_registry(REGISTRY_NOT_FOUND), NULL);
    }
    return key;
}

static const struct registry_key *find_for_caller(struct operation *operation)
{
    const struct operation_change *change = change_of(operation);
    const enum operation_permission permission = change->kind->permission;
    const struct registry_key *key;
    return operation_resolve_key(operation, change->key_id_text, permission, NULL, &key) &&
                   operation_authorize_key(operation, permission, key)
               ? key
               : NULL;
}

const struct registry_key *operation_change_find(struct operation *operation, operation_run_fn again)
{
    struct operation_change *change = change_of(operation);
    const struct registry_key *key = change->key_id_text == NULL ? find_own(operation) : find_for_caller(operation);
    if (key == NULL) {
        return NULL;
    }
    memcpy(change->key_id, key->key_id, KEY_ID_BYTES);
    return operation_turn_come(&operation->operations->state->changes, &change->turn, operation,
                               view_of(key->key_id, KEY_ID_BYTES), again) &&
                   operation_check_state(operation, change->kind->permission, key)
               ? key
               : NULL;
}

/* ------------------------------------------------------------------ deciding */

static bool draft_init(struct operation_draft *draft, const struct registry_key *key)
{
    *draft = (struct operation_draft){.key = *key};
    draft->materials = calloc(key->n_materials + 1, sizeof *draft->materials);
    if (draft->materials == NULL) {
        return false;
    }
    memcpy(draft->materials, key->materials, key->n_materials * sizeof *draft->materials);
    for (size_t i = 0; i < key->n_tags; i++) {
        draft->tags[i] = key->tags[i];
    }
    draft->key.materials = draft->materials;
    draft->key.tags = draft->tags;
    return true;
}

static void on_replaced(void *arg, struct registry_result result);

static void write_draft(struct operation *operation, const struct registry_key *draft)
{
    const struct operations *operations = operation->operations;
    operation_turn_begin(&operations->state->changes, &change_of(operation)->turn, operation,
                         view_of(draft->key_id, KEY_ID_BYTES));
    registry_key_replace(operations->registry, draft, on_replaced, operation);
}

static void answer(struct operation *operation, const struct registry_key *key)
{
    const struct operation_change_kind *kind = change_of(operation)->kind;
    if (kind->answer == NULL) {
        operation_finish_empty(operation);
    } else {
        kind->answer(operation, key);
    }
}

/* Decides on the key as it is, and writes or answers. */
static void decide(struct operation *operation, const struct registry_key *key)
{
    const struct operation_change_kind *kind = change_of(operation)->kind;
    struct operation_draft draft;
    if (key->n_tags > OPERATION_TAGS_MAX || !draft_init(&draft, key)) {
        operation_fail_no_memory(operation);
        return;
    }
    switch (kind->decide(operation, key, &draft)) {
    case OPERATION_DECIDED_NOTHING:
        answer(operation, key);
        break;
    case OPERATION_DECIDED_WRITE:
        write_draft(operation, &draft.key);
        break;
    case OPERATION_DECIDED_ANSWERED:
    default:
        break;
    }
    free(draft.materials);
}

void operation_change_run(struct operation *operation)
{
    change_of(operation)->tries++;
    const struct registry_key *key = operation_change_find(operation, operation_change_run);
    if (key != NULL) {
        decide(operation, key);
    }
}

void operation_change_start(struct operation *operation, const struct operation_change_kind *kind, const char *key_id)
{
    struct operation_change *change = change_of(operation);
    change->kind = kind;
    change->key_id_text = key_id;
    operation_change_run(operation);
}

/* ------------------------------------------------------------------ after the write */

/* Nobody knows whether it was written: the key, which was read again, may show it. */
static bool shows_the_change(struct operation *operation, const struct registry_key *key, bool *ret_answered)
{
    const struct operation_change_kind *kind = change_of(operation)->kind;
    if (kind->is_made != NULL) {
        return kind->is_made(operation, key);
    }
    struct operation_draft draft;
    if (!draft_init(&draft, key)) {
        return false;
    }
    enum operation_decision decision = kind->decide(operation, key, &draft);
    free(draft.materials);
    *ret_answered = decision == OPERATION_DECIDED_ANSWERED;
    return decision == OPERATION_DECIDED_NOTHING;
}

static void on_outcome_unknown(struct operation *operation, struct registry_result result)
{
    const struct registry_key *key = operation_find_key(operation, change_of(operation)->key_id);
    bool answered = false;
    if (key != NULL && shows_the_change(operation, key, &answered)) {
        answer(operation, key);
    } else if (!answered) {
        operation_fail_with(operation, operation_failure_of_registry(result.code), result.detail);
    }
}

/* Answers, or begins again. */
static void go_on(struct operation *operation, struct registry_result result)
{
    struct operation_change *change = change_of(operation);
    change->may_be_made = result.code == REGISTRY_OK || result.code == REGISTRY_STORE || result.code == REGISTRY_EXISTS;
    if (result.code == REGISTRY_STORE) {
        on_outcome_unknown(operation, result);
        return;
    }
    if (result.code == REGISTRY_CONFLICT && change->tries < OPERATION_CHANGE_MAX_TRIES) {
        operation_change_run(operation);
        return;
    }
    if (!operation_take_change(operation, result)) {
        return;
    }
    /* Found in the registry whatever the clock says: the change was made. */
    const struct registry_key *key = registry_key_find(operation->operations->registry, change->key_id);
    if (key == NULL) {
        operation_fail_with(operation, operation_failure_of_registry(REGISTRY_NOT_FOUND), NULL);
        return;
    }
    answer(operation, key);
}

static void on_replaced(void *arg, struct registry_result result)
{
    struct operation *operation = arg;
    operation_turn_end(&change_of(operation)->turn, go_on, result);
}
