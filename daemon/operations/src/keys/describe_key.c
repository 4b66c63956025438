/* DescribeKey and ListKeys: what there is. */
#include "access/resolve.h"
#include "access/states.h"
#include "data/side.h"
#include "frame/table.h"
#include "metadata.h"
#include "request/marker.h"

#include "registry/registry.h"

#include <stdlib.h>

static void describe_key(struct operation *operation)
{
    const Rewrap__DescribeKeyRequest *request = (const Rewrap__DescribeKeyRequest *)operation->request;
    struct operation_members members = {.grant_tokens = request->grant_tokens,
                                        .n_grant_tokens = request->n_grant_tokens};
    const struct registry_key *key;
    if (!operation_check_members(operation, &members) ||
        !operation_admit(operation, OPERATION_MAY_DESCRIBE_KEY, request->key_id, &key)) {
        return;
    }
    struct operation_metadata metadata;
    operation_metadata_fill(operation->operations, key, &metadata);
    Rewrap__DescribeKeyResponse response = REWRAP__DESCRIBE_KEY_RESPONSE__INIT;
    response.key_metadata = &metadata.message;
    operation_finish(operation, &response.base);
}

const struct operation_kind operation_kind_describe_key = {.name = "DescribeKey", .run = describe_key};

/* ------------------------------------------------------------------ ListKeys */

#define LIST_KEYS_DEFAULT 100 /* KMS.md R-75; the table of constraints has the most, 1000 */

struct key_entry {
    Rewrap__KeyListEntry message;
    char arn[OPERATION_ARN_KEY_BYTES];
};

static bool list_start(struct operation *operation, const char *marker, const uint8_t **ret_after,
                       uint8_t buffer[OPERATION_MARKER_MAX_BYTES + 1])
{
    *ret_after = NULL;
    if (marker == NULL) {
        return true;
    }
    size_t len;
    if (!operation_marker_read(operation, OPERATION_MARKER_KEYS, marker, buffer, &len)) {
        return false;
    }
    if (len != KEY_ID_BYTES) {
        operation_marker_refuse(operation);
        return false;
    }
    *ret_after = buffer;
    return true;
}

static void fill_entry(const struct operation *operation, const struct registry_key *key, struct key_entry *out)
{
    rewrap__key_list_entry__init(&out->message);
    operation_arn_of_key(operation->operations, key->account, key->key_id_text, out->arn);
    out->message.key_id = (char *)(uintptr_t)key->key_id_text; /* protobuf-c has no const */
    out->message.key_arn = out->arn;
}

/* The next key that is not gone. */
static const struct registry_key *key_after(const struct operation *operation, const uint8_t *after)
{
    const struct operations *operations = operation->operations;
    const struct registry_key *key = registry_key_after(operations->registry, operation->account, after);
    while (key != NULL && operation_key_is_gone(operations, key)) {
        key = registry_key_after(operations->registry, operation->account, key->key_id);
    }
    return key;
}

/* Fills the page and answers. entries and list have room for limit. */
static void answer_page(struct operation *operation, const uint8_t *after, size_t limit, struct key_entry *entries,
                        Rewrap__KeyListEntry **list)
{
    const struct registry_key *last = NULL;
    const struct registry_key *key = key_after(operation, after);
    size_t n = 0;
    for (; key != NULL && n < limit; n++) {
        fill_entry(operation, key, &entries[n]);
        list[n] = &entries[n].message;
        last = key;
        key = key_after(operation, last->key_id);
    }
    char marker[OPERATION_MARKER_TEXT_BYTES];
    Rewrap__ListKeysResponse response = REWRAP__LIST_KEYS_RESPONSE__INIT;
    response.n_keys = n;
    response.keys = list;
    response.has_truncated = true;
    response.truncated = key != NULL;
    if (key != NULL && last != NULL) {
        operation_marker_write(OPERATION_MARKER_KEYS, view_of(last->key_id, KEY_ID_BYTES), marker);
        response.next_marker = marker;
    }
    operation_finish(operation, &response.base);
}

static void list_keys(struct operation *operation)
{
    const Rewrap__ListKeysRequest *request = (const Rewrap__ListKeysRequest *)operation->request;
    uint8_t buffer[OPERATION_MARKER_MAX_BYTES + 1];
    const uint8_t *after;
    if (!operation_authorize(operation, OPERATION_MAY_LIST_KEYS) ||
        !list_start(operation, request->marker, &after, buffer)) {
        return;
    }
    size_t limit = request->has_limit ? (size_t)request->limit : LIST_KEYS_DEFAULT;
    struct key_entry *entries = calloc(limit, sizeof *entries);
    Rewrap__KeyListEntry **list = calloc(limit, sizeof *list);
    if (entries != NULL && list != NULL) {
        answer_page(operation, after, limit, entries, list);
    } else {
        operation_fail_no_memory(operation);
    }
    free(list);
    free(entries);
}

const struct operation_kind operation_kind_list_keys = {.name = "ListKeys", .run = list_keys};
