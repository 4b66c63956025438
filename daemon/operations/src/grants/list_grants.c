/* ListGrants and ListRetirableGrants, page by page (KMS.md ). */
#include "access/authorize.h"
#include "access/question.h"
#include "access/resolve.h"
#include "access/states.h"
#include "access/who.h"
#include "frame/table.h"
#include "grant_entry.h"
#include "request/marker.h"
#include "retire_grant.h"

#include "base/hex.h"
#include "policy/arn.h"
#include "registry/grants.h"

#include <stdlib.h>
#include <string.h>

#define LIST_GRANTS_DEFAULT 50 /* KMS.md R-75; the table of constraints has the most, 100 */
#define LIST_GRANTS_MAX     100

/* With a filter most grants may be passed over: a page ends after so many, however few it has, and the marker goes on
 * from there. */
#define LIST_GRANTS_LOOKS 20000

/* A page also ends where its answer gets long: one grant may have 88 KiB of constraints, and an answer must fit into a
 * frame of 384 KiB. */
#define LIST_GRANTS_BYTES ((size_t)192 * 1024)

struct grant_page {
    struct operation *operation;
    const struct registry_key *key; /* ListGrants: whose; NULL: ListRetirableGrants */
    struct view principal;          /* the filter, or who may retire; empty: none */
    bool is_service;
    bool may_be_id;      /* the filter is as long as a unique id, and no ARN */
    int64_t departed_ms; /* from the name of who may retire: operation_departed_ms */
    size_t limit;
    size_t n;
    size_t bytes;
    struct operation_grant_entry *entries[LIST_GRANTS_MAX];
    Rewrap__GrantListEntry *list[LIST_GRANTS_MAX];
    uint8_t last[GRANT_ID_BYTES]; /* the one that was looked at last */
    bool truncated;
};

/* ------------------------------------------------------------------ which */

static const struct registry_grant *grant_after(const struct grant_page *page, const uint8_t *after)
{
    const struct registry *registry = page->operation->operations->registry;
    return page->key != NULL ? registry_grant_after(registry, page->key->key_id, after)
                             : registry_grant_retirable_after(registry, page->principal, after);
}

/* By what is shown: an ARN finds what means who has it, a unique id what meant one who is gone. */
static bool is_of_key_wanted(const struct grant_page *page, const struct registry_grant *grant)
{
    if (page->principal.len == 0) {
        return true;
    }
    bool is_named = view_equal(grant->grant.grantee, page->principal);
    if (grant->grantee_is_service != page->is_service || (!is_named && !page->may_be_id)) {
        return false; /* without taking the ARNs of thousands apart */
    }
    return view_equal(operation_grant_grantee(page->operation->operations, grant), page->principal);
}

/*
 * Those of keys of all accounts that name this principal, who is of the caller's account; but not those that named
 * another who had his name before. A service is of no account: there it is those on the caller's keys.
 */
static bool is_retirable_wanted(const struct grant_page *page, const struct registry_grant *grant,
                                const struct registry_key *key)
{
    return key != NULL && grant->retiring_is_service == page->is_service &&
           (!page->is_service || strcmp(key->account, page->operation->account) == 0) &&
           !operation_grant_predates(grant, page->departed_ms);
}

/* The key of a grant that belongs on the page; NULL for one that does not. */
static const struct registry_key *wanted_key(const struct grant_page *page, const struct registry_grant *grant)
{
    if (page->key != NULL) {
        return is_of_key_wanted(page, grant) ? page->key : NULL;
    }
    const struct registry_key *key = operation_find_key(page->operation, grant->key_id);
    return is_retirable_wanted(page, grant, key) ? key : NULL;
}

/* ------------------------------------------------------------------ pages */

/* False when the page is full, or there is no memory. */
static bool put(struct grant_page *page, const struct registry_key *key, const struct registry_grant *grant,
                bool *ret_no_memory)
{
    struct operation_grant_entry *entry =
        page->n == page->limit ? NULL : operation_grant_entry_new(page->operation->operations, key, grant);
    *ret_no_memory = entry == NULL && page->n != page->limit;
    if (entry == NULL || (page->n != 0 && page->bytes + entry->bytes > LIST_GRANTS_BYTES)) {
        free(entry);
        return false;
    }
    page->entries[page->n] = entry;
    page->list[page->n] = &entry->message;
    page->bytes += entry->bytes;
    page->n++;
    return true;
}

/* Goes on past a full page until there is one entry more, so that the last page says that it is the last. */
static bool fill_page(struct grant_page *page, const uint8_t *after)
{
    const struct registry_grant *grant = grant_after(page, after);
    for (size_t looks = 0; grant != NULL; looks++) {
        const struct registry_key *key = wanted_key(page, grant);
        bool no_memory = false;
        if (looks == LIST_GRANTS_LOOKS || (key != NULL && !put(page, key, grant, &no_memory))) {
            page->truncated = true;
            return !no_memory;
        }
        memcpy(page->last, grant->id, GRANT_ID_BYTES);
        grant = grant_after(page, page->last);
    }
    return true;
}

static void clear_page(struct grant_page *page)
{
    for (size_t i = 0; i < page->n; i++) {
        free(page->entries[i]);
    }
}

/* Both answers have the same members. */
static void answer_page(struct grant_page *page)
{
    const bool of_key = page->key != NULL;
    char marker[OPERATION_MARKER_TEXT_BYTES];
    if (page->truncated) {
        operation_marker_write(of_key ? OPERATION_MARKER_GRANTS : OPERATION_MARKER_RETIRABLE_GRANTS,
                               view_of(page->last, GRANT_ID_BYTES), marker);
    }
    Rewrap__ListGrantsResponse grants = REWRAP__LIST_GRANTS_RESPONSE__INIT;
    Rewrap__ListRetirableGrantsResponse retirable = REWRAP__LIST_RETIRABLE_GRANTS_RESPONSE__INIT;
    grants.n_grants = retirable.n_grants = page->n;
    grants.grants = retirable.grants = page->list;
    grants.has_truncated = retirable.has_truncated = true;
    grants.truncated = retirable.truncated = page->truncated;
    grants.next_marker = retirable.next_marker = page->truncated ? marker : NULL;
    operation_finish(page->operation, of_key ? &grants.base : &retirable.base);
}

static void list(struct grant_page *page, const uint8_t *after)
{
    if (fill_page(page, after)) {
        answer_page(page);
    } else {
        operation_fail_no_memory(page->operation);
    }
    clear_page(page);
}

static bool read_marker(struct operation *operation, enum operation_marker kind, const char *marker,
                        uint8_t buffer[OPERATION_MARKER_MAX_BYTES + 1], const uint8_t **ret_after)
{
    size_t len;
    *ret_after = NULL;
    if (marker == NULL) {
        return true;
    }
    if (!operation_marker_read(operation, kind, marker, buffer, &len)) {
        return false;
    }
    if (len != GRANT_ID_BYTES) {
        operation_marker_refuse(operation);
        return false;
    }
    *ret_after = buffer;
    return true;
}

/* ------------------------------------------------------------------ ListGrants */

/* The one of that id; the other filter counts too. */
static void list_one(struct grant_page *page, const char *grant_id)
{
    const struct registry_grant *grant = operation_grant_find(page->operation, page->key, grant_id);
    if (grant == NULL) {
        return; /* answered */
    }
    bool no_memory = false;
    if (is_of_key_wanted(page, grant) && !put(page, page->key, grant, &no_memory)) {
        operation_fail_no_memory(page->operation);
    } else {
        answer_page(page);
    }
    clear_page(page);
}

static void list_grants(struct operation *operation)
{
    const enum operation_permission permission = OPERATION_MAY_LIST_GRANTS;
    const Rewrap__ListGrantsRequest *request = (const Rewrap__ListGrantsRequest *)operation->request;
    uint8_t buffer[OPERATION_MARKER_MAX_BYTES + 1];
    const uint8_t *after;
    struct grant_page page = {.operation = operation,
                              .is_service = request->grantee_service_principal != NULL,
                              .limit = request->has_limit ? (size_t)request->limit : LIST_GRANTS_DEFAULT};
    if (request->grantee_principal != NULL && request->grantee_service_principal != NULL) {
        operation_fail(operation, OPERATION_VALIDATION,
                       "Specify either GranteePrincipal or GranteeServicePrincipal, not both.");
        return;
    }
    if (!operation_admit(operation, permission, request->key_id, &page.key) ||
        !read_marker(operation, OPERATION_MARKER_GRANTS, request->marker, buffer, &after)) {
        return;
    }
    page.principal = view_of_string(page.is_service ? request->grantee_service_principal : request->grantee_principal);
    page.may_be_id =
        page.principal.len == PRINCIPAL_ID_BYTES - 1 && memchr(page.principal.data, ':', page.principal.len) == NULL;
    if (request->grant_id != NULL) {
        list_one(&page, request->grant_id);
    } else {
        list(&page, after);
    }
}

const struct operation_kind operation_kind_list_grants = {.name = "ListGrants", .run = list_grants};

/* ------------------------------------------------------------------ ListRetirableGrants */

/* One of the caller's account. */
static bool check_retirer(struct operation *operation, const char *principal)
{
    struct arn arn;
    if (!arn_parse_principal(view_of_string(principal), &arn) ||
        !view_equal(arn.partition, view_of_string(operation->operations->settings.partition))) {
        operation_fail(operation, OPERATION_INVALID_ARN, "ARN does not refer to a valid principal: %s", principal);
        return false;
    }
    if (!view_equal(arn.account, view_of_string(operation->account))) {
        operation_refuse_foreign(operation, OPERATION_MAY_LIST_RETIRABLE_GRANTS);
        return false;
    }
    return true;
}

static void list_retirable_grants(struct operation *operation)
{
    const Rewrap__ListRetirableGrantsRequest *request = (const Rewrap__ListRetirableGrantsRequest *)operation->request;
    uint8_t buffer[OPERATION_MARKER_MAX_BYTES + 1];
    const uint8_t *after;
    struct grant_page page = {.operation = operation,
                              .is_service = request->retiring_service_principal != NULL,
                              .limit = request->has_limit ? (size_t)request->limit : LIST_GRANTS_DEFAULT};
    if ((request->retiring_principal != NULL) == page.is_service) {
        operation_fail(operation, OPERATION_VALIDATION,
                       "Specify either RetiringPrincipal or RetiringServicePrincipal, and not both.");
        return;
    }
    if (!operation_authorize(operation, OPERATION_MAY_LIST_RETIRABLE_GRANTS) ||
        (!page.is_service && !check_retirer(operation, request->retiring_principal)) ||
        !read_marker(operation, OPERATION_MARKER_RETIRABLE_GRANTS, request->marker, buffer, &after)) {
        return;
    }
    page.principal =
        view_of_string(page.is_service ? request->retiring_service_principal : request->retiring_principal);
    page.departed_ms = page.is_service ? 0 : operation_departed_ms(operation->operations, page.principal);
    list(&page, after);
}

const struct operation_kind operation_kind_list_retirable_grants = {.name = "ListRetirableGrants",
                                                                    .run = list_retirable_grants};
