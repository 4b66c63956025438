/* What a grant may contain; see check.h. */
#include "check.h"

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_made_of(struct view text, const char *others)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (!is_letter_or_digit(c) && (c == '\0' || strchr(others, c) == NULL)) {
            return false;
        }
    }
    return true;
}

/* The pattern of the API (KMS.md R-115), which names of services follow too. What a principal is, operations know. */
static bool is_principal(struct view principal)
{
    return principal.len <= GRANT_PRINCIPAL_MAX_BYTES && is_made_of(principal, "_+=,.@:/-");
}

static const char *check_pair(const struct policy_pair *pair)
{
    if (pair->key.len > GRANT_PAIR_KEY_MAX_BYTES || !check_text(pair->key, GRANT_PAIR_KEY_MAX_BYTES)) {
        return "key of a constraint is not UTF-8 or too long";
    }
    return check_text(pair->value, POLICY_GRANT_PAIR_VALUE_MAX_BYTES)
               ? NULL
               : "value of a constraint is not UTF-8 or too long";
}

static const char *check_pairs(bool given, const struct policy_pair *pairs, size_t n)
{
    if (n > POLICY_GRANT_PAIRS_MAX || (!given && n != 0)) {
        return "constraint has too many pairs";
    }
    for (size_t i = 0; i < n; i++) {
        const char *wrong = check_pair(&pairs[i]);
        if (wrong != NULL) {
            return wrong;
        }
        for (size_t k = 0; k < i; k++) {
            if (view_equal(pairs[i].key, pairs[k].key)) {
                return "constraint has a key twice";
            }
        }
    }
    return NULL;
}

static const char *check_constraints(const struct policy_grant_constraints *constraints)
{
    const char *wrong = check_pairs(constraints->has_equals, constraints->equals, constraints->equals_count);
    if (wrong == NULL) {
        wrong = check_pairs(constraints->has_subset, constraints->subset, constraints->subset_count);
    }
    const struct view arn = constraints->source_arn;
    if (wrong == NULL && (arn.len > GRANT_SOURCE_ARN_MAX_BYTES || !check_text(arn, GRANT_SOURCE_ARN_MAX_BYTES))) {
        wrong = "source ARN is not UTF-8 or too long";
    }
    return wrong;
}

const char *check_grant(const struct registry_grant *grant)
{
    const struct policy_grant *terms = &grant->grant;
    if (terms->name.len > GRANT_NAME_MAX_BYTES || !is_made_of(terms->name, ":/_-")) {
        return "name of a grant is too long or not allowed";
    }
    if (terms->grantee.len == 0 || !is_principal(terms->grantee)) {
        return "grantee is empty, too long or not allowed";
    }
    if (!is_principal(terms->retiring) || (terms->retiring.len == 0 && grant->retiring_is_service)) {
        return "retiring principal is too long or not allowed";
    }
    if (terms->operations == 0 || terms->operations >> POLICY_GRANT_OPERATIONS != 0) {
        return "operations of a grant are none or unknown";
    }
    const char *wrong = check_account(terms->issuing_account);
    if (wrong == NULL) {
        wrong = check_time(grant->created_ms);
    }
    return wrong != NULL ? wrong : check_constraints(&terms->constraints);
}
