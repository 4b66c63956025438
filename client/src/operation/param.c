/* The words after an option as JSON; see param.h. */
#include "param.h"

#include "param_blob.h"
#include "param_check.h"
#include "param_file.h"
#include "shorthand.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* No member is longer than what the codec reads of all. */
#define TEXT_MAX_BYTES JSON_MAX_BYTES

/* ------------------------------------------------------------------ text */

/* Appends the word, or what its file has. */
static bool text_read(const char *word, struct buffer *out, struct failure *failure)
{
    const char *path = NULL;
    switch (param_file_source(word, &path)) {
    case PARAM_TEXT:
        return param_file_read(word, path, out, failure);
    case PARAM_BYTES:
        return fail(failure, EXIT_CODE_USAGE, "fileb:// is for blobs: use file://");
    case PARAM_LITERAL:
        break;
    }
    return buffer_append(out, word, strlen(word)) || fail(failure, EXIT_CODE_USAGE, "Longer than %zu bytes", out->max);
}

/* An empty view may have no address, which C's functions do not take. */
static const char *text_of(struct view text)
{
    return text.len == 0 ? "" : (const char *)text.data;
}

static bool string_make(struct view text, json_t **ret, struct failure *failure)
{
    json_t *string = json_stringn(text_of(text), text.len);
    if (string == NULL) {
        return fail(failure, EXIT_CODE_USAGE, "Not valid UTF-8");
    }
    *ret = string;
    return true;
}

static bool json_read(struct view text, json_t **ret, struct failure *failure)
{
    json_error_t error;
    json_t *json = json_loadb(text_of(text), text.len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        int len = (int)(text.len < FAILURE_ECHO_BYTES ? text.len : FAILURE_ECHO_BYTES);
        return fail(failure, EXIT_CODE_USAGE, "Invalid JSON: %s: line %d column %d\nJSON received: %.*s", error.text,
                    error.line, error.column, len, text_of(text));
    }
    *ret = json;
    return true;
}

/* '{' or '[' when the text begins as a JSON object or list, else NUL. */
static char json_start(struct view text)
{
    size_t at = 0;
    while (at < text.len && blob_is_space(text.data[at])) {
        at++;
    }
    bool starts = at < text.len && (text.data[at] == '{' || text.data[at] == '[');
    return starts ? (char)text.data[at] : '\0';
}

/* ------------------------------------------------------------------ values */

static bool blob_from_word(const char *word, bool raw_blobs, json_t **ret, struct failure *failure)
{
    const char *path = NULL;
    enum param_source source = param_file_source(word, &path);
    if (strcmp(word, "-") == 0) {
        source = PARAM_BYTES;
        path = word;
    }
    bool raw = raw_blobs || source == PARAM_BYTES;
    struct buffer content = BUFFER_INIT(raw ? BLOB_MAX_BYTES : BLOB_TEXT_MAX_BYTES);
    bool made =
        source == PARAM_BYTES ? param_file_read(word, path, &content, failure) : text_read(word, &content, failure);
    if (made) {
        made = raw ? blob_encode(buffer_view(&content), ret, failure)
                   : blob_from_base64(buffer_view(&content), ret, failure);
    }
    buffer_clear(&content);
    return made;
}

static bool object_from_text(const ProtobufCFieldDescriptor *field, struct view text, json_t **ret,
                             struct failure *failure)
{
    if (json_start(text) != '\0') {
        return json_read(text, ret, failure);
    }
    json_t *object = NULL;
    if (!shorthand_parse(text, &object, failure)) {
        return false;
    }
    if (json_field_kind(field) == JSON_KIND_OBJECT && !param_coerce(field->descriptor, object, failure)) {
        json_decref(object);
        return false;
    }
    *ret = object;
    return true;
}

bool param_integer(const char *text, long long min, long long max, long long *ret)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool digits = *text == '-' ? text[1] >= '0' && text[1] <= '9' : *text >= '0' && *text <= '9';
    if (!digits || *end != '\0' || errno != 0 || number < min || number > max) {
        return false;
    }
    *ret = number;
    return true;
}

static bool number_from_text(struct view text, json_t **ret, struct failure *failure)
{
    char word[32] = {0};
    long long number = 0;
    if (text.len != 0 && text.len < sizeof word) {
        memcpy(word, text.data, text.len);
    }
    if (!param_integer(word, LLONG_MIN, LLONG_MAX, &number)) {
        return fail(failure, EXIT_CODE_USAGE, "Invalid integer: %.*s", (int)(text.len < 64 ? text.len : 64),
                    text_of(text));
    }
    json_t *integer = json_integer(number);
    if (integer == NULL) {
        return fail_memory(failure);
    }
    *ret = integer;
    return true;
}

static bool value_from_text(const ProtobufCFieldDescriptor *field, struct view text, json_t **ret,
                            struct failure *failure)
{
    switch (json_field_kind(field)) {
    case JSON_KIND_STRING:
    case JSON_KIND_ENUM:
    case JSON_KIND_BLOB:
        return string_make(text, ret, failure);
    case JSON_KIND_BOOL: /* --x and --no-x have no word: this is an element of a list */
    case JSON_KIND_INTEGER:
    case JSON_KIND_TIMESTAMP: /* seconds since the epoch */
        return number_from_text(text, ret, failure);
    case JSON_KIND_MAP:
    case JSON_KIND_OBJECT:
        break;
    }
    return object_from_text(field, text, ret, failure);
}

static bool value_from_word(const ProtobufCFieldDescriptor *field, const char *word, bool raw_blobs, json_t **ret,
                            struct failure *failure)
{
    if (json_field_kind(field) == JSON_KIND_BLOB) {
        return blob_from_word(word, raw_blobs, ret, failure);
    }
    struct buffer text = BUFFER_INIT(TEXT_MAX_BYTES);
    bool made = text_read(word, &text, failure) && value_from_text(field, buffer_view(&text), ret, failure);
    buffer_clear(&text);
    return made;
}

/* ------------------------------------------------------------------ lists */

static bool list_from_words(const ProtobufCFieldDescriptor *field, char *const *words, size_t n_words, bool raw_blobs,
                            json_t **ret, struct failure *failure)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n_words; i++) {
        json_t *element = NULL;
        if (list == NULL || !value_from_word(field, words[i], raw_blobs, &element, failure)) {
            json_decref(list);
            return list == NULL ? fail_memory(failure) : false;
        }
        if (json_array_append_new(list, element) != 0) {
            json_decref(list);
            return fail_memory(failure);
        }
    }
    *ret = list;
    return list != NULL || fail_memory(failure);
}

/* One word may hold the whole list, as JSON. */
static bool list_from_json_word(const ProtobufCFieldDescriptor *field, const char *word, json_t **ret,
                                bool *ret_is_json, struct failure *failure)
{
    struct buffer text = BUFFER_INIT(TEXT_MAX_BYTES);
    json_t *json = NULL;
    *ret_is_json = false;
    bool read = text_read(word, &text, failure);
    char start = read ? json_start(buffer_view(&text)) : '\0';
    bool structures = json_field_kind(field) == JSON_KIND_OBJECT;
    if (start == '[' || (start == '{' && structures)) {
        *ret_is_json = true;
        read = json_read(buffer_view(&text), &json, failure);
    }
    buffer_clear(&text);
    if (!read || !*ret_is_json) {
        return read;
    }
    if (json_is_object(json)) { /* a list of one structure */
        json_t *list = json_array();
        if (list == NULL || json_array_append_new(list, json) != 0) {
            json_decref(list);
            return fail_memory(failure);
        }
        json = list;
    }
    *ret = json;
    return true;
}

bool param_from_words(const ProtobufCFieldDescriptor *field, char *const *words, size_t n_words, bool raw_blobs,
                      json_t **ret, struct failure *failure)
{
    if (!param_field_is_list(field)) {
        return value_from_word(field, words[0], raw_blobs, ret, failure);
    }
    if (n_words == 1 && json_field_kind(field) != JSON_KIND_BLOB) {
        bool is_json = false;
        if (!list_from_json_word(field, words[0], ret, &is_json, failure)) {
            return false;
        }
        if (is_json) {
            return true;
        }
    }
    return list_from_words(field, words, n_words, raw_blobs, ret, failure);
}
