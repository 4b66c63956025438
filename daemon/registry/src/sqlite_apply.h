/* Changes as SQL: prepared once, parameters bound. */
#pragma once

#include "sqlite_statement.h"
#include "wire.h"

enum sqlite_apply_statement {
    APPLY_SAVE,
    APPLY_RELEASE,
    APPLY_UNDO,
    APPLY_KEY,
    APPLY_MATERIAL,
    APPLY_TAG,
    APPLY_ALIAS,
    APPLY_RETARGET,
    APPLY_REMOVE,
    APPLY_KEY_SEEN,
    APPLY_KEY_UPDATE,
    APPLY_RETIRE,
    APPLY_KEY_TAGS_OUT,
    APPLY_KEY_ALIASES_OUT,
    APPLY_KEY_MATERIALS_OUT,
    APPLY_KEY_OUT,
    APPLY_RETIRED_KNOWN,
    APPLY_RETIRED_OUT,
    APPLY_KEY_GRANTS_OUT,
    APPLY_PRINCIPAL,
    APPLY_PRINCIPAL_SEEN,
    APPLY_PRINCIPAL_UPDATE,
    APPLY_PRINCIPAL_POLICY,
    APPLY_PRINCIPAL_ACCESS_KEY,
    APPLY_PRINCIPAL_POLICIES_OUT,
    APPLY_PRINCIPAL_ACCESS_KEYS_OUT,
    APPLY_PRINCIPAL_DEPARTS,
    APPLY_DEPARTURES_FORGET,
    APPLY_DEPARTURES_FORGOTTEN,
    APPLY_PRINCIPAL_OUT,
    APPLY_GRANT,
    APPLY_GRANT_OUT,
    APPLY_STATEMENTS
};

struct sqlite_apply {
    sqlite3 *db; /* borrowed */
    struct sqlite_statement statements[APPLY_STATEMENTS];
};

/* On failure nothing is left prepared. */
REWRAP_MUST_USE struct registry_result sqlite_apply_init(struct sqlite_apply *apply, sqlite3 *db);
void sqlite_apply_clear(struct sqlite_apply *apply);

/*
 * Makes one change within the open transaction, wholly or not at all. *ret_answer is what the asker is told when the
 * transaction commits: REGISTRY_OK, EXISTS, NOT_FOUND, CONFLICT, or REGISTRY_STORE when the database's own checks
 * refused it. The result is REGISTRY_STORE when the transaction itself is lost (disk full, I/O error): then it must be
 * rolled back and nothing of it was done.
 */
REWRAP_MUST_USE struct registry_result sqlite_apply_change(struct sqlite_apply *apply, const struct wire_frame *change,
                                                           struct registry_result *ret_answer);
