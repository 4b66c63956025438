/* Strings of shorthand into what their fields are; see param_check.h. */
#include "param_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The value that a string stands for in a field of that kind: a new reference, or the string itself when it stands for
 * nothing else. */
static json_t *coerce_string(enum json_kind kind, json_t *string)
{
    const char *text = json_string_value(string);
    if (kind == JSON_KIND_BOOL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
        return json_boolean(strcmp(text, "true") == 0);
    }
    if (kind == JSON_KIND_INTEGER) {
        char *end = NULL;
        errno = 0;
        long long number = strtoll(text, &end, 10);
        if (errno == 0 && end != text && *end == '\0') {
            return json_integer(number);
        }
    }
    return json_incref(string);
}

static json_t *coerce_value(const ProtobufCFieldDescriptor *field, json_t *value, struct failure *failure)
{
    enum json_kind kind = json_field_kind(field);
    if (json_is_string(value)) {
        return coerce_string(kind, value);
    }
    if (kind == JSON_KIND_OBJECT && json_is_object(value) && !param_coerce(field->descriptor, value, failure)) {
        return NULL;
    }
    return json_incref(value);
}

static json_t *coerce_list(const ProtobufCFieldDescriptor *field, json_t *value, struct failure *failure)
{
    json_t *list = json_array();
    size_t n = json_is_array(value) ? json_array_size(value) : 1;
    for (size_t i = 0; list != NULL && i < n; i++) {
        json_t *element = json_is_array(value) ? json_array_get(value, i) : value;
        if (json_array_append_new(list, coerce_value(field, element, failure)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

bool param_coerce(const ProtobufCMessageDescriptor *type, json_t *object, struct failure *failure)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        char name[JSON_MAX_NAME];
        json_member_name(field->name, name);
        json_t *value = json_object_get(object, name);
        if (value == NULL) {
            continue;
        }
        json_t *coerced =
            param_field_is_list(field) ? coerce_list(field, value, failure) : coerce_value(field, value, failure);
        if (json_object_set_new(object, name, coerced) != 0) {
            return fail_memory(failure);
        }
    }
    return true;
}
