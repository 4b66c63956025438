/* RetireGrant and RevokeGrant (KMS.md ). */
#include "retire_grant.h"

#include "access/authorize.h"
#include "access/question.h"
#include "access/resolve.h"
#include "access/states.h"
#include "frame/table.h"
#include "grant_facts.h"
#include "grant_token.h"

#include "base/hex.h"
#include "registry/grants.h"

#include <string.h>

struct grant_removal {
    uint8_t grant_id[GRANT_ID_BYTES];
};

/* ------------------------------------------------------------------ which grant */

static void refuse_id(struct operation *operation)
{
    operation_fail(operation, OPERATION_INVALID_GRANT_ID, "The key has no grant with that GrantId.");
}

static const struct registry_grant *find(const struct operation *operation, const struct registry_key *key,
                                         const char *grant_id)
{
    uint8_t id[GRANT_ID_BYTES];
    const struct registry_grant *grant =
        hex_decode(grant_id, id, sizeof id) ? registry_grant_find(operation->operations->registry, id) : NULL;
    bool is_on_key =
        grant != NULL && view_equal(view_of(grant->key_id, KEY_ID_BYTES), view_of(key->key_id, KEY_ID_BYTES));
    return is_on_key ? grant : NULL;
}

const struct registry_grant *operation_grant_find(struct operation *operation, const struct registry_key *key,
                                                  const char *grant_id)
{
    const struct registry_grant *grant = find(operation, key, grant_id);
    if (grant == NULL) {
        refuse_id(operation);
    }
    return grant;
}

/* ------------------------------------------------------------------ the end of both */

/* Somebody else may have been faster. */
static void refuse_gone(struct operation *operation)
{
    bool is_retirement = operation->kind == &operation_kind_retire_grant;
    if (is_retirement && ((const Rewrap__RetireGrantRequest *)operation->request)->grant_token != NULL) {
        operation_grant_token_refuse(operation);
    } else {
        refuse_id(operation);
    }
}

/* Nobody may know whether it was removed (REGISTRY_STORE): the registry, which was read again, may show it. */
static void on_removed(void *arg, struct registry_result result)
{
    struct operation *operation = arg;
    const struct grant_removal *state = operation->state;
    bool is_gone = registry_grant_find(operation->operations->registry, state->grant_id) == NULL;
    if (result.code == REGISTRY_OK || (result.code == REGISTRY_STORE && is_gone)) {
        operation_finish_empty(operation);
    } else if (result.code == REGISTRY_NOT_FOUND) {
        refuse_gone(operation);
    } else {
        operation_fail_with(operation, operation_failure_of_registry(result.code), result.detail);
    }
}

static void remove_grant(struct operation *operation, const struct registry_grant *grant, bool dry_run)
{
    struct grant_removal *state = operation->state;
    if (dry_run) {
        operation_fail_dry_run(operation);
        return;
    }
    memcpy(state->grant_id, grant->id, GRANT_ID_BYTES);
    registry_grant_remove(operation->operations->registry, state->grant_id, on_removed, operation);
}

/* ------------------------------------------------------------------ RetireGrant */

/* The grant as it counts for this caller: where it names him but is older than the last departure from his name, it
 * meant another. His account stays what it was. */
static struct policy_grant terms_for(const struct registry_grant *grant, const struct operation_question *question)
{
    struct policy_grant terms = grant->grant;
    if (!operation_grant_predates(grant, question->departed_ms)) {
        return terms;
    }
    const struct view account = question->caller.grantees[question->caller.grantee_count - 1];
    if (!view_equal(terms.grantee, account)) {
        terms.grantee = view_of(NULL, 0);
    }
    if (!view_equal(terms.retiring, account)) {
        terms.retiring = view_of(NULL, 0);
    }
    return terms;
}

static struct policy_decision decide(struct operation *operation, const struct registry_key *key,
                                     const struct registry_grant *grant)
{
    struct policy_decision decision = {.verdict = POLICY_DENIED_IMPLICITLY, .reason = POLICY_REASON_BAD_REQUEST};
    struct operation_grant_facts facts;
    struct operation_question question;
    operation_grant_facts_retired(grant, &facts);
    operation->facts.more = facts.keys;
    operation->facts.n_more = facts.n_keys;
    if (operation_ask(operation, OPERATION_MAY_RETIRE_GRANT, key, NULL, &question)) {
        struct policy_grant terms = terms_for(grant, &question);
        decision = policy_decide_retire_grant(&question.question, &terms, NULL, 0);
        operation_question_clear(&question);
    }
    operation->facts = (struct operation_facts){0};
    return decision;
}

static bool authorize(struct operation *operation, const struct registry_key *key, const struct registry_grant *grant)
{
    struct policy_decision decision = decide(operation, key, grant);
    if (decision.verdict == POLICY_ALLOWED) {
        return true;
    }
    operation_refuse_key(operation, OPERATION_MAY_RETIRE_GRANT, key, decision.reason);
    return false;
}

static const struct registry_grant *find_by_token(struct operation *operation, const char *token,
                                                  const struct registry_key **ret_key)
{
    uint8_t id[GRANT_ID_BYTES];
    const struct registry_grant *grant =
        operation_grant_token_read(token, id) ? registry_grant_find(operation->operations->registry, id) : NULL;
    *ret_key = grant == NULL ? NULL : operation_find_key(operation, grant->key_id);
    if (*ret_key == NULL) {
        operation_grant_token_refuse(operation);
        return NULL;
    }
    return grant;
}

/* By the ARN: whoever may retire a grant need not be of the key's account, and an id alone says less than it seems to.
 * Of another account's key those are told nothing whom the grant does not name. */
static const struct registry_grant *find_by_id(struct operation *operation, const Rewrap__RetireGrantRequest *request,
                                               const struct registry_key **ret_key)
{
    if (strncmp(request->key_id, "arn:", strlen("arn:")) != 0 &&
        strncmp(request->key_id, "alias/", strlen("alias/")) != 0) {
        operation_fail(operation, OPERATION_INVALID_ARN, "RetireGrant takes the ARN of the key, and not '%s'.",
                       request->key_id);
        return NULL;
    }
    if (!operation_resolve_key(operation, request->key_id, OPERATION_MAY_RETIRE_GRANT, NULL, ret_key)) {
        return NULL;
    }
    const struct registry_grant *grant = find(operation, *ret_key, request->grant_id);
    if (grant == NULL && strcmp((*ret_key)->account, operation->account) != 0) {
        operation_refuse_foreign(operation, OPERATION_MAY_RETIRE_GRANT);
    } else if (grant == NULL) {
        refuse_id(operation);
    }
    return grant;
}

static void retire_grant(struct operation *operation)
{
    const Rewrap__RetireGrantRequest *request = (const Rewrap__RetireGrantRequest *)operation->request;
    bool by_token = request->grant_token != NULL;
    if (by_token ? request->key_id != NULL || request->grant_id != NULL
                 : request->key_id == NULL || request->grant_id == NULL) {
        operation_fail(operation, OPERATION_VALIDATION, "Grant token OR (grant ID, key ID) must be specified");
        return;
    }
    const struct registry_key *key;
    const struct registry_grant *grant =
        by_token ? find_by_token(operation, request->grant_token, &key) : find_by_id(operation, request, &key);
    if (grant != NULL && authorize(operation, key, grant) &&
        operation_check_state(operation, OPERATION_MAY_RETIRE_GRANT, key)) {
        remove_grant(operation, grant, request->has_dry_run && request->dry_run);
    }
}

const struct operation_kind operation_kind_retire_grant = {
    .name = "RetireGrant", .run = retire_grant, .state_bytes = sizeof(struct grant_removal), .changes = true};

/* ------------------------------------------------------------------ RevokeGrant */

static void revoke_grant(struct operation *operation)
{
    const enum operation_permission permission = OPERATION_MAY_REVOKE_GRANT;
    const Rewrap__RevokeGrantRequest *request = (const Rewrap__RevokeGrantRequest *)operation->request;
    const struct registry_key *key;
    if (!operation_admit(operation, permission, request->key_id, &key)) {
        return;
    }
    const struct registry_grant *grant = operation_grant_find(operation, key, request->grant_id);
    if (grant != NULL) {
        remove_grant(operation, grant, request->has_dry_run && request->dry_run);
    }
}

const struct operation_kind operation_kind_revoke_grant = {
    .name = "RevokeGrant", .run = revoke_grant, .state_bytes = sizeof(struct grant_removal), .changes = true};
