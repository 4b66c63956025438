/* Any bytes as an ARN, as a principal and as the parts of a decision: what is taken must be what it says. */
#include "policy/arn.h"
#include "policy/evaluate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static bool inside(struct view part, struct view whole)
{
    return part.len == 0 || (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

/* The parts lie in the text, one behind the other, and with the colons between them they are all of it. */
static void check_parts(struct view text, const struct arn *arn)
{
    require(text.len <= ARN_MAX_BYTES);
    require(inside(arn->partition, text) && inside(arn->service, text) && inside(arn->region, text) &&
            inside(arn->account, text) && inside(arn->resource, text));
    require(3 + 5 + arn->partition.len + arn->service.len + arn->region.len + arn->account.len + arn->resource.len ==
            text.len);
    require(arn_is_partition(arn->partition) && arn_is_account(arn->account) && arn->resource.len != 0);
    require(arn->region.len == 0 || arn_is_region(arn->region));
}

static bool is_allowed(const struct policy_request *request)
{
    struct policy_question question = {.request = request};
    return policy_decide(&question, NULL, 0).verdict == POLICY_ALLOWED;
}

/* Without any policy the root user alone may do something, and with his own account's resources only. */
static void check_decision(struct view text, bool is_principal, const struct arn *arn)
{
    static struct policy_caller caller;
    struct policy_request request = {
        .caller = policy_caller_read(text, &caller) ? &caller : NULL,
        .action = view_of_string("kms:ListKeys"),
        .resource = view_of_string("*"),
        .resource_account = is_principal ? arn->account : view_of_string("111122223333"),
    };
    require(is_allowed(&request) == (is_principal && view_equal(arn->resource, view_of_string("root"))));
    request.resource = text;
    require(policy_caller_read(view_of_string("arn:aws:iam::111122223333:root"), &caller));
    request.caller = &caller;
    request.resource_account = view_of_string("111122223333");
    struct arn resource;
    bool own = view_equal(text, view_of_string("*")) ||
               (arn_parse(text, &resource) && view_equal(resource.account, request.resource_account));
    require(!is_allowed(&request) || own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = view_of(data, size);
    struct arn arn = {.service = view_of_string("untouched")};
    bool is_arn = arn_parse(text, &arn);
    if (is_arn) {
        check_parts(text, &arn);
    } else {
        require(view_equal(arn.service, view_of_string("untouched")));
    }
    struct arn principal = {0};
    bool is_principal = arn_parse_principal(text, &principal);
    require(!is_principal || is_arn);
    check_decision(text, is_principal, &principal);
    require(!arn_is_region(text) || !is_arn);
    require(!arn_is_partition(text) || !is_arn);
    return 0;
}
