/*
 * What policy is asked about: who wants to do what with which resource, and what is known of the request (KMS.md R-98,
 * Everything is borrowed for the length of a call.
 */
#pragma once

#include "base/attr.h"
#include "base/view.h"

#include "policy/arn.h"

/* A request beyond these is denied with POLICY_REASON_BAD_REQUEST. */
#define POLICY_CONTEXT_MAX_KEYS        4096
#define POLICY_CONTEXT_MAX_NAME_BYTES  8256 /* "kms:EncryptionContext:" and a name of 8192 */
#define POLICY_CONTEXT_MAX_VALUE_BYTES 8192
#define POLICY_CONTEXT_MAX_VALUES      8192 /* of all keys together */
/*
 * What a decision may cost, in comparisons of 32 and bytes looked through for wildcards: some milliseconds at the very
 * most, where hundreds of values meet thousands. A decision beyond it is denied, with the same reason.
 */
#define POLICY_WORK_MAX         (1 << 20)
#define POLICY_ACTION_MAX_BYTES 128

/*
 * One condition key of a request with its values. Names have no case, but the part after
 * "kms:EncryptionContext:" keeps the one it has in the request, since constraints of grants compare it exactly.
 * No values is the same as no key. Time is a value like others ("aws:CurrentTime", ISO 8601).
 */
struct policy_context_key {
    struct view name;
    const struct view *values;
    size_t count;
};

struct policy_request {
    /*
     * The caller: ARN of an account's root, a user, a role, a session of a role or a federated user, as
     * arn_parse_principal has it; or the name of a service ("logs.eu-central-1.amazonaws.com").
     */
    struct view principal;
    struct view role;     /* of a session: ARN of its role with the path; empty: a role without path is assumed */
    struct view action;   /* "kms:ReEncryptFrom" */
    struct view resource; /* ARN of the key or alias; "*" when the action has no resource */
    struct view resource_account; /* who owns it, 12 digits; the caller's own when there is no resource */
    const struct policy_context_key *context;
    size_t context_count;
};

/* ---------------------------------------------------------------- the caller by other names */

#define POLICY_ARN_BYTES          (ARN_MAX_BYTES + 1) /* with a NUL */
#define POLICY_PRINCIPAL_KEYS_MAX 5
#define POLICY_GRANTEES_MAX       3

/* Condition keys that follow from the principal alone. Holds itself: do not copy. */
struct policy_principal_keys {
    struct policy_context_key keys[POLICY_PRINCIPAL_KEYS_MAX];
    size_t count;
    struct view values[POLICY_PRINCIPAL_KEYS_MAX];
    char role[POLICY_ARN_BYTES];
};

/*
 * Fills in aws:PrincipalArn (of a session: its role, R-98), aws:PrincipalAccount, aws:PrincipalType, kms:CallerAccount
 * and, of users, aws:username. policy_decide adds nothing by itself: whoever builds a request puts these in. False,
 * with *ret undefined, for what is no principal's ARN. The keys borrow from the arguments.
 */
REWRAP_MUST_USE bool policy_principal_keys(struct view principal, struct view role, struct policy_principal_keys *ret);

/* The grantees that a principal is covered by: himself, his role, his account. Holds itself: do not
 * copy. */
struct policy_grantees {
    struct view names[POLICY_GRANTEES_MAX];
    size_t count;
    char role[POLICY_ARN_BYTES];
    char account[POLICY_ARN_BYTES];
};

/* As above; a service is its own only grantee. */
REWRAP_MUST_USE bool policy_grantees(struct view principal, struct view role, struct policy_grantees *ret);

/* Both at once, reading the ARNs once; false when either would be. */
REWRAP_MUST_USE bool policy_principal_names(struct view principal, struct view role,
                                            struct policy_principal_keys *ret_keys,
                                            struct policy_grantees *ret_grantees);
