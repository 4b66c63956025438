/* Condition keys: which KMS has, and which of them a request to rewrapd can have (KMS.md ). */
#include "lint_private.h"

#include "policy/keys.h"

#define ALWAYS(text, of_keys)                                                                                          \
    {                                                                                                                  \
        .value = (text), .never = "this condition key is always " text " here: the statement never matches",           \
        .is_of_keys = (of_keys)                                                                                        \
    }

static const struct policy_lint_constant always_true = ALWAYS("true", false), always_false = ALWAYS("false", false);
/* A CreateKey that asks for another is refused. */
static const struct policy_lint_constant one_origin = ALWAYS("AWS_KMS", true), one_region = ALWAYS("false", true),
                                         one_usage = ALWAYS("ENCRYPT_DECRYPT", true);

/* What requests differ in has none. */
static const struct policy_lint_constant *const constants[POLICY_KEYS] = {
    [POLICY_KEY_CUSTOMER_MASTER_KEY_USAGE] = &one_usage,
    [POLICY_KEY_KEY_USAGE] = &one_usage,
    [POLICY_KEY_KEY_ORIGIN] = &one_origin,
    [POLICY_KEY_MULTI_REGION] = &one_region,
    [POLICY_KEY_PRINCIPAL_IS_AWS_SERVICE] = &always_false,
    [POLICY_KEY_VIA_AWS_SERVICE] = &always_false,
    [POLICY_KEY_SECURE_TRANSPORT] = &always_true,
};

/* The other keys of KMS, lower case; one that ends in ':' goes on with a name. Of AWS's global ones there are too many.
 */
static const struct view never_told[] = {
    VIEW_INIT("kms:datakeypairspec"),
    VIEW_INIT("kms:expirationmodel"),
    VIEW_INIT("kms:grantisforawsresource"),
    VIEW_INIT("kms:keyagreementalgorithm"),
    VIEW_INIT("kms:macalgorithm"),
    VIEW_INIT("kms:messagetype"),
    VIEW_INIT("kms:multiregionkeytype"),
    VIEW_INIT("kms:primaryregion"),
    VIEW_INIT("kms:recipientattestation:"),
    VIEW_INIT("kms:replicaregion"),
    VIEW_INIT("kms:signingalgorithm"),
    VIEW_INIT("kms:trailingdayswithoutkeyusage"),
    VIEW_INIT("kms:validto"),
    VIEW_INIT("kms:viaservice"),
    VIEW_INIT("kms:wrappingalgorithm"),
    VIEW_INIT("kms:wrappingkeyspec"),
};

static bool begins(struct view text, struct view word)
{
    return text.len > word.len && memcmp(text.data, word.data, word.len) == 0;
}

static bool is_never_told(struct view name)
{
    for (size_t i = 0; i < sizeof(never_told) / sizeof(never_told[0]); i++) {
        bool is_family = never_told[i].data[never_told[i].len - 1] == ':';
        if (is_family ? begins(name, never_told[i]) : view_equal(name, never_told[i])) {
            return true;
        }
    }
    return false;
}

/* Those that have a number are what requests can have: but for the one that grants alone ask for, since no service
 * calls here for a resource of its own. Of a family without a name the name was forgotten. */
static bool is_told(struct view name)
{
    struct view rest;
    enum policy_key key = policy_key_read(name, &rest);
    return key != POLICY_KEY_BY_NAME && key != POLICY_KEY_SOURCE_ARN &&
           (key >= POLICY_KEY_FIRST_WHOLE || rest.len != 0);
}

enum policy_lint_key policy_lint_key_of(struct view name)
{
    if (is_told(name)) {
        return POLICY_LINT_KEY_TOLD;
    }
    bool is_of_kms = begins(name, view_of_string("kms:"));
    return is_of_kms && !is_never_told(name) ? POLICY_LINT_KEY_UNKNOWN : POLICY_LINT_KEY_NEVER_TOLD;
}

const struct policy_lint_constant *policy_lint_key_constant(struct view name)
{
    struct view rest;
    return constants[policy_key_read(name, &rest)];
}
