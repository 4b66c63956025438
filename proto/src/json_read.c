/* From a JSON object to a message, by descriptor; see proto/json.h. */
#include "base/wipe.h"
#include "json_values.h"
#include "reflect.h"

#include <string.h>

static struct json_result read_object(const ProtobufCMessageDescriptor *type, const json_t *object, unsigned flags,
                                      const struct json_place *place, ProtobufCMessage **ret_message);

static struct json_result read_one(const ProtobufCFieldDescriptor *field, const json_t *value, unsigned flags,
                                   const struct json_place *place, void *slot)
{
    if (json_field_kind(field) == JSON_KIND_OBJECT) {
        return read_object(field->descriptor, value, flags, place, slot);
    }
    return json_read_value(field, value, place, slot);
}

/*
 * Gives a repeated field an array of n zeroed elements, which proto_free can free at any moment from now on; none, with
 * *ret_elements untouched, when n is 0.
 */
static struct json_result make_elements(const ProtobufCFieldDescriptor *field, size_t n, const struct json_place *place,
                                        ProtobufCMessage *message, void **ret_elements)
{
    if (n > PROTO_MAX_ELEMENTS) {
        return json_refuse(JSON_TOO_LARGE, place);
    }
    if (n == 0) {
        return json_fine();
    }
    size_t size = n * reflect_element_size(field->type);
    void *elements = wiping_malloc(size);
    if (elements == NULL) {
        return json_refuse(JSON_NO_MEMORY, place);
    }
    memset(elements, 0, size);
    *(void **)reflect_member(field, message) = elements;
    *reflect_count(field, message) = n;
    *ret_elements = elements;
    return json_fine();
}

static struct json_result read_list(const ProtobufCFieldDescriptor *field, const json_t *list, unsigned flags,
                                    const struct json_place *place, ProtobufCMessage *message)
{
    if (!json_is_array(list)) {
        return json_refuse(JSON_WRONG_TYPE, place);
    }
    void *elements = NULL;
    struct json_result result = make_elements(field, json_array_size(list), place, message, &elements);
    for (size_t i = 0; result.code == JSON_OK && i < json_array_size(list); i++) {
        struct json_place element = {.outer = place, .index = i + 1};
        void *slot = (char *)elements + i * reflect_element_size(field->type);
        result = read_one(field, json_array_get(list, i), flags, &element, slot);
    }
    return result;
}

/* Every map of ours is map<string, string>; a test holds the contract to it. */
static struct json_result read_entry(const ProtobufCMessageDescriptor *type, const char *key, const json_t *value,
                                     const struct json_place *place, ProtobufCMessage **slot)
{
    ProtobufCMessage *entry = wiping_malloc(type->sizeof_message);
    if (entry == NULL) {
        return json_refuse(JSON_NO_MEMORY, place);
    }
    protobuf_c_message_init(type, entry);
    *slot = entry;
    struct json_result result = json_store_text(key, strlen(key), place, reflect_member(&type->fields[0], entry));
    return result.code == JSON_OK ? json_read_map_value(value, place, reflect_member(&type->fields[1], entry)) : result;
}

static struct json_result read_map(const ProtobufCFieldDescriptor *field, const json_t *map,
                                   const struct json_place *place, ProtobufCMessage *message)
{
    if (!json_is_object(map)) {
        return json_refuse(JSON_WRONG_TYPE, place);
    }
    void *elements = NULL;
    struct json_result result = make_elements(field, json_object_size(map), place, message, &elements);
    if (result.code != JSON_OK || elements == NULL) {
        return result;
    }
    ProtobufCMessage **slot = elements;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)map, key, value)
    {
        result = read_entry(field->descriptor, key, value, place, slot++);
        if (result.code != JSON_OK) {
            return result;
        }
    }
    return result;
}

static struct json_result read_member(const ProtobufCFieldDescriptor *field, const json_t *value, unsigned flags,
                                      const struct json_place *place, ProtobufCMessage *message)
{
    if (json_field_kind(field) == JSON_KIND_MAP) {
        return read_map(field, value, place, message);
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return read_list(field, value, flags, place, message);
    }
    if (!reflect_set_present(field, message)) {
        return json_refuse(JSON_WRONG_TYPE, place); /* the second member of a oneof */
    }
    return read_one(field, value, flags, place, reflect_member(field, message));
}

static bool has_member(const ProtobufCMessageDescriptor *type, const char *member)
{
    char name[JSON_MAX_NAME];
    for (unsigned i = 0; i < type->n_fields; i++) {
        json_member_name(type->fields[i].name, name);
        if (strcmp(name, member) == 0) {
            return true;
        }
    }
    return false;
}

static struct json_result check_members(const ProtobufCMessageDescriptor *type, const json_t *object,
                                        const struct json_place *place)
{
    const char *member;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, member, value)
    {
        if (!has_member(type, member)) {
            return json_refuse_given(JSON_UNKNOWN_MEMBER, place, member);
        }
    }
    return json_fine();
}

static struct json_result read_members(const json_t *object, unsigned flags, const struct json_place *outer,
                                       ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        char name[JSON_MAX_NAME];
        json_member_name(field->name, name);
        const json_t *value = json_object_get(object, name);
        if (value == NULL || json_is_null(value)) {
            continue;
        }
        struct json_place place = {.outer = outer, .field_name = field->name};
        struct json_result result = read_member(field, value, flags, &place, message);
        if (result.code != JSON_OK) {
            return result;
        }
    }
    return json_fine();
}

static struct json_result read_object(const ProtobufCMessageDescriptor *type, const json_t *object, unsigned flags,
                                      const struct json_place *place, ProtobufCMessage **ret_message)
{
    if (!json_is_object(object)) {
        return json_refuse(JSON_WRONG_TYPE, place);
    }
    struct json_result result = (flags & JSON_STRICT_MEMBERS) != 0 ? check_members(type, object, place) : json_fine();
    if (result.code != JSON_OK) {
        return result;
    }
    ProtobufCMessage *message = wiping_malloc(type->sizeof_message);
    if (message == NULL) {
        return json_refuse(JSON_NO_MEMORY, place);
    }
    protobuf_c_message_init(type, message);
    result = read_members(object, flags, place, message);
    if (result.code != JSON_OK) {
        proto_free(message);
        return result;
    }
    *ret_message = message;
    return result;
}

struct json_result json_to_message(const ProtobufCMessageDescriptor *type, const json_t *object, unsigned flags,
                                   ProtobufCMessage **ret_message)
{
    return read_object(type, object, flags, NULL, ret_message);
}
