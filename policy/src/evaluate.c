/* The decision (KMS.md ); see policy/evaluate.h. */
#include "policy/evaluate.h"

#include "actions.h"
#include "caller.h"
#include "visit.h"

/* ---------------------------------------------------------------- what they say together */

#define KEPT_MAX 32 /* visits that are kept to be described; with more of them all is walked through once more */

struct facts {
    struct policy_visitor visitor;
    struct policy_visit *kept; /* KEPT_MAX; NULL: nobody asks for matches */
    size_t matched;
    bool key_denies;
    bool identity_denies;
    bool key_allows_him;
    bool key_allows_account;
    bool identity_allows;
    bool grant_to_him;
    bool grant_to_account;
};

static void gather(struct policy_visitor *visitor, const struct policy_visit *visit)
{
    struct facts *facts = (struct facts *)visitor;
    if (visit->outcome.step != POLICY_STEP_MATCHED) {
        return;
    }
    if (facts->kept != NULL && facts->matched < KEPT_MAX) {
        facts->kept[facts->matched] = *visit;
    }
    facts->matched++;
    bool him = visit->outcome.cover == POLICY_COVERS_HIM;
    bool denies = visit->effect == POLICY_DENY;
    switch (visit->source) {
    case POLICY_SOURCE_KEY_POLICY:
        facts->key_denies |= denies;
        facts->key_allows_him |= !denies && him;
        facts->key_allows_account |= !denies && !him;
        break;
    case POLICY_SOURCE_IDENTITY_POLICY:
        facts->identity_denies |= denies;
        facts->identity_allows |= !denies;
        break;
    case POLICY_SOURCE_GRANT:
        facts->grant_to_him |= him;
        facts->grant_to_account |= !him;
        break;
    }
}

/* Which kinds of Allow were enough, alone or with another. */
struct ways {
    bool key_to_him;
    bool key_to_account;
    bool identity;
    bool grant_to_him;
    bool grant_to_account;
};

static struct policy_decision verdict(enum policy_verdict verdict, enum policy_reason reason)
{
    return (struct policy_decision){.verdict = verdict, .reason = reason};
}

static bool is_root(const struct policy_asking *asking)
{
    return asking->request->caller->kind == POLICY_PRINCIPAL_ACCOUNT;
}

/* No key: the account's own affair. */
static struct policy_decision decide_without_key(const struct facts *facts, const struct policy_asking *asking,
                                                 struct ways *ways)
{
    if (!asking->own) {
        return verdict(POLICY_DENIED_IMPLICITLY, POLICY_REASON_NO_RESOURCE_ALLOW);
    }
    if (!asking->allows_count || (!facts->identity_allows && !is_root(asking))) {
        return verdict(POLICY_DENIED_IMPLICITLY, POLICY_REASON_NO_IDENTITY_ALLOW);
    }
    ways->identity = facts->identity_allows;
    return verdict(POLICY_ALLOWED, facts->identity_allows ? POLICY_REASON_IDENTITY : POLICY_REASON_ROOT);
}

static struct policy_decision decide_for_key(const struct facts *facts, const struct policy_asking *asking,
                                             struct ways *ways)
{
    /* To a service, which has no account and no identity policies, no key is foreign. */
    bool one_side_is_enough = asking->own || asking->request->caller->kind == POLICY_PRINCIPAL_SERVICE;
    if (!one_side_is_enough && !policy_action_crosses_accounts(asking->action)) {
        return verdict(POLICY_DENIED_IMPLICITLY, POLICY_REASON_NO_RESOURCE_ALLOW);
    }
    /* Nobody's identity policies limit the root user of his account. */
    bool identity = facts->identity_allows || is_root(asking);
    ways->key_to_him = facts->key_allows_him && (one_side_is_enough || identity);
    ways->key_to_account = facts->key_allows_account && identity;
    ways->grant_to_him = facts->grant_to_him;
    ways->grant_to_account = facts->grant_to_account && identity;
    ways->identity = ways->key_to_account || ways->grant_to_account || (ways->key_to_him && !one_side_is_enough);
    if (ways->key_to_him || ways->key_to_account) {
        return verdict(POLICY_ALLOWED, !one_side_is_enough ? POLICY_REASON_BOTH_SIDES
                                       : ways->key_to_him  ? POLICY_REASON_KEY_POLICY
                                                           : POLICY_REASON_DELEGATION);
    }
    if (ways->grant_to_him || ways->grant_to_account) {
        return verdict(POLICY_ALLOWED, POLICY_REASON_GRANT);
    }
    bool lacks_identity = facts->key_allows_him || facts->key_allows_account || facts->grant_to_account;
    return verdict(POLICY_DENIED_IMPLICITLY,
                   lacks_identity ? POLICY_REASON_NO_IDENTITY_ALLOW : POLICY_REASON_NO_RESOURCE_ALLOW);
}

static struct policy_decision conclude(const struct facts *facts, const struct policy_asking *asking, struct ways *ways)
{
    if (facts->key_denies) {
        return verdict(POLICY_DENIED_EXPLICITLY, POLICY_REASON_RESOURCE_DENY);
    }
    if (facts->identity_denies) {
        return verdict(POLICY_DENIED_EXPLICITLY, POLICY_REASON_IDENTITY_DENY);
    }
    return asking->has_key ? decide_for_key(facts, asking, ways) : decide_without_key(facts, asking, ways);
}

/* ---------------------------------------------------------------- what made it so */

struct collection {
    struct policy_visitor visitor;
    const struct ways *ways; /* NULL: the denying ones */
    struct policy_match *matches;
    size_t max;
    size_t count;
};

static bool is_enough(const struct ways *ways, const struct policy_visit *visit)
{
    bool him = visit->outcome.cover == POLICY_COVERS_HIM;
    switch (visit->source) {
    case POLICY_SOURCE_KEY_POLICY:
        return him ? ways->key_to_him : ways->key_to_account;
    case POLICY_SOURCE_IDENTITY_POLICY:
        return ways->identity;
    case POLICY_SOURCE_GRANT:
        break;
    }
    return him ? ways->grant_to_him : ways->grant_to_account;
}

static void collect(struct policy_visitor *visitor, const struct policy_visit *visit)
{
    struct collection *collection = (struct collection *)visitor;
    bool denies = visit->effect == POLICY_DENY;
    if (visit->outcome.step != POLICY_STEP_MATCHED || denies != (collection->ways == NULL) ||
        (!denies && !is_enough(collection->ways, visit))) {
        return;
    }
    if (collection->count < collection->max) {
        collection->matches[collection->count] = policy_visit_describe(visit);
    }
    collection->count++;
}

static struct policy_decision decide(const struct policy_question *question, bool key_allows_count,
                                     struct policy_match *matches, size_t max_matches)
{
    struct policy_asking asking;
    if (!policy_documents_fit(question) || !policy_asking_read(question->request, &asking)) {
        return verdict(POLICY_DENIED_IMPLICITLY, POLICY_REASON_BAD_REQUEST);
    }
    asking.is_namesake = question->key_policy_predates_principal;
    struct policy_visit kept[KEPT_MAX];
    struct facts facts = {.visitor = {.see = gather}, .kept = max_matches == 0 ? NULL : kept};
    policy_visit_all(question, &asking, &facts.visitor);
    if (asking.work == 0) {
        return verdict(POLICY_DENIED_IMPLICITLY, POLICY_REASON_BAD_REQUEST);
    }
    facts.key_allows_him &= key_allows_count;
    facts.key_allows_account &= key_allows_count;
    struct ways ways = {0};
    struct policy_decision decision = conclude(&facts, &asking, &ways);
    if (max_matches != 0 && decision.verdict != POLICY_DENIED_IMPLICITLY) {
        struct collection collection = {.visitor = {.see = collect},
                                        .ways = decision.verdict == POLICY_ALLOWED ? &ways : NULL,
                                        .matches = matches,
                                        .max = max_matches};
        for (size_t i = 0; i < facts.matched && facts.matched <= KEPT_MAX; i++) {
            collect(&collection.visitor, &kept[i]);
        }
        if (facts.matched > KEPT_MAX) {
            asking.work = POLICY_WORK_MAX; /* which was enough once */
            policy_visit_all(question, &asking, &collection.visitor);
        }
        decision.matched = collection.count;
    }
    return decision;
}

struct policy_decision policy_decide(const struct policy_question *question, struct policy_match *matches,
                                     size_t max_matches)
{
    return decide(question, true, matches, max_matches);
}

struct policy_decision policy_decide_retire_grant(const struct policy_question *question,
                                                  const struct policy_grant *grant, struct policy_match *matches,
                                                  size_t max_matches)
{
    const struct policy_caller *caller = question->request->caller;
    char root[POLICY_ARN_BYTES];
    struct policy_grant to_retirer = {
        .id = grant->id, .grantee = grant->retiring, .operations = POLICY_GRANT_RETIRE_GRANT};
    struct policy_grant to_issuer = {.id = grant->id, .operations = POLICY_GRANT_RETIRE_GRANT};
    if (caller != NULL && arn_is_account(grant->issuing_account)) {
        to_issuer.grantee = policy_root_arn(caller->partition, grant->issuing_account, root);
    }
    const struct policy_grant *const grants[] = {grant, &to_retirer, &to_issuer};
    struct policy_grant_list list = {.grants = grants, .count = sizeof(grants) / sizeof(grants[0])};
    struct policy_question retirement = *question;
    retirement.grant_lists = &list;
    retirement.grant_list_count = 1;
    return decide(&retirement, false, matches, max_matches);
}

bool policy_may_put_key_policy(const struct policy_question *question)
{
    struct policy_request request = *question->request;
    request.action = view_of_string("kms:PutKeyPolicy");
    struct policy_question later = *question;
    later.request = &request;
    later.grant_list_count = 0;
    return policy_decide(&later, NULL, 0).verdict == POLICY_ALLOWED;
}
