/* GetKeyPolicy, PutKeyPolicy and ListKeyPolicies: each key has one policy, named default (KMS.md ). */
#include "access/policy_check.h"
#include "access/states.h"
#include "change.h"
#include "frame/table.h"
#include "policy_show.h"
#include "request/marker.h"

#include "policy/default_policy.h"
#include "proto/rewrap.pb-c.h"

#include <stdlib.h>
#include <string.h>

static char policy_name[] = "default";

static bool is_the_policy(const char *name)
{
    return name == NULL || strcmp(name, policy_name) == 0;
}

/* ------------------------------------------------------------------ GetKeyPolicy */

static void run_get(struct operation *operation)
{
    const Rewrap__GetKeyPolicyRequest *request = (const Rewrap__GetKeyPolicyRequest *)operation->request;
    const struct registry_key *key;
    if (!operation_admit(operation, OPERATION_MAY_GET_KEY_POLICY, request->key_id, &key)) {
        return;
    }
    if (!is_the_policy(request->policy_name)) {
        operation_fail(operation, OPERATION_NOT_FOUND, "No such policy exists");
        return;
    }
    char text[POLICY_DEFAULT_BYTES];
    policy_default_write(view_of_string(operation->operations->settings.partition), view_of_string(key->account), text);
    char *shown =
        operation_policy_shown(operation->operations, key->policy == NULL ? text : key->policy, key->policy_ms);
    if (shown == NULL) {
        operation_fail_no_memory(operation);
        return;
    }
    Rewrap__GetKeyPolicyResponse response = REWRAP__GET_KEY_POLICY_RESPONSE__INIT;
    response.policy = shown;
    response.policy_name = policy_name;
    operation_finish(operation, &response.base);
    free(shown);
}

const struct operation_kind operation_kind_get_key_policy = {.name = "GetKeyPolicy", .run = run_get};

/* ------------------------------------------------------------------ PutKeyPolicy */

struct put_policy {
    struct operation_change change; /* first */
    int64_t policy_ms;
};

static const Rewrap__PutKeyPolicyRequest *put_of(const struct operation *operation)
{
    return (const Rewrap__PutKeyPolicyRequest *)operation->request;
}

/* The same text once more is a change too: whom it names is found out again. */
static enum operation_decision decide_put(struct operation *operation, const struct registry_key *key,
                                          struct operation_draft *draft)
{
    const Rewrap__PutKeyPolicyRequest *request = put_of(operation);
    struct put_policy *state = operation->state;
    if (!is_the_policy(request->policy_name)) {
        operation_fail(operation, OPERATION_UNSUPPORTED, "A key has one policy, and its name is default.");
        return OPERATION_DECIDED_ANSWERED;
    }
    bool bypass = request->has_bypass_policy_lockout_safety_check && request->bypass_policy_lockout_safety_check;
    if (!operation_key_policy_check(operation, key, request->policy, bypass)) {
        return OPERATION_DECIDED_ANSWERED;
    }
    state->policy_ms = operation_now_ms(operation);
    draft->key.policy = request->policy;
    draft->key.policy_ms = state->policy_ms;
    return OPERATION_DECIDED_WRITE;
}

static bool is_put(const struct operation *operation, const struct registry_key *key)
{
    const struct put_policy *state = operation->state;
    return key->policy != NULL && key->policy_ms == state->policy_ms &&
           strcmp(key->policy, put_of(operation)->policy) == 0;
}

static const struct operation_change_kind put = {
    .permission = OPERATION_MAY_PUT_KEY_POLICY, .decide = decide_put, .is_made = is_put};

static void run_put(struct operation *operation)
{
    const Rewrap__PutKeyPolicyRequest *request = put_of(operation);
    if (request->has_bypass_policy_lockout_safety_check) {
        operation_fact_bool(&operation->facts, OPERATION_FACT_BYPASS_LOCKOUT_CHECK,
                            request->bypass_policy_lockout_safety_check);
    }
    operation_change_start(operation, &put, request->key_id);
}

const struct operation_kind operation_kind_put_key_policy = {
    .name = "PutKeyPolicy", .run = run_put, .state_bytes = sizeof(struct put_policy), .changes = true};

/* ------------------------------------------------------------------ ListKeyPolicies */

static void run_list(struct operation *operation)
{
    const Rewrap__ListKeyPoliciesRequest *request = (const Rewrap__ListKeyPoliciesRequest *)operation->request;
    const struct registry_key *key;
    if (!operation_admit(operation, OPERATION_MAY_LIST_KEY_POLICIES, request->key_id, &key)) {
        return;
    }
    if (request->marker != NULL) { /* one page has them all: none was ever given out */
        operation_marker_refuse(operation);
        return;
    }
    char *list[] = {policy_name};
    Rewrap__ListKeyPoliciesResponse response = REWRAP__LIST_KEY_POLICIES_RESPONSE__INIT;
    response.n_policy_names = 1;
    response.policy_names = list;
    response.has_truncated = true;
    response.truncated = false;
    operation_finish(operation, &response.base);
}

const struct operation_kind operation_kind_list_key_policies = {.name = "ListKeyPolicies", .run = run_list};
