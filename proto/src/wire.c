/* protobuf's wire form; see wire.h. */
#include "wire.h"

#define MAX_TAG_BYTES    5
#define MAX_VARINT_BYTES 10

/* Length of the varint at the front of bytes, 0 when there is none of at most max_bytes. */
static size_t varint_len(struct view bytes, size_t max_bytes)
{
    size_t end = bytes.len < max_bytes ? bytes.len : max_bytes;
    for (size_t i = 0; i < end; i++) {
        if ((bytes.data[i] & 0x80) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static void skip(struct view *rest, size_t len)
{
    rest->data += len;
    rest->len -= len;
}

/* Reads a varint of at most 5 bytes whose value fits 32 bits: a tag or a length. */
static bool take_u32(struct view *rest, uint32_t *ret)
{
    size_t len = varint_len(*rest, MAX_TAG_BYTES);
    if (len == 0) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value |= (uint64_t)(rest->data[i] & 0x7f) << (7 * i);
    }
    if (value > UINT32_MAX) {
        return false;
    }
    skip(rest, len);
    *ret = (uint32_t)value;
    return true;
}

/* How many bytes the payload takes, after its length if it has one. False when it is malformed or cut short. */
static bool payload_len(struct view *rest, ProtobufCWireType wire_type, size_t *ret_len)
{
    uint32_t prefix;
    switch (wire_type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        *ret_len = varint_len(*rest, MAX_VARINT_BYTES);
        return *ret_len != 0;
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        *ret_len = 8;
        return rest->len >= 8;
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        *ret_len = 4;
        return rest->len >= 4;
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        if (!take_u32(rest, &prefix) || prefix > rest->len) {
            return false;
        }
        *ret_len = prefix;
        return true;
    default: /* groups, and numbers that protobuf does not define */
        return false;
    }
}

bool wire_next(struct view *rest, struct wire_field *ret)
{
    struct view cursor = *rest;
    uint32_t tag;
    if (!take_u32(&cursor, &tag) || tag >> 3 == 0) {
        return false;
    }
    size_t len;
    ProtobufCWireType wire_type = (ProtobufCWireType)(tag & 7);
    if (!payload_len(&cursor, wire_type, &len)) {
        return false;
    }
    *ret = (struct wire_field){.number = tag >> 3, .wire_type = wire_type, .payload = view_of(cursor.data, len)};
    skip(&cursor, len);
    *rest = cursor;
    return true;
}

ProtobufCWireType wire_type_of(ProtobufCType type)
{
    static const ProtobufCWireType wire_types[] = {
        [PROTOBUF_C_TYPE_INT32] = PROTOBUF_C_WIRE_TYPE_VARINT,
        [PROTOBUF_C_TYPE_SINT32] = PROTOBUF_C_WIRE_TYPE_VARINT,
        [PROTOBUF_C_TYPE_UINT32] = PROTOBUF_C_WIRE_TYPE_VARINT,
        [PROTOBUF_C_TYPE_INT64] = PROTOBUF_C_WIRE_TYPE_VARINT,
        [PROTOBUF_C_TYPE_SINT64] = PROTOBUF_C_WIRE_TYPE_VARINT,
        [PROTOBUF_C_TYPE_UINT64] = PROTOBUF_C_WIRE_TYPE_VARINT,
        [PROTOBUF_C_TYPE_BOOL] = PROTOBUF_C_WIRE_TYPE_VARINT,
        [PROTOBUF_C_TYPE_ENUM] = PROTOBUF_C_WIRE_TYPE_VARINT,
        [PROTOBUF_C_TYPE_SFIXED32] = PROTOBUF_C_WIRE_TYPE_32BIT,
        [PROTOBUF_C_TYPE_FIXED32] = PROTOBUF_C_WIRE_TYPE_32BIT,
        [PROTOBUF_C_TYPE_FLOAT] = PROTOBUF_C_WIRE_TYPE_32BIT,
        [PROTOBUF_C_TYPE_SFIXED64] = PROTOBUF_C_WIRE_TYPE_64BIT,
        [PROTOBUF_C_TYPE_FIXED64] = PROTOBUF_C_WIRE_TYPE_64BIT,
        [PROTOBUF_C_TYPE_DOUBLE] = PROTOBUF_C_WIRE_TYPE_64BIT,
        [PROTOBUF_C_TYPE_STRING] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
        [PROTOBUF_C_TYPE_BYTES] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
        [PROTOBUF_C_TYPE_MESSAGE] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
    };
    return wire_types[type];
}

bool wire_count_packed(ProtobufCType type, struct view payload, size_t *ret_count)
{
    ProtobufCWireType wire_type = wire_type_of(type);
    if (wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) {
        return false;
    }
    size_t count = 0;
    while (payload.len != 0) {
        size_t len;
        if (!payload_len(&payload, wire_type, &len)) {
            return false;
        }
        skip(&payload, len);
        count++;
    }
    *ret_count = count;
    return true;
}
