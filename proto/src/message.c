/* Packing and unpacking by descriptor; see proto/message.h. */
#include "proto/message.h"

#include "base/wipe.h"
#include "precheck.h"
#include "proto/frame.h"
#include "reflect.h"

/* How much one message has taken of what it may. */
struct allowance {
    size_t left;
    bool exceeded;
    bool out_of_memory;
};

#define ALLOCATION_OVERHEAD 16 /* what malloc adds to a small block: many tiny ones are not free */

static void *allowance_alloc(void *data, size_t size)
{
    struct allowance *allowance = data;
    if (allowance->left < ALLOCATION_OVERHEAD || size > allowance->left - ALLOCATION_OVERHEAD) {
        allowance->exceeded = true;
        return NULL;
    }
    void *memory = wiping_malloc(size);
    if (memory == NULL) {
        allowance->out_of_memory = true;
        return NULL;
    }
    allowance->left -= size + ALLOCATION_OVERHEAD;
    return memory;
}

static void allowance_free(void *data, void *memory)
{
    (void)data;
    wiping_free(memory);
}

/* An entry that came without its key or value has the empty one (protobuf encoding guide, "Maps"). */
static bool complete_entry(ProtobufCMessage *entry)
{
    for (unsigned i = 0; i < entry->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &entry->descriptor->fields[i];
        char **text = reflect_member(field, entry);
        if (field->type != PROTOBUF_C_TYPE_STRING || *text != NULL) {
            continue;
        }
        *text = wiping_malloc(1);
        if (*text == NULL) {
            return false;
        }
        **text = '\0';
    }
    return true;
}

static bool complete_entries(ProtobufCMessage *message)
{
    if (reflect_is_map_entry(message->descriptor) && !complete_entry(message)) {
        return false;
    }
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
            continue;
        }
        bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        size_t n = repeated ? *reflect_count(field, message) : (size_t)reflect_present(field, message);
        ProtobufCMessage **members =
            repeated ? *(ProtobufCMessage ***)reflect_member(field, message) : reflect_member(field, message);
        for (size_t j = 0; j < n; j++) {
            if (!complete_entries(members[j])) {
                return false;
            }
        }
    }
    return true;
}

struct proto_result proto_unpack(const ProtobufCMessageDescriptor *type, struct view bytes,
                                 ProtobufCMessage **ret_message)
{
    bool partial_entries = false;
    struct proto_result result = precheck(type, bytes, &partial_entries);
    if (result.code != PROTO_OK) {
        return result;
    }
    struct allowance allowance = {.left = PROTO_MAX_MESSAGE_BYTES};
    ProtobufCAllocator allocator = {.alloc = allowance_alloc, .free = allowance_free, .allocator_data = &allowance};
    ProtobufCMessage *message = protobuf_c_message_unpack(type, &allocator, bytes.len, bytes.data);
    if (message == NULL) {
        if (allowance.exceeded) {
            return (struct proto_result){.code = PROTO_TOO_LARGE};
        }
        return (struct proto_result){.code = allowance.out_of_memory ? PROTO_NO_MEMORY : PROTO_MALFORMED};
    }
    if (partial_entries && !complete_entries(message)) {
        proto_free(message);
        return (struct proto_result){.code = PROTO_NO_MEMORY};
    }
    *ret_message = message;
    return result;
}

void proto_free(ProtobufCMessage *message)
{
    if (message != NULL) {
        ProtobufCAllocator allocator = {.alloc = allowance_alloc, .free = allowance_free};
        protobuf_c_message_free_unpacked(message, &allocator);
    }
}

static struct proto_result reserve(struct buffer *out, size_t size)
{
    if (size > out->max - out->len) {
        return (struct proto_result){.code = PROTO_TOO_LARGE};
    }
    return (struct proto_result){.code = buffer_reserve(out, size) ? PROTO_OK : PROTO_NO_MEMORY};
}

struct proto_result proto_pack(const ProtobufCMessage *message, struct buffer *out)
{
    struct proto_result result = reserve(out, protobuf_c_message_get_packed_size(message));
    if (result.code == PROTO_OK && out->cap > out->len) {
        out->len += protobuf_c_message_pack(message, out->data + out->len);
    }
    return result;
}

struct proto_result proto_pack_frame(const ProtobufCMessage *message, struct buffer *out)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size == 0) {
        return (struct proto_result){.code = PROTO_MALFORMED};
    }
    if (size > FRAME_MAX_BYTES) {
        return (struct proto_result){.code = PROTO_TOO_LARGE};
    }
    struct proto_result result = reserve(out, FRAME_HEADER_BYTES + size);
    if (result.code == PROTO_OK) {
        frame_header(size, out->data + out->len);
        out->len += FRAME_HEADER_BYTES;
        out->len += protobuf_c_message_pack(message, out->data + out->len);
    }
    return result;
}

const char *proto_code_text(enum proto_code code)
{
    static const char *const texts[] = {
        [PROTO_OK] = "success",
        [PROTO_MALFORMED] = "not a message of this type",
        [PROTO_BAD_TEXT] = "a string with a NUL byte or invalid UTF-8",
        [PROTO_TOO_MANY] = "too many elements or too deep",
        [PROTO_DUPLICATE] = "a member or map key given twice",
        [PROTO_TOO_LARGE] = "too large",
        [PROTO_NO_MEMORY] = "out of memory",
    };
    return (size_t)code < sizeof texts / sizeof texts[0] ? texts[code] : "unknown";
}
