/*
 * The decision: explicit deny over everything, then key policy, identity policies and grants as KMS.md put
 * them together. Pure: the same question has the same answer. No allocation; a decision takes microseconds.
 */
#pragma once

#include "base/attr.h"
#include "base/view.h"

#include "policy/caller.h"
#include "policy/document.h"
#include "policy/grant.h"
#include "policy/request.h"

enum policy_verdict {
    POLICY_DENIED_IMPLICITLY = 0, /* zero: what was never decided is denied */
    POLICY_DENIED_EXPLICITLY,
    POLICY_ALLOWED,
};

/* R-112, and what allowed. */
enum policy_reason {
    POLICY_REASON_BAD_REQUEST = 0, /* no caller, no ARN where one must be, or beyond a limit of request.h */
    POLICY_REASON_NO_RESOURCE_ALLOW,
    POLICY_REASON_NO_IDENTITY_ALLOW,
    POLICY_REASON_RESOURCE_DENY,
    POLICY_REASON_IDENTITY_DENY,
    POLICY_REASON_KEY_POLICY, /* allows the principal by itself */
    POLICY_REASON_DELEGATION, /* the key policy allows the account, and an identity policy the principal */
    POLICY_REASON_BOTH_SIDES, /* another account's key: key policy and identity policy allow */
    POLICY_REASON_GRANT,
    POLICY_REASON_IDENTITY, /* no key is asked about, and an identity policy allows */
    POLICY_REASON_ROOT,     /* no key is asked about, and it is the root user */
};

struct policy_identity {
    struct view name;
    const struct policy_document *document; /* POLICY_KIND_IDENTITY */
};

struct policy_grant_list {
    const struct policy_grant *const *grants;
    size_t count;
};

struct policy_question {
    const struct policy_request *request;
    /* Of the key that the resource names. NULL is a policy without statements. Not looked at when the resource is "*"
     * or an alias: there identity policies alone decide. */
    const struct policy_document *key_policy;
    /* A user or role of the caller's name was deleted since the key policy was put: the ARNs of users, roles and
     * sessions in it mean whoever had the name before, and match him no more. */
    bool key_policy_predates_principal;
    const struct policy_identity *identities; /* of the caller, or of the session's role */
    size_t identity_count;
    /* Grants on the key whose grantee is one of the caller's grantees; others do no harm and cost time. */
    const struct policy_grant_list *grant_lists;
    size_t grant_list_count;
};

enum policy_source { POLICY_SOURCE_KEY_POLICY, POLICY_SOURCE_IDENTITY_POLICY, POLICY_SOURCE_GRANT };

/* A statement or grant. */
struct policy_match {
    enum policy_source source;
    struct view name; /* "default", the identity policy's, the grant's id */
    struct view sid;  /* empty: none, or a grant */
    size_t index;     /* of the statement in its document; of the grant in all lists together */
};

struct policy_decision {
    enum policy_verdict verdict;
    enum policy_reason reason;
    /*
     * How many statements and grants made it so, of which the first max_matches are written: the denying statements; or
     * the allowing ones and grants that by themselves or together were enough; none of an implicit denial. Key policy
     * first, then identity policies, then grants, each in its order.
     */
    size_t matched;
};

/*
 * Decides. matches may be NULL when max_matches is 0, which also is fastest. Whatever is malformed is denied. Never
 * fails, never blocks.
 */
REWRAP_MUST_USE struct policy_decision policy_decide(const struct policy_question *question,
                                                     struct policy_match *matches, size_t max_matches);

/*
 * whether the caller may retire the grant, which is on the key of the question; its action must be
 * kms:RetireGrant. Denials are as ever, but no Allow of the key policy counts: he is the retiring principal, a grantee
 * whose grant lists RetireGrant, or of the account that issued the grant, whose root may and whose others need an
 * identity policy. The question's own grants are not looked at. In matches the index of the grant says by what: 0 as
 * its grantee, 1 as the one to retire it, 2 as the account that issued it.
 */
REWRAP_MUST_USE struct policy_decision policy_decide_retire_grant(const struct policy_question *question,
                                                                  const struct policy_grant *grant,
                                                                  struct policy_match *matches, size_t max_matches);

/* ---------------------------------------------------------------- why a statement did not match */

enum policy_step {
    POLICY_STEP_MATCHED,
    POLICY_STEP_PRINCIPAL,
    POLICY_STEP_ACTION,
    POLICY_STEP_RESOURCE,
    POLICY_STEP_CONDITION, /* detail: index of the condition in the statement */
    POLICY_STEP_GRANTEE,   /* this and the next three: of grants */
    POLICY_STEP_OPERATION,
    POLICY_STEP_CONSTRAINT,
    POLICY_STEP_SOURCE_ARN,
};

struct policy_trace_entry {
    struct policy_match statement;
    enum policy_effect effect;
    enum policy_step stopped_at;
    size_t detail;
    bool by_account; /* matched, but only as a member of the account: a delegation */
};

struct policy_trace {
    void (*tell)(const struct policy_trace_entry *entry, void *argument);
    void *argument;
};

/* Tells about every statement and grant of the question once, in the order of matches. Decides nothing. */
void policy_explain(const struct policy_question *question, const struct policy_trace *trace);

/* ---------------------------------------------------------------- in words */

/* "Allowed", "ImplicitlyDenied", "ExplicitlyDenied"; "keyPolicy", "identityPolicy", "grant". Static. */
const char *policy_verdict_text(enum policy_verdict verdict);
const char *policy_source_text(enum policy_source source);

#define POLICY_REASON_BYTES (104 + POLICY_ACTION_MAX_BYTES)

/* The text of R-112 with the action in it, as it ends an AccessDeniedException; of an allowed request, why. */
void policy_reason_write(enum policy_reason reason, struct view action, char out[POLICY_REASON_BYTES]);

/* ---------------------------------------------------------------- lockout */

/*
 * whether the caller of the question could put another key policy if question->key_policy were in force: the same
 * question with kms:PutKeyPolicy as its action and without grants.
 */
REWRAP_MUST_USE bool policy_may_put_key_policy(const struct policy_question *question);
