/* Condition keys of grants; see grant_facts.h. */
#include "grant_facts.h"

static void add_set(struct operation_grant_facts *facts, enum policy_key key, const struct view *values, size_t n)
{
    if (n != 0) {
        facts->keys[facts->n_keys++] = (struct policy_context_key){.key = key, .values = values, .count = n};
    }
}

static void add(struct operation_grant_facts *facts, enum policy_key key, struct view value)
{
    struct view *single = &facts->singles[facts->n_keys];
    *single = value;
    add_set(facts, key, single, value.len == 0 ? 0 : 1);
}

static void add_operations(struct operation_grant_facts *facts, uint32_t operations)
{
    size_t n = 0;
    for (uint32_t bit = 1; bit != UINT32_C(1) << POLICY_GRANT_OPERATIONS; bit <<= 1) {
        if (operations & bit) {
            facts->operations[n++] = view_of_string(policy_grant_operation_name(bit));
        }
    }
    add_set(facts, POLICY_KEY_GRANT_OPERATIONS, facts->operations, n);
}

static void add_types(struct operation_grant_facts *facts, const struct policy_grant_constraints *constraints)
{
    size_t n = 0;
    if (constraints->has_equals) {
        facts->types[n++] = view_of_string("EncryptionContextEquals");
    }
    if (constraints->has_subset) {
        facts->types[n++] = view_of_string("EncryptionContextSubset");
    }
    add_set(facts, POLICY_KEY_GRANT_CONSTRAINT_TYPE, facts->types, n);
}

/* A key that is in both constraints counts once: were its values different, no request could meet both. */
static void gather(struct operation_grant_facts *facts, const struct policy_pair *pairs, size_t n)
{
    size_t known = facts->n_pairs;
    for (size_t i = 0; i < n; i++) {
        bool is_new = true;
        for (size_t k = 0; k < known && is_new; k++) {
            is_new = !view_equal(facts->pairs[k].key, pairs[i].key);
        }
        if (is_new) {
            facts->pairs[facts->n_pairs++] = pairs[i];
        }
    }
}

static void add_pairs(struct operation_grant_facts *facts, const struct policy_grant_constraints *constraints)
{
    gather(facts, constraints->equals, constraints->equals_count);
    gather(facts, constraints->subset, constraints->subset_count);
    for (size_t i = 0; i < facts->n_pairs; i++) {
        facts->pair_keys[i] = facts->pairs[i].key;
        facts->keys[facts->n_keys++] = (struct policy_context_key){.key = POLICY_KEY_ENCRYPTION_CONTEXT,
                                                                   .name = facts->pairs[i].key,
                                                                   .values = &facts->pairs[i].value,
                                                                   .count = 1};
    }
    add_set(facts, POLICY_KEY_ENCRYPTION_CONTEXT_KEYS, facts->pair_keys, facts->n_pairs);
}

void operation_grant_facts_new(const struct registry_grant *grant, struct operation_grant_facts *ret)
{
    const struct policy_grant *terms = &grant->grant;
    *ret = (struct operation_grant_facts){0};
    add(ret, grant->grantee_is_service ? POLICY_KEY_GRANTEE_SERVICE_PRINCIPAL : POLICY_KEY_GRANTEE_PRINCIPAL,
        terms->grantee);
    add(ret, grant->retiring_is_service ? POLICY_KEY_RETIRING_SERVICE_PRINCIPAL : POLICY_KEY_RETIRING_PRINCIPAL,
        terms->retiring);
    add(ret, POLICY_KEY_GRANT_CONSTRAINT_SOURCE_ARN, terms->constraints.source_arn);
    add_operations(ret, terms->operations);
    add_types(ret, &terms->constraints);
    add_pairs(ret, &terms->constraints);
}

void operation_grant_facts_retired(const struct registry_grant *grant, struct operation_grant_facts *ret)
{
    *ret = (struct operation_grant_facts){0};
    add_types(ret, &grant->grant.constraints);
    add_pairs(ret, &grant->grant.constraints);
}
