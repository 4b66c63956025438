/* The condition keys of a request; see context.h. */
#include "context.h"

#include "pattern.h"

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
 * The length, the end and the middle of a name tell most apart. Who makes two names with one hash gains nothing: the
 * names are compared too.
 */
static uint32_t hash_of(struct view name)
{
    const size_t word = sizeof(uint64_t);
    if (name.len < word) {
        return name.len == 0 ? 0 : (uint32_t)mix(name.len, name.data, name.len);
    }
    uint64_t hash = mix(name.len, name.data + name.len - word, word);
    return (uint32_t)mix(hash, name.data + (name.len - word) / 2, word);
}

struct policy_context_name policy_context_name_of(struct view text)
{
    struct policy_context_name name;
    name.key = policy_key_read(text, &name.text);
    name.hash = hash_of(name.text);
    return name;
}

#define COMPARISON_COST 32

bool policy_context_spend(const struct policy_context *context, size_t bytes)
{
    size_t cost = COMPARISON_COST + bytes;
    bool enough = *context->work > cost;
    *context->work = enough ? *context->work - cost : 0;
    return enough;
}

/* ---------------------------------------------------------------- the lists */

static size_t list_of(enum policy_key key, uint32_t hash)
{
    return key >= POLICY_KEY_FIRST_WHOLE ? (size_t)key : POLICY_KEYS + hash % POLICY_CONTEXT_BUCKETS;
}

static struct view name_of(const struct policy_context *context, size_t i)
{
    struct view whole = context->request->context[i].name;
    size_t skip = context->entries[i].skip;
    return view_of(whole.data + skip, whole.len - skip);
}

/* What can be said of an entry by itself; where it goes is not. */
static struct policy_context_entry read_entry(const struct policy_context_key *given)
{
    struct policy_context_entry entry = {.key = (uint8_t)given->key};
    if (given->key >= POLICY_KEY_FIRST_WHOLE) {
        return entry;
    }
    struct view name = given->name;
    if (given->key == POLICY_KEY_BY_NAME) {
        entry.key = (uint8_t)policy_key_read(given->name, &name);
        entry.skip = (uint8_t)(entry.key < POLICY_KEY_FIRST_WHOLE ? given->name.len - name.len : 0);
    }
    entry.hash = hash_of(name);
    return entry;
}

static bool is_within_limits(const struct policy_context_key *entry, size_t *values)
{
    *values += entry->count;
    if (entry->key >= POLICY_KEYS || entry->name.len > POLICY_CONTEXT_MAX_NAME_BYTES ||
        entry->count > POLICY_CONTEXT_MAX_VALUES || *values > POLICY_CONTEXT_MAX_VALUES) {
        return false;
    }
    for (size_t k = 0; k < entry->count; k++) {
        if (entry->values[k].len > POLICY_CONTEXT_MAX_VALUE_BYTES) {
            return false;
        }
    }
    return true;
}

static bool singles_are_within_limits(const struct view *singles)
{
    bool within = true;
    for (size_t key = 0; singles != NULL && key < POLICY_KEYS; key++) {
        within &= singles[key].len <= POLICY_CONTEXT_MAX_VALUE_BYTES;
    }
    return within;
}

bool policy_context_init(struct policy_context *context, const struct policy_request *request, size_t *work)
{
    context->request = request;
    context->work = work;
    if (request->context_count > POLICY_CONTEXT_MAX_KEYS || !singles_are_within_limits(request->singles)) {
        return false;
    }
    memset(context->first, 0, sizeof(context->first));
    size_t values = 0;
    for (size_t i = request->context_count; i > 0; i--) { /* each goes before those that follow it */
        const struct policy_context_key *given = &request->context[i - 1];
        if (!is_within_limits(given, &values)) {
            return false;
        }
        struct policy_context_entry entry = read_entry(given);
        uint16_t *first = &context->first[list_of((enum policy_key)entry.key, entry.hash)];
        entry.next = *first;
        *first = (uint16_t)i;
        context->entries[i - 1] = entry;
    }
    return true;
}

static bool is_named(const struct policy_context *context, size_t i, const struct policy_context_name *name)
{
    const struct policy_context_entry *entry = &context->entries[i];
    return name->key >= POLICY_KEY_FIRST_WHOLE ||
           (entry->key == name->key && entry->hash == name->hash && policy_equal_fold(name_of(context, i), name->text));
}

static const struct view *find_single(const struct policy_context *context, const struct policy_context_name *name)
{
    const struct view *singles = context->request->singles;
    bool is_there = singles != NULL && name->key >= POLICY_KEY_FIRST_WHOLE && singles[name->key].data != NULL;
    return is_there ? &singles[name->key] : NULL;
}

#define AT_SINGLE SIZE_MAX /* as a cursor; others are 1 + the index of an entry */

bool policy_context_next(const struct policy_context *context, const struct policy_context_name *name, size_t *cursor,
                         struct policy_context_values *ret)
{
    const struct view *single = *cursor == 0 ? find_single(context, name) : NULL;
    if (single != NULL) {
        *cursor = AT_SINGLE;
        *ret = (struct policy_context_values){.values = single, .count = 1};
        return true;
    }
    bool at_entry = *cursor != 0 && *cursor != AT_SINGLE;
    size_t at = at_entry ? context->entries[*cursor - 1].next : context->first[list_of(name->key, name->hash)];
    for (; at != 0; at = context->entries[at - 1].next) {
        const struct policy_context_key *entry = &context->request->context[at - 1];
        if (entry->count != 0 && is_named(context, at - 1, name)) {
            *cursor = at;
            *ret = (struct policy_context_values){.values = entry->values, .count = entry->count};
            return true;
        }
    }
    return false;
}

bool policy_context_single(const struct policy_context *context, const struct policy_context_name *name,
                           struct view *ret_value)
{
    size_t cursor = 0;
    struct policy_context_values found;
    struct policy_context_values other;
    if (!policy_context_next(context, name, &cursor, &found) || found.count != 1 ||
        policy_context_next(context, name, &cursor, &other)) {
        return false;
    }
    *ret_value = found.values[0];
    return true;
}

bool policy_context_pair(const struct policy_context *context, size_t i, struct view *ret_name)
{
    if (context->entries[i].key != POLICY_KEY_ENCRYPTION_CONTEXT || context->request->context[i].count == 0) {
        return false;
    }
    *ret_name = name_of(context, i);
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
