/*
 * Who may do what: a pure function of the request and of what the caller hands in. No I/O, no clock, no globals.
 *
 * Until the policy engine comes, the rule is: a principal may use and manage the keys of his own account and nothing
 * else. This is the one place that the engine replaces; operations already call it once for each action on each key.
 */
#pragma once

#include "base/attr.h"
#include "base/view.h"

enum decision {
    DECISION_DENIED_IMPLICITLY = 0, /* zero: what was never decided is denied */
    DECISION_DENIED_EXPLICITLY,
    DECISION_ALLOWED,
};

struct decision_request {
    struct view principal;        /* ARN of the caller */
    struct view action;           /* "kms:ReEncryptFrom" */
    struct view resource;         /* ARN of the key or alias; "*" when the action has no resource */
    struct view resource_account; /* account that owns the resource; the caller's own when there is no resource */
};

struct decision_result {
    enum decision decision;
    /*
     * Static, for logs and answers: the reason text of KMS.md R-112. Of an implicit denial it is the part before the
     * action, "because no resource-based policy allows the", to be followed by " <action> action".
     */
    const char *reason;
};

/* A malformed request is denied. Never fails, never blocks. */
REWRAP_MUST_USE struct decision_result decide(const struct decision_request *request);
