/* --cli-input-json: a request as a JSON object; see param.h. */
#include "param.h"

#include "param_blob.h"
#include "param_check.h"
#include "param_file.h"
#include "param_show.h"

#include "base/buffer.h"

/* Makes of the blobs the spelling of the codec, and leaves out what is null, here and in structures. */
static bool normalize(const ProtobufCMessageDescriptor *type, json_t *object, bool raw_blobs, struct failure *failure);

/* Makes of one value, or element of a list, the spelling of the codec. Other types are left for param_check to name. */
static bool normalize_value(const ProtobufCFieldDescriptor *field, json_t *value, bool raw_blobs, json_t **ret,
                            struct failure *failure)
{
    enum json_kind kind = json_field_kind(field);
    if (kind == JSON_KIND_BLOB && json_is_string(value)) {
        struct view text = view_of(json_string_value(value), json_string_length(value));
        return raw_blobs ? blob_encode(text, ret, failure) : blob_from_base64(text, ret, failure);
    }
    if (kind == JSON_KIND_OBJECT && json_is_object(value) && !normalize(field->descriptor, value, raw_blobs, failure)) {
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

static bool normalize(const ProtobufCMessageDescriptor *type, json_t *object, bool raw_blobs, struct failure *failure)
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
        if (json_is_null(value)) { /* not given */
            json_object_del(object, name);
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
    json_t *json = json_loadb(text.len == 0 ? "" : (const char *)text.data, text.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (json == NULL) {
        return fail(failure, EXIT_CODE_USAGE, "Invalid JSON received. (line %d column %d)", error.line, error.column);
    }
    if (!json_is_object(json)) {
        fail(failure, EXIT_CODE_USAGE, "Invalid type: expecting map, received %s", param_class(json));
        json_decref(json);
        return false;
    }
    *ret = json;
    return true;
}

bool param_from_json_input(const ProtobufCMessageDescriptor *type, const char *word, bool raw_blobs, json_t **ret,
                           struct failure *failure)
{
    struct buffer text = BUFFER_INIT(JSON_MAX_BYTES);
    json_t *object = NULL;
    bool parsed = input_read(word, &text, failure) && input_parse(buffer_view(&text), &object, failure);
    buffer_clear(&text);
    if (!parsed) {
        return false;
    }
    if (!normalize(type, object, raw_blobs, failure)) {
        json_decref(object);
        return false;
    }
    *ret = object;
    return true;
}
