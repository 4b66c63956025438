/* Mechanisms with parameters that they take, and names for what is printed (boundary.h). */
#include "boundary.h"

#include <stdio.h>
#include <string.h>

#define ROW(type)                                                                                                      \
    {                                                                                                                  \
        type, #type                                                                                                    \
    }

struct named {
    CK_ULONG value;
    const char *name;
};

static const struct named attributes[] = {
    ROW(CKA_CLASS),
    ROW(CKA_KEY_TYPE),
    ROW(CKA_TOKEN),
    ROW(CKA_PRIVATE),
    ROW(CKA_SENSITIVE),
    ROW(CKA_EXTRACTABLE),
    ROW(CKA_WRAP_WITH_TRUSTED),
    ROW(CKA_COPYABLE),
    ROW(CKA_DESTROYABLE),
    ROW(CKA_MODIFIABLE),
    ROW(CKA_TRUSTED),
    ROW(CKA_SIGN),
    ROW(CKA_SIGN_RECOVER),
    ROW(CKA_VERIFY),
    ROW(CKA_VERIFY_RECOVER),
    ROW(CKA_WRAP),
    ROW(CKA_UNWRAP),
    ROW(CKA_ENCRYPT),
    ROW(CKA_DECRYPT),
    ROW(CKA_DERIVE),
    ROW(CKA_ALLOWED_MECHANISMS),
    ROW(CKA_UNWRAP_TEMPLATE),
    ROW(CKA_WRAP_TEMPLATE),
    ROW(CKA_LABEL),
    ROW(CKA_ID),
    ROW(CKA_VALUE),
    ROW(CKA_VALUE_LEN),
    ROW(CKA_CHECK_VALUE),
    ROW(CKA_START_DATE),
    ROW(CKA_LOCAL),
    ROW(CKA_ALWAYS_SENSITIVE),
    ROW(CKA_NEVER_EXTRACTABLE),
    ROW(CKA_PRIVATE_EXPONENT),
    ROW(CKA_PRIME_1),
    ROW(CKA_PRIME_2),
    ROW(CKA_EXPONENT_1),
    ROW(CKA_EXPONENT_2),
    ROW(CKA_COEFFICIENT),
    ROW(CKA_MODULUS),
};

static const struct named mechanisms[] = {
    ROW(CKM_AES_KEY_WRAP),
    ROW(CKM_AES_KEY_WRAP_PAD),
    {0x210b, "CKM_AES_KEY_WRAP_KWP"},
    ROW(CKM_AES_ECB),
    ROW(CKM_AES_CBC),
    ROW(CKM_AES_CBC_PAD),
    ROW(CKM_AES_CTR),
    ROW(CKM_AES_GCM),
    ROW(CKM_AES_CCM),
    ROW(CKM_AES_CMAC),
    ROW(CKM_DES3_ECB),
    ROW(CKM_DES3_CBC),
    ROW(CKM_RSA_PKCS),
    ROW(CKM_RSA_X_509),
    ROW(CKM_RSA_PKCS_OAEP),
    ROW(CKM_RSA_AES_KEY_WRAP),
    ROW(CKM_SHA256_HMAC),
    ROW(CKM_SHA256),
    ROW(CKM_ECDSA),
};

static const char *name_of(const struct named *list, size_t n, CK_ULONG value)
{
    static char number[24];
    for (size_t i = 0; i < n; i++) {
        if (list[i].value == value) {
            return list[i].name;
        }
    }
    snprintf(number, sizeof number, "0x%lx", value);
    return number;
}

const char *mechanism_name(CK_MECHANISM_TYPE type)
{
    return name_of(mechanisms, COUNT(mechanisms), type);
}

const char *attribute_name(CK_ATTRIBUTE_TYPE type)
{
    return name_of(attributes, COUNT(attributes), type);
}

static CK_BYTE iv[16];
static CK_BYTE data[32] = "some data to derive a key from.";
static CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
static CK_AES_CTR_PARAMS ctr = {.counter_bits = 128};
static CK_GCM_PARAMS gcm = {iv, 12, 96, NULL, 0, 128};
static CK_KEY_DERIVATION_STRING_DATA string_data = {data, sizeof data};
static CK_AES_CBC_ENCRYPT_DATA_PARAMS aes_cbc_data = {{0}, data, sizeof data};
static CK_DES_CBC_ENCRYPT_DATA_PARAMS des_cbc_data = {{0}, data, sizeof data};
static CK_ULONG mac_len = 8;
static CK_ULONG first_bit = 0;
static struct {
    CK_MECHANISM_TYPE hash;
    CK_ULONG mgf;
    CK_ULONG salt_len;
} pss[] = {{CKM_SHA_1, 1, 20}, {CKM_SHA224, 5, 28}, {CKM_SHA256, 2, 32}, {CKM_SHA384, 3, 48}, {CKM_SHA512, 4, 64}};

static const struct {
    CK_MECHANISM_TYPE type;
    void *parameter;
    CK_ULONG len;
} parameters[] = {
    {CKM_AES_CBC, iv, 16},
    {CKM_AES_CBC_PAD, iv, 16},
    {CKM_AES_CTR, &ctr, sizeof ctr},
    {CKM_AES_GCM, &gcm, sizeof gcm},
    {CKM_AES_MAC_GENERAL, &mac_len, sizeof mac_len},
    {CKM_DES_CBC, iv, 8},
    {CKM_DES_CBC_PAD, iv, 8},
    {CKM_DES3_CBC, iv, 8},
    {CKM_DES3_CBC_PAD, iv, 8},
    {CKM_RSA_PKCS_OAEP, &oaep, sizeof oaep},
    {CKM_RSA_PKCS_PSS, &pss[2], sizeof pss[2]},
    {CKM_SHA1_RSA_PKCS_PSS, &pss[0], sizeof pss[0]},
    {CKM_SHA224_RSA_PKCS_PSS, &pss[1], sizeof pss[1]},
    {CKM_SHA256_RSA_PKCS_PSS, &pss[2], sizeof pss[2]},
    {CKM_SHA384_RSA_PKCS_PSS, &pss[3], sizeof pss[3]},
    {CKM_SHA512_RSA_PKCS_PSS, &pss[4], sizeof pss[4]},
    {CKM_AES_ECB_ENCRYPT_DATA, &string_data, sizeof string_data},
    {CKM_DES_ECB_ENCRYPT_DATA, &string_data, sizeof string_data},
    {CKM_DES3_ECB_ENCRYPT_DATA, &string_data, sizeof string_data},
    {CKM_AES_CBC_ENCRYPT_DATA, &aes_cbc_data, sizeof aes_cbc_data},
    {CKM_DES_CBC_ENCRYPT_DATA, &des_cbc_data, sizeof des_cbc_data},
    {CKM_DES3_CBC_ENCRYPT_DATA, &des_cbc_data, sizeof des_cbc_data},
    {CKM_CONCATENATE_BASE_AND_DATA, &string_data, sizeof string_data},
    {CKM_CONCATENATE_DATA_AND_BASE, &string_data, sizeof string_data},
    {CKM_XOR_BASE_AND_DATA, &string_data, sizeof string_data},
    {CKM_EXTRACT_KEY_FROM_KEY, &first_bit, sizeof first_bit},
};

CK_MECHANISM with_parameter(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < COUNT(parameters); i++) {
        if (parameters[i].type == type) {
            return (CK_MECHANISM){type, parameters[i].parameter, parameters[i].len};
        }
    }
    return (CK_MECHANISM){type, NULL, 0};
}
