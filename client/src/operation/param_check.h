/* The checks that the AWS CLI makes before it sends anything: members and types (KMS.md ). */
#pragma once

#include "command/fail.h"

#include "proto/json.h"

/*
 * Shorthand has only strings: turns those of object into what their fields are (booleans, integers, lists of one), and
 * leaves what does not fit for param_check to name. False only when there is no memory.
 */
REWRAP_MUST_USE bool param_coerce(const ProtobufCMessageDescriptor *type, json_t *object, struct failure *failure);

/*
 * False, with the text of the AWS CLI, for the first member that the type does not have or whose value is of the wrong
 * type. A null is an absent member. `where` is what the object is called: "input", "Tags[0]". Values of blobs are never
 * put into the text.
 */
REWRAP_MUST_USE bool param_check(const ProtobufCMessageDescriptor *type, const json_t *object, const char *where,
                                 struct failure *failure);

/* The field of the member of that name ("CiphertextBlob"), or NULL. */
const ProtobufCFieldDescriptor *param_field(const ProtobufCMessageDescriptor *type, const char *member);

/* A list in JSON: a repeated field that is not a map. */
bool param_field_is_list(const ProtobufCFieldDescriptor *field);
