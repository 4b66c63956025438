/* Policies as real deployments write them, for registry_make.c: each key's is another text. */
#pragma once

#include "registry_make.h"

#define MAKE_KEY_POLICY_BYTES      8192
#define MAKE_IDENTITY_POLICY_BYTES 2048

/* Each writes a text with its NUL; its length. Ten statements: delegation, administrators, roles that use the key under
 * conditions, another account, two denials. */
size_t make_key_policy(uint64_t *random, unsigned key, char out[MAKE_KEY_POLICY_BYTES]);

/* What application number `app` of the account may do, with the keys of that account and of the next one. */
size_t make_identity_policy(unsigned account, unsigned app, char out[MAKE_IDENTITY_POLICY_BYTES]);
