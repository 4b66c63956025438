/*
 * One question to policy: who wants to do what with which key, and everything that conditions may ask about (KMS.md
 * section 6). Asked for a caller by authorize.c; by Explain for anybody.
 */
#pragma once

#include "arn_text.h"
#include "facts.h"

#include "policy/evaluate.h"
#include "registry/types.h"

struct operation_asking {
    const struct operations *operations;
    const char *principal; /* ARN */
    const char *account;   /* the principal's */
    const char *action;    /* "kms:ReEncryptFrom" */
    const struct registry_key *key;
    const char *resource; /* ARN when there is no key: an alias, a user or role of the account; or "*" */
    const struct operation_facts *facts;
};

/* Enough for nearly every request; what needs more is on the heap. */
#define OPERATION_QUESTION_KEYS   32
#define OPERATION_QUESTION_VALUES 64

#define OPERATION_USER_ID_BYTES POLICY_ARN_BYTES /* an id is shorter than what it stands for, and the name fits */
#define OPERATION_TIME_BYTES    24

/* Holds itself: do not copy. */
struct operation_question {
    struct policy_question question; /* of this and the next member whatever suits may be changed */
    struct policy_request request;

    const struct registry_principal *principal; /* NULL: not registered */
    int64_t departed_ms;                        /* see operation_departed_ms */
    struct policy_caller caller;
    struct policy_identity identities[PRINCIPAL_MAX_POLICIES];
    struct policy_grant_list grants[POLICY_GRANTEES_MAX];
    const struct policy_grant **kept[POLICY_GRANTEES_MAX]; /* of lists that could not be taken whole */
    char role[POLICY_ARN_BYTES];
    char arn[OPERATION_ARN_KEY_BYTES];
    char user_id[OPERATION_USER_ID_BYTES];
    char now[OPERATION_TIME_BYTES];
    char epoch[OPERATION_TIME_BYTES];

    struct view singles[POLICY_KEYS];
    struct policy_context_key *keys;
    size_t n_keys;
    struct view *values;
    size_t n_values;
    struct policy_context_key few_keys[OPERATION_QUESTION_KEYS];
    struct view few_values[OPERATION_QUESTION_VALUES];
};

/*
 * Makes the question; it is valid until the event loop turns, and the caller clears it. False, with nothing to clear,
 * without memory, or when the principal is none.
 */
REWRAP_MUST_USE bool operation_question_make(const struct operation_asking *asking, struct operation_question *ret);
void operation_question_clear(struct operation_question *question);

/* True when the grant is not younger than the departure (operation_departed_ms) of whom it names, grantee or who may
 * retire it: it meant him, and nobody of the same name since (KMS.md R-118). */
REWRAP_MUST_USE bool operation_grant_predates(const struct registry_grant *grant, int64_t departed_ms);
