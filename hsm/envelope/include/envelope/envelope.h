/*
 * The outer layer of a symmetric ciphertext, suite 1 (docs/ciphertext.md):
 *
 *     K, iv = HKDF-SHA256(binding key, salt, label)                         RFC 5869
 *     blob  = header ‖ AES-256-GCM(K, iv, aad = header ‖ context, inner)    NIST SP 800-38D
 *
 * It makes equal payloads look different, binds header and context, and is checked before the token is called. The
 * binding key is computed on the token, once per key version; everything here is arithmetic.
 */
#pragma once

#include "base/attr.h"
#include "base/buffer.h"
#include "envelope/header.h"

#define ENVELOPE_BINDING_KEY_BYTES 32

enum envelope_code {
    ENVELOPE_OK = 0,
    ENVELOPE_INVALID,   /* not authentic under this binding key and context: nobody may be told why */
    ENVELOPE_NO_MEMORY, /* or the output's maximum was reached */
    ENVELOPE_FAULT,     /* libcrypto failed: a defect or a broken installation */
};

/* Algorithms fetched once and contexts used again: a fetch per message would cost more than the cipher. */
struct envelope_crypto;

/* NULL when libcrypto lacks an algorithm or memory. The caller frees with envelope_crypto_free. Not for two threads at
 * once. */
REWRAP_MUST_USE struct envelope_crypto *envelope_crypto_new(void);
void envelope_crypto_free(struct envelope_crypto *crypto);

/*
 * Checks blob under the binding key and the canonical context. On ENVELOPE_OK *ret_header is the authenticated header
 * and the inner blob (at most ENVELOPE_INNER_MAX_BYTES) is in ret_inner, its length in *ret_inner_len; otherwise they
 * are untouched. The inner blob is ciphertext: it needs no wiping.
 */
REWRAP_MUST_USE enum envelope_code envelope_open(struct envelope_crypto *crypto,
                                                 const uint8_t binding_key[ENVELOPE_BINDING_KEY_BYTES],
                                                 struct view blob, struct view context,
                                                 struct envelope_header *ret_header,
                                                 uint8_t ret_inner[ENVELOPE_INNER_MAX_BYTES], size_t *ret_inner_len);

/*
 * Appends header and sealed inner blob to out. The salt of header is given, not drawn: the caller draws 32 fresh random
 * bytes for every ciphertext (tests give a fixed one for the vectors). ENVELOPE_INVALID for a header whose payload
 * length is out of range or not that of inner, and for a context longer than CONTEXT_CANONICAL_MAX_BYTES. On failure
 * out is as it was.
 */
REWRAP_MUST_USE enum envelope_code envelope_seal(struct envelope_crypto *crypto,
                                                 const uint8_t binding_key[ENVELOPE_BINDING_KEY_BYTES],
                                                 const struct envelope_header *header, struct view context,
                                                 struct view inner, struct buffer *out);

/* Fills out with fresh salt from libcrypto's generator; false when it fails. */
REWRAP_MUST_USE bool envelope_salt(struct envelope_crypto *crypto, uint8_t out[ENVELOPE_SALT_BYTES]);
