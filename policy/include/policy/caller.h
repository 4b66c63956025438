/* Who calls: the ARN of a principal, taken apart once for all decisions about him (KMS.md ). */
#pragma once

#include "policy/document.h"
#include "policy/request.h"

#define POLICY_GRANTEES_MAX 3

/* Holds itself: do not copy. */
struct policy_caller {
    enum policy_principal_kind kind; /* ACCOUNT is the root user; USER, ROLE, SESSION, FEDERATED, SERVICE */
    struct view arn;                 /* of a service its name */
    struct view role;                /* of a session and of a role: the role's ARN; else empty */
    struct view account;             /* empty of a service */
    struct view partition;
    struct view names;                         /* of an ARN: what follows "user/" and so on */
    struct view grantees[POLICY_GRANTEES_MAX]; /* that he is covered by: himself, his role, and last his account */
    size_t grantee_count;
    char role_text[POLICY_ARN_BYTES];
    char root_text[POLICY_ARN_BYTES];
};

/*
 * principal: ARN of an account's root, a user, a role, a session of a role or a federated user, as arn_parse_principal
 * has it; or the name of a service ("logs.eu-central-1.amazonaws.com"). The role of a session is taken for one without
 * a path. False, with *ret undefined, for what is no principal. *ret borrows from principal and from itself.
 */
REWRAP_MUST_USE bool policy_caller_read(struct view principal, struct policy_caller *ret);

/* The ARN of a session's role, with its path. False, and nothing changed, when it is not the role of this caller. */
REWRAP_MUST_USE bool policy_caller_take_role(struct policy_caller *caller, struct view role);

/*
 * Puts in the condition keys that follow from the caller alone: aws:PrincipalArn (of a session: its role, R-98),
 * aws:PrincipalAccount, aws:PrincipalType, kms:CallerAccount and, of users, aws:username; none of a service.
 * policy_decide adds nothing by itself: whoever builds a request does this. They borrow from the caller.
 */
void policy_caller_keys(const struct policy_caller *caller, struct view singles[POLICY_KEYS]);
