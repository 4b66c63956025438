/* Encryption contexts; see context.h. */
#include "context.h"

#include "proto/rewrap.pb-c.h"

#include <stdlib.h>

#define FEW_PAIRS 16 /* more than these are put on the heap */

/* protobuf-c gives every map a type of its own with the same members: a message, a key and a value. */
struct context_pair operation_context_pair(const ProtobufCMessage *entry)
{
    const ProtobufCMessageDescriptor *type = entry->descriptor;
    const char *base = (const char *)entry;
    return (struct context_pair){
        .key = view_of_string(*(char *const *)(const void *)(base + type->fields[0].offset)),
        .value = view_of_string(*(char *const *)(const void *)(base + type->fields[1].offset)),
    };
}

bool operation_context_take(struct operation *operation, const ProtobufCMessage *const *entries, size_t n_entries,
                            struct buffer *out)
{
    *out = BUFFER_INIT(CONTEXT_CANONICAL_MAX_BYTES);
    if (n_entries > CONTEXT_MAX_PAIRS) {
        operation_fail(operation, OPERATION_VALIDATION, "Invalid EncryptionContext");
        return false;
    }
    struct context_pair few[FEW_PAIRS] = {0};
    struct context_pair *pairs = n_entries <= FEW_PAIRS ? few : calloc(n_entries, sizeof *pairs);
    enum context_code code = CONTEXT_NO_MEMORY;
    if (pairs != NULL) {
        for (size_t i = 0; i < n_entries; i++) {
            pairs[i] = operation_context_pair(entries[i]);
        }
        code = context_canonical(pairs, n_entries, out);
    }
    if (pairs != few) {
        free(pairs);
    }
    switch (code) {
    case CONTEXT_OK:
        return true;
    case CONTEXT_TOO_LARGE:
    case CONTEXT_DUPLICATE:
        operation_fail(operation, OPERATION_VALIDATION, "Invalid EncryptionContext");
        return false;
    case CONTEXT_NO_MEMORY:
    default:
        operation_fail_no_memory(operation);
        return false;
    }
}
