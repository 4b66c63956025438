/*
 * Reading JSON as every message of the service: the first byte picks the type. What was read is written as JSON and
 * read again, and must then be the same message; the reader that keeps number literals and the one that does not must
 * agree on what is let in.
 */
#include "proto/json.h"
#include "proto/service.h"

#include <stdlib.h>
#include <string.h>

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static const ProtobufCMessageDescriptor *type_of(unsigned number)
{
    size_t n = 0;
    while (service_method_at(n) != NULL) {
        n++;
    }
    const ProtobufCMethodDescriptor *method = service_method_at(number / 2 % n);
    return number % 2 == 0 ? method->input : method->output;
}

static struct buffer packed(const ProtobufCMessage *message)
{
    struct buffer out = BUFFER_INIT(PROTO_MAX_MESSAGE_BYTES);
    require(proto_pack(message, &out).code == PROTO_OK);
    return out;
}

/* Failures name a place that is text, and leave the output alone. */
static void check_failure(const struct json_result *result, const ProtobufCMessage *untouched)
{
    require(untouched == NULL);
    require(memchr(result->path, '\0', sizeof result->path) != NULL);
    require(memchr(result->value, '\0', sizeof result->value) != NULL);
    require((result->code == JSON_UNKNOWN_VALUE) == (result->value_set != NULL));
}

/* What json_from_message made of a message that came from JSON can be read, and is the same message. */
static void check_round_trip(const ProtobufCMessage *message)
{
    json_t *object = json_from_message(message);
    require(object != NULL);
    ProtobufCMessage *again = NULL;
    require(json_to_message(message->descriptor, object, JSON_STRICT_MEMBERS, &again).code == JSON_OK);
    struct buffer first = packed(message);
    struct buffer second = packed(again);
    require(view_equal(buffer_view(&first), buffer_view(&second)));
    /* What JSON lets in, the wire lets in. */
    ProtobufCMessage *unpacked = NULL;
    require(proto_unpack(message->descriptor, buffer_view(&first), &unpacked).code == PROTO_OK);
    proto_free(unpacked);
    buffer_clear(&first);
    buffer_clear(&second);
    proto_free(again);
    json_decref(object);
}

static bool read_plainly(const ProtobufCMessageDescriptor *type, struct view text, unsigned flags)
{
    json_t *object = NULL;
    if (json_parse_object(text, &object).code != JSON_OK) {
        require(object == NULL);
        return false;
    }
    ProtobufCMessage *message = NULL;
    struct json_result result = json_to_message(type, object, flags, &message);
    json_decref(object);
    if (result.code != JSON_OK) {
        check_failure(&result, message);
        return false;
    }
    check_round_trip(message);
    proto_free(message);
    return true;
}

static bool read_with_literals(const ProtobufCMessageDescriptor *type, struct view text, unsigned flags)
{
    ProtobufCMessage *message = NULL;
    struct json_result result = json_parse_message(type, text, flags, &message);
    if (result.code != JSON_OK) {
        check_failure(&result, message);
        return false;
    }
    check_round_trip(message);
    proto_free(message);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const ProtobufCMessageDescriptor *type = type_of(data[0] & 0x7f);
    unsigned flags = (data[0] & 0x80) != 0 ? JSON_STRICT_MEMBERS : 0;
    struct view text = view_of(data + 1, size - 1);
    bool plainly = read_plainly(type, text, flags);
    bool with_literals = read_with_literals(type, text, flags);
    require(with_literals || !plainly); /* literals let in more: numbers that no json_t holds */
    return 0;
}
