/* The account rule; see policy/decide.h. */
#include "policy/decide.h"

#include "policy/arn.h"

static const char reason_own_account[] = "because the principal's account owns the resource";
static const char reason_not_covered[] = "because no resource-based policy allows the"; /* KMS.md R-112 */

static struct decision_result denied(void)
{
    return (struct decision_result){.decision = DECISION_DENIED_IMPLICITLY, .reason = reason_not_covered};
}

static bool is_action(struct view action)
{
    struct view service = view_of_string("kms:");
    return action.len > service.len && view_equal(view_of(action.data, service.len), service);
}

/* A resource whose ARN says another account than its owner is a defect of the caller, so it is denied. */
static bool resource_belongs_to(struct view resource, struct view account)
{
    if (view_equal(resource, view_of_string("*"))) {
        return true;
    }
    struct arn arn;
    return arn_parse(resource, &arn) && view_equal(arn.account, account);
}

struct decision_result decide(const struct decision_request *request)
{
    struct arn principal;
    if (!arn_parse_principal(request->principal, &principal) || !is_action(request->action)) {
        return denied();
    }
    if (!view_equal(principal.account, request->resource_account) ||
        !resource_belongs_to(request->resource, request->resource_account)) {
        return denied();
    }
    return (struct decision_result){.decision = DECISION_ALLOWED, .reason = reason_own_account};
}
