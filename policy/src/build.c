/* Collecting a document in growing arrays, and putting them into one block; see build.h. */
#include "build.h"

#include <stdio.h>
#include <stdlib.h>

#define SHARED_LOOKBACK 64 /* items of before whose text a new one may share: principals and actions repeat */

bool policy_build_fail(struct policy_build *build, enum policy_error code, const char *reason)
{
    if (build->result->code == POLICY_OK) {
        build->result->code = code;
        build->result->reason = reason;
        memcpy(build->result->place, build->place, build->place_len);
        build->result->place[build->place_len] = '\0';
    }
    return false;
}

static bool no_memory(struct policy_build *build)
{
    return policy_build_fail(build, POLICY_NO_MEMORY, "there is no memory for the policy");
}

/* ---------------------------------------------------------------- where the reader is */

static size_t enter(struct policy_build *build, const char *before, const char *text, const char *behind)
{
    size_t old = build->place_len;
    const char *parts[] = {before, text, behind};
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(parts[i]);
        size_t room = sizeof(build->place) - 1 - build->place_len;
        len = len < room ? len : room;
        memcpy(build->place + build->place_len, parts[i], len);
        build->place_len += len;
    }
    return old;
}

size_t policy_build_enter(struct policy_build *build, const char *name)
{
    return enter(build, build->place_len == 0 ? "" : ".", name, "");
}

size_t policy_build_enter_index(struct policy_build *build, size_t index)
{
    char digits[24] = "";
    char *at = digits + sizeof(digits) - 1;
    do { /* not printed: most of a policy's places are never told, and this is called for each */
        *--at = (char)('0' + index % 10);
        index /= 10;
    } while (index != 0);
    return enter(build, "[", at, "]");
}

void policy_build_leave(struct policy_build *build, size_t place)
{
    build->place_len = place;
}

/* ---------------------------------------------------------------- what was read */

static size_t count_of(const struct buffer *buffer, size_t size)
{
    return buffer->len / size;
}

size_t policy_build_items(const struct policy_build *build)
{
    return count_of(&build->items, sizeof(struct policy_item));
}

size_t policy_build_clauses(const struct policy_build *build)
{
    return count_of(&build->clauses, sizeof(struct policy_clause));
}

static enum policy_error text_error(enum policy_error error, const char **ret_reason)
{
    static const char *const reasons[] = {
        [POLICY_FOREIGN_CHARACTER] = "a text is not in UTF-8",
        [POLICY_BAD_VARIABLE] = "a policy variable is ${name} or ${name, 'default'}",
        [POLICY_BAD_PATTERN] = "between two '*', a '?' may not stand beside a variable, nor among more than 64 bytes",
        [POLICY_NO_MEMORY] = "there is no memory for the policy",
    };
    *ret_reason = reasons[error];
    return error;
}

/* The text at the end of the pool gives way to an equal one that an item of before has. */
static void share(struct policy_build *build, struct policy_item *item)
{
    size_t count = policy_build_items(build);
    const struct policy_item *items = (const struct policy_item *)(const void *)build->items.data;
    struct view text = view_of(build->bytes.data + item->at, item->len);
    for (size_t i = count; i > 0 && count - i < SHARED_LOOKBACK; i--) {
        if (view_equal(view_of(build->bytes.data + items[i - 1].at, items[i - 1].len), text)) {
            build->bytes.len = item->at;
            item->at = items[i - 1].at;
            return;
        }
    }
}

bool policy_build_text(struct policy_build *build, struct view text, struct policy_encoding encoding,
                       struct policy_item *ret)
{
    if (text.len > POLICY_STRING_MAX_BYTES) {
        return policy_build_fail(build, POLICY_TEXT_TOO_LONG, "a text is longer than 4096 bytes");
    }
    struct policy_item item = {.at = (uint32_t)build->bytes.len};
    enum policy_error error = policy_encode(text, encoding, &build->bytes, &item.flags);
    if (error != POLICY_OK) {
        const char *reason;
        error = text_error(error, &reason);
        return policy_build_fail(build, error, reason);
    }
    item.len = (uint16_t)(build->bytes.len - item.at);
    share(build, &item);
    *ret = item;
    return true;
}

bool policy_build_item(struct policy_build *build, struct policy_item item)
{
    if (policy_build_items(build) == POLICY_DOCUMENT_MAX_VALUES) {
        return policy_build_fail(build, POLICY_TOO_MANY_VALUES, "the policy has more than 8192 values");
    }
    return buffer_append(&build->items, &item, sizeof(item)) || no_memory(build);
}

bool policy_build_clause(struct policy_build *build, const struct policy_clause *clause)
{
    if (policy_build_clauses(build) == POLICY_DOCUMENT_MAX_VALUES) {
        return policy_build_fail(build, POLICY_TOO_MANY_VALUES, "the policy has more than 8192 conditions");
    }
    return buffer_append(&build->clauses, clause, sizeof(*clause)) || no_memory(build);
}

bool policy_build_rule(struct policy_build *build, const struct policy_rule *rule)
{
    return buffer_append(&build->rules, rule, sizeof(*rule)) || no_memory(build);
}

/* ---------------------------------------------------------------- texts and lists of them */

#define SCALAR_BYTES 40

/* The shortest decimal spelling without an exponent that reads back as the same number: JSON's own is not kept. */
static bool spell_real(double value, char out[SCALAR_BYTES])
{
    for (int digits = 1; digits <= 17; digits++) {
        int len = snprintf(out, SCALAR_BYTES, "%.*g", digits, value);
        if (len < 0 || len >= SCALAR_BYTES) {
            return false;
        }
        if (strtod(out, NULL) == value && strchr(out, 'e') == NULL) {
            return true; /* 20 is shortest as 2e+01 */
        }
    }
    return false;
}

static bool spell_scalar(json_t *json, char out[SCALAR_BYTES])
{
    if (json_is_boolean(json)) {
        return snprintf(out, SCALAR_BYTES, "%s", json_is_true(json) ? "true" : "false") > 0;
    }
    if (json_is_integer(json)) {
        return snprintf(out, SCALAR_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(json)) > 0;
    }
    return json_is_real(json) && spell_real(json_real_value(json), out);
}

static bool read_text(struct policy_build *build, json_t *json, bool scalars,
                      bool (*read)(struct policy_build *build, struct view text, void *argument), void *argument)
{
    if (json_is_string(json)) {
        return read(build, view_of(json_string_value(json), json_string_length(json)), argument);
    }
    char scalar[SCALAR_BYTES];
    if (scalars && spell_scalar(json, scalar)) {
        return read(build, view_of_string(scalar), argument);
    }
    return policy_build_fail(build, POLICY_WRONG_TYPE,
                             scalars ? "a value is a string, a boolean or a number" : "a string is wanted here");
}

bool policy_build_texts(struct policy_build *build, json_t *json, bool scalars,
                        bool (*read)(struct policy_build *build, struct view text, void *argument), void *argument,
                        struct policy_range *ret_range)
{
    size_t first = policy_build_items(build);
    if (!json_is_array(json)) {
        if (!read_text(build, json, scalars, read, argument)) {
            return false;
        }
    }
    for (size_t i = 0; i < json_array_size(json); i++) {
        size_t place = policy_build_enter_index(build, i);
        if (!read_text(build, json_array_get(json, i), scalars, read, argument)) {
            return false;
        }
        policy_build_leave(build, place);
    }
    *ret_range =
        (struct policy_range){.first = (uint16_t)first, .count = (uint16_t)(policy_build_items(build) - first)};
    return true;
}

/* ---------------------------------------------------------------- the end */

/* In the order of their alignment, so that nothing is lost between them. */
struct policy_document *policy_build_finish(const struct policy_build *build)
{
    size_t size =
        sizeof(struct policy_document) + build->rules.len + build->clauses.len + build->items.len + build->bytes.len;
    struct policy_document *document = malloc(size);
    if (document == NULL) {
        return NULL;
    }
    const struct buffer *parts[] = {&build->rules, &build->clauses, &build->items, &build->bytes};
    const uint8_t *starts[4];
    uint8_t *at = (uint8_t *)(document + 1);
    for (size_t i = 0; i < 4; i++) {
        starts[i] = at;
        if (parts[i]->len != 0) {
            memcpy(at, parts[i]->data, parts[i]->len);
        }
        at += parts[i]->len;
    }
    *document = (struct policy_document){
        .kind = build->kind,
        .has_variables = build->has_variables,
        .id = build->id,
        .size = size,
        .rule_count = count_of(&build->rules, sizeof(struct policy_rule)),
        .rules = (const struct policy_rule *)(const void *)starts[0],
        .clauses = (const struct policy_clause *)(const void *)starts[1],
        .items = (const struct policy_item *)(const void *)starts[2],
        .bytes = starts[3],
    };
    return document;
}

void policy_build_clear(struct policy_build *build)
{
    buffer_clear(&build->bytes);
    buffer_clear(&build->items);
    buffer_clear(&build->clauses);
    buffer_clear(&build->rules);
}
