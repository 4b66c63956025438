/* CreateGrant (KMS.md ). */
#include "access/authorize.h"
#include "access/question.h"
#include "access/resolve.h"
#include "access/states.h"
#include "access/who.h"
#include "frame/pending.h"
#include "frame/table.h"
#include "grant_facts.h"
#include "grant_request.h"
#include "grant_token.h"

#include "base/hex.h"
#include "registry/grants.h"

#include <stdlib.h>
#include <string.h>

struct create_grant {
    struct operation_new_grant pending;
    struct operation_grant_wish wish;
    struct operation_grant_facts facts;
};

static const Rewrap__CreateGrantRequest *request_of(const struct operation *operation)
{
    return (const Rewrap__CreateGrantRequest *)operation->request;
}

static void unlist(struct operation_new_grant *pending)
{
    if (pending->listed) {
        LIST_REMOVE(pending, entry);
        pending->listed = false;
    }
}

static void clear(struct operation *operation)
{
    struct create_grant *state = operation->state;
    unlist(&state->pending);
}

/* ------------------------------------------------------------------ who may */

/* Only the parents that this one may be a child of count. */
static struct policy_decision decide_by_parents(const struct policy_question *question,
                                                const struct policy_grant *child)
{
    struct policy_decision denied = {.verdict = POLICY_DENIED_IMPLICITLY, .reason = POLICY_REASON_NO_RESOURCE_ALLOW};
    size_t all = 0;
    for (size_t i = 0; i < question->grant_list_count; i++) {
        all += question->grant_lists[i].count;
    }
    const struct policy_grant **parents = calloc(all + 1, sizeof *parents);
    if (parents == NULL) {
        return denied;
    }
    struct policy_grant_list list = {.grants = parents};
    for (size_t i = 0; i < question->grant_list_count; i++) {
        const struct policy_grant_list *from = &question->grant_lists[i];
        for (size_t k = 0; k < from->count; k++) {
            if (policy_grant_may_create(from->grants[k], child)) {
                parents[list.count++] = from->grants[k];
            }
        }
    }
    struct policy_question narrowed = *question;
    narrowed.grant_lists = &list;
    narrowed.grant_list_count = 1;
    struct policy_decision decision = policy_decide(&narrowed, NULL, 0);
    free(parents);
    return decision;
}

/* Who may by a policy may grant what he likes; who may by a grant, no more than that gives him. */
static bool authorize(struct operation *operation, const struct registry_key *key)
{
    const struct create_grant *state = operation->state;
    struct operation_question question;
    if (!operation_ask(operation, OPERATION_MAY_CREATE_GRANT, key, NULL, &question)) {
        operation_refuse_key(operation, OPERATION_MAY_CREATE_GRANT, key, POLICY_REASON_BAD_REQUEST);
        return false;
    }
    struct policy_decision decision = policy_decide(&question.question, NULL, 0);
    if (decision.verdict == POLICY_ALLOWED && decision.reason == POLICY_REASON_GRANT) {
        decision = decide_by_parents(&question.question, &state->wish.grant.grant);
    }
    operation_question_clear(&question);
    if (decision.verdict != POLICY_ALLOWED) {
        operation_refuse_key(operation, OPERATION_MAY_CREATE_GRANT, key, decision.reason);
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------ the same again */

/* Of one of their names who was there before them. */
static bool means_another(const struct operation *operation, const struct registry_grant *grant)
{
    const struct operations *operations = operation->operations;
    return operation_grant_predates(grant, operation_departed_ms(operations, grant->grant.grantee)) ||
           operation_grant_predates(grant, operation_departed_ms(operations, grant->grant.retiring));
}

static bool is_same(void *arg, const struct registry_grant *grant)
{
    const struct operation *operation = arg;
    const struct create_grant *state = operation->state;
    return operation_grant_is_same(grant, &state->wish.grant) && !means_another(operation, grant);
}

static const struct registry_grant *find_same(struct operation *operation)
{
    const struct registry_grant *wish = &((struct create_grant *)operation->state)->wish.grant;
    return wish->grant.name.len == 0 ? NULL
                                     : registry_grant_named(operation->operations->registry, wish->key_id,
                                                            wish->grant.name, is_same, operation);
}

static struct operation_new_grant *find_pending(const struct operation *operation)
{
    const struct registry_grant *wish = &((struct create_grant *)operation->state)->wish.grant;
    struct operation_new_grant *pending;
    LIST_FOREACH(pending, &operation->operations->state->new_grants, entry)
    {
        if (view_equal(view_of(pending->grant->key_id, KEY_ID_BYTES), view_of(wish->key_id, KEY_ID_BYTES)) &&
            operation_grant_is_same(pending->grant, wish)) {
            return pending;
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ making it */

static void answer(struct operation *operation, const uint8_t grant_id[GRANT_ID_BYTES])
{
    char token[OPERATION_GRANT_TOKEN_TEXT_BYTES], id[OPERATION_GRANT_ID_TEXT_BYTES];
    operation_grant_token_make(grant_id, token);
    hex_encode(view_of(grant_id, GRANT_ID_BYTES), id);
    Rewrap__CreateGrantResponse response = REWRAP__CREATE_GRANT_RESPONSE__INIT;
    response.grant_token = token;
    response.grant_id = id;
    operation_finish(operation, &response.base);
}

static void refuse_full(struct operation *operation)
{
    operation_fail(operation, OPERATION_LIMIT_EXCEEDED, "A key can have %d grants, and this one has them.",
                   KEY_MAX_GRANTS);
}

/* With those that are on their way, which are counted only where it matters. */
static bool is_full(const struct operation *operation, const uint8_t key_id[KEY_ID_BYTES])
{
    const struct registry *registry = operation->operations->registry;
    size_t n = registry_key_grants(registry, key_id);
    if (n + registry_waiting(registry) < KEY_MAX_GRANTS) {
        return false;
    }
    const struct operation_new_grant *pending;
    LIST_FOREACH(pending, &operation->operations->state->new_grants, entry)
    {
        n += view_equal(view_of(pending->grant->key_id, KEY_ID_BYTES), view_of(key_id, KEY_ID_BYTES));
    }
    return n >= KEY_MAX_GRANTS;
}

static void settle(struct operation *operation, struct registry_result result, bool made,
                   const uint8_t grant_id[GRANT_ID_BYTES])
{
    if (made) {
        answer(operation, grant_id);
    } else {
        operation_fail_with(operation, operation_failure_of_registry(result.code), result.detail);
    }
}

/* Nobody may know whether it was made (REGISTRY_STORE): the registry, which was read again, may show it. */
static void on_added(void *arg, struct registry_result result)
{
    struct operation *operation = arg;
    struct create_grant *state = operation->state;
    const struct registry_grant *wish = &state->wish.grant;
    bool made = result.code == REGISTRY_OK || (result.code == REGISTRY_STORE &&
                                               registry_grant_find(operation->operations->registry, wish->id) != NULL);
    uint8_t grant_id[GRANT_ID_BYTES];
    memcpy(grant_id, wish->id, sizeof grant_id);
    unlist(&state->pending); /* an answer may bring the next request at once: it shall not wait for what is over */
    struct operation_followers followers = STAILQ_HEAD_INITIALIZER(followers);
    STAILQ_CONCAT(&followers, &state->pending.followers);
    settle(operation, result, made, grant_id); /* it is gone now */
    while (!STAILQ_EMPTY(&followers)) {
        struct operation_new_grant *follower = STAILQ_FIRST(&followers);
        STAILQ_REMOVE_HEAD(&followers, follower);
        settle(follower->operation, result, made, grant_id);
    }
}

static void add(struct operation *operation)
{
    struct create_grant *state = operation->state;
    struct registry_grant *grant = &state->wish.grant;
    operation_grant_id_make(grant->id);
    grant->created_ms = operation_now_ms(operation);
    STAILQ_INIT(&state->pending.followers);
    LIST_INSERT_HEAD(&operation->operations->state->new_grants, &state->pending, entry);
    state->pending.listed = true;
    registry_grant_add(operation->operations->registry, grant, on_added, operation);
}

static void make(struct operation *operation, const struct registry_key *key)
{
    struct create_grant *state = operation->state;
    const Rewrap__CreateGrantRequest *request = request_of(operation);
    memcpy(state->wish.grant.key_id, key->key_id, KEY_ID_BYTES);
    state->pending.operation = operation;
    state->pending.grant = &state->wish.grant;
    const struct registry_grant *same = find_same(operation);
    struct operation_new_grant *pending =
        same == NULL && state->wish.grant.grant.name.len != 0 ? find_pending(operation) : NULL;
    if (same == NULL && pending == NULL && is_full(operation, key->key_id)) {
        refuse_full(operation);
    } else if (request->has_dry_run && request->dry_run) {
        operation_fail_dry_run(operation);
    } else if (same != NULL) {
        answer(operation, same->id);
    } else if (pending != NULL) {
        STAILQ_INSERT_TAIL(&pending->followers, &state->pending, follower);
    } else {
        add(operation);
    }
}

static void create_grant(struct operation *operation)
{
    const enum operation_permission permission = OPERATION_MAY_CREATE_GRANT;
    const Rewrap__CreateGrantRequest *request = request_of(operation);
    struct create_grant *state = operation->state;
    if (!operation_grant_wish_read(operation, request, &state->wish) ||
        !operation_grant_tokens_check(operation, request->grant_tokens, request->n_grant_tokens)) {
        return;
    }
    operation_grant_facts_new(&state->wish.grant, &state->facts);
    operation->facts.more = state->facts.keys;
    operation->facts.n_more = state->facts.n_keys;
    const struct registry_key *key;
    if (operation_resolve_key(operation, request->key_id, permission, NULL, &key) && authorize(operation, key) &&
        operation_check_state(operation, permission, key) &&
        operation_grant_wish_check_principals(operation, &state->wish) &&
        operation_grant_wish_check_key(operation, &state->wish, key)) {
        make(operation, key);
    }
}

const struct operation_kind operation_kind_create_grant = {.name = "CreateGrant",
                                                           .run = create_grant,
                                                           .clear = clear,
                                                           .state_bytes = sizeof(struct create_grant),
                                                           .changes = true};
