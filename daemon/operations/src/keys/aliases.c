/* CreateAlias, UpdateAlias and DeleteAlias (KMS.md ). */
#include "access/arn_text.h"
#include "access/authorize.h"
#include "access/resolve.h"
#include "access/states.h"
#include "frame/pending.h"
#include "frame/table.h"
#include "request/specs.h"

#include "registry/registry.h"

#include <string.h>

#define ALIASES_PER_KEY 50 /* KMS.md R-50 */
#define ALIAS_PREFIX    "alias/"

struct alias_change {
    struct operation_pending pending; /* an alias of its target key, until it is stored */
    uint8_t target[KEY_ID_BYTES];     /* what it is to lead to */
    int64_t updated_ms;
};

static void clear(struct operation *operation)
{
    struct alias_change *state = operation->state;
    operation_pending_remove(&state->pending);
}

/* ------------------------------------------------------------------ what the three changes share */

static bool check_name(struct operation *operation, const char *name)
{
    if (strncmp(name, ALIAS_PREFIX, strlen(ALIAS_PREFIX)) != 0) {
        operation_fail(operation, OPERATION_VALIDATION,
                       "Alias must start with the prefix \"alias/\". Please see "
                       "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html");
        return false;
    }
    if (strncmp(name, "alias/aws/", strlen("alias/aws/")) == 0) { /* reserved for keys that AWS manages */
        operation_fail_without_text(operation, OPERATION_NOT_AUTHORIZED);
        return false;
    }
    return true;
}

/* The pattern of the model lets a colon pass, the documentation does not; and something must follow the prefix. */
static bool check_new_name(struct operation *operation, const char *name)
{
    if (!check_name(operation, name)) {
        return false;
    }
    const char *rest = name + strlen(ALIAS_PREFIX);
    if (*rest == '\0' || strchr(rest, ':') != NULL) {
        operation_fail(operation, OPERATION_INVALID_ALIAS_NAME,
                       "After its prefix, an alias is made of letters, digits, '/', '_' and '-'.");
        return false;
    }
    return true;
}

static bool refuse_missing(struct operation *operation, const char *name)
{
    char arn[OPERATION_ARN_ALIAS_BYTES];
    operation_arn_of_alias(operation->operations, operation->account, name, arn);
    operation_fail(operation, OPERATION_NOT_FOUND, "Alias %s is not found.", arn); /* */
    return false;
}

static void refuse_existing(struct operation *operation, const char *name)
{
    char arn[OPERATION_ARN_ALIAS_BYTES];
    operation_arn_of_alias(operation->operations, operation->account, name, arn);
    operation_fail(operation, OPERATION_ALREADY_EXISTS, "An alias with the name %s already exists", arn); /* */
}

static bool authorize_alias(struct operation *operation, enum operation_permission permission, const char *name)
{
    char arn[OPERATION_ARN_ALIAS_BYTES];
    operation_arn_of_alias(operation->operations, operation->account, name, arn);
    return operation_authorize_resource(operation, permission, arn);
}

/* Counts the aliases that are on their way too, and makes this one of them. */
static bool reserve_alias(struct operation *operation, const struct registry_key *key)
{
    struct alias_change *state = operation->state;
    if (key->n_aliases + operation_pending_aliases(operation->operations, key->key_id) >= ALIASES_PER_KEY) {
        operation_fail(operation, OPERATION_LIMIT_EXCEEDED, "A key can have %d aliases, and this one has them.",
                       ALIASES_PER_KEY);
        return false;
    }
    memcpy(state->pending.key_id, key->key_id, KEY_ID_BYTES);
    operation_pending_add(operation->operations, &state->pending);
    return true;
}

/* What the alias shall be, to be found again when nobody knows whether it was made. */
static int64_t remember(struct operation *operation, const struct registry_key *target)
{
    struct alias_change *state = operation->state;
    memcpy(state->target, target->key_id, KEY_ID_BYTES);
    state->updated_ms = operation_now_ms(operation);
    return state->updated_ms;
}

static bool leads_to_target(const struct operation *operation, const char *name)
{
    const struct alias_change *state = operation->state;
    const struct registry_alias *alias = registry_alias_find(operation->operations->registry, operation->account, name);
    return alias != NULL && alias->updated_ms == state->updated_ms &&
           view_equal(view_of(alias->key_id, KEY_ID_BYTES), view_of(state->target, KEY_ID_BYTES));
}

/* After REGISTRY_STORE nobody knows whether it was made: the registry, which was read again, may show it. */
static void answer(struct operation *operation, struct registry_result result, bool shown)
{
    if ((result.code == REGISTRY_STORE && shown) || operation_take_change(operation, result)) {
        operation_finish_empty(operation);
    }
}

/* ------------------------------------------------------------------ CreateAlias */

static void on_created(void *arg, struct registry_result result)
{
    struct operation *operation = arg;
    const Rewrap__CreateAliasRequest *request = (const Rewrap__CreateAliasRequest *)operation->request;
    if (result.code == REGISTRY_EXISTS) { /* by a request that was a little faster */
        refuse_existing(operation, request->alias_name);
    } else {
        answer(operation, result, leads_to_target(operation, request->alias_name));
    }
}

static void on_freed(void *arg, struct registry_result result)
{
    (void)arg;
    (void)result; /* when it failed, the name is taken, which the addition behind it finds out */
}

/*
 * The name of a key that is gone may be there until the sweep takes it away with the key: it is free all the same. The
 * whole key is taken, and not the alias, which may be another's by the time this is done.
 */
static void free_name(struct operation *operation, const char *name)
{
    struct registry *registry = operation->operations->registry;
    const struct registry_alias *alias = registry_alias_find(registry, operation->account, name);
    const struct registry_key *key = alias == NULL ? NULL : registry_key_find(registry, alias->key_id);
    if (key != NULL) {
        registry_key_remove(registry, key->key_id, key->revision, operation_now_ms(operation), on_freed, NULL);
    }
}

static void create_alias(struct operation *operation)
{
    const Rewrap__CreateAliasRequest *request = (const Rewrap__CreateAliasRequest *)operation->request;
    struct registry *registry = operation->operations->registry;
    const struct registry_key *key;
    if (!check_new_name(operation, request->alias_name) ||
        !operation_resolve_key(operation, request->target_key_id, OPERATION_MAY_CREATE_ALIAS, NULL, &key) ||
        !authorize_alias(operation, OPERATION_MAY_CREATE_ALIAS, request->alias_name) ||
        !operation_authorize_key(operation, OPERATION_MAY_CREATE_ALIAS, key) ||
        !operation_check_state(operation, OPERATION_MAY_CREATE_ALIAS, key)) {
        return;
    }
    if (operation_find_alias(operation, operation->account, request->alias_name) != NULL) {
        refuse_existing(operation, request->alias_name);
        return;
    }
    if (reserve_alias(operation, key)) {
        free_name(operation, request->alias_name);
        registry_alias_add(registry, operation->account, request->alias_name, key->key_id, remember(operation, key),
                           on_created, operation);
    }
}

const struct operation_kind operation_kind_create_alias = {.name = "CreateAlias",
                                                           .run = create_alias,
                                                           .clear = clear,
                                                           .state_bytes = sizeof(struct alias_change),
                                                           .changes = true};

/* ------------------------------------------------------------------ UpdateAlias */

static void on_updated(void *arg, struct registry_result result)
{
    struct operation *operation = arg;
    const Rewrap__UpdateAliasRequest *request = (const Rewrap__UpdateAliasRequest *)operation->request;
    if (result.code == REGISTRY_NOT_FOUND) {
        refuse_missing(operation, request->alias_name);
    } else {
        answer(operation, result, leads_to_target(operation, request->alias_name));
    }
}

/* An alias stays with one kind of key, so that its users' requests stay valid (KMS.md R-77). */
static bool check_kind(struct operation *operation, const struct registry_key *from, const struct registry_key *to)
{
    if (operation_spec_of(from->spec)->symmetric == operation_spec_of(to->spec)->symmetric &&
        from->usage == to->usage) {
        return true;
    }
    operation_fail(
        operation, OPERATION_VALIDATION,
        "An alias can only move to a key of the same usage and kind, symmetric or asymmetric, as its present "
        "key.");
    return false;
}

/* Authorises both before anything is said of their state: the key that has the alias, the key that gets it. */
static bool check_move(struct operation *operation, const struct registry_key *from, const struct registry_key *to)
{
    return operation_authorize_key(operation, OPERATION_MAY_UPDATE_ALIAS, from) &&
           operation_authorize_key(operation, OPERATION_MAY_UPDATE_ALIAS, to) &&
           operation_check_state(operation, OPERATION_MAY_UPDATE_ALIAS, to) && check_kind(operation, from, to) &&
           (from == to || reserve_alias(operation, to));
}

static void update_alias(struct operation *operation)
{
    const Rewrap__UpdateAliasRequest *request = (const Rewrap__UpdateAliasRequest *)operation->request;
    struct registry *registry = operation->operations->registry;
    const struct registry_key *to;
    if (!check_name(operation, request->alias_name) ||
        !operation_resolve_key(operation, request->target_key_id, OPERATION_MAY_UPDATE_ALIAS, NULL, &to) ||
        !authorize_alias(operation, OPERATION_MAY_UPDATE_ALIAS, request->alias_name)) {
        return;
    }
    const struct registry_key *from = operation_find_alias(operation, operation->account, request->alias_name);
    if (from == NULL) {
        refuse_missing(operation, request->alias_name);
        return;
    }
    if (check_move(operation, from, to)) {
        registry_alias_retarget(registry, operation->account, request->alias_name, to->key_id, remember(operation, to),
                                on_updated, operation);
    }
}

const struct operation_kind operation_kind_update_alias = {.name = "UpdateAlias",
                                                           .run = update_alias,
                                                           .clear = clear,
                                                           .state_bytes = sizeof(struct alias_change),
                                                           .changes = true};

/* ------------------------------------------------------------------ DeleteAlias */

static void on_deleted(void *arg, struct registry_result result)
{
    struct operation *operation = arg;
    const Rewrap__DeleteAliasRequest *request = (const Rewrap__DeleteAliasRequest *)operation->request;
    const struct registry *registry = operation->operations->registry;
    if (result.code == REGISTRY_NOT_FOUND) {
        refuse_missing(operation, request->alias_name);
    } else {
        answer(operation, result, registry_alias_find(registry, operation->account, request->alias_name) == NULL);
    }
}

static void delete_alias(struct operation *operation)
{
    const Rewrap__DeleteAliasRequest *request = (const Rewrap__DeleteAliasRequest *)operation->request;
    struct registry *registry = operation->operations->registry;
    if (!check_name(operation, request->alias_name) ||
        !authorize_alias(operation, OPERATION_MAY_DELETE_ALIAS, request->alias_name)) {
        return;
    }
    const struct registry_key *key = operation_find_alias(operation, operation->account, request->alias_name);
    if (key == NULL) {
        refuse_missing(operation, request->alias_name);
        return;
    }
    if (operation_authorize_key(operation, OPERATION_MAY_DELETE_ALIAS, key)) {
        registry_alias_remove(registry, operation->account, request->alias_name, on_deleted, operation);
    }
}

const struct operation_kind operation_kind_delete_alias = {.name = "DeleteAlias", .run = delete_alias, .changes = true};
