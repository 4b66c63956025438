/* From the four forms of a key identifier to the key (KMS.md ). */
#pragma once

#include "authorize.h"
#include "frame/operation.h"

/*
 * What the registry has, but for keys whose waiting period has ended: those are unknown from that moment on, with their
 * aliases and materials, though the sweep has yet to take them away. Every lookup of an operation goes through
 * here.
 */
bool operation_key_is_gone(const struct operations *operations, const struct registry_key *key);
const struct registry_key *operation_find_key(const struct operation *operation, const uint8_t key_id[KEY_ID_BYTES]);
const struct registry_key *operation_find_material(const struct operation *operation,
                                                   const uint8_t material_id[MATERIAL_ID_BYTES]);
/* The key of an alias. */
const struct registry_key *operation_find_alias(const struct operation *operation, const char *account,
                                                const char *name);

/*
 * Finds the key that text names for this caller: key id, key ARN, alias name or alias ARN. Whether aliases and keys of
 * other accounts count is a column of the permission's row; a foreign key that the caller may not use looks like one
 * that does not exist. ciphertext_key_id, or NULL: the key id that a ciphertext names; a bare id that equals it counts
 * in every account whose key the caller may use. True with *ret_key valid until the event loop turns; false when
 * the request was answered. An alias becomes a fact of the request.
 */
REWRAP_MUST_USE bool operation_resolve_key(struct operation *operation, const char *text,
                                           enum operation_permission permission, const uint8_t *ciphertext_key_id,
                                           const struct registry_key **ret_key);

/* The key that text would be resolved to, whoever may use it; nothing is answered. NULL: there is none. */
const struct registry_key *operation_peek_key(const struct operation *operation, const char *text);
