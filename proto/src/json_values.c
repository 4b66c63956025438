/* The single values of a JSON object, each read into an empty slot of a message; see json_values.h. */
#include "json_values.h"

#include "base/base64.h"
#include "base/wipe.h"
#include "json_private.h"
#include "proto/rewrap.pb-c.h"
#include "reflect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json_result json_store_text(const char *text, size_t len, const struct json_place *place, char **slot)
{
    char *copy = wiping_malloc(len + 1);
    if (copy == NULL) {
        return json_refuse(JSON_NO_MEMORY, place);
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    *slot = copy;
    return json_fine();
}

static struct json_result read_string(const json_t *value, const struct json_place *place, char **slot)
{
    if (!json_is_string(value) || memchr(json_string_value(value), '\0', json_string_length(value)) != NULL) {
        return json_refuse(JSON_WRONG_TYPE, place);
    }
    return json_store_text(json_string_value(value), json_string_length(value), place, slot);
}

/* The shortest spelling that reads back as the same number, with the mark of a real number that jansson prints too. */
static void spell_real(double number, char out[40])
{
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(out, 36, "%.*g", precision, number);
        if (!(strtod(out, NULL) != number)) {
            break;
        }
    }
    if (strpbrk(out, ".e") == NULL) {
        memcpy(out + strlen(out), ".0", sizeof ".0");
    }
}

/* A value of a map<string, string>: numbers and booleans are taken by their spelling (KMS.md R-5). */
struct json_result json_read_map_value(const json_t *value, const struct json_place *place, char **slot)
{
    char text[40];
    switch (json_typeof(value)) {
    case JSON_STRING:
        if (json_is_marked_literal(value)) {
            return json_store_text(json_marked_literal(value), json_string_length(value) - 1, place, slot);
        }
        return read_string(value, place, slot);
    case JSON_INTEGER:
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        spell_real(json_real_value(value), text);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        snprintf(text, sizeof text, "%s", json_is_true(value) ? "true" : "false");
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_NULL:
    default:
        return json_refuse(JSON_WRONG_TYPE, place);
    }
    return json_store_text(text, strlen(text), place, slot);
}

static struct json_result read_blob(const json_t *value, const struct json_place *place, ProtobufCBinaryData *slot)
{
    if (!json_is_string(value) || json_is_marked_literal(value)) {
        return json_refuse(JSON_WRONG_TYPE, place);
    }
    struct view text = view_of(json_string_value(value), json_string_length(value));
    if (text.len == 0) {
        return json_fine();
    }
    size_t cap = base64_decoded_max(text.len) + 1; /* never an allocation of nothing */
    size_t len;
    uint8_t *data = wiping_malloc(cap);
    if (data == NULL) {
        return json_refuse(JSON_NO_MEMORY, place);
    }
    if (!base64_decode(text, data, cap, &len)) {
        wiping_free(data);
        return json_refuse(JSON_BAD_BASE64, place);
    }
    *slot = (ProtobufCBinaryData){.len = len, .data = data};
    return json_fine();
}

static struct json_result read_bool(const json_t *value, const struct json_place *place, protobuf_c_boolean *slot)
{
    if (!json_is_boolean(value)) {
        return json_refuse(JSON_WRONG_TYPE, place);
    }
    *slot = json_is_true(value);
    return json_fine();
}

static struct json_result read_enum(const ProtobufCEnumDescriptor *set, const json_t *value,
                                    const struct json_place *place, int *slot)
{
    if (!json_is_string(value) || json_is_marked_literal(value)) {
        return json_refuse(JSON_WRONG_TYPE, place);
    }
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value_by_name(set, json_string_value(value));
    if (found == NULL) {
        struct json_result result = json_refuse_given(JSON_UNKNOWN_VALUE, place, json_string_value(value));
        result.value_set = set;
        return result;
    }
    *slot = found->value;
    return json_fine();
}

static bool is_wide(ProtobufCType type)
{
    return reflect_element_size(type) == sizeof(int64_t);
}

static bool is_unsigned(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_FIXED32 || type == PROTOBUF_C_TYPE_UINT64 ||
           type == PROTOBUF_C_TYPE_FIXED64;
}

static struct json_result read_integer(ProtobufCType type, const json_t *value, const struct json_place *place,
                                       void *slot)
{
    if (json_is_marked_literal(value) && strpbrk(json_marked_literal(value), ".eE") == NULL) {
        /* -0, or 19 digits and more: beyond what any member of AWS KMS may be */
        bool zero = strcmp(json_marked_literal(value), "-0") == 0;
        return zero ? json_fine() : json_refuse(JSON_OUT_OF_RANGE, place); /* the slot is 0 */
    }
    if (!json_is_integer(value)) {
        return json_refuse(JSON_WRONG_TYPE, place);
    }
    int64_t number = json_integer_value(value);
    int64_t min = is_unsigned(type) ? 0 : is_wide(type) ? INT64_MIN : INT32_MIN;
    int64_t max = is_wide(type) ? INT64_MAX : is_unsigned(type) ? (int64_t)UINT32_MAX : INT32_MAX;
    if (number < min || number > max) {
        return json_refuse(JSON_OUT_OF_RANGE, place);
    }
    if (is_wide(type)) {
        *(int64_t *)slot = number;
    } else {
        *(uint32_t *)slot = (uint32_t)number;
    }
    return json_fine();
}

/* The years 1 to 9999, as protobuf's own Timestamp has it. */
#define TIMESTAMP_MIN_SECONDS (-62135596800.0)
#define TIMESTAMP_MAX_SECONDS 253402300799.0

/* A double holds today's seconds to a quarter of a microsecond: what lies below a microsecond is noise. */
static struct json_result read_timestamp(const json_t *value, const struct json_place *place, ProtobufCMessage **slot)
{
    bool marked = json_is_marked_literal(value);
    if (!marked && !json_is_number(value)) {
        return json_refuse(JSON_WRONG_TYPE, place);
    }
    double number = marked ? strtod(json_marked_literal(value), NULL) : json_number_value(value);
    if (!(number >= TIMESTAMP_MIN_SECONDS && number <= TIMESTAMP_MAX_SECONDS)) {
        return json_refuse(JSON_OUT_OF_RANGE, place);
    }
    int64_t seconds = (int64_t)floor(number);
    int64_t micros = (int64_t)round((number - floor(number)) * 1e6);
    Rewrap__Timestamp *timestamp = wiping_malloc(sizeof *timestamp);
    if (timestamp == NULL) {
        return json_refuse(JSON_NO_MEMORY, place);
    }
    rewrap__timestamp__init(timestamp);
    timestamp->has_seconds = 1;
    timestamp->seconds = seconds + micros / 1000000;
    timestamp->has_nanos = 1;
    timestamp->nanos = (int32_t)(micros % 1000000 * 1000);
    *slot = &timestamp->base;
    return json_fine();
}

struct json_result json_read_value(const ProtobufCFieldDescriptor *field, const json_t *value,
                                   const struct json_place *place, void *slot)
{
    switch (json_field_kind(field)) {
    case JSON_KIND_STRING:
        return read_string(value, place, slot);
    case JSON_KIND_BLOB:
        return read_blob(value, place, slot);
    case JSON_KIND_BOOL:
        return read_bool(value, place, slot);
    case JSON_KIND_INTEGER:
        return read_integer(field->type, value, place, slot);
    case JSON_KIND_ENUM:
        return read_enum(field->descriptor, value, place, slot);
    case JSON_KIND_TIMESTAMP:
        return read_timestamp(value, place, slot);
    case JSON_KIND_OBJECT:
    case JSON_KIND_MAP:
        break; /* json_read.c has them */
    }
    abort();
}
