/* Values as Python prints them; see param_show.h. */
#include "param_show.h"

#include "proto/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void param_text_add(struct param_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text->bytes + text->len, sizeof text->bytes - text->len, format, arguments);
    va_end(arguments);
    text->len += len < 0 ? 0 : (size_t)len;
    text->len = text->len < sizeof text->bytes ? text->len : sizeof text->bytes - 1;
}

static bool is_full(const struct param_text *text)
{
    return text->len == sizeof text->bytes - 1;
}

/* repr() of a string: in double quotes if that saves a backslash. */
static void add_quoted(struct param_text *text, const char *string)
{
    const char quote = strchr(string, '\'') != NULL && strchr(string, '"') == NULL ? '"' : '\'';
    param_text_add(text, "%c", quote);
    static const char names[] = "\nn\rr\tt\\\\"; /* each with the letter behind the backslash */
    for (const unsigned char *at = (const unsigned char *)string; *at != '\0' && !is_full(text); at++) {
        const char *name = strchr(names, *at);
        if (*at == 0xC2 && at[1] >= 0x80 && at[1] <= 0xA0) { /* U+0080 to U+00A0 */
            param_text_add(text, "\\x%02x", *++at);
        } else if (name != NULL && (name - names) % 2 == 0) {
            param_text_add(text, "\\%c", name[1]);
        } else if (*at == (unsigned char)quote) {
            param_text_add(text, "\\%c", quote);
        } else if (*at < 0x20 || *at == 0x7F) {
            param_text_add(text, "\\x%02x", *at);
        } else {
            param_text_add(text, "%c", *at);
        }
    }
    param_text_add(text, "%c", quote);
}

static void add_inner(struct param_text *text, const json_t *value);

static void add_list(struct param_text *text, const json_t *list)
{
    param_text_add(text, "[");
    for (size_t i = 0; i < json_array_size(list) && !is_full(text); i++) {
        param_text_add(text, "%s", i == 0 ? "" : ", ");
        add_inner(text, json_array_get(list, i));
    }
    param_text_add(text, "]");
}

static void add_map(struct param_text *text, const json_t *map)
{
    const char *key;
    json_t *value;
    const char *separator = "";
    param_text_add(text, "{");
    json_object_foreach((json_t *)(uintptr_t)map, key, value)
    {
        if (is_full(text)) {
            break;
        }
        param_text_add(text, "%s", separator);
        separator = ", ";
        add_quoted(text, key);
        param_text_add(text, ": ");
        add_inner(text, value);
    }
    param_text_add(text, "}");
}

static void add_number(struct param_text *text, const json_t *number)
{
    char *dumped = json_dumps(number, JSON_ENCODE_ANY | JSON_PRINT_FLAGS);
    param_text_add(text, "%s", dumped == NULL ? "?" : dumped);
    free(dumped);
}

/* As deep as the value; jansson reads no deeper than JSON_PARSER_MAX_DEPTH, 2048. */
static void add_inner(struct param_text *text, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        add_map(text, value);
        break;
    case JSON_ARRAY:
        add_list(text, value);
        break;
    case JSON_STRING:
        add_quoted(text, json_string_value(value));
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        add_number(text, value);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        param_text_add(text, "%s", json_is_true(value) ? "True" : "False");
        break;
    case JSON_NULL:
        param_text_add(text, "None");
        break;
    }
}

void param_text_add_value(struct param_text *text, const json_t *value)
{
    if (json_is_string(value)) {
        param_text_add(text, "%s", json_string_value(value));
    } else {
        add_inner(text, value);
    }
}

const char *param_class(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "<class 'dict'>";
    case JSON_ARRAY:
        return "<class 'list'>";
    case JSON_STRING:
        return "<class 'str'>";
    case JSON_INTEGER:
        return "<class 'int'>";
    case JSON_REAL:
        return "<class 'float'>";
    case JSON_TRUE:
    case JSON_FALSE:
        return "<class 'bool'>";
    case JSON_NULL:
        break;
    }
    return "<class 'NoneType'>";
}
