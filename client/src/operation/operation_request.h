/* The request of an operation in JSON, from what was typed. */
#pragma once

#include "command/command_line.h"

#include <jansson.h>

/*
 * The members of --cli-input-json, overridden by the options, and checked. May block on files. The caller owns *ret; on
 * failure it is untouched.
 */
REWRAP_MUST_USE bool operation_request(const ProtobufCMethodDescriptor *method, const struct command_line *line,
                                       json_t **ret, struct failure *failure);
