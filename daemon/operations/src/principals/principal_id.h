/* Unique ids of users and roles, ids and secrets of access keys: from the kernel's generator. */
#pragma once

#include "registry/types.h"

/*
 * Fills out with the prefix and random letters and digits of base 32 (RFC 4648), size - 1 characters in all, and a NUL:
 * 80 bits at least in the sizes of registry/types.h. Aborts if the kernel has no generator: no id is better than a
 * guessable one.
 */
void operation_random_id(const char *prefix, char *out, size_t size);

/* 40 random characters of base 64, 240 bits; nothing of them stays anywhere else. Aborts likewise. */
void operation_random_secret(char out[ACCESS_KEY_SECRET_BYTES]);
