/* CreateUser and CreateRole. */
#include "access/who.h"
#include "frame/pending.h"
#include "frame/table.h"
#include "principal.h"
#include "principal_id.h"

#include <string.h>
#include <strings.h>

struct principal_create {
    struct operation_pending pending; /* so that quota and names hold among requests that are under way at once */
    char unique_id[PRINCIPAL_ID_BYTES];
};

static void clear(struct operation *operation)
{
    struct principal_create *state = operation->state;
    operation_pending_remove(&state->pending);
}

static void refuse_existing(struct operation *operation, const char *name)
{
    operation_fail(operation, OPERATION_ENTITY_ALREADY_EXISTS, "%s with name %s already exists.",
                   operation->kind->principals->title, name);
}

static void on_added(void *arg, struct registry_result result)
{
    struct operation *operation = arg;
    const struct principal_create *state = operation->state;
    const struct operation_principals *set = operation->kind->principals;
    const char *name = operation_request_text(operation, set->name_member);
    const struct registry_principal *there =
        registry_principal_find(operation->operations->registry, operation->account, set->kind, name);
    bool is_ours = there != NULL && strcmp(there->unique_id, state->unique_id) == 0;
    /* A change whose answer was lost with the registry's writer may have been made all the same. */
    if (is_ours && (result.code == REGISTRY_OK || result.code == REGISTRY_STORE)) {
        operation_principal_answer(operation, there);
    } else if (result.code == REGISTRY_EXISTS && there != NULL) {
        refuse_existing(operation, name);
    } else if (operation_take_change(operation, result)) {
        operation_fail_with(operation, operation_failure_of_registry(REGISTRY_NO_MEMORY),
                            "a principal that was stored is not there");
    }
}

/* IAM does not tell names apart by case: who looks like another is refused. */
static bool is_taken(const struct operation *operation, enum principal_kind kind, const char *name)
{
    const struct registry *registry = operation->operations->registry;
    const struct registry_principal *at = registry_principal_after(registry, operation->account, kind, NULL);
    while (at != NULL && strcasecmp(at->name, name) != 0) {
        at = registry_principal_after(registry, operation->account, kind, at->name);
    }
    return at != NULL || operation_pending_has_principal(operation->operations, operation->account, kind, name);
}

static bool check_quota(struct operation *operation, const struct operation_principals *set)
{
    const struct operations *operations = operation->operations;
    size_t n = registry_account_principals(operations->registry, operation->account, set->kind) +
               operation_pending_principals(operations, operation->account, set->kind);
    if (n < OPERATION_PRINCIPALS_PER_ACCOUNT) {
        return true;
    }
    operation_fail(operation, OPERATION_LIMIT_EXCEEDED, "Cannot exceed quota for %s: %d", set->quota,
                   OPERATION_PRINCIPALS_PER_ACCOUNT);
    return false;
}

/* The model lets every printable character pass, IAM and ARNs do not. */
static bool check_path(struct operation *operation, const char *path)
{
    size_t len = strlen(path);
    size_t allowed = strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-/");
    if (path[0] == '/' && path[len - 1] == '/' && allowed == len && strstr(path, "//") == NULL) {
        return true;
    }
    operation_fail(operation, OPERATION_VALIDATION,
                   "The specified value for path is invalid. It must begin and end with / and between its slashes have "
                   "letters, digits and _+=,.@- only.");
    return false;
}

static void create(struct operation *operation)
{
    const struct operation_principals *set = operation->kind->principals;
    struct principal_create *state = operation->state;
    char root[] = "/", arn[POLICY_ARN_BYTES];
    char *path = operation_request_text(operation, "path");
    struct registry_principal principal = {
        .kind = set->kind,
        .name = operation_request_text(operation, set->name_member),
        .path = path == NULL ? root : path,
        .created_ms = operation_now_ms(operation),
    };
    memcpy(principal.account, operation->account, ACCOUNT_TEXT_BYTES);
    operation_principal_arn(operation->operations, &principal, arn);
    if (!check_path(operation, principal.path) || !operation_authorize_resource(operation, set->may_create, arn)) {
        return;
    }
    if (is_taken(operation, set->kind, principal.name)) {
        refuse_existing(operation, principal.name);
        return;
    }
    if (!check_quota(operation, set)) {
        return;
    }
    operation_random_id(set->id_prefix, principal.unique_id, sizeof principal.unique_id);
    memcpy(state->unique_id, principal.unique_id, sizeof state->unique_id);
    memcpy(state->pending.account, operation->account, ACCOUNT_TEXT_BYTES);
    state->pending.principal = set->kind;
    state->pending.name = principal.name;
    operation_pending_add(operation->operations, &state->pending);
    registry_principal_add(operation->operations->registry, &principal, on_added, operation);
}

const struct operation_kind operation_kind_create_user = {.name = "CreateUser",
                                                          .run = create,
                                                          .principals = &operation_users,
                                                          .clear = clear,
                                                          .state_bytes = sizeof(struct principal_create),
                                                          .changes = true};
const struct operation_kind operation_kind_create_role = {.name = "CreateRole",
                                                          .run = create,
                                                          .principals = &operation_roles,
                                                          .clear = clear,
                                                          .state_bytes = sizeof(struct principal_create),
                                                          .changes = true};
