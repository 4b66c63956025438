/* Reading rows. Their bytes are hostile: each is checked, and what is wrong is said with table and row. */
#pragma once

#include "store.h"

#include <sqlite3.h>

/* Show the visitor all keys, all retired materials, all aliases, principals, departures, grants (store.h). Block. Stop
 * at the first failure, also of the visitor. */
REWRAP_MUST_USE struct registry_result sqlite_rows_keys(sqlite3 *db, const struct store_visitor *visitor, void *arg);
REWRAP_MUST_USE struct registry_result sqlite_rows_retired_all(sqlite3 *db, const struct store_visitor *visitor,
                                                               void *arg);
REWRAP_MUST_USE struct registry_result sqlite_rows_aliases(sqlite3 *db, const struct store_visitor *visitor, void *arg);

REWRAP_MUST_USE struct registry_result sqlite_rows_principals(sqlite3 *db, const struct store_visitor *visitor,
                                                              void *arg);
REWRAP_MUST_USE struct registry_result sqlite_rows_departures(sqlite3 *db, const struct store_visitor *visitor,
                                                              void *arg);
REWRAP_MUST_USE struct registry_result sqlite_rows_grants(sqlite3 *db, const struct store_visitor *visitor, void *arg);

/* *ret is NULL when there is none; otherwise the caller frees it. Untouched on failure. */
REWRAP_MUST_USE struct registry_result sqlite_rows_key(sqlite3 *db, const uint8_t key_id[KEY_ID_BYTES],
                                                       struct key_entry **ret);
REWRAP_MUST_USE struct registry_result sqlite_rows_alias(sqlite3 *db, const char *account, const char *name,
                                                         struct alias_entry **ret);
REWRAP_MUST_USE struct registry_result sqlite_rows_retired(sqlite3 *db, const uint8_t material_id[MATERIAL_ID_BYTES],
                                                           struct retired_entry **ret);

REWRAP_MUST_USE struct registry_result sqlite_rows_principal(sqlite3 *db, const char *unique_id,
                                                             struct principal_entry **ret);
REWRAP_MUST_USE struct registry_result sqlite_rows_grant(sqlite3 *db, const struct grant_place *place,
                                                         struct grant_entry **ret);

/* Those of one key, added to the list, which the caller clears in any case. */
REWRAP_MUST_USE struct registry_result sqlite_rows_retired_of_key(sqlite3 *db, const uint8_t key_id[KEY_ID_BYTES],
                                                                  struct retired_list *list);
