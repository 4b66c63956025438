/* Private: what protobuf-c's descriptors leave to be found out, in one place. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * protobuf-c keeps no mark on the entry type of a map: it is a message that protoc named …Entry, with field 1 "key" and
 * field 2 "value" (protobuf encoding guide, "Maps").
 */
bool reflect_is_map_entry(const ProtobufCMessageDescriptor *type);

/* The field is a map, that is repeated entries. */
bool reflect_is_map(const ProtobufCFieldDescriptor *field);

/* sizeof one element of a repeated field, or of the member of a singular one. */
size_t reflect_element_size(ProtobufCType type);

/* Where the member (for repeated fields the pointer to the array) of this field lies. */
static inline void *reflect_member(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    return (char *)(uintptr_t)message + field->offset;
}

/* The n_ member of a repeated field. */
static inline size_t *reflect_count(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    return (size_t *)(void *)((char *)(uintptr_t)message + field->quantifier_offset);
}

/* Whether a singular field has a value. */
bool reflect_present(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message);

/* Marks a singular field as having a value. False when another member of its oneof has one already. */
bool reflect_set_present(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message);
