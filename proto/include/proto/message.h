/*
 * Packing and unpacking messages, for every message type by its descriptor. Unpacking is the first thing that happens
 * to hostile bytes: it refuses what protobuf-c would let through (strings with NUL bytes or bad UTF-8, map keys given
 * twice, more memory than PROTO_MAX_MESSAGE_BYTES), and ignores unknown fields as AWS services do (KMS.md R-4). A
 * singular field given twice, for which protobuf says that the last one counts, is refused too: no encoder writes it,
 * and two readers of the same bytes must not see different requests.
 *
 * What is left to the caller: an enumeration may hold a number that it has no name for.
 */
#pragma once

#include "base/attr.h"
#include "base/buffer.h"
#include "base/view.h"

#include <protobuf-c/protobuf-c.h>

/* The most memory that one unpacked message may take. Wire bytes grow at most about tenfold in memory. */
#define PROTO_MAX_MESSAGE_BYTES ((size_t)8 * 1024 * 1024)

/* The most elements in one repeated field or map: far above any limit of an operation, far below what hurts. */
#define PROTO_MAX_ELEMENTS 4096

enum proto_code {
    PROTO_OK = 0,
    PROTO_MALFORMED, /* not a message of this type */
    PROTO_BAD_TEXT,  /* a string with a NUL byte or invalid UTF-8 */
    PROTO_TOO_MANY,  /* more than PROTO_MAX_ELEMENTS elements, or too deep */
    PROTO_DUPLICATE, /* a map key, a singular field or a oneof given twice */
    PROTO_TOO_LARGE, /* more memory than allowed, or the buffer's maximum reached */
    PROTO_NO_MEMORY,
};

struct proto_result {
    enum proto_code code;
    const char *field; /* the field at fault, a static string of the descriptor; NULL when there is none */
};

/* A constant text for a code, for logs. */
const char *proto_code_text(enum proto_code code);

/*
 * Unpacks bytes as a message of the given type. On success *ret_message is owned by the caller, who frees it with
 * proto_free; on failure it is untouched and nothing is left allocated. The message owns copies of everything; every
 * map entry has both its key and its value, the empty string for one that was left out. Does not block.
 */
REWRAP_MUST_USE struct proto_result proto_unpack(const ProtobufCMessageDescriptor *type, struct view bytes,
                                                 ProtobufCMessage **ret_message);

/* Frees an unpacked message and erases its memory (a plaintext may have been in it). NULL is allowed. */
void proto_free(ProtobufCMessage *message);

/* Appends the packed message to out. On failure (PROTO_TOO_LARGE: out's maximum, PROTO_NO_MEMORY) out is as it was. */
REWRAP_MUST_USE struct proto_result proto_pack(const ProtobufCMessage *message, struct buffer *out);

/*
 * Appends a whole frame: the length and the packed message. PROTO_TOO_LARGE beyond FRAME_MAX_BYTES, PROTO_MALFORMED for
 * a message without any field set, for which there is no frame. On failure out is as it was.
 */
REWRAP_MUST_USE struct proto_result proto_pack_frame(const ProtobufCMessage *message, struct buffer *out);
