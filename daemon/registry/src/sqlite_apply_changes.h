/* The changes, each within the savepoint of sqlite_apply_change, and the steps that they are made of. */
#pragma once

#include "registry/principals.h"
#include "sqlite_apply.h"

sqlite3_stmt *sqlite_apply_handle(struct sqlite_apply *apply, enum sqlite_apply_statement which);

/* Each runs a statement whose parameters were bound (or not: bound is false), and makes it ready for the next time. */

/* *ret_answer is set when the database refused the row. */
REWRAP_MUST_USE struct registry_result sqlite_apply_run(struct sqlite_apply *apply, enum sqlite_apply_statement which,
                                                        bool bound, struct registry_result *ret_answer);

/* It must have met a row, otherwise *ret_answer is REGISTRY_NOT_FOUND with that text. */
REWRAP_MUST_USE struct registry_result sqlite_apply_run_on_row(struct sqlite_apply *apply,
                                                               enum sqlite_apply_statement which, bool bound,
                                                               const char *none, struct registry_result *ret_answer);

/* Looks for a row; when there is one, its first n columns are in ret_numbers. */
REWRAP_MUST_USE struct registry_result sqlite_apply_look(struct sqlite_apply *apply, enum sqlite_apply_statement which,
                                                         bool bound, size_t n, int64_t *ret_numbers, bool *ret_row);

/* Whether the change goes on after a step. */
static inline bool sqlite_apply_goes_on(struct registry_result result, const struct registry_result *answer)
{
    return result.code == REGISTRY_OK && answer->code == REGISTRY_OK;
}

/* Result and *ret_answer as sqlite_apply_change has them. */
#define SQLITE_APPLY_CHANGE(name)                                                                                      \
    REWRAP_MUST_USE struct registry_result sqlite_apply_##name(                                                        \
        struct sqlite_apply *apply, const struct wire_frame *change, struct registry_result *ret_answer)

SQLITE_APPLY_CHANGE(key_add);
SQLITE_APPLY_CHANGE(key_replace);
SQLITE_APPLY_CHANGE(key_remove);
SQLITE_APPLY_CHANGE(retired_remove);
SQLITE_APPLY_CHANGE(alias_add);
SQLITE_APPLY_CHANGE(alias_retarget);
SQLITE_APPLY_CHANGE(alias_remove);
SQLITE_APPLY_CHANGE(principal_add);
SQLITE_APPLY_CHANGE(principal_replace);
SQLITE_APPLY_CHANGE(principal_remove);
SQLITE_APPLY_CHANGE(grant_add);
SQLITE_APPLY_CHANGE(grant_remove);
