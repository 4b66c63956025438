/* Members and values of enumerations by their names in the contract, from the descriptors. */
#pragma once

#include "base/attr.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/* The field of that exact name ("key_id"), static, or NULL. */
const ProtobufCFieldDescriptor *proto_field_find(const ProtobufCMessageDescriptor *type, const char *name);

/* The name of a value ("ReEncryptFrom"), static; NULL for a number without one, which a newer peer may send. */
const char *proto_enum_name(const ProtobufCEnumDescriptor *set, int number);

/* The number of the value of that exact name; false, and *ret_number untouched, when there is none. */
REWRAP_MUST_USE bool proto_enum_number(const ProtobufCEnumDescriptor *set, const char *name, int *ret_number);
