/* The caller of a request, taken apart once for all statements and grants. */
#pragma once

#include "document_private.h"
#include "policy/request.h"

struct policy_subject {
    enum policy_principal_kind kind; /* ACCOUNT is the root user; USER, ROLE, SESSION, FEDERATED, SERVICE */
    struct view arn;                 /* of a service its name */
    struct view role;                /* of a session and of a role: the role's ARN; else empty */
    struct view account;             /* empty of a service */
    struct view partition;
    struct view names; /* of an ARN: what follows "user/" and so on */
    bool is_namesake;  /* statements that name a user, role or session meant another before him (KMS.md R-85) */
    char role_text[POLICY_ARN_BYTES];
};

/* False for what is no principal, or when role is no role's ARN of the session. *ret borrows, also from itself. */
REWRAP_MUST_USE bool policy_subject_read(struct view principal, struct view role, struct policy_subject *ret);

/* What the resource of an arn_parse_principal ARN is of; *resource then is what follows "user/" and so on. */
enum policy_principal_kind policy_subject_kind(struct view *resource);

/* The name behind the path: "a" of "team/a". */
struct view policy_last_name(struct view text);

/* How a principal of a statement covers the caller. */
enum policy_cover {
    POLICY_COVERS_NOT = 0,
    POLICY_COVERS_ACCOUNT, /* his account: Allow leaves it to that account's identity policies (KMS.md R-94) */
    POLICY_COVERS_HIM,
};

/* Principal or NotPrincipal of a statement. */
enum policy_cover policy_subject_covered(const struct policy_subject *subject, const struct policy_document *document,
                                         const struct policy_rule *rule);

/* The same for the grantee, or retiring principal, of a grant. */
enum policy_cover policy_subject_is(const struct policy_subject *subject, struct view principal);

/* The ARN of an account's root. */
struct view policy_root_arn(struct view partition, struct view account, char out[POLICY_ARN_BYTES]);
