/* The outer layer of a symmetric ciphertext; see envelope/envelope.h and docs/ciphertext.md. */
#include "envelope/envelope.h"

#include "base/secbuf.h"
#include "base/wipe.h"
#include "envelope/context.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define SHA256_BYTES  32
#define GCM_KEY_BYTES 32
#define GCM_IV_BYTES  12

/* A call of the generator costs as much as a whole derivation, and little more for many salts at once. */
#define SALTS_PER_DRAW 64

/* The info of HKDF (RFC 5869 section 2.3): separates this use of a binding key from any other. */
static const char hkdf_info[] = "rewrapd ciphertext suite 1";
#define HKDF_INFO_BYTES (sizeof hkdf_info - 1)

struct envelope_crypto {
    EVP_MAC_CTX *hmac; /* HMAC-SHA256 */
    EVP_CIPHER_CTX *encrypt;
    EVP_CIPHER_CTX *decrypt;
    struct secbuf *salts; /* drawn ahead; each is erased as it is given out */
    size_t salts_left;
    uint8_t opened[ENVELOPE_INNER_MAX_BYTES]; /* what is not authentic yet stays here */
};

/* What HKDF gives: output block 1 is the key, the front of block 2 the iv. */
struct derived {
    uint8_t key[SHA256_BYTES];
    uint8_t iv_block[SHA256_BYTES];
};
static_assert(SHA256_BYTES == GCM_KEY_BYTES && SHA256_BYTES >= GCM_IV_BYTES, "two blocks of HKDF are a key and an iv");

static EVP_MAC_CTX *new_hmac(void)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac); /* the context keeps it */
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_END};
    if (context == NULL || EVP_MAC_CTX_set_params(context, parameters) != 1) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}

static EVP_CIPHER_CTX *new_gcm(int encrypt)
{
    EVP_CIPHER *gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (gcm == NULL || context == NULL || EVP_CipherInit_ex2(context, gcm, NULL, NULL, encrypt, NULL) != 1) {
        EVP_CIPHER_CTX_free(context);
        context = NULL;
    }
    EVP_CIPHER_free(gcm); /* the context keeps it */
    return context;
}

struct envelope_crypto *envelope_crypto_new(void)
{
    struct envelope_crypto *crypto = calloc(1, sizeof *crypto);
    if (crypto == NULL) {
        return NULL;
    }
    crypto->hmac = new_hmac();
    crypto->encrypt = new_gcm(1);
    crypto->decrypt = new_gcm(0);
    crypto->salts = secbuf_new((size_t)SALTS_PER_DRAW * ENVELOPE_SALT_BYTES);
    if (crypto->hmac == NULL || crypto->encrypt == NULL || crypto->decrypt == NULL || crypto->salts == NULL) {
        envelope_crypto_free(crypto);
        return NULL;
    }
    return crypto;
}

void envelope_crypto_free(struct envelope_crypto *crypto)
{
    if (crypto == NULL) {
        return;
    }
    /* libcrypto erases the key schedules that its contexts still hold. */
    EVP_MAC_CTX_free(crypto->hmac);
    EVP_CIPHER_CTX_free(crypto->encrypt);
    EVP_CIPHER_CTX_free(crypto->decrypt);
    secbuf_free(crypto->salts);
    free(crypto);
}

bool envelope_salt(struct envelope_crypto *crypto, uint8_t out[ENVELOPE_SALT_BYTES])
{
    if (crypto->salts_left == 0) {
        if (RAND_bytes(crypto->salts->data, (int)crypto->salts->size) != 1) {
            return false;
        }
        crypto->salts_left = SALTS_PER_DRAW;
    }
    crypto->salts_left--;
    uint8_t *salt = crypto->salts->data + crypto->salts_left * ENVELOPE_SALT_BYTES;
    memcpy(out, salt, ENVELOPE_SALT_BYTES);
    secret_wipe(salt, ENVELOPE_SALT_BYTES);
    return true;
}

static bool hmac_finish(EVP_MAC_CTX *hmac, uint8_t out[SHA256_BYTES])
{
    size_t len = 0;
    return EVP_MAC_final(hmac, out, &len, SHA256_BYTES) == 1 && len == SHA256_BYTES;
}

/* RFC 5869 section 2.2: PRK = HMAC(salt, input). */
static bool hkdf_extract(EVP_MAC_CTX *hmac, const uint8_t *binding_key, const uint8_t *salt, uint8_t out[SHA256_BYTES])
{
    return EVP_MAC_init(hmac, salt, ENVELOPE_SALT_BYTES, NULL) == 1 &&
           EVP_MAC_update(hmac, binding_key, ENVELOPE_BINDING_KEY_BYTES) == 1 && hmac_finish(hmac, out);
}

/* Section 2.3: T(n) = HMAC(PRK, T(n-1) ‖ info ‖ n), by a MAC context that is keyed with PRK and empty. */
static bool hkdf_block(EVP_MAC_CTX *hmac, struct view previous, uint8_t number, uint8_t out[SHA256_BYTES])
{
    return EVP_MAC_update(hmac, previous.data, previous.len) == 1 &&
           EVP_MAC_update(hmac, (const uint8_t *)hkdf_info, HKDF_INFO_BYTES) == 1 &&
           EVP_MAC_update(hmac, &number, 1) == 1 && hmac_finish(hmac, out);
}

/* By HMAC and not by EVP_KDF, whose HKDF takes twice the time for the same bytes. Erased by the caller, in each case.
 */
static bool derive(struct envelope_crypto *crypto, const uint8_t *binding_key, const uint8_t *salt, struct derived *out)
{
    EVP_MAC_CTX *hmac = crypto->hmac;
    uint8_t prk[SHA256_BYTES];
    bool derived = hkdf_extract(hmac, binding_key, salt, prk) && EVP_MAC_init(hmac, prk, sizeof prk, NULL) == 1 &&
                   hkdf_block(hmac, view_of(NULL, 0), 1, out->key) &&
                   EVP_MAC_init(hmac, NULL, 0, NULL) == 1 && /* the same key again */
                   hkdf_block(hmac, view_of(out->key, sizeof out->key), 2, out->iv_block);
    secret_wipe(prk, sizeof prk);
    return derived;
}

/* Feeds what is authenticated and not encrypted. */
static bool add_data(EVP_CIPHER_CTX *cipher, struct view data)
{
    int len = 0;
    return data.len == 0 || EVP_CipherUpdate(cipher, NULL, &len, data.data, (int)data.len) == 1;
}

static bool gcm_start(EVP_CIPHER_CTX *cipher, const struct derived *derived, struct view header, struct view context)
{
    return EVP_CipherInit_ex2(cipher, NULL, derived->key, derived->iv_block, -1, NULL) == 1 &&
           add_data(cipher, header) && add_data(cipher, context);
}

/* Decrypts into crypto->opened. */
static enum envelope_code gcm_open(struct envelope_crypto *crypto, const struct derived *derived, struct view header,
                                   struct view context, struct view sealed, struct view tag)
{
    EVP_CIPHER_CTX *cipher = crypto->decrypt;
    int len = 0;
    if (!gcm_start(cipher, derived, header, context) ||
        EVP_DecryptUpdate(cipher, crypto->opened, &len, sealed.data, (int)sealed.len) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, (int)tag.len, (void *)(uintptr_t)tag.data) != 1) {
        return ENVELOPE_FAULT;
    }
    return EVP_DecryptFinal_ex(cipher, crypto->opened + len, &len) == 1 ? ENVELOPE_OK : ENVELOPE_INVALID;
}

enum envelope_code envelope_open(struct envelope_crypto *crypto, const uint8_t binding_key[ENVELOPE_BINDING_KEY_BYTES],
                                 struct view blob, struct view context, struct envelope_header *ret_header,
                                 uint8_t ret_inner[ENVELOPE_INNER_MAX_BYTES], size_t *ret_inner_len)
{
    struct envelope_header header;
    if (context.len > CONTEXT_CANONICAL_MAX_BYTES || !envelope_header_parse(blob, &header)) {
        return ENVELOPE_INVALID;
    }
    size_t inner_len = blob.len - ENVELOPE_HEADER_BYTES - ENVELOPE_TAG_BYTES;
    struct view header_bytes = view_of(blob.data, ENVELOPE_HEADER_BYTES);
    struct view sealed = view_of(blob.data + ENVELOPE_HEADER_BYTES, inner_len);
    struct view tag = view_of(sealed.data + inner_len, ENVELOPE_TAG_BYTES);

    struct derived derived;
    enum envelope_code code = ENVELOPE_FAULT;
    if (derive(crypto, binding_key, header.salt, &derived)) {
        code = gcm_open(crypto, &derived, header_bytes, context, sealed, tag);
    }
    secret_wipe(&derived, sizeof derived);
    if (code != ENVELOPE_OK) {
        return code;
    }
    *ret_header = header;
    memcpy(ret_inner, crypto->opened, inner_len);
    *ret_inner_len = inner_len;
    return ENVELOPE_OK;
}

/* Appends inner, encrypted, and the tag; out has room for both and ends in the header. */
static bool gcm_seal(struct envelope_crypto *crypto, const struct derived *derived, struct view context,
                     struct view inner, struct buffer *out)
{
    EVP_CIPHER_CTX *cipher = crypto->encrypt;
    struct view header = view_of(out->data + out->len - ENVELOPE_HEADER_BYTES, ENVELOPE_HEADER_BYTES);
    uint8_t *sealed = out->data + out->len;
    int len = 0;
    if (!gcm_start(cipher, derived, header, context) ||
        EVP_EncryptUpdate(cipher, sealed, &len, inner.data, (int)inner.len) != 1 ||
        EVP_EncryptFinal_ex(cipher, sealed + len, &len) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, ENVELOPE_TAG_BYTES, sealed + inner.len) != 1) {
        return false;
    }
    out->len += inner.len + ENVELOPE_TAG_BYTES;
    return true;
}

enum envelope_code envelope_seal(struct envelope_crypto *crypto, const uint8_t binding_key[ENVELOPE_BINDING_KEY_BYTES],
                                 const struct envelope_header *header, struct view context, struct view inner,
                                 struct buffer *out)
{
    size_t payload_length = header->payload_length;
    if (context.len > CONTEXT_CANONICAL_MAX_BYTES || payload_length == 0 ||
        payload_length > ENVELOPE_PAYLOAD_MAX_BYTES || inner.len != envelope_inner_length(payload_length)) {
        return ENVELOPE_INVALID;
    }
    if (!buffer_reserve(out, ENVELOPE_HEADER_BYTES + inner.len + ENVELOPE_TAG_BYTES)) {
        return ENVELOPE_NO_MEMORY;
    }
    size_t before = out->len;
    struct derived derived;
    bool sealed = envelope_header_write(header, out) && derive(crypto, binding_key, header->salt, &derived) &&
                  gcm_seal(crypto, &derived, context, inner, out);
    secret_wipe(&derived, sizeof derived);
    if (!sealed) {
        out->len = before;
        return ENVELOPE_FAULT;
    }
    return ENVELOPE_OK;
}
