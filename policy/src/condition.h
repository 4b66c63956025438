/* Conditions of statements: their operators, and whether one holds for a request (KMS.md ). */
#pragma once

#include "context.h"
#include "document_private.h"

/* How the values of an operator are read and compared. */
enum policy_class {
    POLICY_CLASS_STRING,
    POLICY_CLASS_STRING_FOLD,
    POLICY_CLASS_LIKE,
    POLICY_CLASS_NUMERIC,
    POLICY_CLASS_DATE,
    POLICY_CLASS_BOOL,
    POLICY_CLASS_BINARY,
    POLICY_CLASS_IP,
    POLICY_CLASS_ARN,
    POLICY_CLASS_NULL,
};

enum policy_relation {
    POLICY_EQUAL,
    POLICY_LESS,
    POLICY_LESS_OR_EQUAL,
    POLICY_GREATER,
    POLICY_GREATER_OR_EQUAL,
};

struct policy_operator {
    const char *name;
    enum policy_class class;
    enum policy_relation relation;
    bool negated; /* none of the values may match */
};

/* The operator at that place of the table. */
const struct policy_operator *policy_operator_at(size_t index);

/* "ForAnyValue:StringLikeIfExists" in its parts. False for what is no operator. */
REWRAP_MUST_USE bool policy_operator_read(struct view name, uint8_t *ret_index, enum policy_set *ret_set,
                                          bool *ret_if_exists);

/* Whether text can be a value of that class in a document. */
REWRAP_MUST_USE bool policy_value_is_valid(enum policy_class class, struct view text);

/* Whether the value of a document, without variables, matches what the request says. Not for POLICY_CLASS_NULL. */
REWRAP_MUST_USE bool policy_value_matches(const struct policy_operator *operator, struct view wanted, bool is_pattern,
                                          struct view given);

/* Whether it holds for a request that has not got its key (KMS.md ). */
REWRAP_MUST_USE bool policy_clause_holds_without_key(const struct policy_document *document,
                                                     const struct policy_clause *clause);

/* effect: of the statement. It decides where names of keys that differ in case only have values that disagree. */
REWRAP_MUST_USE bool policy_clause_holds(const struct policy_document *document, const struct policy_clause *clause,
                                         enum policy_effect effect, const struct policy_context *context);
