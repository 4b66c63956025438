/* A document while it is read: what has been compiled so far, and where the reader is. */
#pragma once

#include "base/buffer.h"
#include "condition.h"
#include "document_private.h"
#include "variables.h"

#include <jansson.h>

struct policy_build {
    enum policy_kind kind;
    bool has_variables;
    struct policy_item id;
    struct buffer bytes;   /* the texts */
    struct buffer items;   /* of struct policy_item */
    struct buffer clauses; /* of struct policy_clause */
    struct buffer rules;   /* of struct policy_rule */
    char place[POLICY_PLACE_BYTES];
    size_t place_len;
    struct policy_result *result; /* where the first fault goes */
};

#define POLICY_BUILD_MAX_BYTES                                                                                         \
    ((size_t)4 * POLICY_DOCUMENT_MAX_BYTES) /* a one-byte variable takes five, and a place                             \
                                             */

/* Notes what is wrong at the current place, unless something was already, and returns false. reason is static. */
bool policy_build_fail(struct policy_build *build, enum policy_error code, const char *reason);

/* Goes to ".name" or "[index]" below the current place; what is returned takes policy_build_leave back. */
size_t policy_build_enter(struct policy_build *build, const char *name);
size_t policy_build_enter_index(struct policy_build *build, size_t index);
void policy_build_leave(struct policy_build *build, size_t place);

/* Each adds one thing. False when that has failed, and was noted. */
REWRAP_MUST_USE bool policy_build_text(struct policy_build *build, struct view text, struct policy_encoding encoding,
                                       struct policy_item *ret);
REWRAP_MUST_USE bool policy_build_item(struct policy_build *build, struct policy_item item);
REWRAP_MUST_USE bool policy_build_clause(struct policy_build *build, const struct policy_clause *clause);
REWRAP_MUST_USE bool policy_build_rule(struct policy_build *build, const struct policy_rule *rule);

size_t policy_build_items(const struct policy_build *build);
size_t policy_build_clauses(const struct policy_build *build);

/*
 * Calls read for a text, or for each text of a list, and sets *ret_range to the items that this has added. Numbers and
 * booleans are texts too when scalars says so.
 */
REWRAP_MUST_USE bool policy_build_texts(struct policy_build *build, json_t *json, bool scalars,
                                        bool (*read)(struct policy_build *build, struct view text, void *argument),
                                        void *argument, struct policy_range *ret_range);

/* The whole as one block. NULL without memory. */
struct policy_document *policy_build_finish(const struct policy_build *build);
void policy_build_clear(struct policy_build *build);

/* ---------------------------------------------------------------- parts of a statement, each in a file of its own */

REWRAP_MUST_USE bool policy_build_statement(struct policy_build *build, json_t *json); /* statement.c */
REWRAP_MUST_USE bool policy_build_principals(struct policy_build *build, json_t *json,
                                             struct policy_range *ret); /* principal.c */
REWRAP_MUST_USE bool policy_build_conditions(struct policy_build *build, json_t *json,
                                             struct policy_range *ret); /* clause.c */
