/* What each member of each request must satisfy: one table, from the API model (KMS.md appendix A, R-15, R-49, R-50,
 * */
#pragma once

#include "patterns.h"

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#define OPERATION_MESSAGE_MAX_FIELDS 24 /* the largest request has 12 members */

enum operation_constraint_flags {
    OPERATION_REQUIRED = 1,
    OPERATION_SENSITIVE = 2, /* a text that is never repeated to anybody; blobs never are */
};

struct operation_constraint {
    const ProtobufCMessageDescriptor *type;
    const char *field;
    unsigned flags;
    /* Of a string's characters, a blob's bytes, an integer's value; of each element, for a list of strings. max 0: no
     * limits. */
    int64_t min;
    int64_t max;
    int64_t model_max; /* of an integer whose model allows more than the service does: named beyond it; 0: as max */
    int64_t model_min; /* likewise, less */
    size_t max_items;  /* of a list; 0: no limit of ours */
    enum operation_pattern pattern;
    bool (*excused)(const ProtobufCMessage *message); /* when it says yes, the member is not required after all */
};

/* The constraints of a message type, at the index of each field; NULL where there is none. NULL for a type without any.
 * Static. */
const struct operation_constraint *const *operation_constraints_of(const ProtobufCMessageDescriptor *type);

/* The whole table, for the tests that walk every limit. */
size_t operation_constraints(const struct operation_constraint **ret_table);
