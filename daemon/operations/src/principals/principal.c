/* What the operations on users and roles share; see principal.h. */
#include "principal.h"

#include "access/who.h"
#include "request/specs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct operation_principals operation_users = {
    .kind = PRINCIPAL_USER,
    .noun = "user",
    .title = "User",
    .id_prefix = "AIDA",
    .quota = "UsersPerAccount",
    .entry = &rewrap__user__descriptor,
    .entry_member = "user",
    .list_member = "users",
    .name_member = "user_name",
    .id_member = "user_id",
    .marker = OPERATION_MARKER_USERS,
    .may_create = OPERATION_MAY_CREATE_USER,
    .may_get = OPERATION_MAY_GET_USER,
    .may_delete = OPERATION_MAY_DELETE_USER,
    .may_list = OPERATION_MAY_LIST_USERS,
    .may_put_policy = OPERATION_MAY_PUT_USER_POLICY,
    .may_get_policy = OPERATION_MAY_GET_USER_POLICY,
    .may_delete_policy = OPERATION_MAY_DELETE_USER_POLICY,
    .may_list_policies = OPERATION_MAY_LIST_USER_POLICIES,
};

const struct operation_principals operation_roles = {
    .kind = PRINCIPAL_ROLE,
    .noun = "role",
    .title = "Role",
    .id_prefix = "AROA",
    .quota = "RolesPerAccount",
    .entry = &rewrap__role__descriptor,
    .entry_member = "role",
    .list_member = "roles",
    .name_member = "role_name",
    .id_member = "role_id",
    .marker = OPERATION_MARKER_ROLES,
    .may_create = OPERATION_MAY_CREATE_ROLE,
    .may_get = OPERATION_MAY_GET_ROLE,
    .may_delete = OPERATION_MAY_DELETE_ROLE,
    .may_list = OPERATION_MAY_LIST_ROLES,
    .may_put_policy = OPERATION_MAY_PUT_ROLE_POLICY,
    .may_get_policy = OPERATION_MAY_GET_ROLE_POLICY,
    .may_delete_policy = OPERATION_MAY_DELETE_ROLE_POLICY,
    .may_list_policies = OPERATION_MAY_LIST_ROLE_POLICIES,
};

/* ------------------------------------------------------------------ answers */

void operation_principal_refuse_missing(struct operation *operation, const char *noun, const char *name)
{
    operation_fail(operation, OPERATION_NO_SUCH_ENTITY, "The %s with name %s cannot be found.", noun, name);
}

bool operation_principal_entry_fill(const struct operation *operation, const struct registry_principal *principal,
                                    struct operation_principal_entry *out)
{
    const struct operation_principals *set = operation->kind->principals;
    char arn[POLICY_ARN_BYTES];
    operation_principal_arn(operation->operations, principal, arn);
    out->arn = strdup(arn);
    if (out->arn == NULL) {
        return false;
    }
    ProtobufCMessage *message = &out->message.base;
    set->entry->message_init(message);
    operation_timestamp_fill(principal->created_ms, &out->created);
    operation_message_set_text(message, "path", principal->path);
    operation_message_set_text(message, set->name_member, principal->name);
    operation_message_set_text(message, set->id_member, principal->unique_id);
    operation_message_set_text(message, "arn", out->arn);
    operation_message_set_message(message, "create_date", &out->created.base);
    return true;
}

void operation_principal_entry_clear(struct operation_principal_entry *entry)
{
    free(entry->arn);
}

void operation_principal_answer(struct operation *operation, const struct registry_principal *principal)
{
    struct operation_principal_entry entry;
    if (!operation_principal_entry_fill(operation, principal, &entry)) {
        operation_fail_no_memory(operation);
        return;
    }
    union operation_principal_message response;
    operation_message_init_answer(operation, &response);
    operation_message_set_message(&response.base, operation->kind->principals->entry_member, &entry.message.base);
    operation_finish(operation, &response.base);
    operation_principal_entry_clear(&entry);
}

/* ------------------------------------------------------------------ finding */

/* What IAM says to a root user or a role that means itself. */
static bool caller_is_user(const struct operation *operation)
{
    struct arn arn;
    static const char user[] = "user/";
    return arn_parse_principal(view_of_string(operation->principal), &arn) && arn.resource.len >= strlen(user) &&
           memcmp(arn.resource.data, user, strlen(user)) == 0;
}

const struct registry_principal *operation_principal_resolve(struct operation *operation,
                                                             enum operation_permission permission)
{
    const struct operation_principals *set = operation->kind->principals;
    const char *name = operation_request_text(operation, set->name_member);
    const struct operations *operations = operation->operations;
    const struct registry_principal *found;
    char arn[POLICY_ARN_BYTES];
    if (name != NULL) {
        found = registry_principal_find(operations->registry, operation->account, set->kind, name);
        snprintf(arn, sizeof arn, "arn:%s:iam::%s:%s/%s", operations->settings.partition, operation->account, set->noun,
                 name);
    } else if (caller_is_user(operation)) {
        found = operation_principal_of(operations, view_of_string(operation->principal));
        snprintf(arn, sizeof arn, "%s", operation->principal);
        name = strrchr(operation->principal, '/') + 1;
    } else {
        operation_fail(operation, OPERATION_VALIDATION, "Must specify userName when calling with non-User credentials");
        return NULL;
    }
    if (found != NULL) {
        operation_principal_arn(operations, found, arn); /* with its path */
    }
    if (!operation_authorize_resource(operation, permission, arn)) {
        return NULL;
    }
    if (found == NULL) {
        operation_principal_refuse_missing(operation, set->noun, name);
    }
    return found;
}
