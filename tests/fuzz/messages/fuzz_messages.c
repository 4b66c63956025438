/*
 * Unpacking, for every message that comes from outside: the first byte picks the type. What was let in must pack,
 * unpack again to the same bytes, hold only proper strings and complete maps, and show as JSON.
 */
#include "base/wipe.h"
#include "proto/hsm.pb-c.h"
#include "proto/json.h"
#include "proto/message.h"
#include "proto/rewrap.pb-c.h"
#include "proto/service.h"

#include <stdlib.h>
#include <string.h>

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

/* The envelopes first, then each rpc's request and response. */
static const ProtobufCMessageDescriptor *type_of(unsigned number)
{
    static const ProtobufCMessageDescriptor *const envelopes[] = {
        &rewrap__request__descriptor,
        &rewrap__response__descriptor,
        &hsm__request__descriptor,
        &hsm__response__descriptor,
    };
    const unsigned n_envelopes = sizeof envelopes / sizeof envelopes[0];
    unsigned n_methods = 0;
    while (service_method_at(n_methods) != NULL) {
        n_methods++;
    }
    number %= n_envelopes + 2 * n_methods;
    if (number < n_envelopes) {
        return envelopes[number];
    }
    const ProtobufCMethodDescriptor *method = service_method_at((number - n_envelopes) / 2);
    return number % 2 == 0 ? method->input : method->output;
}

static struct buffer packed(const ProtobufCMessage *message)
{
    struct buffer out = BUFFER_INIT(PROTO_MAX_MESSAGE_BYTES);
    require(proto_pack(message, &out).code == PROTO_OK);
    return out;
}

/* json_from_message refuses strings that are not UTF-8, so it finds any that slipped in. */
static void check_json(const ProtobufCMessage *message)
{
    json_t *object = json_from_message(message);
    require(object != NULL);
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const ProtobufCMessageDescriptor *type = type_of(data[0]);
    ProtobufCMessage *message = NULL;
    if (proto_unpack(type, view_of(data + 1, size - 1), &message).code != PROTO_OK) {
        require(message == NULL);
        return 0;
    }
    struct buffer first = packed(message);
    ProtobufCMessage *again = NULL;
    require(proto_unpack(type, buffer_view(&first), &again).code == PROTO_OK);
    struct buffer second = packed(again);
    require(view_equal(buffer_view(&first), buffer_view(&second)));
    check_json(again);
    buffer_clear(&first);
    buffer_clear(&second);
    proto_free(message);
    proto_free(again);
    return 0;
}
