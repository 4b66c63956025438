/* The ARNs that answers and texts name keys and aliases by. */
#pragma once

#include "operations/operation.h"

#include "policy/arn.h"
#include "registry/types.h"

/* "arn:" partition ":kms:" region ":" account ":", without its resource. */
#define OPERATION_ARN_HEAD_BYTES  (4 + ARN_PARTITION_MAX_BYTES + 5 + ARN_REGION_MAX_BYTES + 1 + ARN_ACCOUNT_DIGITS + 1)
#define OPERATION_ARN_KEY_BYTES   (OPERATION_ARN_HEAD_BYTES + 4 + UUID_TEXT_BYTES)
#define OPERATION_ARN_ALIAS_BYTES (OPERATION_ARN_HEAD_BYTES + ALIAS_NAME_MAX_BYTES + 1)

/* The parts one behind the other, with a NUL. False when they had to be cut. size is at least 1. */
REWRAP_MUST_USE bool operation_text_join(const char *const *parts, size_t n, char *out, size_t size);

/* The ARN of a key, with its NUL. key_id is its text of UUID_TEXT_BYTES - 1 characters. */
void operation_arn_of_key(const struct operations *operations, const char *account, const char *key_id,
                          char out[OPERATION_ARN_KEY_BYTES]);

/* The ARN of an alias, with its NUL. name begins with "alias/" and has at most ALIAS_NAME_MAX_BYTES. */
void operation_arn_of_alias(const struct operations *operations, const char *account, const char *name,
                            char out[OPERATION_ARN_ALIAS_BYTES]);
