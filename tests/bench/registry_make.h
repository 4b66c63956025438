/* Makes a registry as large as a test of speed wants it: keys with policies of ten statements, users and roles with
 * identity policies, grants. The same numbers make the same registry, but for the ids of what is in it. */
#pragma once

#include "registry/types.h"

#define MAKE_REGION     "eu-central-1"
#define MAKE_ACCOUNTS   10
#define MAKE_APPS       200 /* roles that use keys, and as many users, in each account */
#define MAKE_TENANTS    64
#define MAKE_ARN_BYTES  96
#define MAKE_KEYS_MAX   1000000
#define MAKE_GRANTS_MAX 10000000
#define MAKE_CREATED_MS INT64_C(1700000000000)

struct make_wish {
    unsigned keys;
    unsigned grants;         /* over all keys but the first, at random */
    unsigned crowded_grants; /* on the first key, each for another grantee */
};

/* Key ids in the order in which they were made: the first is the crowded one. */
struct made {
    uint8_t (*key_ids)[KEY_ID_BYTES]; /* owned by who asked */
    unsigned keys;
};

/* Writes the registry at path, which registry_open has made and registry_free has left. Ends the program with the
 * reason when it cannot. */
void registry_make(const char *path, const struct make_wish *wish, struct made *ret);

/* Account i; its key k belongs to account k modulo MAKE_ACCOUNTS. */
void make_account(unsigned account, char out[ACCOUNT_TEXT_BYTES]);

/* "arn:aws:iam::ACCOUNT:role/service/app-7" and "…:user/app-7". */
void make_role_arn(unsigned account, unsigned app, char out[MAKE_ARN_BYTES]);
void make_user_arn(unsigned account, unsigned app, char out[MAKE_ARN_BYTES]);

/* The grantee of that number on the crowded key: a role that is not registered. */
void make_crowded_grantee(unsigned number, char out[MAKE_ARN_BYTES]);

/* Numbers without pattern from a seed (SplitMix64). */
uint64_t make_random(uint64_t *state);
unsigned make_random_below(uint64_t *state, unsigned limit);
