/* Principals by their ARNs: users and roles of the registry, and those that the configuration names. */
#pragma once

#include "operations/operation.h"

#include "policy/caller.h"
#include "registry/principals.h"

/*
 * The user or role of the registry that an ARN means: itself, path and all, or of a session its role. NULL for others:
 * the root of an account, federated users, and whoever is not registered, who has no identity policies.
 */
const struct registry_principal *operation_principal_of(const struct operations *operations, struct view arn);

/*
 * When the last user or role with the name in this ARN was deleted, whatever his path; of a session, the last role. 0:
 * none ever was, or this is another kind of principal. Key policies that were put, and grants that were made, in that
 * millisecond or before do not mean who has the name now, registered or not (KMS.md ).
 */
int64_t operation_departed_ms(const struct operations *operations, struct view arn);

/* Both of a caller that has been read. */
const struct registry_principal *operation_principal_of_caller(const struct operations *operations,
                                                               const struct policy_caller *caller,
                                                               int64_t *ret_departed_ms);

/*
 * Whom an ARN in what was written at that time meant, if he has departed since: the unique id of the user or role, of a
 * session its role's. NULL when nobody has, or his id is not on record (registry_principal_departed_id); then the ARN
 * is all that there is to show. Valid until the event loop turns.
 */
const char *operation_departed_id(const struct operations *operations, struct view arn, int64_t written_ms);

/* The ARN of a user or role of the registry, with a NUL. */
void operation_principal_arn(const struct operations *operations, const struct registry_principal *principal,
                             char out[POLICY_ARN_BYTES]);

/*
 * Whether a key policy may name this user, role or session (KMS.md R-85): the registry has it, or of a session its
 * role, or the configuration gives it to a socket or peer, or of a role one of its sessions.
 */
REWRAP_MUST_USE bool operation_principal_is_known(const struct operations *operations, struct view arn);
