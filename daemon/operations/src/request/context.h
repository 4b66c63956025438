/* Encryption contexts of requests in the canonical form that is authenticated (envelope/context.h, KMS.md R-44 to
 * */
#pragma once

#include "frame/operation.h"

#include "base/buffer.h"
#include "envelope/context.h"

/* One entry of such a map; borrows. */
struct context_pair operation_context_pair(const ProtobufCMessage *entry);

/*
 * Writes the canonical form of a message's map (protobuf-c makes an array of entry messages of it) into out, which it
 * initialises; the caller clears it either way. False when the request was answered: too large, or a key twice.
 */
REWRAP_MUST_USE bool operation_context_take(struct operation *operation, const ProtobufCMessage *const *entries,
                                            size_t n_entries, struct buffer *out);
