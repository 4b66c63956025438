/* The public half of an RSA pair, as libcrypto's key; see public_key.h. */
#include "public_key.h"

#include "p11/errors.h"
#include "rewrap_private.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static EVP_PKEY *key_of_parameters(OSSL_PARAM *parameters)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return key;
}

/* NULL when libcrypto fails. The caller frees. */
static EVP_PKEY *key_of(const struct pair_numbers *numbers)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = NULL;
    BIGNUM *modulus = BN_bin2bn(numbers->modulus, (int)numbers->modulus_len, NULL);
    BIGNUM *exponent = BN_bin2bn(numbers->exponent, (int)numbers->exponent_len, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (modulus != NULL && exponent != NULL && builder != NULL &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1) {
        parameters = OSSL_PARAM_BLD_to_param(builder);
    }
    if (parameters != NULL) {
        key = key_of_parameters(parameters);
    }
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(exponent);
    BN_free(modulus);
    return key;
}

struct hsm_result public_key_write(const struct pair_numbers *numbers, struct buffer *out)
{
    EVP_PKEY *key = key_of(numbers);
    uint8_t *der = NULL;
    int len = key == NULL ? -1 : i2d_PUBKEY(key, &der);
    EVP_PKEY_free(key);
    struct hsm_result result = hsm_failure(HSM_FAULT, "libcrypto");
    if (len > 0 && len <= PUBLIC_KEY_MAX_BYTES) {
        result = buffer_append(out, der, (size_t)len) ? HSM_SUCCESS : hsm_failure(HSM_LIMIT, "output buffer");
    }
    OPENSSL_free(der);
    return result;
}

static bool set_oaep(EVP_PKEY_CTX *context, const struct oaep *oaep)
{
    return EVP_PKEY_encrypt_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md_name(context, oaep->digest, NULL) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, oaep->digest, NULL) == 1;
}

size_t public_key_encrypt(const struct pair_numbers *numbers, const struct oaep *oaep, struct view message,
                          uint8_t out[PAIR_MODULUS_MAX_BYTES])
{
    size_t len = PAIR_MODULUS_MAX_BYTES;
    EVP_PKEY *key = key_of(numbers);
    EVP_PKEY_CTX *context = key == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (context == NULL || !set_oaep(context, oaep) ||
        EVP_PKEY_encrypt(context, out, &len, message.data, message.len) != 1) {
        len = 0;
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return len;
}

static struct hsm_result export(struct hsm_rewrap *rewrap, const struct hsm_key *key, struct buffer *out)
{
    const struct key_class *class = key_class_of(key->spec, key->boundary);
    if (class == NULL || !class->is_pair) {
        return hsm_failure(HSM_UNSUPPORTED, "a key of this spec has no public half");
    }
    struct key_handles handles;
    struct hsm_result result = keys_find(rewrap->keys, key->spec, key->boundary, key->material_id, &handles);
    if (result.code != HSM_OK) {
        return result;
    }
    struct pair_numbers numbers;
    result = pair_numbers_read(rewrap->token, handles.wrap, class->modulus_bits, &numbers);
    if (result.code != HSM_OK) {
        side_forget_if_stale(rewrap, key, result.rv);
        return device_fault(result);
    }
    return public_key_write(&numbers, out);
}

struct hsm_result hsm_rewrap_public_key(struct hsm_rewrap *rewrap, const struct hsm_key *key, struct buffer *out)
{
    struct hsm_result result = export(rewrap, key, out);
    if (rewrap_met_stale_handle(result)) {
        result = export(rewrap, key, out);
    }
    return rewrap_diagnose(rewrap, result);
}
