/* The condition keys of a request; see context.h. */
#include "context.h"

#include "pattern.h"

static const char pair_prefix[] = "kms:encryptioncontext:";

/* Sets by their nature: KMS.md, and AWS's global ones. */
static const char *const multi_valued[] = {
    "kms:encryptioncontextkeys",
    "kms:resourcealiases",
    "kms:grantoperations",
    "aws:tagkeys",
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:vpceorgpaths",
    "aws:principalservicenameslist",
};

const struct policy_context_key *policy_context_next(const struct policy_request *request, struct view name,
                                                     size_t *cursor)
{
    while (*cursor < request->context_count) {
        const struct policy_context_key *entry = &request->context[(*cursor)++];
        if (entry->count != 0 && policy_equal_fold(entry->name, name)) {
            return entry;
        }
    }
    return NULL;
}

bool policy_context_single(const struct policy_request *request, struct view name, struct view *ret_value)
{
    size_t cursor = 0;
    const struct policy_context_key *entry = policy_context_next(request, name, &cursor);
    if (entry == NULL || entry->count != 1 || policy_context_next(request, name, &cursor) != NULL) {
        return false;
    }
    *ret_value = entry->values[0];
    return true;
}

bool policy_context_is_within_limits(const struct policy_request *request)
{
    if (request->context_count > POLICY_CONTEXT_MAX_KEYS) {
        return false;
    }
    size_t values = 0;
    for (size_t i = 0; i < request->context_count; i++) {
        const struct policy_context_key *entry = &request->context[i];
        if (entry->name.len > POLICY_CONTEXT_MAX_NAME_BYTES || entry->count > POLICY_CONTEXT_MAX_VALUES - values) {
            return false;
        }
        values += entry->count;
        for (size_t k = 0; k < entry->count; k++) {
            if (entry->values[k].len > POLICY_CONTEXT_MAX_VALUE_BYTES) {
                return false;
            }
        }
    }
    return true;
}

bool policy_context_is_multi_valued(struct view name)
{
    for (size_t i = 0; i < sizeof(multi_valued) / sizeof(multi_valued[0]); i++) {
        if (view_equal(name, view_of_string(multi_valued[i]))) {
            return true;
        }
    }
    return false;
}

bool policy_context_pair_key(struct view name, struct view *ret_key)
{
    struct view prefix = view_of(pair_prefix, sizeof(pair_prefix) - 1);
    if (name.len <= prefix.len || !policy_equal_fold(view_of(name.data, prefix.len), prefix)) {
        return false;
    }
    *ret_key = view_of(name.data + prefix.len, name.len - prefix.len);
    return true;
}
