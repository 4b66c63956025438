/* What the database looks like, version by version; see sqlite_schema.h. */
#include "sqlite_migrations.h"

/*
 * One entry a version, never changed once released. Numbers of enumerations (registry/types.h) are checked when rows
 * are read, so that a new one needs no rebuilt table. Keys and their aliases are in one account: the compound foreign
 * key says so.
 */
const char *const sqlite_migrations[SQLITE_SCHEMA_VERSION + 1] = {
    [1] = "CREATE TABLE keys ("
          " key_id BLOB NOT NULL PRIMARY KEY CHECK (length(key_id) = 16),"
          " account TEXT NOT NULL CHECK (length(account) = 12 AND account NOT GLOB '*[^0-9]*'),"
          " token TEXT NOT NULL CHECK (length(token) BETWEEN 1 AND 128),"
          " description TEXT NOT NULL CHECK (length(description) <= 8192),"
          " spec INTEGER NOT NULL CHECK (spec >= 1),"
          " usage INTEGER NOT NULL CHECK (usage >= 1),"
          " state INTEGER NOT NULL CHECK (state >= 1),"
          " boundary INTEGER NOT NULL CHECK (boundary >= 1),"
          " created_ms INTEGER NOT NULL CHECK (created_ms >= 0),"
          " UNIQUE (account, key_id)"
          ") STRICT, WITHOUT ROWID;"

          "CREATE TABLE materials ("
          " key_id BLOB NOT NULL REFERENCES keys (key_id),"
          " version INTEGER NOT NULL CHECK (version >= 1),"
          " material_id BLOB NOT NULL UNIQUE CHECK (length(material_id) = 32),"
          " created_ms INTEGER NOT NULL CHECK (created_ms >= 0),"
          " PRIMARY KEY (key_id, version)"
          ") STRICT, WITHOUT ROWID;"

          "CREATE TABLE tags ("
          " key_id BLOB NOT NULL REFERENCES keys (key_id),"
          " tag_key TEXT NOT NULL CHECK (length(tag_key) BETWEEN 1 AND 128),"
          " tag_value TEXT NOT NULL CHECK (length(tag_value) <= 256),"
          " PRIMARY KEY (key_id, tag_key)"
          ") STRICT, WITHOUT ROWID;"

          "CREATE TABLE aliases ("
          " account TEXT NOT NULL,"
          " name TEXT NOT NULL CHECK (length(name) BETWEEN 7 AND 256 AND name GLOB 'alias/*'),"
          " key_id BLOB NOT NULL,"
          " created_ms INTEGER NOT NULL CHECK (created_ms >= 0),"
          " updated_ms INTEGER NOT NULL CHECK (updated_ms >= 0),"
          " PRIMARY KEY (account, name),"
          " FOREIGN KEY (account, key_id) REFERENCES keys (account, key_id)"
          ") STRICT, WITHOUT ROWID;",

    /* The lives of keys. Version 1 made no second material, but had a place for it: a rotation. The index is for the
     * aliases of a key that is deleted, also where SQLite looks whether there are any. */
    [2] = "ALTER TABLE keys ADD COLUMN deletion_ms INTEGER NOT NULL DEFAULT 0 CHECK (deletion_ms >= 0);"
          "ALTER TABLE keys ADD COLUMN rotation_days INTEGER NOT NULL DEFAULT 0"
          " CHECK (rotation_days BETWEEN 0 AND 2560);"
          "ALTER TABLE keys ADD COLUMN next_rotation_ms INTEGER NOT NULL DEFAULT 0 CHECK (next_rotation_ms >= 0);"
          "ALTER TABLE keys ADD COLUMN revision INTEGER NOT NULL DEFAULT 1 CHECK (revision >= 1);"

          "ALTER TABLE materials ADD COLUMN origin INTEGER NOT NULL DEFAULT 1 CHECK (origin >= 1);"
          "UPDATE materials SET origin = 3 WHERE version > 1;"

          "CREATE INDEX aliases_of_key ON aliases (account, key_id);"

          "CREATE TABLE retired ("
          " material_id BLOB NOT NULL PRIMARY KEY CHECK (length(material_id) = 32),"
          " key_id BLOB NOT NULL CHECK (length(key_id) = 16),"
          " account TEXT NOT NULL CHECK (length(account) = 12 AND account NOT GLOB '*[^0-9]*'),"
          " token TEXT NOT NULL CHECK (length(token) BETWEEN 1 AND 128),"
          " spec INTEGER NOT NULL CHECK (spec >= 1),"
          " boundary INTEGER NOT NULL CHECK (boundary >= 1),"
          " retired_ms INTEGER NOT NULL CHECK (retired_ms >= 0)"
          ") STRICT, WITHOUT ROWID;",

    /* Who may: key policies, principals, grants. Constraints are the bytes of pairs.h, NULL when not given. Grants of
     * one key stand together, as they are loaded and deleted. That no two keys have the same grant id is not for an
     * index to say, which each start would have to compare with a million rows: memory says so (grants.c, load.c). */
    [3] = "ALTER TABLE keys ADD COLUMN policy TEXT CHECK (length(policy) BETWEEN 1 AND 32768);"
          "ALTER TABLE keys ADD COLUMN policy_ms INTEGER NOT NULL DEFAULT 0 CHECK (policy_ms >= 0);"
          "UPDATE keys SET policy_ms = created_ms;"

          "CREATE TABLE principals ("
          " unique_id TEXT NOT NULL PRIMARY KEY CHECK (length(unique_id) = 21),"
          " account TEXT NOT NULL CHECK (length(account) = 12 AND account NOT GLOB '*[^0-9]*'),"
          " kind INTEGER NOT NULL CHECK (kind >= 1),"
          " name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),"
          " path TEXT NOT NULL CHECK (length(path) BETWEEN 1 AND 512),"
          " created_ms INTEGER NOT NULL CHECK (created_ms >= 0),"
          " revision INTEGER NOT NULL CHECK (revision >= 1),"
          " UNIQUE (account, kind, name)"
          ") STRICT, WITHOUT ROWID;"

          "CREATE TABLE identity_policies ("
          " unique_id TEXT NOT NULL REFERENCES principals (unique_id),"
          " name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 128),"
          " policy TEXT NOT NULL CHECK (length(policy) BETWEEN 1 AND 10240),"
          " PRIMARY KEY (unique_id, name)"
          ") STRICT, WITHOUT ROWID;"

          "CREATE TABLE access_keys ("
          " unique_id TEXT NOT NULL REFERENCES principals (unique_id),"
          " access_key_id TEXT NOT NULL UNIQUE CHECK (length(access_key_id) = 20),"
          " secret TEXT NOT NULL CHECK (length(secret) = 40),"
          " status INTEGER NOT NULL CHECK (status >= 1),"
          " created_ms INTEGER NOT NULL CHECK (created_ms >= 0),"
          " PRIMARY KEY (unique_id, access_key_id)"
          ") STRICT, WITHOUT ROWID;"

          "CREATE TABLE departures ("
          " account TEXT NOT NULL CHECK (length(account) = 12 AND account NOT GLOB '*[^0-9]*'),"
          " kind INTEGER NOT NULL CHECK (kind >= 1),"
          " name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),"
          " departed_ms INTEGER NOT NULL CHECK (departed_ms >= 1),"
          " PRIMARY KEY (account, kind, name)"
          ") STRICT, WITHOUT ROWID;"

          "CREATE TABLE grants ("
          " key_id BLOB NOT NULL REFERENCES keys (key_id),"
          " grant_id BLOB NOT NULL CHECK (length(grant_id) = 32),"
          " created_ms INTEGER NOT NULL CHECK (created_ms >= 0),"
          " name TEXT NOT NULL CHECK (length(name) <= 256),"
          " grantee TEXT NOT NULL CHECK (length(grantee) BETWEEN 1 AND 256),"
          " grantee_is_service INTEGER NOT NULL CHECK (grantee_is_service IN (0, 1)),"
          " retiring TEXT NOT NULL CHECK (length(retiring) <= 256),"
          " retiring_is_service INTEGER NOT NULL CHECK (retiring_is_service IN (0, 1)),"
          " issuing_account TEXT NOT NULL CHECK (length(issuing_account) = 12),"
          " operations INTEGER NOT NULL CHECK (operations >= 1),"
          " equals BLOB CHECK (length(equals) >= 1),"
          " subset BLOB CHECK (length(subset) >= 1),"
          " source_arn TEXT NOT NULL CHECK (length(source_arn) <= 512),"
          " PRIMARY KEY (key_id, grant_id)"
          ") STRICT, WITHOUT ROWID;",

    /* Who it was that departed from a name: each has a row. Version 3 kept the time of the last one and not his id,
     * which is empty then, and stays so: what meant him goes on being shown with his ARN. */
    [4] = "ALTER TABLE departures RENAME TO departures_3;"
          "CREATE TABLE departures ("
          " account TEXT NOT NULL CHECK (length(account) = 12 AND account NOT GLOB '*[^0-9]*'),"
          " kind INTEGER NOT NULL CHECK (kind >= 1),"
          " name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),"
          " unique_id TEXT NOT NULL CHECK (length(unique_id) IN (0, 21)),"
          " departed_ms INTEGER NOT NULL CHECK (departed_ms >= 1),"
          " PRIMARY KEY (account, kind, name, unique_id)"
          ") STRICT, WITHOUT ROWID;"
          "INSERT INTO departures SELECT account, kind, name, '', departed_ms FROM departures_3;"
          "DROP TABLE departures_3;",
};
