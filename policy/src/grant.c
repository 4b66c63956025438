/* What a grant allows; see policy/grant.h. */
#include "grant_private.h"
#include "pattern.h"

static const char *const names[POLICY_GRANT_OPERATIONS] = {
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "Sign",
    "Verify",
    "GetPublicKey",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "VerifyMac",
    "DeriveSharedSecret",
};

static const struct view actions[POLICY_GRANT_OPERATIONS] = {
    VIEW_INIT("kms:decrypt"),
    VIEW_INIT("kms:encrypt"),
    VIEW_INIT("kms:generatedatakey"),
    VIEW_INIT("kms:generatedatakeywithoutplaintext"),
    VIEW_INIT("kms:reencryptfrom"),
    VIEW_INIT("kms:reencryptto"),
    VIEW_INIT("kms:sign"),
    VIEW_INIT("kms:verify"),
    VIEW_INIT("kms:getpublickey"),
    VIEW_INIT("kms:creategrant"),
    VIEW_INIT("kms:retiregrant"),
    VIEW_INIT("kms:describekey"),
    VIEW_INIT("kms:generatedatakeypair"),
    VIEW_INIT("kms:generatedatakeypairwithoutplaintext"),
    VIEW_INIT("kms:generatemac"),
    VIEW_INIT("kms:verifymac"),
    VIEW_INIT("kms:derivesharedsecret"),
};

uint32_t policy_grant_operation_of_name(struct view name)
{
    for (size_t i = 0; i < POLICY_GRANT_OPERATIONS; i++) {
        if (view_equal(name, view_of_string(names[i]))) {
            return UINT32_C(1) << i;
        }
    }
    return 0;
}

const char *policy_grant_operation_name(uint32_t operation)
{
    for (size_t i = 0; i < POLICY_GRANT_OPERATIONS; i++) {
        if (operation == UINT32_C(1) << i) {
            return names[i];
        }
    }
    return NULL;
}

uint32_t policy_grant_operation_of_action(struct view action)
{
    for (size_t i = 0; i < POLICY_GRANT_OPERATIONS; i++) {
        if (policy_equal_fold(action, actions[i])) {
            return UINT32_C(1) << i;
        }
    }
    return 0;
}

uint32_t policy_grant_operations_of_pattern(struct view pattern, bool is_wild)
{
    uint32_t operations = 0;
    for (size_t i = 0; i < POLICY_GRANT_OPERATIONS; i++) {
        bool matches = is_wild ? policy_glob(pattern, actions[i]) : view_equal(pattern, actions[i]);
        operations |= matches ? UINT32_C(1) << i : 0;
    }
    return operations;
}

/* ---------------------------------------------------------------- constraints */

/* The pair of the request's encryption context with exactly this key and value. */
static bool request_has(const struct policy_context *context, const struct policy_pair *pair)
{
    for (size_t i = 0; i < context->request->context_count; i++) {
        const struct policy_context_key *entry = &context->request->context[i];
        struct view name;
        if (policy_context_pair(context, i, &name) && entry->count == 1 && view_equal(name, pair->key) &&
            view_equal(entry->values[0], pair->value)) {
            return true;
        }
    }
    return false;
}

static size_t request_pairs(const struct policy_context *context)
{
    size_t pairs = 0;
    struct view name;
    for (size_t i = 0; i < context->request->context_count; i++) {
        pairs += policy_context_pair(context, i, &name);
    }
    return pairs;
}

static bool request_has_all(const struct policy_context *context, const struct policy_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!request_has(context, &pairs[i])) {
            return false;
        }
    }
    return true;
}

static bool context_fits(const struct policy_grant_constraints *constraints, const struct policy_context *context)
{
    if (constraints->has_equals && (request_pairs(context) != constraints->equals_count ||
                                    !request_has_all(context, constraints->equals, constraints->equals_count))) {
        return false;
    }
    return !constraints->has_subset || request_has_all(context, constraints->subset, constraints->subset_count);
}

static bool source_fits(const struct policy_grant_constraints *constraints, const struct policy_context *context)
{
    const struct policy_context_name source_arn = {.key = POLICY_KEY_SOURCE_ARN};
    struct view source;
    return constraints->source_arn.len == 0 ||
           (policy_context_single(context, &source_arn, &source) && view_equal(source, constraints->source_arn));
}

static struct policy_outcome stopped(enum policy_step step)
{
    return (struct policy_outcome){.step = step};
}

struct policy_outcome policy_grant_apply(const struct policy_grant *grant, const struct policy_asking *asking)
{
    /* These have no encryption context that a constraint could mean. */
    const uint32_t without_context = POLICY_GRANT_DESCRIBE_KEY | POLICY_GRANT_RETIRE_GRANT;
    enum policy_cover cover = policy_grantee_covers(grant->grantee, asking->request->caller);
    if (cover == POLICY_COVERS_NOT) {
        return stopped(POLICY_STEP_GRANTEE);
    }
    if ((grant->operations & asking->operation) == 0) {
        return stopped(POLICY_STEP_OPERATION);
    }
    if ((asking->operation & without_context) == 0 && !context_fits(&grant->constraints, &asking->context)) {
        return stopped(POLICY_STEP_CONSTRAINT);
    }
    if (!source_fits(&grant->constraints, &asking->context)) {
        return stopped(POLICY_STEP_SOURCE_ARN);
    }
    return (struct policy_outcome){.step = POLICY_STEP_MATCHED, .cover = cover};
}
