/*
 * ExplainReEncrypt: the two decisions that ReEncrypt would have for somebody, and what made them so. The questions are
 * those of the operation itself; here is what is told of the answers. What a caller may know: policy and grants of a
 * key of his own account, identity policies of a principal of his own account, and of everything else nothing but the
 * decision.
 */
#pragma once

#include "access/question.h"
#include "frame/operation.h"

#include "policy/evaluate.h"
#include "proto/rewrap.pb-c.h"

/* Of each side so many are told, the others counted: with the longest names they fill two thirds of a frame. */
#define EXPLAIN_MAX_STATEMENTS  256
#define EXPLAIN_MAX_DECIDING    64
#define EXPLAIN_NAME_BYTES      (POLICY_NAME_MAX_BYTES + 1)
#define EXPLAIN_SID_BYTES       129
#define EXPLAIN_CONDITION_BYTES 161

struct explain_entry {
    Rewrap__PolicyTraceEntry message;
    char name[EXPLAIN_NAME_BYTES];
    char sid[EXPLAIN_SID_BYTES];
    char condition[EXPLAIN_CONDITION_BYTES];
};

/* Entries of one list of a side. */
struct explain_list {
    struct explain_entry *entries; /* owned */
    Rewrap__PolicyTraceEntry **messages;
    size_t n;
    size_t max;
    size_t left_out;
};

/* Whose statements may be told of. */
struct explain_view {
    bool key;      /* key policy and grants */
    bool identity; /* the principal's own policies */
};

/* Takes room for `max` entries. False without memory. */
REWRAP_MUST_USE bool explain_list_init(struct explain_list *list, size_t max);
void explain_list_clear(struct explain_list *list);

/* Every statement and grant of the question that may be told of, and why it did not match. */
void explain_statements(const struct policy_question *question, struct explain_view view, struct explain_list *list);

/* Those of `matches` that may be told of. */
void explain_deciding(const struct policy_match *matches, size_t n, enum policy_verdict verdict,
                      struct explain_view view, struct explain_list *list);
