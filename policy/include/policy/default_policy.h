/* The policy of a key that was created without one (KMS.md R-91). */
#pragma once

#include "base/view.h"

#define POLICY_DEFAULT_BYTES 384 /* with the longest partition and the NUL */

/*
 * Writes the text, with a NUL, as GetKeyPolicy returns it; its length. partition has at most ARN_PARTITION_MAX_BYTES,
 * account 12 digits.
 */
size_t policy_default_write(struct view partition, struct view account, char out[POLICY_DEFAULT_BYTES]);
