/* Why each statement and grant does or does not match; see policy/evaluate.h. */
#include "visit.h"

struct telling {
    struct policy_visitor visitor;
    const struct policy_trace *trace;
};

static void tell(struct policy_visitor *visitor, const struct policy_visit *visit)
{
    const struct policy_trace *trace = ((struct telling *)visitor)->trace;
    bool matched = visit->outcome.step == POLICY_STEP_MATCHED;
    struct policy_trace_entry entry = {
        .statement = policy_visit_describe(visit),
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
    if (!policy_documents_fit(question) || !policy_asking_read(question->request, &asking)) {
        return;
    }
    asking.tells_misses = true;
    asking.is_namesake = question->key_policy_predates_principal;
    struct telling telling = {.visitor = {.see = tell}, .trace = trace};
    policy_visit_all(question, &asking, &telling.visitor);
}
