/* The validation of a whole request against the table of constraints, with every violation in one text (KMS.md R-11,
 * R-39 step 2). */
#pragma once

#include "operation.h"

/* False when the request was answered with a ValidationException. */
REWRAP_MUST_USE bool operation_validate(struct operation *operation);

/*
 * Checks any message by its type. *ret_text is NULL when nothing is wrong, otherwise the text of the error, to be freed
 * with free(). False without memory. Walks the message once.
 */
REWRAP_MUST_USE bool operation_validate_message(const ProtobufCMessage *message, char **ret_text);
