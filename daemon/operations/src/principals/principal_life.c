/* GetUser, DeleteUser, ListUsers, and the same of roles. */
#include "frame/table.h"
#include "principal_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ Get */

static void get(struct operation *operation)
{
    const struct registry_principal *principal =
        operation_principal_resolve(operation, operation->kind->principals->may_get);
    if (principal != NULL) {
        operation_principal_answer(operation, principal);
    }
}

const struct operation_kind operation_kind_get_user = {.name = "GetUser", .run = get, .principals = &operation_users};
const struct operation_kind operation_kind_get_role = {.name = "GetRole", .run = get, .principals = &operation_roles};

/* ------------------------------------------------------------------ Delete */

/* As in IAM, what belongs to it goes first, by requests of its own: nobody loses a policy by a slip. */
static enum operation_decision decide_delete(struct operation *operation, const struct registry_principal *principal,
                                             struct operation_principal_draft *draft)
{
    const char *what = principal->n_access_keys != 0 ? "access keys" : principal->n_policies != 0 ? "policies" : NULL;
    if (what != NULL) {
        operation_fail(operation, OPERATION_DELETE_CONFLICT, "Cannot delete entity, must delete %s first.", what);
        return OPERATION_DECIDED_ANSWERED;
    }
    draft->remove = true;
    return OPERATION_DECIDED_WRITE;
}

static const struct operation_principal_change_kind deletion = {.decide = decide_delete};

static void delete_one(struct operation *operation)
{
    operation_principal_change_start(operation, &deletion, operation->kind->principals->may_delete);
}

const struct operation_kind operation_kind_delete_user = {.name = "DeleteUser",
                                                          .run = delete_one,
                                                          .principals = &operation_users,
                                                          .state_bytes = sizeof(struct operation_principal_change),
                                                          .changes = true};
const struct operation_kind operation_kind_delete_role = {.name = "DeleteRole",
                                                          .run = delete_one,
                                                          .principals = &operation_roles,
                                                          .state_bytes = sizeof(struct operation_principal_change),
                                                          .changes = true};

/* ------------------------------------------------------------------ List */

/* An entry without its texts: tags, lengths and the time; more than it is. */
#define ENTRY_OVERHEAD_BYTES 64

struct page {
    size_t limit;
    size_t n;
    size_t bytes;
    struct operation_principal_entry *entries; /* limit of them */
    ProtobufCMessage **list;                   /* likewise */
    const char *last;                          /* name of the last entry; the registry's */
    bool truncated;
};

static size_t bytes_of(const struct operation_principal_entry *entry, const struct registry_principal *principal)
{
    return strlen(entry->arn) + strlen(principal->path) + strlen(principal->name) + PRINCIPAL_ID_BYTES +
           ENTRY_OVERHEAD_BYTES;
}

/* Goes on past a full page until there is one entry more, so that the last page says that it is the last. */
static bool fill_page(const struct operation *operation, const char *prefix, const char *after, struct page *page)
{
    const struct registry *registry = operation->operations->registry;
    const enum principal_kind kind = operation->kind->principals->kind;
    const size_t prefix_len = prefix == NULL ? 0 : strlen(prefix);
    const struct registry_principal *at = registry_principal_after(registry, operation->account, kind, after);
    for (; at != NULL; at = registry_principal_after(registry, operation->account, kind, at->name)) {
        if (prefix_len != 0 && strncmp(at->path, prefix, prefix_len) != 0) {
            continue;
        }
        if (page->n == page->limit || page->bytes >= OPERATION_PAGE_MAX_BYTES) {
            page->truncated = true;
            return true;
        }
        struct operation_principal_entry *entry = &page->entries[page->n];
        if (!operation_principal_entry_fill(operation, at, entry)) {
            return false;
        }
        page->list[page->n++] = &entry->message.base;
        page->bytes += bytes_of(entry, at);
        page->last = at->name;
    }
    return true;
}

static void answer_list(struct operation *operation, const struct page *page)
{
    const struct operation_principals *set = operation->kind->principals;
    struct operation_page answer = {.member = set->list_member,
                                    .list = page->list,
                                    .n = page->n,
                                    .truncated = page->truncated,
                                    .marker = set->marker,
                                    .last = page->last};
    operation_answer_page(operation, &answer);
}

static void list(struct operation *operation)
{
    const struct operation_principals *set = operation->kind->principals;
    const char *prefix = operation_request_text(operation, "path_prefix");
    uint8_t marker[OPERATION_MARKER_MAX_BYTES + 1];
    const char *after;
    struct page page = {0};
    char arn[POLICY_ARN_BYTES];
    snprintf(arn, sizeof arn, "arn:%s:iam::%s:%s%s", operation->operations->settings.partition, operation->account,
             set->noun, prefix == NULL ? "/" : prefix);
    if (!operation_authorize_resource(operation, set->may_list, arn) ||
        !operation_page_wish(operation, set->marker, &page.limit, marker, &after)) {
        return;
    }
    page.entries = calloc(page.limit, sizeof *page.entries);
    page.list = calloc(page.limit, sizeof(ProtobufCMessage *));
    if (page.entries != NULL && page.list != NULL && fill_page(operation, prefix, after, &page)) {
        answer_list(operation, &page);
    } else {
        operation_fail_no_memory(operation);
    }
    for (size_t i = 0; i < page.n; i++) {
        operation_principal_entry_clear(&page.entries[i]);
    }
    free(page.entries);
    free(page.list);
}

const struct operation_kind operation_kind_list_users = {
    .name = "ListUsers", .run = list, .principals = &operation_users};
const struct operation_kind operation_kind_list_roles = {
    .name = "ListRoles", .run = list, .principals = &operation_roles};
