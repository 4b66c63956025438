/* The words after an option as JSON; see param.h. */
#include "param.h"

#include "param_check.h"
#include "param_file.h"
#include "shorthand.h"

#include "base/base64.h"
#include "proto/frame.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* A file of base64 text may have line breaks; the codec reads no more than this anyway. */
#define TEXT_MAX_BYTES JSON_MAX_BYTES

/* No blob that is longer fits a request. */
#define BLOB_MAX_BYTES FRAME_MAX_BYTES

static bool fail_memory(struct failure *failure)
{
    return fail(failure, EXIT_CODE_OTHER, "out of memory");
}

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

static bool string_make(struct view text, json_t **ret, struct failure *failure)
{
    json_t *string = json_stringn(text.len == 0 ? "" : (const char *)text.data, text.len);
    if (string == NULL) {
        return fail(failure, EXIT_CODE_USAGE, "Not valid UTF-8");
    }
    *ret = string;
    return true;
}

static bool json_read(struct view text, json_t **ret, struct failure *failure)
{
    json_error_t error;
    json_t *json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        int len = (int)(text.len < FAILURE_ECHO_BYTES ? text.len : FAILURE_ECHO_BYTES);
        return fail(failure, EXIT_CODE_USAGE, "Invalid JSON: %s: line %d column %d\nJSON received: %.*s", error.text,
                    error.line, error.column, len, (const char *)text.data);
    }
    *ret = json;
    return true;
}

static bool looks_like_json(struct view text)
{
    size_t at = 0;
    while (at < text.len && memchr(" \t\r\n", text.data[at], 4) != NULL) {
        at++;
    }
    return at < text.len && (text.data[at] == '{' || text.data[at] == '[');
}

/* ------------------------------------------------------------------ blobs */

static bool blob_encode(struct view bytes, json_t **ret, struct failure *failure)
{
    struct buffer text = BUFFER_INIT(TEXT_MAX_BYTES);
    size_t len = base64_encoded_len(bytes.len);
    if (!buffer_reserve(&text, len + 1)) {
        return fail_memory(failure);
    }
    base64_encode(bytes, (char *)text.data);
    bool made = string_make(view_of(text.data, len), ret, failure);
    text.len = len;
    buffer_clear(&text);
    return made;
}

/* What files and terminals put between the digits. Nothing else is skipped: a blob that lost characters must not be
 * another blob. */
static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* The text without white space into out, if that is base64. */
static bool base64_normalize(struct view text, struct buffer *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_space(text.data[i]) && !buffer_append_u8(out, text.data[i])) {
            return false;
        }
    }
    struct buffer bytes = BUFFER_INIT(TEXT_MAX_BYTES);
    size_t cap = base64_decoded_max(out->len);
    bool valid = buffer_reserve(&bytes, cap) && base64_decode(buffer_view(out), bytes.data, cap, &bytes.len);
    buffer_clear(&bytes);
    return valid;
}

static bool blob_from_base64(struct view base64, json_t **ret, struct failure *failure)
{
    struct buffer text = BUFFER_INIT(TEXT_MAX_BYTES);
    bool made = base64_normalize(base64, &text)
                    ? string_make(buffer_view(&text), ret, failure)
                    : fail(failure, EXIT_CODE_OTHER, "Invalid base64 (fileb://FILE takes bytes as they are)");
    buffer_clear(&text);
    return made;
}

static bool blob_from_word(const char *word, bool raw_blobs, json_t **ret, struct failure *failure)
{
    const char *path = NULL;
    enum param_source source = param_file_source(word, &path);
    if (strcmp(word, "-") == 0) {
        source = PARAM_BYTES;
        path = word;
    }
    bool raw = raw_blobs || source == PARAM_BYTES;
    struct buffer content = BUFFER_INIT(raw ? BLOB_MAX_BYTES : TEXT_MAX_BYTES);
    bool made =
        source == PARAM_BYTES ? param_file_read(word, path, &content, failure) : text_read(word, &content, failure);
    if (made) {
        made = raw ? blob_encode(buffer_view(&content), ret, failure)
                   : blob_from_base64(buffer_view(&content), ret, failure);
    }
    buffer_clear(&content);
    return made;
}

/* ------------------------------------------------------------------ maps, structures and scalars */

static bool object_from_text(const ProtobufCFieldDescriptor *field, struct view text, json_t **ret,
                             struct failure *failure)
{
    if (looks_like_json(text)) {
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
    if (text.len < sizeof word) {
        memcpy(word, text.data, text.len);
    }
    if (!param_integer(word, LLONG_MIN, LLONG_MAX, &number)) {
        return fail(failure, EXIT_CODE_USAGE, "Invalid integer: %.*s", (int)(text.len < 64 ? text.len : 64),
                    (const char *)text.data);
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
    if (read && looks_like_json(buffer_view(&text)) &&
        (text.data[0] != '{' || json_field_kind(field) == JSON_KIND_OBJECT ||
         json_field_kind(field) == JSON_KIND_MAP)) {
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

/* ------------------------------------------------------------------ --cli-input-json */

static bool normalize_blobs(const ProtobufCMessageDescriptor *type, json_t *object, bool raw_blobs,
                            struct failure *failure);

/* Makes of one value, or element of a list, the spelling of the codec. Other types are left for param_check to name. */
static bool normalize_value(const ProtobufCFieldDescriptor *field, json_t *value, bool raw_blobs, json_t **ret,
                            struct failure *failure)
{
    enum json_kind kind = json_field_kind(field);
    if (kind == JSON_KIND_BLOB && json_is_string(value)) {
        struct view text = view_of(json_string_value(value), json_string_length(value));
        return raw_blobs ? blob_encode(text, ret, failure) : blob_from_base64(text, ret, failure);
    }
    if (kind == JSON_KIND_OBJECT && json_is_object(value) &&
        !normalize_blobs(field->descriptor, value, raw_blobs, failure)) {
        return false;
    }
    *ret = json_incref(value);
    return true;
}

static bool normalize_list(const ProtobufCFieldDescriptor *field, json_t *list, bool raw_blobs, struct failure *failure)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *element = NULL;
        if (!normalize_value(field, json_array_get(list, i), raw_blobs, &element, failure)) {
            return false;
        }
        if (json_array_set_new(list, i, element) != 0) {
            return fail_memory(failure);
        }
    }
    return true;
}

static bool normalize_blobs(const ProtobufCMessageDescriptor *type, json_t *object, bool raw_blobs,
                            struct failure *failure)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        char name[JSON_MAX_NAME];
        json_member_name(field->name, name);
        json_t *value = json_object_get(object, name);
        json_t *normal = NULL;
        if (value == NULL) {
            continue;
        }
        if (param_field_is_list(field) && json_is_array(value)) {
            if (!normalize_list(field, value, raw_blobs, failure)) {
                return fail_prefix(failure, "%s: ", name);
            }
            continue;
        }
        if (!normalize_value(field, value, raw_blobs, &normal, failure)) {
            return fail_prefix(failure, "%s: ", name);
        }
        if (json_object_set_new(object, name, normal) != 0) {
            return fail_memory(failure);
        }
    }
    return true;
}

static bool input_read(const char *word, struct buffer *out, struct failure *failure)
{
    const char *path = NULL;
    if (param_file_source(word, &path) != PARAM_LITERAL) {
        return param_file_read(word, path, out, failure);
    }
    return buffer_append(out, word, strlen(word)) || fail(failure, EXIT_CODE_USAGE, "Longer than %zu bytes", out->max);
}

/* The input is not echoed, since it may hold a plaintext. */
static bool input_parse(struct view text, json_t **ret, struct failure *failure)
{
    json_error_t error;
    json_t *json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        return fail(failure, EXIT_CODE_USAGE, "Invalid JSON received. (line %d column %d)", error.line, error.column);
    }
    if (!json_is_object(json)) {
        json_decref(json);
        return fail(failure, EXIT_CODE_USAGE, "Invalid type: expecting map, received <class 'list'>");
    }
    *ret = json;
    return true;
}

bool param_from_json_input(const ProtobufCMessageDescriptor *type, const char *word, bool raw_blobs, json_t **ret,
                           struct failure *failure)
{
    struct buffer text = BUFFER_INIT(TEXT_MAX_BYTES);
    json_t *object = NULL;
    bool parsed = input_read(word, &text, failure) && input_parse(buffer_view(&text), &object, failure);
    buffer_clear(&text);
    if (!parsed) {
        return false;
    }
    if (!normalize_blobs(type, object, raw_blobs, failure)) {
        json_decref(object);
        return false;
    }
    *ret = object;
    return true;
}
