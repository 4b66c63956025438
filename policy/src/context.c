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

/* The bit that letters of either case differ in. Other characters that it makes equal only share a hash. */
#define ANY_CASE UINT64_C(0x2020202020202020)

static uint64_t mix(uint64_t hash, const uint8_t *bytes, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, bytes, len);
    hash = (hash ^ (word | ANY_CASE)) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

/*
 * The length, the end and the middle of a name tell those of AWS apart, and every decision takes it of some forty
 * names. Who makes two names with one hash gains nothing: the names are compared too.
 */
uint32_t policy_context_hash(struct view name)
{
    const size_t word = sizeof(uint64_t);
    if (name.len < word) {
        return name.len == 0 ? 0 : (uint32_t)mix(name.len, name.data, name.len);
    }
    uint64_t hash = mix(name.len, name.data + name.len - word, word);
    return (uint32_t)mix(hash, name.data + (name.len - word) / 2, word);
}

#define COMPARISON_COST 32

bool policy_context_spend(const struct policy_context *context, size_t bytes)
{
    size_t cost = COMPARISON_COST + bytes;
    bool enough = *context->work > cost;
    *context->work = enough ? *context->work - cost : 0;
    return enough;
}

void policy_context_init(struct policy_context *context, const struct policy_request *request, size_t *work)
{
    context->request = request;
    context->work = work;
    memset(context->first, 0, sizeof(context->first));
    for (size_t i = request->context_count; i > 0; i--) { /* each goes before those that follow it */
        uint32_t hash = policy_context_hash(request->context[i - 1].name);
        uint16_t *first = &context->first[hash % POLICY_CONTEXT_BUCKETS];
        context->hashes[i - 1] = hash;
        context->next[i - 1] = *first;
        *first = (uint16_t)i;
    }
}

const struct policy_context_key *policy_context_next(const struct policy_context *context, struct view name,
                                                     uint32_t hash, size_t *cursor)
{
    size_t at = *cursor == 0 ? context->first[hash % POLICY_CONTEXT_BUCKETS] : context->next[*cursor - 1];
    for (; at != 0; at = context->next[at - 1]) {
        const struct policy_context_key *entry = &context->request->context[at - 1];
        if (context->hashes[at - 1] == hash && entry->count != 0 && policy_equal_fold(entry->name, name)) {
            *cursor = at;
            return entry;
        }
    }
    return NULL;
}

bool policy_context_single(const struct policy_request *request, struct view name, struct view *ret_value)
{
    const struct policy_context_key *found = NULL;
    for (size_t i = 0; i < request->context_count; i++) {
        const struct policy_context_key *entry = &request->context[i];
        if (entry->count == 0 || !policy_equal_fold(entry->name, name)) {
            continue;
        }
        if (found != NULL) {
            return false;
        }
        found = entry;
    }
    if (found == NULL || found->count != 1) {
        return false;
    }
    *ret_value = found->values[0];
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
