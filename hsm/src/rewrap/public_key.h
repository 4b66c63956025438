/* The public half of an RSA pair outside of the token. */
#pragma once

#include "base/buffer.h"
#include "base/view.h"
#include "keys/pair.h"
#include "p11/oaep.h"

#define PUBLIC_KEY_MAX_BYTES 1024 /* SubjectPublicKeyInfo; RSA_4096 has 550 */

/* Appends SubjectPublicKeyInfo in DER (RFC 5280 section 4.1). HSM_FAULT when libcrypto fails, HSM_LIMIT when out is
 * full; out is then as it was. */
REWRAP_MUST_USE struct hsm_result public_key_write(const struct pair_numbers *numbers, struct buffer *out);

/* RSAES-OAEP. Returns the length of the ciphertext, which is the modulus's, or 0 when libcrypto fails. */
REWRAP_MUST_USE size_t public_key_encrypt(const struct pair_numbers *numbers, const struct oaep *oaep,
                                          struct view message, uint8_t out[PAIR_MODULUS_MAX_BYTES]);
