/* Decisions in words (KMS.md R-112); see policy/evaluate.h. */
#include "policy/evaluate.h"

/* behind is empty for texts without an action. */
static const struct text {
    const char *before;
    const char *behind;
} reasons[] = {
    [POLICY_REASON_BAD_REQUEST] = {"because the request could not be evaluated", NULL},
    [POLICY_REASON_NO_RESOURCE_ALLOW] = {"because no resource-based policy allows the ", " action"},
    [POLICY_REASON_NO_IDENTITY_ALLOW] = {"because no identity-based policy allows the ", " action"},
    [POLICY_REASON_RESOURCE_DENY] = {"with an explicit deny in a resource-based policy", NULL},
    [POLICY_REASON_IDENTITY_DENY] = {"with an explicit deny in an identity-based policy", NULL},
    [POLICY_REASON_KEY_POLICY] = {"because the key policy allows the ", " action"},
    [POLICY_REASON_DELEGATION] =
        {"because the key policy leaves it to the account, and an identity-based policy allows the ", " action"},
    [POLICY_REASON_BOTH_SIDES] =
        {"because the key policy and an identity-based policy of the caller's account allow the ", " action"},
    [POLICY_REASON_GRANT] = {"because a grant allows the ", " action"},
    [POLICY_REASON_IDENTITY] = {"because an identity-based policy allows the ", " action"},
    [POLICY_REASON_ROOT] = {"because the root user is allowed every action in his own account", NULL},
};

static size_t append(char *out, size_t len, struct view text)
{
    size_t room = POLICY_REASON_BYTES - 1 - len;
    size_t count = text.len < room ? text.len : room;
    if (count != 0) {
        memcpy(out + len, text.data, count);
    }
    out[len + count] = '\0';
    return len + count;
}

void policy_reason_write(enum policy_reason reason, struct view action, char out[POLICY_REASON_BYTES])
{
    const struct text *text = &reasons[reason];
    size_t len = append(out, 0, view_of_string(text->before));
    if (text->behind != NULL) {
        len = append(out, len, action);
        append(out, len, view_of_string(text->behind));
    }
}

const char *policy_verdict_text(enum policy_verdict verdict)
{
    static const char *const texts[] = {
        [POLICY_DENIED_IMPLICITLY] = "ImplicitlyDenied",
        [POLICY_DENIED_EXPLICITLY] = "ExplicitlyDenied",
        [POLICY_ALLOWED] = "Allowed",
    };
    return texts[verdict];
}

const char *policy_source_text(enum policy_source source)
{
    static const char *const texts[] = {
        [POLICY_SOURCE_KEY_POLICY] = "keyPolicy",
        [POLICY_SOURCE_IDENTITY_POLICY] = "identityPolicy",
        [POLICY_SOURCE_GRANT] = "grant",
    };
    return texts[source];
}
