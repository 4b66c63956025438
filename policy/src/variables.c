/* Variables: see variables.h. In a pattern one is POLICY_UNIT_VARIABLE, then name and default, each behind its length.
 */
#include "variables.h"

#include "base/reader.h"
#include "pattern.h"

#define NO_DEFAULT 0xffff /* as a length: longer than any text */

static struct view skip(struct view text, size_t len)
{
    return view_of(text.data + len, text.len - len);
}

static struct view trim(struct view text)
{
    while (text.len != 0 && text.data[0] == ' ') {
        text = skip(text, 1);
    }
    while (text.len != 0 && text.data[text.len - 1] == ' ') {
        text.len--;
    }
    return text;
}

static bool append_lower(struct buffer *out, struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!buffer_append_u8(out, policy_lower(text.data[i]))) {
            return false;
        }
    }
    return true;
}

static bool append_variable(struct buffer *out, struct view name, bool has_default, struct view value)
{
    return buffer_append_u8(out, POLICY_UNIT_VARIABLE) && buffer_append_u16(out, (uint16_t)name.len) &&
           append_lower(out, name) && buffer_append_u16(out, has_default ? (uint16_t)value.len : NO_DEFAULT) &&
           buffer_append(out, value.data, value.len);
}

/* "'text'" without its quotes. */
static bool unquote(struct view *text)
{
    if (text->len < 2 || text->data[0] != '\'' || text->data[text->len - 1] != '\'') {
        return false;
    }
    *text = view_of(text->data + 1, text->len - 2);
    return text->len == 0 || memchr(text->data, '\'', text->len) == NULL;
}

/* Where the brace is that closes what text begins with; quotes may hold others. 0: nowhere. */
static size_t closing_brace(struct view text)
{
    bool quoted = false;
    for (size_t i = 2; i < text.len; i++) {
        if (text.data[i] == '\'') {
            quoted = !quoted;
        } else if (text.data[i] == '}' && !quoted) {
            return i;
        }
    }
    return 0;
}

/* text begins with "${"; *ret_taken is how much of it that was. */
static enum policy_error encode_variable(struct view text, struct buffer *out, uint8_t *flags, size_t *ret_taken)
{
    size_t end = closing_brace(text);
    if (end == 0) {
        return POLICY_BAD_VARIABLE;
    }
    *ret_taken = end + 1;
    struct view inner = view_of(text.data + 2, end - 2);
    if (inner.len == 1 && memchr("*?$", inner.data[0], 3) != NULL) {
        return buffer_append_u8(out, inner.data[0]) ? POLICY_OK : POLICY_NO_MEMORY;
    }
    const uint8_t *comma = inner.len == 0 ? NULL : memchr(inner.data, ',', inner.len);
    struct view name = comma == NULL ? inner : view_of(inner.data, (size_t)(comma - inner.data));
    struct view value = comma == NULL ? view_of(NULL, 0) : trim(skip(inner, name.len + 1));
    name = trim(name);
    if (name.len == 0 || (comma != NULL && !unquote(&value))) {
        return POLICY_BAD_VARIABLE;
    }
    *flags |= POLICY_ITEM_VARIABLE;
    return append_variable(out, name, comma != NULL, value) ? POLICY_OK : POLICY_NO_MEMORY;
}

/* Nothing that is said may become a wildcard: such bytes are in no UTF-8 text, so no true value holds them. */
static bool is_plain(struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] >= POLICY_UNIT_LEAST) {
            return false;
        }
    }
    return true;
}

/* The characters since the last star. Finding them in linear time takes that they are few, or all known. */
struct run {
    bool floats; /* a star comes before it */
    bool has_unknown;
    bool has_variable;
    size_t len;
};

static bool is_slow(const struct run *run)
{
    return run->floats && run->has_unknown && (run->has_variable || run->len > POLICY_UNKNOWN_RUN_MAX_BYTES);
}

/* c as a pattern has it. False when the run that it ends is slow. */
static bool encode_character(struct policy_encoding encoding, uint8_t *c, uint8_t *flags, struct run *run)
{
    *c = encoding.fold ? policy_lower(*c) : *c;
    run->len++;
    if (!encoding.wildcards || (*c != '*' && *c != '?')) {
        return true;
    }
    *flags |= POLICY_ITEM_WILD;
    if (*c == '?') {
        *c = POLICY_UNIT_ONE;
        run->has_unknown = true;
        return true;
    }
    run->len--;
    bool slow = is_slow(run);
    *c = POLICY_UNIT_STAR;
    *run = (struct run){.floats = true};
    return !slow;
}

enum policy_error policy_encode(struct view text, struct policy_encoding encoding, struct buffer *out,
                                uint8_t *ret_flags)
{
    uint8_t flags = 0;
    struct run run = {0};
    size_t start = out->len;
    if (!is_plain(text)) {
        return POLICY_FOREIGN_CHARACTER;
    }
    if (!buffer_reserve(out, text.len)) { /* what is no variable takes a byte for a byte */
        return POLICY_NO_MEMORY;
    }
    while (text.len != 0) {
        size_t taken = 1;
        if (encoding.variables && text.data[0] == '$' && text.len > 1 && text.data[1] == '{') {
            enum policy_error error = encode_variable(text, out, &flags, &taken);
            if (error != POLICY_OK) {
                return error;
            }
            run.has_variable = true;
            text = skip(text, taken);
            continue;
        }
        uint8_t c = text.data[0];
        if (!encode_character(encoding, &c, &flags, &run)) {
            return POLICY_BAD_PATTERN;
        }
        if (out->len < out->cap) {
            out->data[out->len++] = c;
        } else if (!buffer_append_u8(out, c)) { /* a variable has taken more */
            return POLICY_NO_MEMORY;
        }
        text = skip(text, taken);
    }
    if (out->len - start == 1 && out->data[start] == POLICY_UNIT_STAR) {
        flags |= POLICY_ITEM_ANY;
    }
    *ret_flags = flags;
    return POLICY_OK;
}

/* A variable as it stands in a pattern, behind its first byte. */
struct variable {
    struct view name;
    bool has_default;
    struct view value;
};

static struct variable take_variable(struct reader *reader)
{
    struct variable variable = {.name = reader_take(reader, reader_u16(reader))};
    uint16_t len = reader_u16(reader);
    if (len != NO_DEFAULT) {
        variable.has_default = true;
        variable.value = reader_take(reader, len);
    }
    return variable;
}

/* The default stands wherever there is no one value to be put there: the key is absent, or told several times, or a
 * set, be it that it happens to have one (R-103). */
static bool resolve(const struct variable *variable, const struct policy_context *context, struct view *ret_value)
{
    struct policy_context_name name = policy_context_name_of(variable->name);
    if (!policy_context_is_multi_valued(variable->name) && policy_context_single(context, &name, ret_value)) {
        return is_plain(*ret_value);
    }
    *ret_value = variable->value;
    return variable->has_default;
}

bool policy_expand(struct view pattern, const struct policy_context *context, uint8_t out[POLICY_EXPANDED_BYTES],
                   size_t *ret_len)
{
    size_t len = 0;
    struct reader reader = reader_of(pattern);
    while (reader.rest.len != 0) {
        struct view piece = reader_take(&reader, 1);
        if (piece.data[0] == POLICY_UNIT_VARIABLE) {
            struct variable variable = take_variable(&reader);
            if (!resolve(&variable, context, &piece)) {
                return false;
            }
        }
        if (piece.len > POLICY_EXPANDED_BYTES - len) {
            return false;
        }
        if (piece.len != 0) {
            memcpy(out + len, piece.data, piece.len);
        }
        len += piece.len;
    }
    *ret_len = len;
    return true;
}

/* A text that is written as far as there is room. */
struct writing {
    char *out;
    size_t cap;
    size_t len;
};

static void write_text(struct writing *writing, struct view text)
{
    for (size_t i = 0; i < text.len; i++, writing->len++) {
        if (writing->len + 1 < writing->cap) {
            writing->out[writing->len] = (char)text.data[i];
        }
    }
}

static void write_string(struct writing *writing, const char *text)
{
    write_text(writing, view_of_string(text));
}

static void write_variable(struct writing *writing, const struct variable *variable)
{
    write_string(writing, "${");
    write_text(writing, variable->name);
    if (variable->has_default) {
        write_string(writing, ", '");
        write_text(writing, variable->value);
        write_string(writing, "'");
    }
    write_string(writing, "}");
}

size_t policy_decode(struct view pattern, bool escapes, char *out, size_t cap)
{
    struct writing writing = {.out = out, .cap = cap};
    struct reader reader = reader_of(pattern);
    while (reader.rest.len != 0) {
        struct view piece = reader_take(&reader, 1);
        struct variable variable;
        switch (piece.data[0]) {
        case POLICY_UNIT_STAR:
            write_string(&writing, "*");
            break;
        case POLICY_UNIT_ONE:
            write_string(&writing, "?");
            break;
        case POLICY_UNIT_VARIABLE:
            variable = take_variable(&reader);
            write_variable(&writing, &variable);
            break;
        case '*':
        case '?':
        case '$':
            write_string(&writing, escapes ? "${" : "");
            write_text(&writing, piece);
            write_string(&writing, escapes ? "}" : "");
            break;
        default:
            write_text(&writing, piece);
        }
    }
    if (cap != 0) {
        out[writing.len < cap ? writing.len : cap - 1] = '\0';
    }
    return writing.len;
}
