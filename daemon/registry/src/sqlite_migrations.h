/* The statements that make a schema of the one before, version by version. */
#pragma once

#include "sqlite_schema.h"

extern const char *const sqlite_migrations[SQLITE_SCHEMA_VERSION + 1];
