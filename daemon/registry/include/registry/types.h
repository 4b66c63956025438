/* What the registry knows of a key, its materials and its aliases. Read-only to everyone but the registry. */
#pragma once

#include "base/uuid.h"

#include <stddef.h>
#include <stdint.h>

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
    size_t n_aliases; /* how many aliases point here */
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
