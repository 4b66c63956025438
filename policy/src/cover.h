/* Whom the principals of statements and grants cover. */
#pragma once

#include "document_private.h"
#include "policy/caller.h"

/* How a principal covers the caller. */
enum policy_cover {
    POLICY_COVERS_NOT = 0,
    POLICY_COVERS_ACCOUNT, /* his account: Allow leaves it to that account's identity policies (KMS.md R-94) */
    POLICY_COVERS_HIM,
};

/*
 * Principal or NotPrincipal of a statement. is_namesake: the users, roles and sessions that it names
 * are others, who had those names before.
 */
enum policy_cover policy_statement_covers(const struct policy_document *document, const struct policy_rule *rule,
                                          const struct policy_caller *caller, bool is_namesake);

/* The same for the grantee, or retiring principal, of a grant. */
enum policy_cover policy_grantee_covers(struct view grantee, const struct policy_caller *caller);
