/* The three spellings of a field's name, and what kind of value it holds; see proto/json.h. */
#include "json_private.h"
#include "proto/rewrap.pb-c.h"
#include "reflect.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* AWS member names that the rule (each word capitalised) does not give. */
static const struct {
    const char *field, *member;
} exceptions[] = {
    {"aws_account_id", "AWSAccountId"},
};

static char upper(char letter)
{
    return letter >= 'a' && letter <= 'z' ? (char)(letter - 'a' + 'A') : letter;
}

static void camel(const char *field_name, bool capital, char out[JSON_MAX_NAME])
{
    size_t len = 0;
    for (const char *c = field_name; *c != '\0'; c++) {
        if (*c == '_') {
            capital = true;
            continue;
        }
        assert(len < JSON_MAX_NAME - 1);
        out[len++] = capital ? upper(*c) : *c;
        capital = false;
    }
    out[len] = '\0';
}

void json_member_name(const char *field_name, char out[JSON_MAX_NAME])
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (strcmp(field_name, exceptions[i].field) == 0) {
            memcpy(out, exceptions[i].member, strlen(exceptions[i].member) + 1);
            return;
        }
    }
    camel(field_name, true, out);
}

void json_camel_name(const char *field_name, char out[JSON_MAX_NAME])
{
    camel(field_name, false, out);
}

void json_option_name(const char *field_name, char out[JSON_MAX_NAME])
{
    size_t len = strlen(field_name);
    assert(len < JSON_MAX_NAME);
    for (size_t i = 0; i <= len; i++) {
        out[i] = field_name[i] == '_' ? '-' : field_name[i];
    }
}

static enum json_kind message_kind(const ProtobufCFieldDescriptor *field)
{
    if (reflect_is_map(field)) {
        return JSON_KIND_MAP;
    }
    return field->descriptor == &rewrap__timestamp__descriptor ? JSON_KIND_TIMESTAMP : JSON_KIND_OBJECT;
}

enum json_kind json_field_kind(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return JSON_KIND_STRING;
    case PROTOBUF_C_TYPE_BYTES:
        return JSON_KIND_BLOB;
    case PROTOBUF_C_TYPE_BOOL:
        return JSON_KIND_BOOL;
    case PROTOBUF_C_TYPE_ENUM:
        return JSON_KIND_ENUM;
    case PROTOBUF_C_TYPE_MESSAGE:
        return message_kind(field);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return JSON_KIND_INTEGER;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    abort(); /* AWS KMS has no members of floating point; a contract that adds one must teach it to this codec */
}
