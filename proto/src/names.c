/* What descriptors know by name; see proto/names.h. */
#include "proto/names.h"

#include <stddef.h>

const ProtobufCFieldDescriptor *proto_field_find(const ProtobufCMessageDescriptor *type, const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(type, name);
}

const char *proto_enum_name(const ProtobufCEnumDescriptor *set, int number)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(set, number);
    return value == NULL ? NULL : value->name;
}

bool proto_enum_number(const ProtobufCEnumDescriptor *set, const char *name, int *ret_number)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(set, name);
    if (value == NULL) {
        return false;
    }
    *ret_number = value->value;
    return true;
}
