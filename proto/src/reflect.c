/* Reading and writing members by descriptor; see reflect.h. */
#include "reflect.h"

#include <string.h>

bool reflect_is_map_entry(const ProtobufCMessageDescriptor *type)
{
    static const char suffix[] = "Entry";
    size_t len = strlen(type->short_name);
    if (type->n_fields != 2 || len < sizeof suffix || strcmp(type->short_name + len - strlen(suffix), suffix) != 0) {
        return false;
    }
    const ProtobufCFieldDescriptor *key = &type->fields[0];
    const ProtobufCFieldDescriptor *value = &type->fields[1];
    return key->id == 1 && strcmp(key->name, "key") == 0 && value->id == 2 && strcmp(value->name, "value") == 0;
}

bool reflect_is_map(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED && field->type == PROTOBUF_C_TYPE_MESSAGE &&
           reflect_is_map_entry(field->descriptor);
}

size_t reflect_element_size(ProtobufCType type)
{
    static const size_t sizes[] = {
        [PROTOBUF_C_TYPE_INT32] = sizeof(int32_t),
        [PROTOBUF_C_TYPE_SINT32] = sizeof(int32_t),
        [PROTOBUF_C_TYPE_SFIXED32] = sizeof(int32_t),
        [PROTOBUF_C_TYPE_INT64] = sizeof(int64_t),
        [PROTOBUF_C_TYPE_SINT64] = sizeof(int64_t),
        [PROTOBUF_C_TYPE_SFIXED64] = sizeof(int64_t),
        [PROTOBUF_C_TYPE_UINT32] = sizeof(uint32_t),
        [PROTOBUF_C_TYPE_FIXED32] = sizeof(uint32_t),
        [PROTOBUF_C_TYPE_UINT64] = sizeof(uint64_t),
        [PROTOBUF_C_TYPE_FIXED64] = sizeof(uint64_t),
        [PROTOBUF_C_TYPE_FLOAT] = sizeof(float),
        [PROTOBUF_C_TYPE_DOUBLE] = sizeof(double),
        [PROTOBUF_C_TYPE_BOOL] = sizeof(protobuf_c_boolean),
        [PROTOBUF_C_TYPE_ENUM] = sizeof(int),
        [PROTOBUF_C_TYPE_STRING] = sizeof(char *),
        [PROTOBUF_C_TYPE_BYTES] = sizeof(ProtobufCBinaryData),
        [PROTOBUF_C_TYPE_MESSAGE] = sizeof(ProtobufCMessage *),
    };
    return sizes[type];
}

/* A oneof's "quantifier" is the number of the field that is set; that of other scalars is a has_ boolean. */
static uint32_t *oneof_case(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    return (uint32_t *)(void *)((char *)(uintptr_t)message + field->quantifier_offset);
}

static protobuf_c_boolean *has_member(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    return (protobuf_c_boolean *)(void *)((char *)(uintptr_t)message + field->quantifier_offset);
}

static bool is_pointer(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
}

bool reflect_present(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 && *oneof_case(field, message) != field->id) {
        return false;
    }
    if (is_pointer(field)) {
        return *(void **)reflect_member(field, message) != NULL;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 || field->label == PROTOBUF_C_LABEL_REQUIRED) {
        return true;
    }
    return *has_member(field, message) != 0;
}

bool reflect_set_present(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        uint32_t *which = oneof_case(field, message);
        if (*which != 0 && *which != field->id) {
            return false;
        }
        *which = field->id;
        return true;
    }
    if (!is_pointer(field) && field->label == PROTOBUF_C_LABEL_OPTIONAL) {
        *has_member(field, message) = 1;
    }
    return true;
}
