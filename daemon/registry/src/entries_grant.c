/* A grant as the registry owns it; see entries_grant.h. */
#include "entries_grant.h"

#include "base/hex.h"

#include <stdlib.h>

enum { SHARED_TEXTS = 4 };

static void shared_views(struct policy_grant *grant, struct view *ret[SHARED_TEXTS])
{
    ret[0] = &grant->grantee;
    ret[1] = &grant->retiring;
    ret[2] = &grant->issuing_account;
    ret[3] = &grant->constraints.source_arn;
}

static size_t pair_bytes(const struct policy_pair *pairs, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += pairs[i].key.len + pairs[i].value.len;
    }
    return bytes;
}

/* Copies to *at and moves it on. */
static struct view put(char **at, struct view text)
{
    struct view copy = view_of(*at, text.len);
    if (text.len != 0) {
        memcpy(*at, text.data, text.len);
    }
    *at += text.len;
    return copy;
}

static const struct policy_pair *put_pairs(struct policy_pair *out, const struct policy_pair *pairs, size_t n,
                                           char **at)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct policy_pair){.key = put(at, pairs[i].key), .value = put(at, pairs[i].value)};
    }
    return n == 0 ? NULL : out;
}

/* False, and nothing shared, without memory. */
static bool share(struct view *views[SHARED_TEXTS], struct texts *texts)
{
    for (size_t i = 0; i < SHARED_TEXTS; i++) {
        if (views[i]->len == 0) {
            continue;
        }
        struct shared_text *shared = texts_share(texts, *views[i]);
        if (shared != NULL) {
            *views[i] = view_of(shared->text, shared->len);
            continue;
        }
        while (i-- > 0) {
            if (views[i]->len != 0) {
                shared_text_drop(shared_text_of(*views[i]));
            }
        }
        return false;
    }
    return true;
}

struct grant_entry *grant_entry_copy(const struct registry_grant *grant, struct texts *texts)
{
    struct registry_grant copy = *grant;
    struct policy_grant_constraints *constraints = &copy.grant.constraints;
    struct view *views[SHARED_TEXTS];
    shared_views(&copy.grant, views);
    const size_t n_pairs = constraints->equals_count + constraints->subset_count;
    size_t bytes = GRANT_ID_TEXT_BYTES + 1 + copy.grant.name.len +
                   pair_bytes(constraints->equals, constraints->equals_count) +
                   pair_bytes(constraints->subset, constraints->subset_count);
    for (size_t i = 0; i < SHARED_TEXTS && texts == NULL; i++) {
        bytes += views[i]->len;
    }
    struct grant_entry *entry = malloc(sizeof *entry + n_pairs * sizeof *entry->pairs + bytes);
    if (entry == NULL || (texts != NULL && !share(views, texts))) {
        free(entry);
        return NULL;
    }
    char *at = (char *)(entry->pairs + n_pairs);
    hex_encode(view_of(copy.id, GRANT_ID_BYTES), at); /* with a NUL, which nobody needs */
    copy.grant.id = view_of(at, GRANT_ID_TEXT_BYTES);
    at += GRANT_ID_TEXT_BYTES + 1;
    copy.grant.name = put(&at, copy.grant.name);
    for (size_t i = 0; i < SHARED_TEXTS && texts == NULL; i++) {
        *views[i] = put(&at, *views[i]);
    }
    constraints->equals = put_pairs(entry->pairs, constraints->equals, constraints->equals_count, &at);
    constraints->subset =
        put_pairs(entry->pairs + constraints->equals_count, constraints->subset, constraints->subset_count, &at);
    entry->grant = copy;
    entry->shared = texts != NULL;
    entry->gone = false;
    return entry;
}

void grant_entry_free(struct grant_entry *entry)
{
    if (entry == NULL) {
        return;
    }
    struct view *views[SHARED_TEXTS];
    shared_views(&entry->grant.grant, views);
    for (size_t i = 0; i < SHARED_TEXTS && entry->shared; i++) {
        if (views[i]->len != 0) {
            shared_text_drop(shared_text_of(*views[i]));
        }
    }
    free(entry);
}
