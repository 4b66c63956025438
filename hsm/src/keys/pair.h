/*
 * Which private and which public object are the two halves of one RSA pair. Label and CKA_ID are claims that whoever
 * has the user PIN can make of any object; the numbers are not: nobody can make a private key that the token has made
 * (CKA_LOCAL) and that has the modulus of another.
 */
#pragma once

#include "hsm/result.h"
#include "p11/p11.h"

#include <stddef.h>
#include <stdint.h>

#define PAIR_MODULUS_MAX_BYTES  512 /* RSA_4096 */
#define PAIR_EXPONENT_MAX_BYTES 8   /* ours are 65537 */
#define PAIR_NAME_BYTES         32

/* What both halves of a pair have in common, big-endian without leading zeros. Public. */
struct pair_numbers {
    uint8_t modulus[PAIR_MODULUS_MAX_BYTES];
    size_t modulus_len;
    uint8_t exponent[PAIR_EXPONENT_MAX_BYTES];
    size_t exponent_len;
};

/*
 * Reads them from either half. HSM_KEY_REFUSED with the attribute's name when the token does not give one, when the
 * modulus has not exactly modulus_bits, or when the exponent is longer than any of ours.
 */
REWRAP_MUST_USE struct hsm_result pair_numbers_read(struct hsm_token *token, CK_OBJECT_HANDLE half,
                                                    CK_ULONG modulus_bits, struct pair_numbers *ret);

/* The name of the pair that a half belongs to: SHA-256 of its numbers. Two halves are a pair when their names are
 * equal. The failures of pair_numbers_read. */
REWRAP_MUST_USE struct hsm_result pair_name(struct hsm_token *token, CK_OBJECT_HANDLE half, CK_ULONG modulus_bits,
                                            uint8_t ret[PAIR_NAME_BYTES]);

/* HSM_SUCCESS when the two are a pair of that size, else HSM_KEY_REFUSED with the attribute in which they differ from
 * it. */
REWRAP_MUST_USE struct hsm_result pair_verify(struct hsm_token *token, CK_OBJECT_HANDLE private_half,
                                              CK_OBJECT_HANDLE public_half, CK_ULONG modulus_bits);
