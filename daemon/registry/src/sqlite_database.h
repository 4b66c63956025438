/* A connection to the database with everything set that durability and a hostile file ask for. */
#pragma once

#include "result.h"

#include <sqlite3.h>

/*
 * Opens the registry at path; upgrades its schema. Blocks. On failure *ret is untouched. The caller closes with
 * sqlite3_close. Both the loading daemon and the writer come through here.
 */
REWRAP_MUST_USE struct registry_result sqlite_database_open(const char *path, sqlite3 **ret);

/* Makes a new, empty registry at path, where there is none: after a failure or a power cut there still is none. Blocks.
 */
REWRAP_MUST_USE struct registry_result sqlite_database_make(const char *path);

/* Reads all pages and indices: REGISTRY_STORE when the file is damaged. Leaves a large cache: for a connection that is
 * closed soon. */
REWRAP_MUST_USE struct registry_result sqlite_database_examine(sqlite3 *db);
