/* What a key policy must be to be put, by PutKeyPolicy and by CreateKey (KMS.md ). */
#pragma once

#include "frame/operation.h"

#include "policy/document.h"

/* Answers with what is wrong with a document, of a key or of a principal, and where. */
void operation_refuse_document(struct operation *operation, const struct policy_result *result);

/*
 * Reads the text; every principal in it that is a user, role or session must be known; and, unless bypass, the caller
 * must be able to put another one later. key is the one that it is for, perhaps not stored yet; its policy is not
 * looked at. False when the request was answered.
 */
REWRAP_MUST_USE bool operation_key_policy_check(struct operation *operation, const struct registry_key *key,
                                                const char *text, bool bypass);
