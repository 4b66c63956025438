/* The checks that the AWS CLI makes before it sends anything; see param_check.h. */
#include "param_check.h"

#include "param_show.h"

#include <stdio.h>
#include <string.h>

#define PATH_BYTES 512

bool param_field_is_list(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED && json_field_kind(field) != JSON_KIND_MAP;
}

const ProtobufCFieldDescriptor *param_field(const ProtobufCMessageDescriptor *type, const char *member)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        char name[JSON_MAX_NAME];
        json_member_name(type->fields[i].name, name);
        if (strcmp(name, member) == 0) {
            return &type->fields[i];
        }
    }
    return NULL;
}

static const char *const valid_types[] = {
    [JSON_KIND_STRING] = "<class 'str'>", [JSON_KIND_BLOB] = "<class 'bytes'>, <class 'bytearray'>, file-like object",
    [JSON_KIND_BOOL] = "<class 'bool'>",  [JSON_KIND_INTEGER] = "<class 'int'>",
    [JSON_KIND_ENUM] = "<class 'str'>",   [JSON_KIND_TIMESTAMP] = "<class 'int'>, <class 'float'>",
    [JSON_KIND_MAP] = "<class 'dict'>",   [JSON_KIND_OBJECT] = "<class 'dict'>",
};

static bool fail_type(const char *path, enum json_kind kind, const json_t *value, const char *valid,
                      struct failure *failure)
{
    struct param_text shown = {0};
    if (kind != JSON_KIND_BLOB) {
        param_text_add(&shown, ", value: ");
        param_text_add_value(&shown, value);
    }
    return fail(failure, EXIT_CODE_USAGE,
                "Parameter validation failed:\nInvalid type for parameter %s%s, type: %s, valid types: %s", path,
                shown.bytes, param_class(value), valid);
}

static bool type_fits(enum json_kind kind, const json_t *value)
{
    switch (kind) {
    case JSON_KIND_STRING:
    case JSON_KIND_BLOB:
    case JSON_KIND_ENUM:
        return json_is_string(value);
    case JSON_KIND_BOOL:
        return json_is_boolean(value);
    case JSON_KIND_INTEGER:
        return json_is_integer(value);
    case JSON_KIND_TIMESTAMP:
        return json_is_number(value);
    case JSON_KIND_MAP:
    case JSON_KIND_OBJECT:
        break;
    }
    return json_is_object(value);
}

static bool check_string(const char *path, const json_t *value, struct failure *failure)
{
    if (strlen(json_string_value(value)) != json_string_length(value)) {
        return fail(failure, EXIT_CODE_USAGE, "Parameter validation failed:\nA NUL character in parameter %s", path);
    }
    return true;
}

/* The wire has numbers for enumerations, so what is not among them cannot be sent. */
static bool check_enum(const ProtobufCEnumDescriptor *values, const char *path, const json_t *value,
                       struct failure *failure)
{
    struct param_text names = {0};
    for (unsigned i = 0; i < values->n_values; i++) {
        if (strcmp(values->values[i].name, json_string_value(value)) == 0) {
            return true;
        }
        param_text_add(&names, "%s%s", i == 0 ? "" : ", ", values->values[i].name);
    }
    return fail(failure, EXIT_CODE_USAGE,
                "Parameter validation failed:\nInvalid value for parameter %s, value: %.128s, valid values: %s", path,
                json_string_value(value), names.bytes);
}

static bool check_map(const char *path, const json_t *map, struct failure *failure)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)map, key, value)
    {
        char entry[PATH_BYTES];
        snprintf(entry, sizeof entry, "%s.%s", path, key);
        if (!json_is_string(value)) {
            return fail_type(entry, JSON_KIND_STRING, value, valid_types[JSON_KIND_STRING], failure);
        }
        if (!check_string(entry, value, failure)) {
            return false;
        }
    }
    return true;
}

static bool check_value(const ProtobufCFieldDescriptor *field, const json_t *value, const char *path,
                        struct failure *failure)
{
    enum json_kind kind = json_field_kind(field);
    if (!type_fits(kind, value)) {
        return fail_type(path, kind, value, valid_types[kind], failure);
    }
    switch (kind) {
    case JSON_KIND_STRING:
        return check_string(path, value, failure);
    case JSON_KIND_ENUM:
        return check_enum(field->descriptor, path, value, failure);
    case JSON_KIND_MAP:
        return check_map(path, value, failure);
    case JSON_KIND_OBJECT:
        return param_check(field->descriptor, value, path, failure);
    case JSON_KIND_BLOB:
    case JSON_KIND_BOOL:
    case JSON_KIND_INTEGER:
    case JSON_KIND_TIMESTAMP:
        break;
    }
    return true;
}

static bool check_member(const ProtobufCFieldDescriptor *field, const json_t *value, const char *path,
                         struct failure *failure)
{
    if (json_is_null(value)) {
        return true;
    }
    if (!param_field_is_list(field)) {
        return check_value(field, value, path, failure);
    }
    if (!json_is_array(value)) {
        return fail_type(path, json_field_kind(field), value, "<class 'list'>, <class 'tuple'>", failure);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        char element[PATH_BYTES];
        snprintf(element, sizeof element, "%s[%zu]", path, i);
        if (!check_value(field, json_array_get(value, i), element, failure)) {
            return false;
        }
    }
    return true;
}

static bool fail_unknown(const ProtobufCMessageDescriptor *type, const char *where, const char *member,
                         struct failure *failure)
{
    struct param_text names = {0};
    for (unsigned i = 0; i < type->n_fields; i++) {
        char name[JSON_MAX_NAME];
        json_member_name(type->fields[i].name, name);
        param_text_add(&names, "%s%s", i == 0 ? "" : ", ", name);
    }
    return fail(failure, EXIT_CODE_USAGE,
                "Parameter validation failed:\nUnknown parameter in %s: \"%.128s\", must be one of: %s", where, member,
                names.bytes);
}

bool param_check(const ProtobufCMessageDescriptor *type, const json_t *object, const char *where,
                 struct failure *failure)
{
    const char *member;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, member, value)
    {
        const ProtobufCFieldDescriptor *field = param_field(type, member);
        if (field == NULL) {
            return fail_unknown(type, where, member, failure);
        }
        char path[PATH_BYTES];
        bool top = strcmp(where, "input") == 0;
        snprintf(path, sizeof path, "%s%s%s", top ? "" : where, top ? "" : ".", member);
        if (!check_member(field, value, path, failure)) {
            return false;
        }
    }
    return true;
}
