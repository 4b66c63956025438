/* Private: the first look at hostile bytes, before protobuf-c makes anything of them. */
#pragma once

#include "proto/message.h"

/* Messages within messages; ours nest three deep. */
#define PRECHECK_MAX_DEPTH 8

/* The most fields that a message type of ours may declare. A test holds every type to it. */
#define PRECHECK_MAX_FIELDS 64

/*
 * Walks the wire form by descriptor and refuses what protobuf-c would let through or repair: see proto/message.h. On
 * success *ret_partial_entries says whether a map entry came without its key or value. Pure, but for scratch memory
 * that it frees; time is n log n in the number of map entries and linear in the rest.
 */
REWRAP_MUST_USE struct proto_result precheck(const ProtobufCMessageDescriptor *type, struct view bytes,
                                             bool *ret_partial_entries);
