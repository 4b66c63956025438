/* Principals and grants for tests, and calls that wait for their answer. */
#pragma once

#include "fixture.h"
#include "registry/grants.h"
#include "registry/principals.h"

/* An identity policy and a key policy; each number makes another text. */
#define POLICY_TEXT_BYTES 256
void identity_policy_write(unsigned n, char out[POLICY_TEXT_BYTES]);
void key_policy_write(unsigned n, char out[POLICY_TEXT_BYTES]);

/* A user with two policies and two access keys made of n. Points into the struct; nothing to free. */
struct plain_principal {
    struct registry_principal principal;
    struct registry_identity_policy policies[2];
    struct registry_access_key access_keys[2];
    char name[32];
    char texts[2][POLICY_TEXT_BYTES];
};

void plain_principal_init(struct plain_principal *plain, unsigned n);

/* A grant of ReEncryptFrom made of n, on that key, to a user made of n; retired by RETIRING. */
#define RETIRING "arn:aws:iam::111122223333:role/retires"

struct plain_grant {
    struct registry_grant grant;
    char grantee[64];
};

void plain_grant_init(struct plain_grant *plain, unsigned n, const uint8_t *key_id);

struct registry_result add_principal(struct fixture *fixture, const struct registry_principal *principal);
struct registry_result replace_principal(struct fixture *fixture, const struct registry_principal *principal);
struct registry_result remove_user(struct fixture *fixture, const char *name, uint64_t revision, int64_t now_ms);
struct registry_result add_grant(struct fixture *fixture, const struct registry_grant *grant);
struct registry_result remove_grant(struct fixture *fixture, const uint8_t *id);

/* Of ACCOUNT; NULL, or 0, when there is none. */
const struct registry_principal *user(const struct fixture *fixture, const char *name);
int64_t departed_ms(const struct fixture *fixture, const char *name);
const char *departed_id(const struct fixture *fixture, const char *name, int64_t written_ms);
