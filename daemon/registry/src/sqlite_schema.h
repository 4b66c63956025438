/* What the database looks like, version by version, and whether a file is one of ours. */
#pragma once

#include "result.h"

#include <sqlite3.h>

#define SQLITE_SCHEMA_VERSION 4

/* "rwrp": PRAGMA application_id of every registry. */
#define SQLITE_SCHEMA_APPLICATION 0x72777270

/*
 * Refuses a file of another application, of a newer version, or without a version; writes nothing. An empty file is
 * refused too, or has version 0 when may_be_empty.
 */
REWRAP_MUST_USE struct registry_result sqlite_schema_identify(sqlite3 *db, bool may_be_empty, int *ret_version);

/*
 * Brings the schema from version to SQLITE_SCHEMA_VERSION in one transaction, then compares every table and index with
 * what the versions up to now make: a file which claims to be ours but holds triggers, views, or tables without their
 * checks is refused.
 */
REWRAP_MUST_USE struct registry_result sqlite_schema_upgrade(sqlite3 *db, int version);
