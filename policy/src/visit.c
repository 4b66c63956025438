/* Walking through a question; see visit.h. */
#include "visit.h"

#include "grant_private.h"

/* A document of the other kind has other rules: taken for a key policy, an identity policy would name everyone. */
bool policy_documents_fit(const struct policy_question *question)
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

static void visit_document(const struct policy_document *document, const struct policy_identity *identity,
                           const struct policy_asking *asking, struct policy_visitor *visitor)
{
    struct policy_visit visit = {.source = identity == NULL ? POLICY_SOURCE_KEY_POLICY : POLICY_SOURCE_IDENTITY_POLICY,
                                 .identity = identity,
                                 .document = document};
    for (visit.index = 0; visit.index < document->rule_count; visit.index++) {
        const struct policy_rule *rule = &document->rules[visit.index];
        if (!asking->tells_misses && policy_rule_is_of_others(rule, asking)) {
            continue;
        }
        visit.effect = (enum policy_effect)rule->effect;
        visit.outcome = policy_rule_apply(document, rule, asking);
        visitor->see(visitor, &visit);
    }
}

static void visit_grants(const struct policy_question *question, const struct policy_asking *asking,
                         struct policy_visitor *visitor)
{
    struct policy_visit visit = {.source = POLICY_SOURCE_GRANT, .effect = POLICY_ALLOW};
    for (size_t i = 0; i < question->grant_list_count; i++) {
        const struct policy_grant_list *list = &question->grant_lists[i];
        for (size_t k = 0; k < list->count; k++, visit.index++) {
            visit.grant = list->grants[k];
            visit.outcome = policy_grant_apply(visit.grant, asking);
            visitor->see(visitor, &visit);
        }
    }
}

void policy_visit_all(const struct policy_question *question, const struct policy_asking *asking,
                      struct policy_visitor *visitor)
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

struct policy_match policy_visit_describe(const struct policy_visit *visit)
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
