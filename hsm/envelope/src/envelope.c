/* The outer layer of a symmetric ciphertext; see envelope/envelope.h and docs/ciphertext.md. */
#include "envelope/envelope.h"

#include "base/secbuf.h"
#include "base/wipe.h"
#include "envelope/context.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define SHA256_BYTES       32
#define SHA256_BLOCK_BYTES 64
#define GCM_KEY_BYTES      32
#define GCM_IV_BYTES       12

/* A call of the generator costs as much as a whole derivation, and little more for many salts at once. */
#define SALTS_PER_DRAW 64

/* The info of HKDF (RFC 5869 section 2.3): separates this use of a binding key from any other. */
static const char hkdf_info[] = "rewrapd ciphertext suite 1";
#define HKDF_INFO_BYTES (sizeof hkdf_info - 1)

struct envelope_crypto {
    EVP_MD *sha256;
    EVP_MD_CTX *hash;
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
static_assert(ENVELOPE_SALT_BYTES == SHA256_BYTES && ENVELOPE_BINDING_KEY_BYTES == SHA256_BYTES,
              "salt and PRK are HMAC keys of 32 bytes");
static_assert(SHA256_BYTES == GCM_KEY_BYTES && SHA256_BYTES >= GCM_IV_BYTES, "two blocks of HKDF are a key and an iv");

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
    crypto->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    crypto->hash = EVP_MD_CTX_new();
    crypto->encrypt = new_gcm(1);
    crypto->decrypt = new_gcm(0);
    crypto->salts = secbuf_new((size_t)SALTS_PER_DRAW * ENVELOPE_SALT_BYTES);
    if (crypto->sha256 == NULL || crypto->hash == NULL || crypto->encrypt == NULL || crypto->decrypt == NULL ||
        crypto->salts == NULL) {
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
    EVP_MD_CTX_free(crypto->hash);
    EVP_MD_free(crypto->sha256);
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

/* SHA-256 of pad ‖ data. */
static bool hash_padded(struct envelope_crypto *crypto, const uint8_t pad[SHA256_BLOCK_BYTES], struct view data,
                        uint8_t out[SHA256_BYTES])
{
    return EVP_DigestInit_ex2(crypto->hash, crypto->sha256, NULL) == 1 &&
           EVP_DigestUpdate(crypto->hash, pad, SHA256_BLOCK_BYTES) == 1 &&
           EVP_DigestUpdate(crypto->hash, data.data, data.len) == 1 && EVP_DigestFinal_ex(crypto->hash, out, NULL) == 1;
}

/* RFC 2104, for keys of 32 bytes: H(key ^ opad ‖ H(key ^ ipad ‖ data)). */
static bool hmac(struct envelope_crypto *crypto, const uint8_t key[SHA256_BYTES], struct view data,
                 uint8_t out[SHA256_BYTES])
{
    uint8_t inner_pad[SHA256_BLOCK_BYTES];
    uint8_t outer_pad[SHA256_BLOCK_BYTES];
    memset(inner_pad, 0x36, sizeof inner_pad);
    memset(outer_pad, 0x5c, sizeof outer_pad);
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        inner_pad[i] ^= key[i];
        outer_pad[i] ^= key[i];
    }
    uint8_t inner[SHA256_BYTES];
    bool done = hash_padded(crypto, inner_pad, data, inner) &&
                hash_padded(crypto, outer_pad, view_of(inner, sizeof inner), out);
    secret_wipe(inner_pad, sizeof inner_pad);
    secret_wipe(outer_pad, sizeof outer_pad);
    secret_wipe(inner, sizeof inner);
    return done;
}

/* The input of an HKDF block: T(n-1) ‖ info ‖ n. */
struct expand_input {
    uint8_t previous[SHA256_BYTES];
    uint8_t info[HKDF_INFO_BYTES];
    uint8_t number;
};
static_assert(sizeof(struct expand_input) == SHA256_BYTES + HKDF_INFO_BYTES + 1, "no padding between its members");

/*
 * HKDF-SHA256 (RFC 5869): PRK = HMAC(salt, binding key), T(1) = HMAC(PRK, info ‖ 1), T(2) = HMAC(PRK, T(1) ‖ info ‖ 2).
 * On SHA-256 itself, because libcrypto's HKDF takes four times as long for the same bytes, and its HMAC twice. What it
 * leaves in out is erased by the caller, in each case.
 */
static bool derive(struct envelope_crypto *crypto, const uint8_t *binding_key, const uint8_t *salt, struct derived *out)
{
    uint8_t prk[SHA256_BYTES];
    struct expand_input input = {.number = 1};
    memcpy(input.info, hkdf_info, sizeof input.info);
    struct view whole = view_of(&input, sizeof input);
    struct view first = view_of(whole.data + SHA256_BYTES, whole.len - SHA256_BYTES); /* T(0) is empty */
    bool derived =
        hmac(crypto, salt, view_of(binding_key, ENVELOPE_BINDING_KEY_BYTES), prk) && hmac(crypto, prk, first, out->key);
    if (derived) {
        memcpy(input.previous, out->key, sizeof input.previous);
        input.number = 2;
        derived = hmac(crypto, prk, whole, out->iv_block);
    }
    secret_wipe(prk, sizeof prk);
    secret_wipe(&input, sizeof input);
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
