/* The shorthand syntax of the AWS CLI: keys, lists and maps of scalars; see shorthand.h. */
#include "shorthand.h"

#include "shorthand_cursor.h"

static bool is_key(char byte)
{
    return byte != '\0' && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.#/:", byte) != NULL;
}

static bool parse_members(struct cursor *cursor, char end, json_t *object);
static bool parse_bracketed(struct cursor *cursor, json_t **ret);

/* One value where commas separate list elements or members, so that it cannot be a bare comma list. */
static bool parse_element(struct cursor *cursor, json_t **ret)
{
    if (cursor_peek(cursor) != '[' && cursor_peek(cursor) != '{') {
        return cursor_scalar(cursor, false, ret);
    }
    if (cursor->depth == SHORTHAND_MAX_DEPTH) {
        return cursor_fail_at(cursor, cursor->at, "Too deeply nested", "");
    }
    cursor->depth++;
    bool parsed = parse_bracketed(cursor, ret);
    cursor->depth--;
    return parsed;
}

static bool parse_list(struct cursor *cursor, json_t *list)
{
    while (cursor_peek(cursor) != ']') {
        json_t *element = NULL;
        if (!parse_element(cursor, &element)) {
            return false;
        }
        if (json_array_append_new(list, element) != 0) {
            return fail_memory(cursor->failure);
        }
        cursor_skip_space(cursor);
        if (cursor_peek(cursor) != ']' && !cursor_expect(cursor, ',')) {
            return false;
        }
    }
    return true;
}

/* [a,b] or {a=b,c=d}. */
static bool parse_bracketed(struct cursor *cursor, json_t **ret)
{
    char end = cursor_peek(cursor) == '[' ? ']' : '}';
    cursor->at++;
    cursor_skip_space(cursor);
    json_t *value = end == ']' ? json_array() : json_object();
    if (value == NULL) {
        return fail_memory(cursor->failure);
    }
    bool parsed = end == ']' ? parse_list(cursor, value) : parse_members(cursor, end, value);
    if (!parsed || !cursor_expect(cursor, end)) {
        json_decref(value);
        return false;
    }
    *ret = value;
    return true;
}

/* After "A=1": adds each ",x" that is not the key of a next member to a list of values. Leaves the cursor before ",B=".
 */
static bool parse_comma_list(struct cursor *cursor, json_t **value)
{
    for (;;) {
        size_t comma = cursor->at;
        json_t *next = NULL;
        if (!cursor_expect(cursor, ',') || !cursor_scalar(cursor, true, &next)) {
            return false;
        }
        cursor_skip_space(cursor);
        if (!cursor_at_end(cursor) && cursor_peek(cursor) != ',') {
            json_decref(next);
            cursor->at = comma;
            cursor->values--;
            return true;
        }
        if (!json_is_array(*value)) {
            json_t *list = json_array();
            if (list == NULL || json_array_append_new(list, *value) != 0) {
                json_decref(list);
                json_decref(next);
                *value = NULL;
                return fail_memory(cursor->failure);
            }
            *value = list;
        }
        if (json_array_append_new(*value, next) != 0) {
            return fail_memory(cursor->failure);
        }
        if (cursor_at_end(cursor)) {
            return true;
        }
    }
}

static bool parse_value(struct cursor *cursor, bool top, json_t **ret)
{
    bool bracketed = cursor_peek(cursor) == '[' || cursor_peek(cursor) == '{';
    json_t *value = NULL;
    if (!parse_element(cursor, &value)) {
        return false;
    }
    cursor_skip_space(cursor);
    if (top && !bracketed && cursor_peek(cursor) == ',' && !parse_comma_list(cursor, &value)) {
        json_decref(value);
        return false;
    }
    *ret = value;
    return true;
}

static bool fail_second_instance(struct cursor *cursor, size_t at, const char *key)
{
    char what[FAILURE_ECHO_BYTES];
    snprintf(what, sizeof what, "Second instance of key \"%s\" encountered", key);
    return cursor_fail_at(cursor, at, what, "\nThis is often because there is a preceding \",\" instead of a space.");
}

static bool parse_member(struct cursor *cursor, bool top, json_t *object)
{
    size_t start = cursor->at;
    while (is_key(cursor_peek(cursor))) {
        cursor->at++;
    }
    struct view key = view_of(cursor->text.data + start, cursor->at - start);
    if (key.len == 0) {
        cursor_skip_space(cursor);
        return cursor_peek(cursor) == '=' ? cursor_fail_at(cursor, start, "Expected a key", "")
                                          : cursor_fail_expected(cursor, '=');
    }
    if (key.len >= FAILURE_ECHO_BYTES / 2) {
        return cursor_fail_at(cursor, start, "A key is too long", "");
    }
    char name[FAILURE_ECHO_BYTES / 2] = {0};
    memcpy(name, key.data, key.len);
    if (!cursor_expect(cursor, '=')) {
        return false;
    }
    if (json_object_get(object, name) != NULL) {
        return fail_second_instance(cursor, start, name);
    }
    json_t *value = NULL;
    if (!parse_value(cursor, top, &value)) {
        return false;
    }
    return json_object_set_new(object, name, value) == 0 || fail_memory(cursor->failure);
}

/* Members up to the end of the text, or up to the bracket that ends them, which is left. */
static bool parse_members(struct cursor *cursor, char end, json_t *object)
{
    bool top = end == '\0';
    while (top || cursor_peek(cursor) != end) {
        if (!parse_member(cursor, top, object)) {
            return false;
        }
        cursor_skip_space(cursor);
        if (cursor_peek(cursor) == end) {
            return true;
        }
        if (!cursor_expect(cursor, ',')) {
            return false;
        }
    }
    return true;
}

bool shorthand_parse(struct view text, json_t **ret, struct failure *failure)
{
    struct cursor cursor = {.text = text, .failure = failure};
    if (text.len > SHORTHAND_MAX_BYTES) {
        return fail(failure, EXIT_CODE_USAGE, "Longer than %zu bytes", SHORTHAND_MAX_BYTES);
    }
    if (text.len != 0 && memchr(text.data, '\0', text.len) != NULL) {
        return fail(failure, EXIT_CODE_USAGE, "A NUL byte in the value");
    }
    json_t *object = json_object();
    if (object == NULL) {
        return fail_memory(failure);
    }
    if (!parse_members(&cursor, '\0', object)) {
        json_decref(object);
        return false;
    }
    *ret = object;
    return true;
}
