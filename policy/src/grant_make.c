/* What a new grant may be: for its key (KMS.md R-117), and for its parent. See policy/grant.h. */
#include "policy/grant.h"

static bool has_pair(const struct policy_pair *pairs, size_t count, const struct policy_pair *wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (view_equal(pairs[i].key, wanted->key) && view_equal(pairs[i].value, wanted->value)) {
            return true;
        }
    }
    return false;
}

bool policy_pairs_contain(const struct policy_pair *all, size_t all_count, const struct policy_pair *wanted,
                          size_t wanted_count)
{
    for (size_t i = 0; i < wanted_count; i++) {
        if (!has_pair(all, all_count, &wanted[i])) {
            return false;
        }
    }
    return true;
}

bool policy_pairs_equal(const struct policy_pair *a, size_t a_count, const struct policy_pair *b, size_t b_count)
{
    return a_count == b_count && policy_pairs_contain(a, a_count, b, b_count) &&
           policy_pairs_contain(b, b_count, a, a_count);
}

/* Every context that the child lets pass, the parent does. */
static bool equals_is_kept(const struct policy_grant_constraints *parent, const struct policy_grant_constraints *child)
{
    return !parent->has_equals || (child->has_equals && policy_pairs_equal(parent->equals, parent->equals_count,
                                                                           child->equals, child->equals_count));
}

static bool subset_is_kept(const struct policy_grant_constraints *parent, const struct policy_grant_constraints *child)
{
    if (!parent->has_subset) {
        return true;
    }
    if (child->has_equals &&
        policy_pairs_contain(child->equals, child->equals_count, parent->subset, parent->subset_count)) {
        return true;
    }
    return child->has_subset &&
           policy_pairs_contain(child->subset, child->subset_count, parent->subset, parent->subset_count);
}

bool policy_grant_may_create(const struct policy_grant *parent, const struct policy_grant *child)
{
    const struct policy_grant_constraints *of_parent = &parent->constraints;
    const struct policy_grant_constraints *of_child = &child->constraints;
    return (parent->operations & POLICY_GRANT_CREATE_GRANT) != 0 && (child->operations & ~parent->operations) == 0 &&
           equals_is_kept(of_parent, of_child) && subset_is_kept(of_parent, of_child) &&
           (of_parent->source_arn.len == 0 || view_equal(of_parent->source_arn, of_child->source_arn));
}

/* ---------------------------------------------------------------- operations that suit a key */

#define ANY_KEY (POLICY_GRANT_CREATE_GRANT | POLICY_GRANT_RETIRE_GRANT | POLICY_GRANT_DESCRIBE_KEY)
#define ANY_ENCRYPTION                                                                                                 \
    (POLICY_GRANT_DECRYPT | POLICY_GRANT_ENCRYPT | POLICY_GRANT_RE_ENCRYPT_FROM | POLICY_GRANT_RE_ENCRYPT_TO)
#define DATA_KEYS                                                                                                      \
    (POLICY_GRANT_GENERATE_DATA_KEY | POLICY_GRANT_GENERATE_DATA_KEY_WITHOUT_PLAINTEXT |                               \
     POLICY_GRANT_GENERATE_DATA_KEY_PAIR | POLICY_GRANT_GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT)

static const struct suits {
    const char *usage;
    uint32_t symmetric;
    uint32_t others;
} suits[] = {
    {"ENCRYPT_DECRYPT", ANY_KEY | ANY_ENCRYPTION | DATA_KEYS, ANY_KEY | ANY_ENCRYPTION | POLICY_GRANT_GET_PUBLIC_KEY},
    {"SIGN_VERIFY", 0, ANY_KEY | POLICY_GRANT_SIGN | POLICY_GRANT_VERIFY | POLICY_GRANT_GET_PUBLIC_KEY},
    {"GENERATE_VERIFY_MAC", 0, ANY_KEY | POLICY_GRANT_GENERATE_MAC | POLICY_GRANT_VERIFY_MAC},
    {"KEY_AGREEMENT", 0, ANY_KEY | POLICY_GRANT_DERIVE_SHARED_SECRET | POLICY_GRANT_GET_PUBLIC_KEY},
};

uint32_t policy_grant_operations_of_key(struct view key_spec, struct view key_usage)
{
    bool symmetric = view_equal(key_spec, view_of_string("SYMMETRIC_DEFAULT"));
    for (size_t i = 0; i < sizeof(suits) / sizeof(suits[0]); i++) {
        if (view_equal(key_usage, view_of_string(suits[i].usage))) {
            return symmetric ? suits[i].symmetric : suits[i].others;
        }
    }
    return 0;
}
