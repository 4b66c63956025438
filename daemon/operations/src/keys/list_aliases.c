/* ListAliases: page by page, of the account or of one of its keys (KMS.md R-75). */
#include "access/arn_text.h"
#include "access/authorize.h"
#include "access/resolve.h"
#include "frame/table.h"
#include "request/marker.h"
#include "request/patterns.h"
#include "request/specs.h"

#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

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

static bool is_wanted(const struct operation *operation, const struct registry_alias *alias,
                      const struct registry_key *filter)
{
    return filter == NULL ? operation_find_key(operation, alias->key_id) != NULL
                          : view_equal(view_of(alias->key_id, KEY_ID_BYTES), view_of(filter->key_id, KEY_ID_BYTES));
}

/* Goes on past a full page until there is one entry more, so that the last page says that it is the last. */
static void fill_page(const struct operation *operation, const char *after, const struct registry_key *filter,
                      struct alias_page *page)
{
    const struct registry *registry = operation->operations->registry;
    const struct registry_alias *alias = registry_alias_after(registry, operation->account, after);
    for (size_t looks = 0; alias != NULL; looks++) {
        bool wanted = is_wanted(operation, alias, filter);
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

/* The name in a marker, which is the caller's text: what cannot be a name is refused, and not looked up. */
static bool read_marker(struct operation *operation, const char *marker, uint8_t out[OPERATION_MARKER_MAX_BYTES + 1])
{
    size_t len = 0;
    if (marker == NULL) {
        return true;
    }
    if (!operation_marker_read(operation, OPERATION_MARKER_ALIASES, marker, out, &len)) {
        return false;
    }
    const char *name = (const char *)out;
    if (strlen(name) != len || len > ALIAS_NAME_MAX_BYTES || len <= strlen("alias/") ||
        strncmp(name, "alias/", strlen("alias/")) != 0 ||
        !operation_pattern_matches(OPERATION_PATTERN_ALIAS_NAME, name)) {
        operation_marker_refuse(operation);
        return false;
    }
    return true;
}

static void list_aliases(struct operation *operation)
{
    const Rewrap__ListAliasesRequest *request = (const Rewrap__ListAliasesRequest *)operation->request;
    uint8_t after[OPERATION_MARKER_MAX_BYTES + 1];
    const struct registry_key *filter = NULL;
    if (!operation_authorize(operation, OPERATION_MAY_LIST_ALIASES) ||
        !read_marker(operation, request->marker, after) ||
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
        operation_fail_no_memory(operation);
    }
    free(page.list);
    free(page.entries);
}

const struct operation_kind operation_kind_list_aliases = {.name = "ListAliases", .run = list_aliases};
