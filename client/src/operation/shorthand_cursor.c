/* What stands at one place of a shorthand text: characters, and the scalars made of them; see shorthand_cursor.h. */
#include "shorthand_cursor.h"

#include "shorthand.h"

#include "base/buffer.h"

bool cursor_at_end(const struct cursor *cursor)
{
    return cursor->at >= cursor->text.len;
}

char cursor_peek(const struct cursor *cursor)
{
    return cursor_at_end(cursor) ? '\0' : (char)cursor->text.data[cursor->at];
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

void cursor_skip_space(struct cursor *cursor)
{
    while (is_space(cursor_peek(cursor))) {
        cursor->at++;
    }
}

/* Echoes no more than a message has room for. */
bool cursor_fail_at(struct cursor *cursor, size_t at, const char *what, const char *more)
{
    int len = (int)(cursor->text.len < FAILURE_ECHO_BYTES ? cursor->text.len : FAILURE_ECHO_BYTES);
    int column = (int)(at < FAILURE_ECHO_BYTES ? at : FAILURE_ECHO_BYTES);
    return fail(cursor->failure, EXIT_CODE_USAGE, "%s for input:\n%.*s\n%*s^%s", what, len,
                len == 0 ? "" : (const char *)cursor->text.data, column, "", more);
}

/* The whole UTF-8 character at the cursor, so that the message is text too. */
static size_t character_len(const struct cursor *cursor)
{
    size_t len = 1;
    while (cursor->at + len < cursor->text.len && (cursor->text.data[cursor->at + len] & 0xC0) == 0x80 && len < 4) {
        len++;
    }
    return len;
}

bool cursor_fail_expected(struct cursor *cursor, char expected)
{
    char what[64];
    if (cursor_at_end(cursor)) {
        snprintf(what, sizeof what, "Expected: '%c', received: 'EOF'", expected);
    } else {
        snprintf(what, sizeof what, "Expected: '%c', received: '%.*s'", expected, (int)character_len(cursor),
                 (const char *)cursor->text.data + cursor->at);
    }
    return cursor_fail_at(cursor, cursor->at, what, "");
}

bool cursor_expect(struct cursor *cursor, char expected)
{
    cursor_skip_space(cursor);
    if (cursor_peek(cursor) != expected) {
        return cursor_fail_expected(cursor, expected);
    }
    cursor->at++;
    cursor_skip_space(cursor);
    return true;
}

/* ------------------------------------------------------------------ scalars */

static bool is_first(char byte) /* of an unquoted scalar */
{
    return byte != '\0' && !is_space(byte) && strchr("\"',=[]{}", byte) == NULL;
}

static bool is_following(char byte)
{
    return byte != '\0' && strchr("\"',]}", byte) == NULL;
}

static bool count_value(struct cursor *cursor)
{
    if (cursor->values == SHORTHAND_MAX_VALUES) {
        return fail(cursor->failure, EXIT_CODE_USAGE, "More than %d values", SHORTHAND_MAX_VALUES);
    }
    cursor->values++;
    return true;
}

static bool make_string(struct cursor *cursor, const struct buffer *bytes, json_t **ret)
{
    json_t *string = json_stringn(bytes->len == 0 ? "" : (const char *)bytes->data, bytes->len);
    if (string == NULL) {
        return fail(cursor->failure, EXIT_CODE_USAGE, "Not valid UTF-8");
    }
    *ret = string;
    return true;
}

/* 'it\'s' or "a,b": a backslash before the quote or a backslash takes its meaning away. */
static bool parse_quoted(struct cursor *cursor, struct buffer *out)
{
    char quote = cursor_peek(cursor);
    cursor->at++;
    while (!cursor_at_end(cursor) && cursor_peek(cursor) != quote) {
        if (cursor_peek(cursor) == '\\' && cursor->at + 1 < cursor->text.len) {
            char next = (char)cursor->text.data[cursor->at + 1];
            cursor->at += next == quote || next == '\\' ? 1 : 0;
        }
        if (!buffer_append_u8(out, (uint8_t)cursor_peek(cursor))) {
            return fail_memory(cursor->failure);
        }
        cursor->at++;
    }
    if (cursor_at_end(cursor)) {
        return cursor_fail_expected(cursor, quote);
    }
    cursor->at++;
    return true;
}

/* Spaces at the end do not belong to the value. Later scalars of a comma list stop at '=': that would be the next key.
 */
static bool parse_unquoted(struct cursor *cursor, bool later, struct buffer *out)
{
    size_t trimmed = 0;
    for (bool first = true; first ? is_first(cursor_peek(cursor)) : is_following(cursor_peek(cursor)); first = false) {
        char byte = cursor_peek(cursor);
        if (later && byte == '=') {
            break;
        }
        bool escaped = byte == '\\' && cursor->at + 1 < cursor->text.len && cursor->text.data[cursor->at + 1] == ',';
        cursor->at += escaped ? 2 : 1;
        if (!buffer_append_u8(out, (uint8_t)(escaped ? ',' : byte))) {
            return fail_memory(cursor->failure);
        }
        trimmed = is_space(byte) ? trimmed : out->len;
    }
    out->len = trimmed;
    return true;
}

bool cursor_scalar(struct cursor *cursor, bool later, json_t **ret)
{
    struct buffer bytes = BUFFER_INIT(SHORTHAND_MAX_BYTES);
    bool quoted = cursor_peek(cursor) == '\'' || cursor_peek(cursor) == '"';
    bool parsed = count_value(cursor) &&
                  (quoted ? parse_quoted(cursor, &bytes) : parse_unquoted(cursor, later, &bytes)) &&
                  make_string(cursor, &bytes, ret);
    buffer_clear(&bytes);
    return parsed;
}
