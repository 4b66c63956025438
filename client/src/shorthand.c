/* The shorthand syntax of the AWS CLI; see shorthand.h. */
#include "shorthand.h"

#include "base/buffer.h"

struct parser {
    struct view text;
    size_t at;
    size_t values;
    unsigned depth;
    struct failure *failure;
};

static bool at_end(const struct parser *parser)
{
    return parser->at >= parser->text.len;
}

/* The byte at the cursor, or NUL at the end: NUL cannot be in the text. */
static char peek(const struct parser *parser)
{
    return at_end(parser) ? '\0' : (char)parser->text.data[parser->at];
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void skip_space(struct parser *parser)
{
    while (is_space(peek(parser))) {
        parser->at++;
    }
}

/* A table of one class of characters each. */
static bool is_key(char byte)
{
    return byte != '\0' && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.#/:", byte) != NULL;
}

static bool is_first(char byte) /* of an unquoted scalar */
{
    return byte != '\0' && !is_space(byte) && strchr("\"',=[]{}", byte) == NULL;
}

static bool is_following(char byte)
{
    return byte != '\0' && strchr("\"',]}", byte) == NULL;
}

/* The input, a line break, and a caret under the place; echoes no more than a message has room for. */
static bool fail_at(struct parser *parser, size_t at, const char *what, const char *more)
{
    int len = (int)(parser->text.len < FAILURE_ECHO_BYTES ? parser->text.len : FAILURE_ECHO_BYTES);
    int column = (int)(at < FAILURE_ECHO_BYTES ? at : FAILURE_ECHO_BYTES);
    return fail(parser->failure, EXIT_CODE_USAGE, "%s for input:\n%.*s\n%*s^%s", what, len,
                len == 0 ? "" : (const char *)parser->text.data, column, "", more);
}

/* The whole UTF-8 character at the cursor, so that the message is text too. */
static size_t character_len(const struct parser *parser)
{
    size_t len = 1;
    while (parser->at + len < parser->text.len && (parser->text.data[parser->at + len] & 0xC0) == 0x80 && len < 4) {
        len++;
    }
    return len;
}

static bool fail_expected(struct parser *parser, char expected)
{
    char what[64];
    if (at_end(parser)) {
        snprintf(what, sizeof what, "Expected: '%c', received: 'EOF'", expected);
    } else {
        snprintf(what, sizeof what, "Expected: '%c', received: '%.*s'", expected, (int)character_len(parser),
                 (const char *)parser->text.data + parser->at);
    }
    return fail_at(parser, parser->at, what, "");
}

static bool expect(struct parser *parser, char expected)
{
    skip_space(parser);
    if (peek(parser) != expected) {
        return fail_expected(parser, expected);
    }
    parser->at++;
    skip_space(parser);
    return true;
}

static bool count_value(struct parser *parser)
{
    if (parser->values == SHORTHAND_MAX_VALUES) {
        return fail(parser->failure, EXIT_CODE_USAGE, "More than %d values", SHORTHAND_MAX_VALUES);
    }
    parser->values++;
    return true;
}

static bool make_string(struct parser *parser, const struct buffer *bytes, json_t **ret)
{
    json_t *string = json_stringn(bytes->len == 0 ? "" : (const char *)bytes->data, bytes->len);
    if (string == NULL) {
        return fail(parser->failure, EXIT_CODE_USAGE, "Not valid UTF-8");
    }
    *ret = string;
    return true;
}

/* 'it\'s' or "a,b": a backslash before the quote or a backslash takes its meaning away. */
static bool parse_quoted(struct parser *parser, struct buffer *out)
{
    char quote = peek(parser);
    parser->at++;
    while (!at_end(parser) && peek(parser) != quote) {
        if (peek(parser) == '\\' && parser->at + 1 < parser->text.len) {
            char next = (char)parser->text.data[parser->at + 1];
            parser->at += next == quote || next == '\\' ? 1 : 0;
        }
        if (!buffer_append_u8(out, (uint8_t)peek(parser))) {
            return fail_memory(parser->failure);
        }
        parser->at++;
    }
    if (at_end(parser)) {
        return fail_expected(parser, quote);
    }
    parser->at++;
    return true;
}

/* Spaces at the end do not belong to the value. Later scalars of a comma list stop at '=': that would be the next key.
 */
static bool parse_unquoted(struct parser *parser, bool later, struct buffer *out)
{
    size_t trimmed = 0;
    for (bool first = true; first ? is_first(peek(parser)) : is_following(peek(parser)); first = false) {
        char byte = peek(parser);
        if (later && byte == '=') {
            break;
        }
        bool escaped = byte == '\\' && parser->at + 1 < parser->text.len && parser->text.data[parser->at + 1] == ',';
        parser->at += escaped ? 2 : 1;
        if (!buffer_append_u8(out, (uint8_t)(escaped ? ',' : byte))) {
            return fail_memory(parser->failure);
        }
        trimmed = is_space(byte) ? trimmed : out->len;
    }
    out->len = trimmed;
    return true;
}

static bool parse_scalar(struct parser *parser, bool later, json_t **ret)
{
    struct buffer bytes = BUFFER_INIT(SHORTHAND_MAX_BYTES);
    bool quoted = peek(parser) == '\'' || peek(parser) == '"';
    bool parsed = count_value(parser) &&
                  (quoted ? parse_quoted(parser, &bytes) : parse_unquoted(parser, later, &bytes)) &&
                  make_string(parser, &bytes, ret);
    buffer_clear(&bytes);
    return parsed;
}

static bool parse_members(struct parser *parser, char end, json_t *object);
static bool parse_bracketed(struct parser *parser, json_t **ret);

/* One value where commas separate list elements or members, so that it cannot be a bare comma list. */
static bool parse_element(struct parser *parser, json_t **ret)
{
    if (peek(parser) != '[' && peek(parser) != '{') {
        return parse_scalar(parser, false, ret);
    }
    if (parser->depth == SHORTHAND_MAX_DEPTH) {
        return fail_at(parser, parser->at, "Too deeply nested", "");
    }
    parser->depth++;
    bool parsed = parse_bracketed(parser, ret);
    parser->depth--;
    return parsed;
}

static bool parse_list(struct parser *parser, json_t *list)
{
    while (peek(parser) != ']') {
        json_t *element = NULL;
        if (!parse_element(parser, &element)) {
            return false;
        }
        if (json_array_append_new(list, element) != 0) {
            return fail_memory(parser->failure);
        }
        skip_space(parser);
        if (peek(parser) != ']' && !expect(parser, ',')) {
            return false;
        }
    }
    return true;
}

/* [a,b] or {a=b,c=d}. */
static bool parse_bracketed(struct parser *parser, json_t **ret)
{
    char end = peek(parser) == '[' ? ']' : '}';
    parser->at++;
    skip_space(parser);
    json_t *value = end == ']' ? json_array() : json_object();
    if (value == NULL) {
        return fail_memory(parser->failure);
    }
    bool parsed = end == ']' ? parse_list(parser, value) : parse_members(parser, end, value);
    if (!parsed || !expect(parser, end)) {
        json_decref(value);
        return false;
    }
    *ret = value;
    return true;
}

/* After "A=1": adds each ",x" that is not the key of a next member to a list of values. Leaves the cursor before ",B=".
 */
static bool parse_comma_list(struct parser *parser, json_t **value)
{
    for (;;) {
        size_t comma = parser->at;
        json_t *next = NULL;
        if (!expect(parser, ',') || !parse_scalar(parser, true, &next)) {
            return false;
        }
        skip_space(parser);
        if (!at_end(parser) && peek(parser) != ',') {
            json_decref(next);
            parser->at = comma;
            parser->values--;
            return true;
        }
        if (!json_is_array(*value)) {
            json_t *list = json_array();
            if (list == NULL || json_array_append_new(list, *value) != 0) {
                json_decref(list);
                json_decref(next);
                *value = NULL;
                return fail_memory(parser->failure);
            }
            *value = list;
        }
        if (json_array_append_new(*value, next) != 0) {
            return fail_memory(parser->failure);
        }
        if (at_end(parser)) {
            return true;
        }
    }
}

static bool parse_value(struct parser *parser, bool top, json_t **ret)
{
    bool bracketed = peek(parser) == '[' || peek(parser) == '{';
    json_t *value = NULL;
    if (!parse_element(parser, &value)) {
        return false;
    }
    skip_space(parser);
    if (top && !bracketed && peek(parser) == ',' && !parse_comma_list(parser, &value)) {
        json_decref(value);
        return false;
    }
    *ret = value;
    return true;
}

static bool fail_second_instance(struct parser *parser, size_t at, const char *key)
{
    char what[FAILURE_ECHO_BYTES];
    snprintf(what, sizeof what, "Second instance of key \"%s\" encountered", key);
    return fail_at(parser, at, what, "\nThis is often because there is a preceding \",\" instead of a space.");
}

static bool parse_member(struct parser *parser, bool top, json_t *object)
{
    size_t start = parser->at;
    while (is_key(peek(parser))) {
        parser->at++;
    }
    struct view key = view_of(parser->text.data + start, parser->at - start);
    if (key.len == 0) {
        skip_space(parser);
        return peek(parser) == '=' ? fail_at(parser, start, "Expected a key", "") : fail_expected(parser, '=');
    }
    if (key.len >= FAILURE_ECHO_BYTES / 2) {
        return fail_at(parser, start, "A key is too long", "");
    }
    char name[FAILURE_ECHO_BYTES / 2] = {0};
    memcpy(name, key.data, key.len);
    if (!expect(parser, '=')) {
        return false;
    }
    if (json_object_get(object, name) != NULL) {
        return fail_second_instance(parser, start, name);
    }
    json_t *value = NULL;
    if (!parse_value(parser, top, &value)) {
        return false;
    }
    return json_object_set_new(object, name, value) == 0 || fail_memory(parser->failure);
}

/* Members up to the end of the text, or up to the bracket that ends them, which is left. */
static bool parse_members(struct parser *parser, char end, json_t *object)
{
    bool top = end == '\0';
    while (top || peek(parser) != end) {
        if (!parse_member(parser, top, object)) {
            return false;
        }
        skip_space(parser);
        if (peek(parser) == end) {
            return true;
        }
        if (!expect(parser, ',')) {
            return false;
        }
    }
    return true;
}

bool shorthand_parse(struct view text, json_t **ret, struct failure *failure)
{
    struct parser parser = {.text = text, .failure = failure};
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
    if (!parse_members(&parser, '\0', object)) {
        json_decref(object);
        return false;
    }
    *ret = object;
    return true;
}
