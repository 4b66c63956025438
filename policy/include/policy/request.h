/*
 * What policy is asked about: who wants to do what with which resource, and what is known of the request (KMS.md R-98,
 * Everything is borrowed for the length of a call.
 */
#pragma once

#include "base/attr.h"
#include "base/view.h"

#include "policy/arn.h"
#include "policy/keys.h"

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
 * One condition key of a request with its values: by number, or by its whole name alone, which means the same. Names
 * have no case, but the part after "kms:EncryptionContext:" keeps the one it has in the request, since
 * constraints of grants compare it exactly. No values is the same as no key. Time is a value like others
 * ("aws:CurrentTime", ISO 8601).
 */
struct policy_context_key {
    enum policy_key key; /* POLICY_KEY_BY_NAME: of whatever key name is the name */
    struct view name;    /* of a family: what follows its prefix; of a key that is whole: nobody looks */
    const struct view *values;
    size_t count;
};

#define POLICY_ARN_BYTES (ARN_MAX_BYTES + 1) /* with a NUL */

struct policy_caller;

/*
 * Condition keys go into the request in one of two ways, which come to the same: those that have a number, are whole
 * and have one value may be in singles, where they cost nothing; all others, and whatever a stranger names, are in
 * context.
 */
struct policy_request {
    const struct policy_caller *caller;
    struct view action;           /* "kms:ReEncryptFrom" */
    struct view resource;         /* ARN of the key or alias; "*" when the action has no resource */
    struct view resource_account; /* who owns it, 12 digits; of "*" the caller's own, and of a service none */
    const struct view
        *singles; /* POLICY_KEYS of them, by number; without data: the key is not there. NULL: no key is */
    const struct policy_context_key *context;
    size_t context_count;
};
