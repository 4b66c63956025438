/* What a CreateKey request may say: the checks of its members, apart from making the key (KMS.md ).
 */
#pragma once

#include "frame/operation.h"
#include "request/specs.h"

#include "proto/rewrap.pb-c.h"

/*
 * Checks spec, usage and tags, and finds out the boundary from the member or the tag. False when the request was
 * answered; *ret_boundary is set on success.
 */
REWRAP_MUST_USE bool operation_new_key_check(struct operation *operation, const Rewrap__CreateKeyRequest *request,
                                             enum key_boundary *ret_boundary);

/* Refuses what AWS KMS has and rewrapd does not, for a request that passed the above. False when it was answered so;
 * *ret_spec is set on success. */
REWRAP_MUST_USE bool operation_new_key_supported(struct operation *operation, const Rewrap__CreateKeyRequest *request,
                                                 const struct operation_spec **ret_spec);

/* The spec that is asked for, by either member, or the default. */
Rewrap__KeySpec__Value operation_new_key_spec(const Rewrap__CreateKeyRequest *request);
