/* TagResource, UntagResource and ListResourceTags (KMS.md R-78). */
#include "access/states.h"
#include "change.h"
#include "frame/table.h"
#include "request/marker.h"
#include "request/tag_rules.h"

#include "proto/rewrap.pb-c.h"

#include <string.h>

/* ------------------------------------------------------------------ TagResource */

/* Sets one tag of the draft. False when there is no room for another. */
static bool set_tag(struct operation_draft *draft, const Rewrap__Tag *tag, bool *changed)
{
    struct registry_key *key = &draft->key;
    size_t i = 0;
    while (i < key->n_tags && strcmp(key->tags[i].key, tag->tag_key) != 0) {
        i++;
    }
    if (i == OPERATION_TAGS_MAX) {
        return false;
    }
    *changed = *changed || i == key->n_tags || strcmp(key->tags[i].value, tag->tag_value) != 0;
    key->tags[i] = (struct registry_tag){.key = tag->tag_key, .value = tag->tag_value};
    key->n_tags += i == key->n_tags;
    return true;
}

static enum operation_decision decide_tag(struct operation *operation, const struct registry_key *key,
                                          struct operation_draft *draft)
{
    const Rewrap__TagResourceRequest *request = (const Rewrap__TagResourceRequest *)operation->request;
    bool changed = false;
    (void)key;
    for (size_t i = 0; i < request->n_tags; i++) {
        if (!set_tag(draft, request->tags[i], &changed)) {
            operation_tags_refuse_too_many(operation);
            return OPERATION_DECIDED_ANSWERED;
        }
    }
    return changed ? OPERATION_DECIDED_WRITE : OPERATION_DECIDED_NOTHING;
}

static const struct operation_change_kind tag = {.permission = OPERATION_MAY_TAG_RESOURCE, .decide = decide_tag};

static void run_tag(struct operation *operation)
{
    const Rewrap__TagResourceRequest *request = (const Rewrap__TagResourceRequest *)operation->request;
    if (operation_tags_check(operation, request->tags, request->n_tags, NULL)) {
        operation->facts.tags = request->tags;
        operation->facts.n_tags = request->n_tags;
        operation_change_start(operation, &tag, request->key_id);
    }
}

const struct operation_kind operation_kind_tag_resource = {
    .name = "TagResource", .run = run_tag, .state_bytes = sizeof(struct operation_change), .changes = true};

/* ------------------------------------------------------------------ UntagResource */

static bool is_named(const Rewrap__UntagResourceRequest *request, const char *key)
{
    for (size_t i = 0; i < request->n_tag_keys; i++) {
        if (strcmp(request->tag_keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

/* Tags that the key has not are none to take away: no error. */
static enum operation_decision decide_untag(struct operation *operation, const struct registry_key *key,
                                            struct operation_draft *draft)
{
    const Rewrap__UntagResourceRequest *request = (const Rewrap__UntagResourceRequest *)operation->request;
    draft->key.n_tags = 0;
    for (size_t i = 0; i < key->n_tags; i++) {
        if (!is_named(request, key->tags[i].key)) {
            draft->tags[draft->key.n_tags++] = key->tags[i];
        }
    }
    return draft->key.n_tags == key->n_tags ? OPERATION_DECIDED_NOTHING : OPERATION_DECIDED_WRITE;
}

static const struct operation_change_kind untag = {.permission = OPERATION_MAY_UNTAG_RESOURCE, .decide = decide_untag};

static void run_untag(struct operation *operation)
{
    const Rewrap__UntagResourceRequest *request = (const Rewrap__UntagResourceRequest *)operation->request;
    for (size_t i = 0; i < request->n_tag_keys; i++) {
        if (!operation_tag_key_check(operation, request->tag_keys[i], NULL)) {
            return;
        }
    }
    operation->facts.tag_keys = request->tag_keys;
    operation->facts.n_tag_keys = request->n_tag_keys;
    operation_change_start(operation, &untag, request->key_id);
}

const struct operation_kind operation_kind_untag_resource = {
    .name = "UntagResource", .run = run_untag, .state_bytes = sizeof(struct operation_change), .changes = true};

/* ------------------------------------------------------------------ ListResourceTags */

/*
 * Tags stand in the byte order of their keys. A marker has as much of the last key as fits; only a key of 128
 * characters of four bytes each is a byte longer than that.
 */
static bool is_behind(const char *key, const uint8_t *after, size_t len)
{
    if (after == NULL) {
        return true;
    }
    size_t key_len = strnlen(key, OPERATION_MARKER_MAX_BYTES);
    int order = memcmp(key, after, key_len < len ? key_len : len);
    return order > 0 || (order == 0 && key_len > len);
}

/* protobuf-c has no const; a message that is only packed is not changed. */
static void answer_page(struct operation *operation, const struct registry_key *key, const uint8_t *after, size_t len,
                        size_t limit)
{
    Rewrap__Tag tags[OPERATION_TAGS_MAX];
    Rewrap__Tag *list[OPERATION_TAGS_MAX];
    char marker[OPERATION_MARKER_TEXT_BYTES];
    size_t n = 0, i = 0;
    while (i < key->n_tags && !is_behind(key->tags[i].key, after, len)) {
        i++;
    }
    for (; i < key->n_tags && n < limit; i++, n++) {
        rewrap__tag__init(&tags[n]);
        tags[n].tag_key = key->tags[i].key;
        tags[n].tag_value = key->tags[i].value;
        list[n] = &tags[n];
    }
    Rewrap__ListResourceTagsResponse response = REWRAP__LIST_RESOURCE_TAGS_RESPONSE__INIT;
    response.n_tags = n;
    response.tags = list;
    response.has_truncated = true;
    response.truncated = i < key->n_tags;
    if (response.truncated && n > 0) {
        const char *last = tags[n - 1].tag_key;
        operation_marker_write(OPERATION_MARKER_TAGS, view_of(last, strnlen(last, OPERATION_MARKER_MAX_BYTES)), marker);
        response.next_marker = marker;
    }
    operation_finish(operation, &response.base);
}

static void run_list(struct operation *operation)
{
    const Rewrap__ListResourceTagsRequest *request = (const Rewrap__ListResourceTagsRequest *)operation->request;
    const enum operation_permission permission = OPERATION_MAY_LIST_RESOURCE_TAGS;
    uint8_t after[OPERATION_MARKER_MAX_BYTES + 1];
    size_t len = 0;
    const struct registry_key *key;
    if (!operation_admit(operation, permission, request->key_id, &key) ||
        (request->marker != NULL &&
         !operation_marker_read(operation, OPERATION_MARKER_TAGS, request->marker, after, &len))) {
        return;
    }
    size_t limit = request->has_limit ? (size_t)request->limit : OPERATION_TAGS_MAX; /* */
    answer_page(operation, key, request->marker == NULL ? NULL : after, len, limit);
}

const struct operation_kind operation_kind_list_resource_tags = {.name = "ListResourceTags", .run = run_list};
