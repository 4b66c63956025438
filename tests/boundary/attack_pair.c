/* Attacks on sealed RSA pairs that need more than a call: the private operation with other paddings and by other calls,
 * on ciphertexts of the attacker's own making (boundary.h). Whoever has the public half makes ciphertexts. */
#include "boundary.h"

#include <stdio.h>
#include <string.h>

#define MODULUS_BYTES 256

CK_OBJECT_HANDLE public_copy(struct world *world, const struct target *target, CK_BBOOL is_trusted, CK_RV *ret_rv)
{
    static CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    static CK_KEY_TYPE type = CKK_RSA;
    CK_BYTE modulus[MODULUS_BYTES];
    CK_BYTE exponent[8];
    CK_BYTE label[64] = {0};
    CK_BYTE id[64] = {0};
    CK_ATTRIBUTE read[] = {FLAG(CKA_MODULUS, modulus), FLAG(CKA_PUBLIC_EXPONENT, exponent), FLAG(CKA_LABEL, label),
                           FLAG(CKA_ID, id)};
    must(world->p11->C_GetAttributeValue(world->session, target->objects[OBJECT_RSA_PUBLIC], read, COUNT(read)),
         "the public half");
    CK_ATTRIBUTE template[] = {
        FLAG(CKA_CLASS, class),
        FLAG(CKA_KEY_TYPE, type),
        FLAG(CKA_TOKEN, no),
        FLAG(CKA_WRAP, yes),
        FLAG(CKA_ENCRYPT, yes),
        FLAG(CKA_VERIFY, yes),
        {CKA_TRUSTED, &is_trusted, 1},
        read[0],
        read[1],
        read[2],
        read[3],
    };
    CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
    *ret_rv = world->p11->C_CreateObject(world->session, template, COUNT(template), &copy);
    return copy;
}

struct blob encrypted(struct world *world, const struct target *target, CK_MECHANISM_TYPE type, const CK_BYTE *data,
                      CK_ULONG len)
{
    struct blob out = {.len = BLOB_MAX_BYTES};
    CK_RV rv;
    CK_MECHANISM mechanism = with_parameter(type);
    const CK_OBJECT_HANDLE copy = public_copy(world, target, CK_FALSE, &rv);
    must(rv, "a copy of the public half");
    must(world->p11->C_EncryptInit(world->session, &mechanism, copy), "C_EncryptInit");
    must(world->p11->C_Encrypt(world->session, (CK_BYTE *)(uintptr_t)data, len, out.bytes, &out.len), "C_Encrypt");
    discard(world, copy);
    return out;
}

/* For RSA_X_509: as long as the modulus, and less. */
static const CK_BYTE *raw_data(void)
{
    static CK_BYTE data[MODULUS_BYTES];
    memset(data + 1, 0x5a, sizeof data - 1);
    return data;
}

bool unwraps(struct world *world, const struct target *target, CK_MECHANISM *mechanism, const struct blob *blob,
             const CK_ATTRIBUTE *template, size_t n)
{
    CK_OBJECT_HANDLE key;
    const CK_RV rv = world->p11->C_UnwrapKey(world->session, mechanism, target->objects[OBJECT_RSA_PRIVATE],
                                             (CK_BYTE *)(uintptr_t)blob->bytes, blob->len,
                                             (CK_ATTRIBUTE *)(uintptr_t) template, n, &key);
    if (rv == CKR_OK) {
        discard(world, key);
    }
    return rv == CKR_OK;
}

/* ---------------------------------------------------------------- other paddings */

static bool unwrap_by(struct world *world, const struct target *target, CK_MECHANISM_TYPE type)
{
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    const size_t n = payload_template(template);
    const struct blob blob = type == CKM_RSA_X_509
                                 ? encrypted(world, target, type, raw_data(), MODULUS_BYTES)
                                 : encrypted(world, target, type, world->plaintext, sizeof world->plaintext);
    CK_MECHANISM mechanism = {type, NULL, 0};
    return unwraps(world, target, &mechanism, &blob, template, n);
}

static bool unwrap_v15(struct world *world, const struct target *target)
{
    return unwrap_by(world, target, CKM_RSA_PKCS);
}
static bool unwrap_raw(struct world *world, const struct target *target)
{
    return unwrap_by(world, target, CKM_RSA_X_509);
}

static bool unwrap_oaep(struct world *world, const struct target *target, CK_RSA_PKCS_OAEP_PARAMS parameters)
{
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    const size_t n = payload_template(template);
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
    return unwraps(world, target, &mechanism, &target->under_rsa, template, n);
}

static bool oaep_sha256(struct world *world, const struct target *target)
{
    return unwrap_oaep(world, target,
                       (CK_RSA_PKCS_OAEP_PARAMS){CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0});
}
static bool oaep_sha512(struct world *world, const struct target *target)
{
    return unwrap_oaep(world, target,
                       (CK_RSA_PKCS_OAEP_PARAMS){CKM_SHA512, CKG_MGF1_SHA512, CKZ_DATA_SPECIFIED, NULL, 0});
}
static bool oaep_other_mgf(struct world *world, const struct target *target)
{
    return unwrap_oaep(world, target,
                       (CK_RSA_PKCS_OAEP_PARAMS){CKM_SHA_1, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0});
}
static bool oaep_label(struct world *world, const struct target *target)
{
    static CK_BYTE label[] = "a label";
    return unwrap_oaep(world, target,
                       (CK_RSA_PKCS_OAEP_PARAMS){CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, label, sizeof label});
}
static bool oaep_no_parameters(struct world *world, const struct target *target)
{
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    const size_t n = payload_template(template);
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_OAEP, NULL, 0};
    return unwraps(world, target, &mechanism, &target->under_rsa, template, n);
}

/* ---------------------------------------------------------------- the private operation by another call */

static bool decrypt_by(struct world *world, const struct target *target, CK_MECHANISM_TYPE type,
                       const struct blob *blob)
{
    CK_BYTE out[MODULUS_BYTES];
    CK_ULONG len = sizeof out;
    CK_MECHANISM mechanism = with_parameter(type);
    return world->p11->C_DecryptInit(world->session, &mechanism, target->objects[OBJECT_RSA_PRIVATE]) == CKR_OK &&
           world->p11->C_Decrypt(world->session, (CK_BYTE *)(uintptr_t)blob->bytes, blob->len, out, &len) == CKR_OK;
}

static bool decrypt_oaep(struct world *world, const struct target *target)
{
    return decrypt_by(world, target, CKM_RSA_PKCS_OAEP, &target->under_rsa);
}
static bool decrypt_v15(struct world *world, const struct target *target)
{
    const struct blob blob = encrypted(world, target, CKM_RSA_PKCS, world->plaintext, sizeof world->plaintext);
    return decrypt_by(world, target, CKM_RSA_PKCS, &blob);
}
/* The padding and all: nothing is kept. */
static bool decrypt_raw(struct world *world, const struct target *target)
{
    return decrypt_by(world, target, CKM_RSA_X_509, &target->under_rsa);
}

/* A raw signature of a ciphertext is its decryption. */
static bool sign_by(struct world *world, const struct target *target, CK_MECHANISM_TYPE type, const CK_BYTE *data,
                    CK_ULONG data_len)
{
    CK_BYTE out[MODULUS_BYTES];
    CK_ULONG len = sizeof out;
    CK_MECHANISM mechanism = with_parameter(type);
    return world->p11->C_SignInit(world->session, &mechanism, target->objects[OBJECT_RSA_PRIVATE]) == CKR_OK &&
           world->p11->C_Sign(world->session, (CK_BYTE *)(uintptr_t)data, data_len, out, &len) == CKR_OK;
}

static bool sign_raw(struct world *world, const struct target *target)
{
    return sign_by(world, target, CKM_RSA_X_509, target->under_rsa.bytes, target->under_rsa.len);
}
static bool sign_v15(struct world *world, const struct target *target)
{
    return sign_by(world, target, CKM_RSA_PKCS, world->plaintext, sizeof world->plaintext);
}
static bool sign_sha256(struct world *world, const struct target *target)
{
    return sign_by(world, target, CKM_SHA256_RSA_PKCS, world->plaintext, sizeof world->plaintext);
}
static bool sign_pss(struct world *world, const struct target *target)
{
    return sign_by(world, target, CKM_SHA256_RSA_PKCS_PSS, world->plaintext, sizeof world->plaintext);
}

static bool private_half_wraps(struct world *world, const struct target *target)
{
    CK_BYTE out[BLOB_MAX_BYTES];
    CK_ULONG len = sizeof out;
    return world->p11->C_WrapKey(world->session, &world->oaep, target->objects[OBJECT_RSA_PRIVATE],
                                 target->objects[OBJECT_PAYLOAD], out, &len) == CKR_OK;
}

static bool public_half_unwraps(struct world *world, const struct target *target)
{
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    const size_t n = payload_template(template);
    CK_OBJECT_HANDLE key;
    return world->p11->C_UnwrapKey(world->session, &world->oaep, target->objects[OBJECT_RSA_PUBLIC],
                                   (CK_BYTE *)(uintptr_t)target->under_rsa.bytes, target->under_rsa.len, template, n,
                                   &key) == CKR_OK;
}

/* Without a control where SoftHSM refuses everybody: then it is tried all the same, since another token may not. */
static const struct named_attack pairs[] = {
    {"unwrapping a PKCS #1 v1.5 ciphertext", unwrap_v15, true, NULL},
    {"unwrapping a raw RSA ciphertext", unwrap_raw, false, NULL},
    {"unwrapping by OAEP with SHA-256", oaep_sha256, false, NULL},
    {"unwrapping by OAEP with SHA-512", oaep_sha512, false, NULL},
    {"unwrapping by OAEP with another MGF", oaep_other_mgf, false, NULL},
    {"unwrapping by OAEP with a label", oaep_label, false, NULL},
    {"unwrapping by OAEP without parameters", oaep_no_parameters, false, NULL},
    {"C_Decrypt of an OAEP ciphertext", decrypt_oaep, true, NULL},
    {"C_Decrypt of a PKCS #1 v1.5 ciphertext", decrypt_v15, true, NULL},
    {"C_Decrypt of an OAEP ciphertext by raw RSA", decrypt_raw, true, NULL},
    {"C_Sign of an OAEP ciphertext by raw RSA", sign_raw, true, NULL},
    {"C_Sign by RSA_PKCS", sign_v15, true, NULL},
    {"C_Sign by SHA256_RSA_PKCS", sign_sha256, true, NULL},
    {"C_Sign by SHA256_RSA_PKCS_PSS", sign_pss, true, NULL},
    {"wrapping under the private half", private_half_wraps, false, NULL},
    {"unwrapping with the public half", public_half_unwraps, false, NULL},
};

const struct family family_pair = {.name = "pair", .named = pairs, .n_named = COUNT(pairs)};
