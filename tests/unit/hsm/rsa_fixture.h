/* A private token with sealed and open RSA pairs of every size beside the keys of fixture.h. */
#pragma once

#include "fixture.h"

#include <openssl/evp.h>

#define RSA_SIZES 3

struct rsa_fixture {
    struct fixture *fixture;
    struct hsm_key sealed[RSA_SIZES]; /* RSA_2048, RSA_3072, RSA_4096 */
    struct hsm_key open[RSA_SIZES];
    struct hsm_key second; /* sealed, RSA_2048 */
};

int rsa_setup(void **state);
/* Only RSA_2048: large pairs take seconds to make. */
int rsa_setup_small(void **state);

/*
 * Only sealed[0], for the program that shows RSA to valgrind, where a pair takes half a minute to make. Valgrind does
 * not follow a program that is started, so the test's own is, with RSA_MAKE_ONE: its main calls rsa_make_one then.
 */
#define RSA_MAKE_ONE "--make-one"
int rsa_make_one(void);
int rsa_setup_one(void **state);

int rsa_teardown(void **state);

/* Closes everything and opens it again, as a worker that starts anew. */
void rsa_reopen(struct rsa_fixture *rsa);

struct hsm_side rsa_side(const struct hsm_key *key, enum hsm_algorithm algorithm);
size_t rsa_modulus_bytes(const struct hsm_key *key);

/* The public half, as libcrypto reads what hsm_rewrap_public_key wrote. The caller frees. */
EVP_PKEY *rsa_public_key(struct rsa_fixture *rsa, const struct hsm_key *key);

/* A ciphertext made outside, by libcrypto with the public half: hash is "SHA1" or "SHA256". The caller clears. */
struct buffer rsa_encrypted(struct rsa_fixture *rsa, const struct hsm_key *key, const char *hash, const void *data,
                            size_t len);

/* What is in an open key's ciphertext: asserts that it is these bytes. */
void rsa_assert_plaintext(struct rsa_fixture *rsa, const struct hsm_side *side, struct view ciphertext,
                          const void *data, size_t len);
