/* Whether a statement matches: principal, action, resource, conditions, in this order; see rule.h. */
#include "rule.h"

#include "actions.h"
#include "condition.h"
#include "grant_private.h"
#include "pattern.h"
#include "variables.h"

/* ---------------------------------------------------------------- the request */

static bool is_name(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* "kms:reencryptfrom": letters, digits and one colon. */
static bool read_action(struct policy_asking *asking, struct view action)
{
    size_t colon = 0;
    if (action.len > sizeof(asking->action_text)) {
        return false;
    }
    for (size_t i = 0; i < action.len; i++) {
        uint8_t c = policy_lower(action.data[i]);
        if (!is_name(c)) {
            if (c != ':' || colon != 0 || i == 0) {
                return false;
            }
            colon = i;
        }
        asking->action_text[i] = (char)c;
    }
    asking->action = view_of(asking->action_text, action.len);
    return colon != 0 && colon + 1 < action.len;
}

static bool begins(struct view text, const char *word)
{
    size_t len = strlen(word);
    return text.len > len && memcmp(text.data, word, len) == 0;
}

/* A resource whose ARN says another account than its owner is a defect of whoever asks. */
static bool read_resource(struct policy_asking *asking, const struct policy_request *request)
{
    asking->has_key = false;
    asking->allows_count = true;
    if (view_equal(request->resource, view_of_string("*"))) {
        return true;
    }
    struct arn arn;
    if (!arn_parse(request->resource, &arn) || !view_equal(arn.account, request->resource_account)) {
        return false;
    }
    if (!view_equal(arn.service, view_of_string("kms"))) {
        return true; /* a user or role, for instance: no policy of its own */
    }
    asking->has_key = begins(arn.resource, "key/");
    if (asking->has_key) {
        return true;
    }
    asking->allows_count = policy_action_is_for_aliases(asking->action);
    return begins(arn.resource, "alias/");
}

/* Somebody's: of "*" the caller's own, who may be a service, which is of no account. */
static bool has_owner(const struct policy_request *request)
{
    return request->resource_account.len == 0
               ? request->caller->kind == POLICY_PRINCIPAL_SERVICE && view_equal(request->resource, view_of_string("*"))
               : arn_is_account(request->resource_account);
}

bool policy_asking_read(const struct policy_request *request, struct policy_asking *ret)
{
    ret->request = request;
    ret->tells_misses = ret->is_namesake = false;
    ret->work = POLICY_WORK_MAX;
    if (request->caller == NULL || !has_owner(request) || !policy_context_init(&ret->context, request, &ret->work) ||
        !read_action(ret, request->action) || !read_resource(ret, request)) {
        return false;
    }
    ret->own = request->caller->account.len != 0 && view_equal(request->caller->account, request->resource_account);
    ret->operation = policy_grant_operation_of_action(ret->action);
    return true;
}

/* ---------------------------------------------------------------- the statement */

static bool item_matches(const struct policy_document *document, struct policy_item item,
                         const struct policy_context *context, struct view text)
{
    struct view pattern = policy_item_view(document, item);
    if ((item.flags & POLICY_ITEM_ANY) != 0) {
        return true;
    }
    if (!policy_context_spend(context, text.len)) {
        return false;
    }
    if ((item.flags & (POLICY_ITEM_WILD | POLICY_ITEM_VARIABLE)) == 0) {
        return view_equal(pattern, text);
    }
    if ((item.flags & POLICY_ITEM_VARIABLE) == 0) {
        return policy_glob(pattern, text);
    }
    uint8_t expanded[POLICY_EXPANDED_BYTES];
    size_t len;
    return policy_expand(pattern, context, expanded, &len) && policy_context_spend(context, len) &&
           policy_glob(view_of(expanded, len), text);
}

static bool some_item_matches(const struct policy_document *document, struct policy_range range,
                              const struct policy_context *context, struct view text)
{
    for (size_t i = 0; i < range.count; i++) {
        if (item_matches(document, document->items[range.first + i], context, text)) {
            return true;
        }
    }
    return false;
}

/* Without an element there is nothing to match, nor to exclude. */
static bool element_matches(const struct policy_document *document, struct policy_range range, bool negated,
                            const struct policy_context *context, struct view text)
{
    return range.count != 0 && some_item_matches(document, range, context, text) != negated;
}

static bool action_matches(const struct policy_document *document, const struct policy_rule *rule,
                           const struct policy_asking *asking)
{
    return asking->operation != 0
               ? (rule->operations & asking->operation) != 0
               : element_matches(document, rule->actions, rule->not_action, &asking->context, asking->action);
}

static struct policy_outcome stopped(enum policy_step step, size_t detail)
{
    return (struct policy_outcome){.step = step, .detail = detail};
}

struct policy_outcome policy_rule_apply(const struct policy_document *document, const struct policy_rule *rule,
                                        const struct policy_asking *asking)
{
    enum policy_cover cover = policy_statement_covers(document, rule, asking->request->caller, asking->is_namesake);
    if (cover == POLICY_COVERS_NOT) {
        return stopped(POLICY_STEP_PRINCIPAL, 0);
    }
    if (!action_matches(document, rule, asking)) {
        return stopped(POLICY_STEP_ACTION, 0);
    }
    if (!element_matches(document, rule->resources, rule->not_resource, &asking->context, asking->request->resource)) {
        return stopped(POLICY_STEP_RESOURCE, 0);
    }
    for (size_t i = 0; i < rule->clauses.count; i++) {
        const struct policy_clause *clause = &document->clauses[rule->clauses.first + i];
        if (!policy_clause_holds(document, clause, (enum policy_effect)rule->effect, &asking->context)) {
            return stopped(POLICY_STEP_CONDITION, i);
        }
    }
    return (struct policy_outcome){.step = POLICY_STEP_MATCHED, .cover = cover};
}
