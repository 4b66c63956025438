/* KeyMetadata as CreateKey and DescribeKey give it (KMS.md R-74). */
#pragma once

#include "access/arn_text.h"
#include "request/specs.h"

#include "proto/rewrap.pb-c.h"

/* The message and what it points to; the rest it borrows from the registry's key. Not to be copied: it points into
 * itself. */
struct operation_metadata {
    Rewrap__KeyMetadata message;
    Rewrap__Timestamp created;
    Rewrap__Timestamp deletion;
    char arn[OPERATION_ARN_KEY_BYTES];
    char material[2 * MATERIAL_ID_BYTES + 1];
    Rewrap__EncryptionAlgorithmSpec__Value algorithms[OPERATION_SPEC_MAX_ALGORITHMS];
};

/* Fills out; valid as long as key is. */
void operation_metadata_fill(const struct operations *operations, const struct registry_key *key,
                             struct operation_metadata *out);
