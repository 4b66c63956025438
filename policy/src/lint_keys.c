/* Condition keys: which KMS has, and which of them a request to rewrapd can have (KMS.md ). */
#include "lint_private.h"

static const struct key {
    const char *name; /* lower case; one that ends in ':' or '/' goes on with a name of the caller's */
    bool told;
} keys[] = {
    {"kms:bypasspolicylockoutsafetycheck", true},
    {"kms:calleraccount", true},
    {"kms:customermasterkeyspec", true},
    {"kms:customermasterkeyusage", true},
    {"kms:datakeypairspec", false},
    {"kms:encryptionalgorithm", true},
    {"kms:encryptioncontext:", true},
    {"kms:encryptioncontextkeys", true},
    {"kms:expirationmodel", false},
    {"kms:grantconstraintsourcearn", true},
    {"kms:grantconstrainttype", true},
    {"kms:granteeprincipal", true},
    {"kms:granteeserviceprincipal", true},
    {"kms:grantisforawsresource", false},
    {"kms:grantoperations", true},
    {"kms:keyagreementalgorithm", false},
    {"kms:keyorigin", true},
    {"kms:keyspec", true},
    {"kms:keyusage", true},
    {"kms:macalgorithm", false},
    {"kms:messagetype", false},
    {"kms:multiregion", true},
    {"kms:multiregionkeytype", false},
    {"kms:primaryregion", false},
    {"kms:recipientattestation:", false},
    {"kms:reencryptonsamekey", true},
    {"kms:replicaregion", false},
    {"kms:requestalias", true},
    {"kms:resourcealiases", true},
    {"kms:retiringprincipal", true},
    {"kms:retiringserviceprincipal", true},
    {"kms:rotationperiodindays", true},
    {"kms:schedulekeydeletionpendingwindowindays", true},
    {"kms:signingalgorithm", false},
    {"kms:trailingdayswithoutkeyusage", false},
    {"kms:validto", false},
    {"kms:viaservice", false},
    {"kms:wrappingalgorithm", false},
    {"kms:wrappingkeyspec", false},
    /* Of AWS's global keys those that are told: of the others there are too many. */
    {"aws:currenttime", true},
    {"aws:epochtime", true},
    {"aws:principalaccount", true},
    {"aws:principalarn", true},
    {"aws:principalisawsservice", true},
    {"aws:principaltype", true},
    {"aws:requestedregion", true},
    {"aws:requesttag/", true},
    {"aws:resourceaccount", true},
    {"aws:resourcetag/", true},
    {"aws:securetransport", true},
    {"aws:tagkeys", true},
    {"aws:userid", true},
    {"aws:username", true},
    {"aws:viaawsservice", true},
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

enum policy_lint_key policy_lint_key_of(struct view name)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (is_named(name, keys[i].name)) {
            return keys[i].told ? POLICY_LINT_KEY_TOLD : POLICY_LINT_KEY_NEVER_TOLD;
        }
    }
    return begins(name, "kms:") ? POLICY_LINT_KEY_UNKNOWN : POLICY_LINT_KEY_NEVER_TOLD;
}
