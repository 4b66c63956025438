/* Condition keys: which KMS has, and which of them a request to rewrapd can have (KMS.md ). */
#include "lint_private.h"

#define ALWAYS(text, of_keys)                                                                                          \
    {                                                                                                                  \
        .value = (text), .never = "this condition key is always " text " here: the statement never matches",           \
        .is_of_keys = (of_keys)                                                                                        \
    }

static const struct policy_lint_constant always_true = ALWAYS("true", false), always_false = ALWAYS("false", false);
/* A CreateKey that asks for another is refused. */
static const struct policy_lint_constant one_origin = ALWAYS("AWS_KMS", true), one_region = ALWAYS("false", true),
                                         one_usage = ALWAYS("ENCRYPT_DECRYPT", true);

static const struct key {
    const char *name; /* lower case; one that ends in ':' or '/' goes on with a name of the caller's */
    bool told;
    const struct policy_lint_constant *always; /* NULL: requests to rewrapd differ in it */
} keys[] = {
    {"kms:bypasspolicylockoutsafetycheck", true, NULL},
    {"kms:calleraccount", true, NULL},
    {"kms:customermasterkeyspec", true, NULL},
    {"kms:customermasterkeyusage", true, &one_usage},
    {"kms:datakeypairspec", false, NULL},
    {"kms:encryptionalgorithm", true, NULL},
    {"kms:encryptioncontext:", true, NULL},
    {"kms:encryptioncontextkeys", true, NULL},
    {"kms:expirationmodel", false, NULL},
    {"kms:grantconstraintsourcearn", true, NULL},
    {"kms:grantconstrainttype", true, NULL},
    {"kms:granteeprincipal", true, NULL},
    {"kms:granteeserviceprincipal", true, NULL},
    {"kms:grantisforawsresource", false, NULL},
    {"kms:grantoperations", true, NULL},
    {"kms:keyagreementalgorithm", false, NULL},
    {"kms:keyorigin", true, &one_origin},
    {"kms:keyspec", true, NULL},
    {"kms:keyusage", true, &one_usage},
    {"kms:macalgorithm", false, NULL},
    {"kms:messagetype", false, NULL},
    {"kms:multiregion", true, &one_region},
    {"kms:multiregionkeytype", false, NULL},
    {"kms:primaryregion", false, NULL},
    {"kms:recipientattestation:", false, NULL},
    {"kms:reencryptonsamekey", true, NULL},
    {"kms:replicaregion", false, NULL},
    {"kms:requestalias", true, NULL},
    {"kms:resourcealiases", true, NULL},
    {"kms:retiringprincipal", true, NULL},
    {"kms:retiringserviceprincipal", true, NULL},
    {"kms:rotationperiodindays", true, NULL},
    {"kms:schedulekeydeletionpendingwindowindays", true, NULL},
    {"kms:signingalgorithm", false, NULL},
    {"kms:trailingdayswithoutkeyusage", false, NULL},
    {"kms:validto", false, NULL},
    {"kms:viaservice", false, NULL},
    {"kms:wrappingalgorithm", false, NULL},
    {"kms:wrappingkeyspec", false, NULL},
    /* Of AWS's global keys those that are told: of the others there are too many. */
    {"aws:currenttime", true, NULL},
    {"aws:epochtime", true, NULL},
    {"aws:principalaccount", true, NULL},
    {"aws:principalarn", true, NULL},
    {"aws:principalisawsservice", true, &always_false},
    {"aws:principaltype", true, NULL},
    {"aws:requestedregion", true, NULL},
    {"aws:requesttag/", true, NULL},
    {"aws:resourceaccount", true, NULL},
    {"aws:resourcetag/", true, NULL},
    {"aws:securetransport", true, &always_true},
    {"aws:tagkeys", true, NULL},
    {"aws:userid", true, NULL},
    {"aws:username", true, NULL},
    {"aws:viaawsservice", true, &always_false},
};

static bool begins(struct view text, const char *word)
{
    size_t len = strlen(word);
    return text.len > len && memcmp(text.data, word, len) == 0;
}

static bool is_named(struct view text, const char *name)
{
    char last = name[strlen(name) - 1];
    return last == ':' || last == '/' ? begins(text, name) : view_equal(text, view_of_string(name));
}

static const struct key *find(struct view name)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (is_named(name, keys[i].name)) {
            return &keys[i];
        }
    }
    return NULL;
}

enum policy_lint_key policy_lint_key_of(struct view name)
{
    const struct key *key = find(name);
    if (key == NULL) {
        return begins(name, "kms:") ? POLICY_LINT_KEY_UNKNOWN : POLICY_LINT_KEY_NEVER_TOLD;
    }
    return key->told ? POLICY_LINT_KEY_TOLD : POLICY_LINT_KEY_NEVER_TOLD;
}

const struct policy_lint_constant *policy_lint_key_constant(struct view name)
{
    const struct key *key = find(name);
    return key == NULL ? NULL : key->always;
}
