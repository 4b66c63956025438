/* What the registry knows of a key, its materials and its aliases. Read-only to everyone but the registry. */
#pragma once

#include "base/uuid.h"
#include "policy/grant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct registry_policy; /* see registry_policy_document */
struct key_entry;       /* private to the registry */

#define KEY_ID_BYTES         UUID_BYTES
#define MATERIAL_ID_BYTES    32
#define ACCOUNT_TEXT_BYTES   13 /* 12 digits and the NUL */
#define ALIAS_NAME_MAX_BYTES 256

/*
 * Stored as these numbers: never renumber, only add. This version makes no HMAC key, no key to sign with and none that
 * waits for an import; where the registry has one, the operations refuse it for what it is.
 */
enum key_spec {
    KEY_SPEC_SYMMETRIC_DEFAULT = 1,
    KEY_SPEC_RSA_2048 = 2,
    KEY_SPEC_RSA_3072 = 3,
    KEY_SPEC_RSA_4096 = 4,
    KEY_SPEC_HMAC_256 = 5
};
enum key_usage { KEY_USAGE_ENCRYPT_DECRYPT = 1, KEY_USAGE_SIGN_VERIFY = 2, KEY_USAGE_GENERATE_VERIFY_MAC = 3 };
enum key_state {
    KEY_STATE_ENABLED = 1,
    KEY_STATE_DISABLED = 2,
    KEY_STATE_PENDING_DELETION = 3,
    KEY_STATE_PENDING_IMPORT = 4
};
enum key_boundary { KEY_BOUNDARY_SEALED = 1, KEY_BOUNDARY_OPEN = 2 };

/* How a key came by a material. */
enum material_origin { MATERIAL_FIRST = 1, MATERIAL_ROTATED_AUTOMATICALLY = 2, MATERIAL_ROTATED_ON_DEMAND = 3 };

struct registry_material {
    uint8_t id[MATERIAL_ID_BYTES]; /* the CKA_ID of its object on the token */
    int64_t created_ms;            /* when the key came by it: milliseconds since the epoch */
    enum material_origin origin;
};

struct registry_tag {
    char *key;
    char *value;
};

struct registry_key {
    uint8_t key_id[KEY_ID_BYTES];
    char key_id_text[UUID_TEXT_BYTES];
    char account[ACCOUNT_TEXT_BYTES]; /* the owner */
    char *token;                      /* name of its [token NAME] section */
    char *description;                /* never NULL */
    enum key_spec spec;
    enum key_usage usage;
    enum key_state state;
    enum key_boundary boundary;
    int64_t created_ms;
    int64_t deletion_ms;                 /* KEY_STATE_PENDING_DELETION: the end of the waiting period; else 0 */
    unsigned rotation_days;              /* the period of automatic rotation; 0: there is none */
    int64_t next_rotation_ms;            /* with a period: when the next is due; else 0 */
    uint64_t revision;                   /* goes up with each change of the key; see registry_key_replace */
    struct registry_material *materials; /* at least one; the last is the current one */
    size_t n_materials;
    struct registry_tag *tags;
    size_t n_tags;
    size_t n_aliases;                 /* how many aliases point here */
    char *policy;                     /* the key policy as it was put; NULL: the default one (KMS.md R-91) */
    int64_t policy_ms;                /* when it was put; with the default, when the key was made */
    struct registry_policy *compiled; /* policy, or the default one; the registry's, shared by keys */
    /* The registry's, with grants and aliases; of a copy of the key, valid until the event loop turns. A change that
     * waits has one of its own, with neither. NULL: the key is not the registry's. */
    const struct key_entry *entry;
};

/* ------------------------------------------------------------------ who there is (KMS.md) */

#define PRINCIPAL_NAME_MAX_BYTES 64  /* of a user or role: [A-Za-z0-9_+=,.@-] */
#define PRINCIPAL_PATH_MAX_BYTES 512 /* "/" or "/a/b/" */
#define PRINCIPAL_ID_BYTES       22  /* "AIDA…" or "AROA…": 21 characters and the NUL; never used again */
#define POLICY_NAME_MAX_BYTES    128 /* of an identity policy: [A-Za-z0-9_+=,.@-] */
#define PRINCIPAL_MAX_POLICIES   20
#define PRINCIPAL_POLICY_MAX_BYTES                                                                                     \
    10240                            /* of one identity policy: AWS's limit for a role's inline policies together      \
                                      */
#define PRINCIPAL_MAX_ACCESS_KEYS 2  /* AWS's quota */
#define ACCESS_KEY_ID_BYTES       21 /* "AKIA…": 20 characters and the NUL */
#define ACCESS_KEY_SECRET_BYTES   41 /* 40 characters and the NUL */

/* Stored as these numbers: never renumber, only add. */
enum principal_kind { PRINCIPAL_USER = 1, PRINCIPAL_ROLE = 2 };
enum access_key_status { ACCESS_KEY_ACTIVE = 1, ACCESS_KEY_INACTIVE = 2 };

struct registry_identity_policy {
    char *name;
    char *text;                       /* as it was put */
    struct registry_policy *compiled; /* the registry's, shared */
};

struct registry_access_key {
    char id[ACCESS_KEY_ID_BYTES];
    char secret[ACCESS_KEY_SECRET_BYTES]; /* in wiped memory; never logged */
    enum access_key_status status;
    int64_t created_ms;
};

struct registry_principal {
    char account[ACCOUNT_TEXT_BYTES];
    enum principal_kind kind;
    char *name;
    char *path;
    char unique_id[PRINCIPAL_ID_BYTES];
    int64_t created_ms;
    uint64_t revision;                         /* goes up with each change; see registry_principal_replace */
    struct registry_identity_policy *policies; /* by name, byte order */
    size_t n_policies;
    struct registry_access_key *access_keys; /* by id; users only */
    size_t n_access_keys;
};

/* ------------------------------------------------------------------ grants (KMS.md section 7) */

#define GRANT_ID_BYTES            32 /* random; shown as 64 hex digits */
#define GRANT_NAME_MAX_BYTES      256
#define GRANT_PRINCIPAL_MAX_BYTES 256
#define KEY_MAX_GRANTS            50000 /* */

struct registry_grant {
    uint8_t id[GRANT_ID_BYTES];
    uint8_t key_id[KEY_ID_BYTES];
    int64_t created_ms;
    bool grantee_is_service;
    bool retiring_is_service;
    struct policy_grant grant; /* its texts are the registry's; id is the 64 hex digits */
};

/*
 * A material whose key was deleted. It stays on record until its object is gone from the token, so that it is never
 * taken for a spare one.
 */
struct registry_retired {
    uint8_t material_id[MATERIAL_ID_BYTES];
    uint8_t key_id[KEY_ID_BYTES]; /* the key it belonged to */
    char account[ACCOUNT_TEXT_BYTES];
    char *token;
    enum key_spec spec;
    enum key_boundary boundary;
    int64_t retired_ms;
};

struct registry_alias {
    char account[ACCOUNT_TEXT_BYTES];
    char *name; /* with its "alias/" */
    uint8_t key_id[KEY_ID_BYTES];
    int64_t created_ms;
    int64_t updated_ms;
};
