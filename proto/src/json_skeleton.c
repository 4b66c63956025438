/* An example of a request with every member; see proto/json.h. */
#include "json_private.h"

#include <stdlib.h>

/* What AWS KMS takes when the member is left out; other enumerations show their first value. */
static const char *const defaults[] = {"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"};

static json_t *example_of_enum(const ProtobufCEnumDescriptor *set)
{
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        if (protobuf_c_enum_descriptor_get_value_by_name(set, defaults[i]) != NULL) {
            return json_string(defaults[i]);
        }
    }
    return json_string(set->values[0].name);
}

static json_t *example_of(const ProtobufCFieldDescriptor *field)
{
    switch (json_field_kind(field)) {
    case JSON_KIND_STRING:
        return json_string("");
    case JSON_KIND_BLOB: /* not the empty blob, which no operation takes */
        return json_null();
    case JSON_KIND_BOOL: /* what leaving it out means: a skeleton that is filled in and sent is no dry run */
        return json_false();
    case JSON_KIND_INTEGER:
    case JSON_KIND_TIMESTAMP:
        return json_integer(0);
    case JSON_KIND_ENUM:
        return example_of_enum(field->descriptor);
    case JSON_KIND_MAP:
        return json_pack("{s:s}", "KeyName", "");
    case JSON_KIND_OBJECT:
        return json_skeleton(field->descriptor);
    }
    abort();
}

static json_t *example_member(const ProtobufCFieldDescriptor *field)
{
    enum json_kind kind = json_field_kind(field);
    if (field->label != PROTOBUF_C_LABEL_REPEATED || kind == JSON_KIND_MAP) {
        return example_of(field);
    }
    json_t *list = json_array();
    if (kind == JSON_KIND_ENUM) { /* every value asks for something: IGNORE_CIPHERTEXT, that less is checked */
        return list;
    }
    if (json_array_append_new(list, example_of(field)) != 0) {
        json_decref(list);
        return NULL;
    }
    return list;
}

json_t *json_skeleton(const ProtobufCMessageDescriptor *type)
{
    json_t *object = json_object();
    for (unsigned i = 0; object != NULL && i < type->n_fields; i++) {
        char name[JSON_MAX_NAME];
        json_member_name(type->fields[i].name, name);
        if (json_object_set_new(object, name, example_member(&type->fields[i])) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}
