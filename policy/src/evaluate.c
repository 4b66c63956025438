/* The decision (KMS.md ); see policy/evaluate.h. */
#include "policy/evaluate.h"

#include "actions.h"
#include "grant_private.h"
#include "rule.h"

/* ---------------------------------------------------------------- every statement and grant once */

/* What a visitor is told; the match is made only when it asks, with describe. */
struct visit {
    enum policy_source source;
    const struct policy_identity *identity; /* of an identity policy */
    const struct policy_document *document; /* of a statement */
    const struct policy_grant *grant;
    size_t index;
    enum policy_effect effect;
    struct policy_outcome outcome;
};

struct visitor {
    void (*see)(struct visitor *visitor, const struct visit *visit);
};

static void visit_document(const struct policy_document *document, const struct policy_identity *identity,
                           const struct policy_asking *asking, struct visitor *visitor)
{
    struct visit visit = {.source = identity == NULL ? POLICY_SOURCE_KEY_POLICY : POLICY_SOURCE_IDENTITY_POLICY,
                          .identity = identity,
                          .document = document};
    for (visit.index = 0; visit.index < document->rule_count; visit.index++) {
        const struct policy_rule *rule = &document->rules[visit.index];
        visit.effect = (enum policy_effect)rule->effect;
        visit.outcome = policy_rule_apply(document, rule, asking);
        visitor->see(visitor, &visit);
    }
}

static struct policy_outcome outcome_of_grant(struct policy_grant_result result)
{
    static const enum policy_step steps[] = {
        [POLICY_GRANT_MISS_NONE] = POLICY_STEP_MATCHED,          [POLICY_GRANT_MISS_GRANTEE] = POLICY_STEP_GRANTEE,
        [POLICY_GRANT_MISS_OPERATION] = POLICY_STEP_OPERATION,   [POLICY_GRANT_MISS_CONTEXT] = POLICY_STEP_CONSTRAINT,
        [POLICY_GRANT_MISS_SOURCE_ARN] = POLICY_STEP_SOURCE_ARN,
    };
    return (struct policy_outcome){
        .step = steps[result.miss],
        .cover = result.code == POLICY_GRANT_APPLIES_TO_ACCOUNT ? POLICY_COVERS_ACCOUNT : POLICY_COVERS_HIM,
    };
}

static void visit_grants(const struct policy_question *question, const struct policy_asking *asking,
                         struct visitor *visitor)
{
    struct visit visit = {.source = POLICY_SOURCE_GRANT, .effect = POLICY_ALLOW};
    for (size_t i = 0; i < question->grant_list_count; i++) {
        const struct policy_grant_list *list = &question->grant_lists[i];
        for (size_t k = 0; k < list->count; k++, visit.index++) {
            visit.grant = list->grants[k];
            visit.outcome = outcome_of_grant(
                policy_grant_covers(visit.grant, &asking->subject, asking->request, asking->operation));
            visitor->see(visitor, &visit);
        }
    }
}

static void visit_all(const struct policy_question *question, const struct policy_asking *asking,
                      struct visitor *visitor)
{
    if (asking->has_key && question->key_policy != NULL) {
        visit_document(question->key_policy, NULL, asking, visitor);
    }
    for (size_t i = 0; i < question->identity_count; i++) {
        visit_document(question->identities[i].document, &question->identities[i], asking, visitor);
    }
    if (asking->has_key) {
        visit_grants(question, asking, visitor);
    }
}

static struct policy_match describe(const struct visit *visit)
{
    struct policy_match match = {.source = visit->source, .index = visit->index};
    switch (visit->source) {
    case POLICY_SOURCE_KEY_POLICY:
        match.name = view_of_string("default");
        break;
    case POLICY_SOURCE_IDENTITY_POLICY:
        match.name = visit->identity->name;
        break;
    case POLICY_SOURCE_GRANT:
        match.name = visit->grant->id;
        return match;
    }
    match.sid = policy_document_statement(visit->document, visit->index).sid;
    return match;
}

/* ---------------------------------------------------------------- what they say together */

struct facts {
    struct visitor visitor;
    bool key_denies;
    bool identity_denies;
    bool key_allows_him;
    bool key_allows_account;
    bool identity_allows;
    bool grant_to_him;
    bool grant_to_account;
};

static void gather(struct visitor *visitor, const struct visit *visit)
{
    struct facts *facts = (struct facts *)visitor;
    if (visit->outcome.step != POLICY_STEP_MATCHED) {
        return;
    }
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
    return asking->subject.kind == POLICY_PRINCIPAL_ACCOUNT;
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
    if (!asking->own && !policy_action_crosses_accounts(asking->action)) {
        return verdict(POLICY_DENIED_IMPLICITLY, POLICY_REASON_NO_RESOURCE_ALLOW);
    }
    /* Nobody's identity policies limit the root user of his account, nor a service, which has none. */
    bool identity = facts->identity_allows || is_root(asking);
    bool one_side_is_enough = asking->own || asking->subject.kind == POLICY_PRINCIPAL_SERVICE;
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
    struct visitor visitor;
    const struct ways *ways; /* NULL: the denying ones */
    struct policy_match *matches;
    size_t max;
    size_t count;
};

static bool is_enough(const struct ways *ways, const struct visit *visit)
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

static void collect(struct visitor *visitor, const struct visit *visit)
{
    struct collection *collection = (struct collection *)visitor;
    bool denies = visit->effect == POLICY_DENY;
    if (visit->outcome.step != POLICY_STEP_MATCHED || denies != (collection->ways == NULL) ||
        (!denies && !is_enough(collection->ways, visit))) {
        return;
    }
    if (collection->count < collection->max) {
        collection->matches[collection->count] = describe(visit);
    }
    collection->count++;
}

/* A document of the other kind has other rules: taken for a key policy, an identity policy would name everyone. */
static bool documents_fit(const struct policy_question *question)
{
    if (question->key_policy != NULL && question->key_policy->kind != POLICY_KIND_KEY) {
        return false;
    }
    for (size_t i = 0; i < question->identity_count; i++) {
        if (question->identities[i].document->kind != POLICY_KIND_IDENTITY) {
            return false;
        }
    }
    return true;
}

static struct policy_decision decide(const struct policy_question *question, bool key_allows_count,
                                     struct policy_match *matches, size_t max_matches)
{
    struct policy_asking asking;
    if (!documents_fit(question) || !policy_asking_read(question->request, &asking)) {
        return verdict(POLICY_DENIED_IMPLICITLY, POLICY_REASON_BAD_REQUEST);
    }
    struct facts facts = {.visitor = {.see = gather}};
    visit_all(question, &asking, &facts.visitor);
    facts.key_allows_him &= key_allows_count;
    facts.key_allows_account &= key_allows_count;
    struct ways ways = {0};
    struct policy_decision decision = conclude(&facts, &asking, &ways);
    if (max_matches != 0 && decision.verdict != POLICY_DENIED_IMPLICITLY) {
        struct collection collection = {.visitor = {.see = collect},
                                        .ways = decision.verdict == POLICY_ALLOWED ? &ways : NULL,
                                        .matches = matches,
                                        .max = max_matches};
        visit_all(question, &asking, &collection.visitor);
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
    struct arn caller = {0};
    if (!arn_parse_principal(question->request->principal, &caller)) {
        caller.partition = view_of_string("aws"); /* a service: of no account */
    }
    char root[POLICY_ARN_BYTES];
    struct policy_grant to_retirer = {
        .id = grant->id, .grantee = grant->retiring, .operations = POLICY_GRANT_RETIRE_GRANT};
    struct policy_grant to_issuer = {.id = grant->id, .operations = POLICY_GRANT_RETIRE_GRANT};
    if (arn_is_account(grant->issuing_account)) {
        to_issuer.grantee = policy_root_arn(caller.partition, grant->issuing_account, root);
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

/* ---------------------------------------------------------------- why not */

struct telling {
    struct visitor visitor;
    const struct policy_trace *trace;
};

static void tell(struct visitor *visitor, const struct visit *visit)
{
    const struct policy_trace *trace = ((struct telling *)visitor)->trace;
    bool matched = visit->outcome.step == POLICY_STEP_MATCHED;
    struct policy_trace_entry entry = {
        .statement = describe(visit),
        .effect = visit->effect,
        .stopped_at = visit->outcome.step,
        .detail = visit->outcome.detail,
        .by_account = matched && visit->outcome.cover == POLICY_COVERS_ACCOUNT,
    };
    trace->tell(&entry, trace->argument);
}

void policy_explain(const struct policy_question *question, const struct policy_trace *trace)
{
    struct policy_asking asking;
    if (!documents_fit(question) || !policy_asking_read(question->request, &asking)) {
        return;
    }
    struct telling telling = {.visitor = {.see = tell}, .trace = trace};
    visit_all(question, &asking, &telling.visitor);
}
