/*
 * The access keys of users: Create, Update, Delete and List. A secret leaves in the answer of CreateAccessKey and in no
 * other way: no state of an operation has it, only the registry, the draft that becomes its entry, and the packed
 * answer, all of which are wiped.
 */
#include "frame/table.h"
#include "principal_change.h"
#include "principal_id.h"
#include "request/specs.h"

#include <assert.h>
#include <string.h>

#define ACCESS_KEY_PREFIX "AKIA"

struct access_key_change {
    struct operation_principal_change change;
    char made[ACCESS_KEY_ID_BYTES]; /* by CreateAccessKey, at its last try */
};

static_assert((int)ACCESS_KEY_ACTIVE == (int)REWRAP__ACCESS_KEY_STATUS__VALUE__Active &&
                  (int)ACCESS_KEY_INACTIVE == (int)REWRAP__ACCESS_KEY_STATUS__VALUE__Inactive,
              "the statuses of the protocol are the registry's");

static const char *id_of(const struct operation *operation)
{
    return operation_request_text(operation, "access_key_id");
}

static size_t find_key(const struct registry_principal *user, const char *id)
{
    size_t i = 0;
    while (i < user->n_access_keys && strcmp(user->access_keys[i].id, id) != 0) {
        i++;
    }
    return i;
}

/* Where the key of the request is; false when it was answered that there is none. */
static bool need_key(struct operation *operation, const struct registry_principal *user, size_t *ret_at)
{
    *ret_at = find_key(user, id_of(operation));
    if (*ret_at < user->n_access_keys) {
        return true;
    }
    operation_fail(operation, OPERATION_NO_SUCH_ENTITY, "The Access Key with id %s cannot be found.", id_of(operation));
    return false;
}

/* ------------------------------------------------------------------ CreateAccessKey */

static enum operation_decision decide_create(struct operation *operation, const struct registry_principal *user,
                                             struct operation_principal_draft *draft)
{
    struct access_key_change *state = operation->state;
    if (user->n_access_keys == PRINCIPAL_MAX_ACCESS_KEYS) {
        operation_fail(operation, OPERATION_LIMIT_EXCEEDED, "Cannot exceed quota for AccessKeysPerUser: %d",
                       PRINCIPAL_MAX_ACCESS_KEYS);
        return OPERATION_DECIDED_ANSWERED;
    }
    struct registry_access_key *key = &draft->access_keys[draft->principal.n_access_keys++];
    key->status = ACCESS_KEY_ACTIVE;
    key->created_ms = operation_now_ms(operation);
    operation_random_id(ACCESS_KEY_PREFIX, key->id, sizeof key->id);
    operation_random_secret(key->secret);
    memcpy(state->made, key->id, sizeof state->made);
    return OPERATION_DECIDED_WRITE;
}

static bool is_created(const struct operation *operation, const struct registry_principal *user)
{
    const struct access_key_change *state = operation->state;
    return find_key(user, state->made) < user->n_access_keys;
}

static void answer_create(struct operation *operation, const struct registry_principal *user)
{
    if (user == NULL || !is_created(operation, user)) {
        operation_fail_with(operation, operation_failure_of_registry(REGISTRY_NO_MEMORY),
                            "an access key that was stored is not there");
        return;
    }
    const struct access_key_change *state = operation->state;
    struct registry_access_key *key = &user->access_keys[find_key(user, state->made)];
    Rewrap__Timestamp created;
    operation_timestamp_fill(key->created_ms, &created);
    Rewrap__AccessKey entry = REWRAP__ACCESS_KEY__INIT;
    entry.user_name = user->name;
    entry.access_key_id = key->id;
    entry.has_status = true;
    entry.status = (Rewrap__AccessKeyStatus__Value)key->status;
    entry.secret_access_key = key->secret;
    entry.create_date = &created;
    Rewrap__CreateAccessKeyResponse response = REWRAP__CREATE_ACCESS_KEY_RESPONSE__INIT;
    response.access_key = &entry;
    operation_finish(operation, &response.base);
}

static const struct operation_principal_change_kind creation = {
    .decide = decide_create, .answer = answer_create, .is_made = is_created};

static void create_access_key(struct operation *operation)
{
    operation_principal_change_start(operation, &creation, OPERATION_MAY_CREATE_ACCESS_KEY);
}

const struct operation_kind operation_kind_create_access_key = {.name = "CreateAccessKey",
                                                                .run = create_access_key,
                                                                .principals = &operation_users,
                                                                .state_bytes = sizeof(struct access_key_change),
                                                                .changes = true};

/* ------------------------------------------------------------------ UpdateAccessKey */

static enum access_key_status wanted_status(const struct operation *operation)
{
    return (enum access_key_status)((const Rewrap__UpdateAccessKeyRequest *)operation->request)->status;
}

static enum operation_decision decide_update(struct operation *operation, const struct registry_principal *user,
                                             struct operation_principal_draft *draft)
{
    size_t at;
    if (!need_key(operation, user, &at)) {
        return OPERATION_DECIDED_ANSWERED;
    }
    if (user->access_keys[at].status == wanted_status(operation)) {
        return OPERATION_DECIDED_NOTHING;
    }
    draft->access_keys[at].status = wanted_status(operation);
    return OPERATION_DECIDED_WRITE;
}

static bool is_updated(const struct operation *operation, const struct registry_principal *user)
{
    size_t at = find_key(user, id_of(operation));
    return at < user->n_access_keys && user->access_keys[at].status == wanted_status(operation);
}

static const struct operation_principal_change_kind update = {.decide = decide_update, .is_made = is_updated};

static void update_access_key(struct operation *operation)
{
    operation_principal_change_start(operation, &update, OPERATION_MAY_UPDATE_ACCESS_KEY);
}

const struct operation_kind operation_kind_update_access_key = {.name = "UpdateAccessKey",
                                                                .run = update_access_key,
                                                                .principals = &operation_users,
                                                                .state_bytes = sizeof(struct access_key_change),
                                                                .changes = true};

/* ------------------------------------------------------------------ DeleteAccessKey */

static enum operation_decision decide_delete(struct operation *operation, const struct registry_principal *user,
                                             struct operation_principal_draft *draft)
{
    size_t at;
    if (!need_key(operation, user, &at)) {
        return OPERATION_DECIDED_ANSWERED;
    }
    for (size_t i = at + 1; i < user->n_access_keys; i++) {
        draft->access_keys[i - 1] = draft->access_keys[i];
    }
    draft->principal.n_access_keys--;
    return OPERATION_DECIDED_WRITE;
}

static bool is_deleted(const struct operation *operation, const struct registry_principal *user)
{
    return find_key(user, id_of(operation)) == user->n_access_keys;
}

static const struct operation_principal_change_kind deletion = {.decide = decide_delete, .is_made = is_deleted};

static void delete_access_key(struct operation *operation)
{
    operation_principal_change_start(operation, &deletion, OPERATION_MAY_DELETE_ACCESS_KEY);
}

const struct operation_kind operation_kind_delete_access_key = {.name = "DeleteAccessKey",
                                                                .run = delete_access_key,
                                                                .principals = &operation_users,
                                                                .state_bytes = sizeof(struct access_key_change),
                                                                .changes = true};

/* ------------------------------------------------------------------ ListAccessKeys */

struct metadata {
    Rewrap__AccessKeyMetadata message;
    Rewrap__Timestamp created;
};

static void fill_metadata(const struct registry_principal *user, size_t at, struct metadata *out)
{
    struct registry_access_key *key = &user->access_keys[at];
    rewrap__access_key_metadata__init(&out->message);
    operation_timestamp_fill(key->created_ms, &out->created);
    out->message.user_name = user->name;
    out->message.access_key_id = key->id;
    out->message.has_status = true;
    out->message.status = (Rewrap__AccessKeyStatus__Value)key->status;
    out->message.create_date = &out->created;
}

static void list_access_keys(struct operation *operation)
{
    struct metadata entries[PRINCIPAL_MAX_ACCESS_KEYS];
    Rewrap__AccessKeyMetadata *list[PRINCIPAL_MAX_ACCESS_KEYS];
    uint8_t marker[OPERATION_MARKER_MAX_BYTES + 1];
    const char *after;
    size_t limit;
    const struct registry_principal *user = operation_principal_resolve(operation, OPERATION_MAY_LIST_ACCESS_KEYS);
    if (user == NULL || !operation_page_wish(operation, OPERATION_MARKER_ACCESS_KEYS, &limit, marker, &after)) {
        return;
    }
    struct operation_page page = {
        .member = "access_key_metadata", .list = list, .marker = OPERATION_MARKER_ACCESS_KEYS};
    for (size_t i = 0; i < user->n_access_keys && !page.truncated; i++) {
        if (after != NULL && strcmp(user->access_keys[i].id, after) <= 0) {
            continue;
        }
        page.truncated = page.n == limit;
        if (!page.truncated) {
            fill_metadata(user, i, &entries[page.n]);
            list[page.n] = &entries[page.n].message;
            page.last = user->access_keys[i].id;
            page.n++;
        }
    }
    operation_answer_page(operation, &page);
}

const struct operation_kind operation_kind_list_access_keys = {
    .name = "ListAccessKeys", .run = list_access_keys, .principals = &operation_users};
