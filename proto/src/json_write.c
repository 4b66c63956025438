/* From a message to a JSON object, by descriptor; see proto/json.h. */
#include "base/base64.h"
#include "base/wipe.h"
#include "json_private.h"
#include "proto/names.h"
#include "proto/rewrap.pb-c.h"
#include "reflect.h"

#include <stdlib.h>
#include <string.h>

/* Every function here returns NULL when there is no memory. jansson's setters take a NULL value for a failure, so it is
 * passed through. */

static json_t *write_blob(const ProtobufCBinaryData *blob)
{
    size_t len = base64_encoded_len(blob->len);
    char *text = wiping_malloc(len + 1);
    if (text == NULL) {
        return NULL;
    }
    base64_encode(view_of(blob->data, blob->len), text);
    json_t *value = json_stringn_nocheck(text, len);
    wiping_free(text);
    return value;
}

/* A number without a name comes from a newer peer: shown, not hidden. */
static json_t *write_enum(const ProtobufCEnumDescriptor *set, int number)
{
    const char *name = proto_enum_name(set, number);
    return name == NULL ? json_integer(number) : json_string(name);
}

static json_t *write_integer(ProtobufCType type, const void *slot)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer(*(const int32_t *)slot);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)slot);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        if (*(const uint64_t *)slot > INT64_MAX) {
            return json_real((double)*(const uint64_t *)slot);
        }
        return json_integer(*(const int64_t *)slot);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return json_integer(*(const int64_t *)slot);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    abort(); /* json_field_kind says which are integers */
}

static json_t *write_timestamp(const Rewrap__Timestamp *timestamp)
{
    if (timestamp->nanos == 0) {
        return json_integer(timestamp->seconds);
    }
    return json_real((double)timestamp->seconds + timestamp->nanos / 1e9);
}

static json_t *write_text(const char *text)
{
    return json_string(text == NULL ? "" : text);
}

static json_t *write_value(const ProtobufCFieldDescriptor *field, const void *slot)
{
    switch (json_field_kind(field)) {
    case JSON_KIND_STRING:
        return write_text(*(char *const *)slot);
    case JSON_KIND_BLOB:
        return write_blob(slot);
    case JSON_KIND_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)slot);
    case JSON_KIND_INTEGER:
        return write_integer(field->type, slot);
    case JSON_KIND_ENUM:
        return write_enum(field->descriptor, *(const int *)slot);
    case JSON_KIND_TIMESTAMP:
        return write_timestamp(*(Rewrap__Timestamp *const *)slot);
    case JSON_KIND_OBJECT:
        return json_from_message(*(ProtobufCMessage *const *)slot);
    case JSON_KIND_MAP:
        break; /* write_map has them: never a single value */
    }
    abort();
}

static json_t *write_map(ProtobufCMessage *const *entries, size_t n)
{
    json_t *map = json_object();
    for (size_t i = 0; map != NULL && i < n; i++) {
        const ProtobufCFieldDescriptor *fields = entries[i]->descriptor->fields;
        const char *key = *(char **)reflect_member(&fields[0], entries[i]);
        const char *value = *(char **)reflect_member(&fields[1], entries[i]);
        if (json_object_set_new(map, key == NULL ? "" : key, write_text(value)) != 0) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

static json_t *write_list(const ProtobufCFieldDescriptor *field, const char *elements, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < n; i++) {
        if (json_array_append_new(list, write_value(field, elements + i * reflect_element_size(field->type))) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* The list of a List… answer is its content: AWS prints it when it is empty too. */
static bool shows_empty_lists(const ProtobufCMessageDescriptor *type)
{
    static const char prefix[] = "List";
    static const char suffix[] = "Response";
    size_t len = strlen(type->short_name);
    return len > strlen(prefix) + strlen(suffix) && strncmp(type->short_name, prefix, strlen(prefix)) == 0 &&
           strcmp(type->short_name + len - strlen(suffix), suffix) == 0;
}

static bool is_shown(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        return reflect_present(field, message);
    }
    return *reflect_count(field, message) != 0 || (!reflect_is_map(field) && shows_empty_lists(message->descriptor));
}

static json_t *write_member(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    void *member = reflect_member(field, message);
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        return write_value(field, member);
    }
    size_t n = *reflect_count(field, message);
    void *elements = *(void **)member;
    return reflect_is_map(field) ? write_map(elements, n) : write_list(field, elements, n);
}

json_t *json_from_message(const ProtobufCMessage *message)
{
    json_t *object = json_object();
    for (unsigned i = 0; object != NULL && i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i]; /* sorted by number */
        if (!is_shown(field, message)) {
            continue;
        }
        char name[JSON_MAX_NAME];
        json_member_name(field->name, name);
        if (json_object_set_new(object, name, write_member(field, message)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}
