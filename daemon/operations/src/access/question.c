/* Questions to policy; see question.h. */
#include "question_keys.h"
#include "who.h"

#include "registry/grants.h"

#include <stdlib.h>
#include <string.h>

static const struct operation_facts no_facts;

void operation_question_clear(struct operation_question *question)
{
    for (size_t i = 0; i < POLICY_GRANTEES_MAX; i++) {
        free(question->kept[i]);
    }
    if (question->keys != question->few_keys) {
        free(question->keys);
    }
    if (question->values != question->few_values) {
        free(question->values);
    }
}

/* ------------------------------------------------------------------ policies and grants */

/* In the same millisecond too: nobody knows which was first. */
static bool predates(int64_t written_ms, int64_t departed_ms)
{
    return departed_ms != 0 && written_ms <= departed_ms;
}

bool operation_grant_predates(const struct registry_grant *grant, int64_t departed_ms)
{
    return predates(grant->created_ms, departed_ms);
}

/* Leaves out the grants that meant another of his name. */
static bool leave_out(struct operation_question *question, size_t index)
{
    struct policy_grant_list *list = &question->grants[index];
    size_t older = 0;
    if (question->departed_ms == 0) {
        return true;
    }
    for (size_t i = 0; i < list->count; i++) {
        older += operation_grant_predates(registry_grant_of(list->grants[i]), question->departed_ms);
    }
    if (older == 0) {
        return true;
    }
    const struct policy_grant **kept = calloc(list->count, sizeof *kept);
    if (kept == NULL) {
        return false;
    }
    size_t n = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (!operation_grant_predates(registry_grant_of(list->grants[i]), question->departed_ms)) {
            kept[n++] = list->grants[i];
        }
    }
    question->kept[index] = kept;
    *list = (struct policy_grant_list){.grants = kept, .count = n};
    return true;
}

static bool take_grants(const struct operation_asking *asking, struct operation_question *question)
{
    const struct policy_caller *caller = &question->caller;
    registry_grants_for_each(asking->operations->registry, asking->key, caller->grantees, caller->grantee_count,
                             question->grants);
    for (size_t i = 0; i < caller->grantee_count; i++) {
        bool is_account = i + 1 == caller->grantee_count; /* the account is the same whoever he is */
        if (!is_account && !leave_out(question, i)) {
            return false;
        }
    }
    question->question.grant_lists = question->grants;
    question->question.grant_list_count = caller->grantee_count;
    return true;
}

/* False without memory: a policy that is left out may be one that denies. */
static bool take_identities(struct operation_question *question)
{
    const struct registry_principal *principal = question->principal;
    size_t n = principal == NULL ? 0 : principal->n_policies;
    for (size_t i = 0; i < n && i < PRINCIPAL_MAX_POLICIES; i++) {
        const struct registry_identity_policy *policy = &principal->policies[i];
        const struct policy_document *document = registry_policy_document(policy->compiled);
        if (document == NULL) {
            return false;
        }
        registry_policy_prefetch(policy->compiled);
        question->identities[question->question.identity_count++] =
            (struct policy_identity){.name = view_of_string(policy->name), .document = document};
    }
    question->question.identities = question->identities;
    return true;
}

/* ------------------------------------------------------------------ all of it */

/* The ARN of a session does not have the path of its role, which the registry knows. */
static bool read_caller(const struct operation_asking *asking, struct operation_question *ret)
{
    struct policy_caller *caller = &ret->caller;
    ret->request.caller = caller;
    if (!policy_caller_read(view_of_string(asking->principal), caller) || caller->kind == POLICY_PRINCIPAL_SERVICE) {
        return false;
    }
    ret->principal = operation_principal_of_caller(asking->operations, caller, &ret->departed_ms);
    if (caller->kind != POLICY_PRINCIPAL_SESSION || ret->principal == NULL || strcmp(ret->principal->path, "/") == 0) {
        return true;
    }
    operation_principal_arn(asking->operations, ret->principal, ret->role);
    return policy_caller_take_role(caller, view_of_string(ret->role));
}

/* False without memory, as above. A key that is not made yet has no policy. */
static bool take_key_policy(const struct registry_key *key, struct operation_question *question)
{
    if (key == NULL || key->compiled == NULL) {
        return true;
    }
    question->question.key_policy = registry_policy_document(key->compiled);
    return question->question.key_policy != NULL;
}

static void name_resource(const struct operation_asking *asking, struct operation_question *ret)
{
    const struct registry_key *key = asking->key;
    ret->request.action = view_of_string(asking->action);
    if (key == NULL) {
        ret->request.resource = view_of_string(asking->resource);
        ret->request.resource_account = view_of_string(asking->account);
        return;
    }
    operation_arn_of_key(asking->operations, key->account, key->key_id_text, ret->arn);
    ret->request.resource = view_of_string(ret->arn);
    ret->request.resource_account = view_of_string(key->account);
    ret->question.key_policy_predates_principal = predates(key->policy_ms, ret->departed_ms);
}

bool operation_question_make(const struct operation_asking *asking, struct operation_question *ret)
{
    const struct operation_facts *facts = asking->facts == NULL ? &no_facts : asking->facts;
    ret->question = (struct policy_question){.request = &ret->request};
    ret->request = (struct policy_request){0};
    memset(ret->kept, 0, sizeof ret->kept);
    memset(ret->singles, 0, sizeof ret->singles);
    ret->n_keys = ret->n_values = 0;
    /* Three steps through a key that is in no cache, with work between them that needs none of it. */
    if (asking->key != NULL) {
        registry_key_prefetch_parts(asking->key);
    }
    if (!read_caller(asking, ret)) {
        return false;
    }
    if (asking->key != NULL) {
        registry_key_prefetch_contents(asking->key);
    }
    if (!operation_question_make_room(asking->key, facts, ret) || !take_identities(ret) ||
        !take_key_policy(asking->key, ret) || (asking->key != NULL && !take_grants(asking, ret))) {
        operation_question_clear(ret);
        return false;
    }
    name_resource(asking, ret);
    operation_question_add_keys(asking, facts, ret);
    return true;
}
