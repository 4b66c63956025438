/* The validation of a whole request against the table of constraints, with every violation in one text (KMS.md R-11,
 * R-39 step 2). */
#pragma once

#include "frame/operation.h"

/* False when the request was answered with a ValidationException. */
REWRAP_MUST_USE bool operation_validate(struct operation *operation);

/*
 * For a list so long that the request could not be read: the same answer as for one that is only too long, without what
 * else may be wrong. False, without an answer, when the member has no limit of that kind.
 */
REWRAP_MUST_USE bool operation_refuse_too_many(struct operation *operation, const ProtobufCMessageDescriptor *type,
                                               const char *field);

/*
 * Checks any message by its type. *ret_text is NULL when nothing is wrong, otherwise the text of the error, to be freed
 * with free(). False without memory. Walks the message once.
 */
REWRAP_MUST_USE bool operation_validate_message(const ProtobufCMessage *message, char **ret_text);
