/* CreateAlias, UpdateAlias, DeleteAlias and ListAliases (KMS.md ). */
#include "arn_text.h"
#include "authorize.h"
#include "marker.h"
#include "metadata.h"
#include "pending.h"
#include "resolve.h"
#include "specs.h"
#include "table.h"

#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

#define ALIASES_PER_KEY 50 /* KMS.md R-50 */
#define ALIAS_PREFIX    "alias/"

struct alias_change {
    struct operation_pending pending; /* an alias of its target key, until it is stored */
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
    return operation_authorize_alias(operation, permission, arn);
}

/* The key that gets the alias may not be on its way out (KMS.md R-62); a disabled one may have it. */
static bool check_target(struct operation *operation, const struct registry_key *key)
{
    if (key->state != KEY_STATE_PENDING_DELETION) {
        return true;
    }
    char arn[OPERATION_ARN_KEY_BYTES];
    const struct operation_state_row *state = operation_state_of(key->state);
    operation_arn_of_key(operation->operations, key->account, key->key_id_text, arn);
    operation_fail(operation, state->use, "%s %s", arn, state->use_text);
    return false;
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

/* ------------------------------------------------------------------ CreateAlias */

static void on_created(void *arg, struct registry_result result)
{
    struct operation *operation = arg;
    const Rewrap__CreateAliasRequest *request = (const Rewrap__CreateAliasRequest *)operation->request;
    if (result.code == REGISTRY_EXISTS) { /* by a request that was a little faster */
        refuse_existing(operation, request->alias_name);
    } else if (operation_take_change(operation, result)) {
        Rewrap__CreateAliasResponse response = REWRAP__CREATE_ALIAS_RESPONSE__INIT;
        operation_finish(operation, &response.base);
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
        !operation_authorize_key(operation, OPERATION_MAY_CREATE_ALIAS, key) || !check_target(operation, key)) {
        return;
    }
    if (registry_alias_find(registry, operation->account, request->alias_name) != NULL) {
        refuse_existing(operation, request->alias_name);
        return;
    }
    if (reserve_alias(operation, key)) {
        registry_alias_add(registry, operation->account, request->alias_name, key->key_id, operation_now_ms(operation),
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
    } else if (operation_take_change(operation, result)) {
        Rewrap__UpdateAliasResponse response = REWRAP__UPDATE_ALIAS_RESPONSE__INIT;
        operation_finish(operation, &response.base);
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

/* Authorises all three before anything is said of their state: the alias, the key that has it, the key that gets it. */
static bool check_move(struct operation *operation, const char *name, const struct registry_key *from,
                       const struct registry_key *to)
{
    return authorize_alias(operation, OPERATION_MAY_UPDATE_ALIAS, name) &&
           operation_authorize_key(operation, OPERATION_MAY_UPDATE_ALIAS, from) &&
           operation_authorize_key(operation, OPERATION_MAY_UPDATE_ALIAS, to) && check_target(operation, to) &&
           check_kind(operation, from, to) && (from == to || reserve_alias(operation, to));
}

static void update_alias(struct operation *operation)
{
    const Rewrap__UpdateAliasRequest *request = (const Rewrap__UpdateAliasRequest *)operation->request;
    struct registry *registry = operation->operations->registry;
    const struct registry_key *to;
    if (!check_name(operation, request->alias_name) ||
        !operation_resolve_key(operation, request->target_key_id, OPERATION_MAY_UPDATE_ALIAS, NULL, &to)) {
        return;
    }
    const struct registry_alias *alias = registry_alias_find(registry, operation->account, request->alias_name);
    const struct registry_key *from = alias == NULL ? NULL : registry_key_find(registry, alias->key_id);
    if (from == NULL) {
        refuse_missing(operation, request->alias_name);
        return;
    }
    if (check_move(operation, request->alias_name, from, to)) {
        registry_alias_retarget(registry, operation->account, request->alias_name, to->key_id,
                                operation_now_ms(operation), on_updated, operation);
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
    if (result.code == REGISTRY_NOT_FOUND) {
        refuse_missing(operation, request->alias_name);
    } else if (operation_take_change(operation, result)) {
        Rewrap__DeleteAliasResponse response = REWRAP__DELETE_ALIAS_RESPONSE__INIT;
        operation_finish(operation, &response.base);
    }
}

static void delete_alias(struct operation *operation)
{
    const Rewrap__DeleteAliasRequest *request = (const Rewrap__DeleteAliasRequest *)operation->request;
    struct registry *registry = operation->operations->registry;
    if (!check_name(operation, request->alias_name)) {
        return;
    }
    const struct registry_alias *alias = registry_alias_find(registry, operation->account, request->alias_name);
    const struct registry_key *key = alias == NULL ? NULL : registry_key_find(registry, alias->key_id);
    if (key == NULL) {
        refuse_missing(operation, request->alias_name);
        return;
    }
    if (authorize_alias(operation, OPERATION_MAY_DELETE_ALIAS, request->alias_name) &&
        operation_authorize_key(operation, OPERATION_MAY_DELETE_ALIAS, key)) {
        registry_alias_remove(registry, operation->account, request->alias_name, on_deleted, operation);
    }
}

const struct operation_kind operation_kind_delete_alias = {.name = "DeleteAlias", .run = delete_alias, .changes = true};

/* ------------------------------------------------------------------ ListAliases */

#define LIST_ALIASES_DEFAULT 50 /* KMS.md R-75; the table of constraints has the most, 100 */
/* With a KeyId most aliases are passed over: a page ends after so many, however few it has, and the marker goes on from
 * there. */
#define LIST_ALIASES_LOOKS 20000

struct alias_entry {
    Rewrap__AliasListEntry message;
    Rewrap__Timestamp created;
    Rewrap__Timestamp updated;
    char arn[OPERATION_ARN_ALIAS_BYTES];
    char key_id[UUID_TEXT_BYTES];
};

struct alias_page {
    size_t limit;
    size_t n;
    struct alias_entry *entries;   /* limit of them */
    Rewrap__AliasListEntry **list; /* likewise */
    const char *last;              /* the name that was looked at last; borrowed from the registry */
    bool truncated;
};

static void fill_entry(const struct operation *operation, const struct registry_alias *alias, struct alias_entry *out)
{
    Rewrap__AliasListEntry *message = &out->message;
    rewrap__alias_list_entry__init(message);
    operation_arn_of_alias(operation->operations, alias->account, alias->name, out->arn);
    uuid_format(alias->key_id, out->key_id);
    operation_timestamp_fill(alias->created_ms, &out->created);
    operation_timestamp_fill(alias->updated_ms, &out->updated);
    message->alias_name = alias->name;
    message->alias_arn = out->arn;
    message->target_key_id = out->key_id;
    message->creation_date = &out->created;
    message->last_updated_date = &out->updated;
}

static bool is_wanted(const struct registry_alias *alias, const struct registry_key *filter)
{
    return filter == NULL || view_equal(view_of(alias->key_id, KEY_ID_BYTES), view_of(filter->key_id, KEY_ID_BYTES));
}

/* Goes on past a full page until there is one entry more, so that the last page says that it is the last. */
static void fill_page(const struct operation *operation, const char *after, const struct registry_key *filter,
                      struct alias_page *page)
{
    const struct registry *registry = operation->operations->registry;
    const struct registry_alias *alias = registry_alias_after(registry, operation->account, after);
    for (size_t looks = 0; alias != NULL; looks++) {
        bool wanted = is_wanted(alias, filter);
        if (looks == LIST_ALIASES_LOOKS || (wanted && page->n == page->limit)) {
            page->truncated = true;
            return;
        }
        if (wanted) {
            fill_entry(operation, alias, &page->entries[page->n]);
            page->list[page->n] = &page->entries[page->n].message;
            page->n++;
        }
        page->last = alias->name;
        alias = registry_alias_after(registry, operation->account, alias->name);
    }
}

static void answer_page(struct operation *operation, const struct alias_page *page)
{
    char marker[OPERATION_MARKER_TEXT_BYTES];
    Rewrap__ListAliasesResponse response = REWRAP__LIST_ALIASES_RESPONSE__INIT;
    response.n_aliases = page->n;
    response.aliases = page->list;
    response.has_truncated = true;
    response.truncated = page->truncated;
    if (page->truncated) {
        operation_marker_write(OPERATION_MARKER_ALIASES, view_of_string(page->last), marker);
        response.next_marker = marker;
    }
    operation_finish(operation, &response.base);
}

static void list_aliases(struct operation *operation)
{
    const Rewrap__ListAliasesRequest *request = (const Rewrap__ListAliasesRequest *)operation->request;
    uint8_t after[OPERATION_MARKER_MAX_BYTES + 1];
    size_t len = 0;
    const struct registry_key *filter = NULL;
    if (!operation_authorize(operation, OPERATION_MAY_LIST_ALIASES) ||
        (request->marker != NULL &&
         !operation_marker_read(operation, OPERATION_MARKER_ALIASES, request->marker, after, &len)) ||
        (request->key_id != NULL &&
         !operation_resolve_key(operation, request->key_id, OPERATION_MAY_LIST_ALIASES, NULL, &filter))) {
        return;
    }
    struct alias_page page = {.limit = request->has_limit ? (size_t)request->limit : LIST_ALIASES_DEFAULT};
    page.entries = calloc(page.limit, sizeof *page.entries);
    page.list = calloc(page.limit, sizeof *page.list);
    if (page.entries != NULL && page.list != NULL) {
        fill_page(operation, request->marker == NULL ? NULL : (const char *)after, filter, &page);
        answer_page(operation, &page);
    } else {
        operation_fail(operation, OPERATION_INTERNAL, "There is no memory for the answer.");
    }
    free(page.list);
    free(page.entries);
}

const struct operation_kind operation_kind_list_aliases = {.name = "ListAliases", .run = list_aliases};
