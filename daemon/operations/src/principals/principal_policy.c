/* The identity policies of users and roles: Put, Get, Delete and List (KMS.md; docs/principals.md). */
#include "access/policy_check.h"
#include "frame/table.h"
#include "principal_change.h"

#include <stdio.h>
#include <string.h>

#define NOUN_BYTES 16 /* "user policy" */

static size_t find_policy(const struct registry_principal *principal, const char *name)
{
    size_t i = 0;
    while (i < principal->n_policies && strcmp(principal->policies[i].name, name) != 0) {
        i++;
    }
    return i;
}

static const struct operation_principals *set_of(const struct operation *operation)
{
    return operation->kind->principals;
}

static void refuse_missing(struct operation *operation, const char *policy)
{
    char noun[NOUN_BYTES];
    snprintf(noun, sizeof noun, "%s policy", set_of(operation)->noun);
    operation_principal_refuse_missing(operation, noun, policy);
}

static const char *policy_name(const struct operation *operation)
{
    return operation_request_text(operation, "policy_name");
}

/* ------------------------------------------------------------------ Put */

static bool check_document(struct operation *operation, const struct registry_principal *principal, const char *text)
{
    if (strlen(text) > PRINCIPAL_POLICY_MAX_BYTES) {
        operation_fail(operation, OPERATION_LIMIT_EXCEEDED, "Maximum policy size of %d bytes exceeded for %s %s",
                       PRINCIPAL_POLICY_MAX_BYTES, set_of(operation)->noun, principal->name);
        return false;
    }
    struct policy_document *document;
    struct policy_result result = policy_document_parse(POLICY_KIND_IDENTITY, view_of_string(text), &document);
    if (result.code != POLICY_OK) {
        operation_refuse_document(operation, &result);
        return false;
    }
    policy_document_free(document); /* the registry compiles its own */
    return true;
}

static enum operation_decision decide_put(struct operation *operation, const struct registry_principal *principal,
                                          struct operation_principal_draft *draft)
{
    char *text = operation_request_text(operation, "policy_document");
    if (!check_document(operation, principal, text)) {
        return OPERATION_DECIDED_ANSWERED;
    }
    size_t at = find_policy(principal, policy_name(operation));
    if (at < principal->n_policies && strcmp(principal->policies[at].text, text) == 0) {
        return OPERATION_DECIDED_NOTHING;
    }
    if (at == PRINCIPAL_MAX_POLICIES) {
        operation_fail(operation, OPERATION_LIMIT_EXCEEDED, "Cannot exceed quota for PoliciesPer%s: %d",
                       set_of(operation)->title, PRINCIPAL_MAX_POLICIES);
        return OPERATION_DECIDED_ANSWERED;
    }
    if (at == principal->n_policies) {
        draft->principal.n_policies++;
    }
    draft->policies[at] =
        (struct registry_identity_policy){.name = operation_request_text(operation, "policy_name"), .text = text};
    return OPERATION_DECIDED_WRITE;
}

static bool is_put(const struct operation *operation, const struct registry_principal *principal)
{
    size_t at = find_policy(principal, policy_name(operation));
    return at < principal->n_policies &&
           strcmp(principal->policies[at].text, operation_request_text(operation, "policy_document")) == 0;
}

static const struct operation_principal_change_kind put = {.decide = decide_put, .is_made = is_put};

static void start_put(struct operation *operation)
{
    operation_principal_change_start(operation, &put, set_of(operation)->may_put_policy);
}

const struct operation_kind operation_kind_put_user_policy = {.name = "PutUserPolicy",
                                                              .run = start_put,
                                                              .principals = &operation_users,
                                                              .state_bytes = sizeof(struct operation_principal_change),
                                                              .changes = true};
const struct operation_kind operation_kind_put_role_policy = {.name = "PutRolePolicy",
                                                              .run = start_put,
                                                              .principals = &operation_roles,
                                                              .state_bytes = sizeof(struct operation_principal_change),
                                                              .changes = true};

/* ------------------------------------------------------------------ Delete */

static enum operation_decision decide_delete(struct operation *operation, const struct registry_principal *principal,
                                             struct operation_principal_draft *draft)
{
    size_t at = find_policy(principal, policy_name(operation));
    if (at == principal->n_policies) {
        refuse_missing(operation, policy_name(operation));
        return OPERATION_DECIDED_ANSWERED;
    }
    for (size_t i = at + 1; i < principal->n_policies; i++) {
        draft->policies[i - 1] = draft->policies[i];
    }
    draft->principal.n_policies--;
    return OPERATION_DECIDED_WRITE;
}

static bool is_deleted(const struct operation *operation, const struct registry_principal *principal)
{
    return find_policy(principal, policy_name(operation)) == principal->n_policies;
}

static const struct operation_principal_change_kind deletion = {.decide = decide_delete, .is_made = is_deleted};

static void start_delete(struct operation *operation)
{
    operation_principal_change_start(operation, &deletion, set_of(operation)->may_delete_policy);
}

const struct operation_kind operation_kind_delete_user_policy = {.name = "DeleteUserPolicy",
                                                                 .run = start_delete,
                                                                 .principals = &operation_users,
                                                                 .state_bytes =
                                                                     sizeof(struct operation_principal_change),
                                                                 .changes = true};
const struct operation_kind operation_kind_delete_role_policy = {.name = "DeleteRolePolicy",
                                                                 .run = start_delete,
                                                                 .principals = &operation_roles,
                                                                 .state_bytes =
                                                                     sizeof(struct operation_principal_change),
                                                                 .changes = true};

/* ------------------------------------------------------------------ Get */

static void get(struct operation *operation)
{
    const struct operation_principals *set = set_of(operation);
    const struct registry_principal *principal = operation_principal_resolve(operation, set->may_get_policy);
    if (principal == NULL) {
        return;
    }
    size_t at = find_policy(principal, policy_name(operation));
    if (at == principal->n_policies) {
        refuse_missing(operation, policy_name(operation));
        return;
    }
    union operation_principal_message response;
    operation_message_init_answer(operation, &response);
    operation_message_set_text(&response.base, set->name_member, principal->name);
    operation_message_set_text(&response.base, "policy_name", principal->policies[at].name);
    operation_message_set_text(&response.base, "policy_document", principal->policies[at].text);
    operation_finish(operation, &response.base);
}

const struct operation_kind operation_kind_get_user_policy = {
    .name = "GetUserPolicy", .run = get, .principals = &operation_users};
const struct operation_kind operation_kind_get_role_policy = {
    .name = "GetRolePolicy", .run = get, .principals = &operation_roles};

/* ------------------------------------------------------------------ List */

static void list(struct operation *operation)
{
    char *names[PRINCIPAL_MAX_POLICIES];
    uint8_t marker[OPERATION_MARKER_MAX_BYTES + 1];
    const char *after;
    size_t limit;
    const struct registry_principal *principal =
        operation_principal_resolve(operation, set_of(operation)->may_list_policies);
    if (principal == NULL || !operation_page_wish(operation, OPERATION_MARKER_POLICIES, &limit, marker, &after)) {
        return;
    }
    struct operation_page page = {.member = "policy_names",
                                  .list = names,
                                  .marker = OPERATION_MARKER_POLICIES}; /* in byte order, as markers are */
    for (size_t i = 0; i < principal->n_policies && !page.truncated; i++) {
        char *name = principal->policies[i].name;
        if (after != NULL && strcmp(name, after) <= 0) {
            continue;
        }
        page.truncated = page.n == limit;
        if (!page.truncated) {
            names[page.n++] = name;
            page.last = name;
        }
    }
    operation_answer_page(operation, &page);
}

const struct operation_kind operation_kind_list_user_policies = {
    .name = "ListUserPolicies", .run = list, .principals = &operation_users};
const struct operation_kind operation_kind_list_role_policies = {
    .name = "ListRolePolicies", .run = list, .principals = &operation_roles};
