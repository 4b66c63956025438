/* Every statement and grant of a question, once. */
#pragma once

#include "policy/evaluate.h"
#include "rule.h"

/* What a visitor is told; the match is made only when it asks, with describe. */
struct policy_visit {
    enum policy_source source;
    const struct policy_identity *identity; /* of an identity policy */
    const struct policy_document *document; /* of a statement */
    const struct policy_grant *grant;
    size_t index;
    enum policy_effect effect;
    struct policy_outcome outcome;
};

struct policy_visitor {
    void (*see)(struct policy_visitor *visitor, const struct policy_visit *visit);
};

/* False when a document is not of the kind that its place asks for: then the question has no answer. */
REWRAP_MUST_USE bool policy_documents_fit(const struct policy_question *question);

/* Key policy first, then identity policies, then grants, each in its order; what does not count is left out, and so are
 * statements about other actions unless asking tells misses. */
void policy_visit_all(const struct policy_question *question, const struct policy_asking *asking,
                      struct policy_visitor *visitor);

/* The match that a visit is about. */
struct policy_match policy_visit_describe(const struct policy_visit *visit);
