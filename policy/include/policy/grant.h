/*
 * Grants: what one allows, and what a new one may be (KMS.md section 7, R-115 to R-123). The structs borrow; whoever
 * keeps grants keeps the texts.
 */
#pragma once

#include "base/attr.h"
#include "base/view.h"

#include "policy/request.h"

#define POLICY_GRANT_PAIRS_MAX            8   /* */
#define POLICY_GRANT_PAIR_VALUE_MAX_BYTES 384 /* R-119, in characters there */

/* Operations, R-117, as bits of a set. */
enum policy_grant_operation {
    POLICY_GRANT_DECRYPT = 1 << 0,
    POLICY_GRANT_ENCRYPT = 1 << 1,
    POLICY_GRANT_GENERATE_DATA_KEY = 1 << 2,
    POLICY_GRANT_GENERATE_DATA_KEY_WITHOUT_PLAINTEXT = 1 << 3,
    POLICY_GRANT_RE_ENCRYPT_FROM = 1 << 4,
    POLICY_GRANT_RE_ENCRYPT_TO = 1 << 5,
    POLICY_GRANT_SIGN = 1 << 6,
    POLICY_GRANT_VERIFY = 1 << 7,
    POLICY_GRANT_GET_PUBLIC_KEY = 1 << 8,
    POLICY_GRANT_CREATE_GRANT = 1 << 9,
    POLICY_GRANT_RETIRE_GRANT = 1 << 10,
    POLICY_GRANT_DESCRIBE_KEY = 1 << 11,
    POLICY_GRANT_GENERATE_DATA_KEY_PAIR = 1 << 12,
    POLICY_GRANT_GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT = 1 << 13,
    POLICY_GRANT_GENERATE_MAC = 1 << 14,
    POLICY_GRANT_VERIFY_MAC = 1 << 15,
    POLICY_GRANT_DERIVE_SHARED_SECRET = 1 << 16,
};

#define POLICY_GRANT_OPERATIONS 17

struct policy_pair {
    struct view key;
    struct view value;
};

/* A constraint that was not given differs from one without pairs: Equals of nothing asks for no context at all. */
struct policy_grant_constraints {
    bool has_equals;
    bool has_subset;
    const struct policy_pair *equals; /* EncryptionContextEquals; keys are distinct, in any order */
    size_t equals_count;
    const struct policy_pair *subset; /* EncryptionContextSubset */
    size_t subset_count;
    struct view source_arn; /* empty: none */
};

struct policy_grant {
    struct view id;
    struct view name;            /* empty: none */
    struct view grantee;         /* ARN, or the name of a service */
    struct view retiring;        /* ARN or name of a service; empty: none */
    struct view issuing_account; /* 12 digits */
    uint32_t operations;         /* of enum policy_grant_operation */
    struct policy_grant_constraints constraints;
};

/* "ReEncryptFrom" → its bit; 0 for what is none. Exact. */
uint32_t policy_grant_operation_of_name(struct view name);
/* The name of one bit; NULL for what is none. Walks: bit 0 to POLICY_GRANT_OPERATIONS - 1. Static. */
const char *policy_grant_operation_name(uint32_t operation);

/* True when key and value of every pair, or the whole set, are as asked for; keys and values are compared exactly. */
REWRAP_MUST_USE bool policy_pairs_contain(const struct policy_pair *all, size_t all_count,
                                          const struct policy_pair *wanted, size_t wanted_count);
REWRAP_MUST_USE bool policy_pairs_equal(const struct policy_pair *a, size_t a_count, const struct policy_pair *b,
                                        size_t b_count);

/*
 * whether a grantee of parent may make child by virtue of it: parent has CreateGrant, child's operations are
 * among parent's, its constraints are equal or stricter (Subset to Equals, more pairs; the same SourceArn).
 */
REWRAP_MUST_USE bool policy_grant_may_create(const struct policy_grant *parent, const struct policy_grant *child);

/*
 * the operations that suit a key, by its KeySpec and KeyUsage ("RSA_2048", "ENCRYPT_DECRYPT"); 0 for a usage
 * that there is not.
 */
uint32_t policy_grant_operations_of_key(struct view key_spec, struct view key_usage);
