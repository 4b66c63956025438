/*
 * The probe's trials of what keys and payloads may be used for. A token that does not look at these attributes decrypts
 * the ciphertext of a payload, or computes with it, for whoever holds the session.
 */
#include "p11/errors.h"
#include "p11/p11_call.h"
#include "probe_private.h"

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_BYTE iv[16];

/* A key of the session for any mechanism, which wraps and unwraps; whether it encrypts and decrypts is said. */
static CK_RV kek_that_decrypts(struct probe *probe, CK_BBOOL *decrypts, CK_OBJECT_HANDLE *ret)
{
    const CK_ATTRIBUTE use[] = {{CKA_ENCRYPT, decrypts, sizeof *decrypts}, {CKA_DECRYPT, decrypts, sizeof *decrypts}};
    return probe_free_kek_with(probe, use, sizeof use / sizeof use[0], ret);
}

/* Any bytes do but for KWP, which knows its own. */
static CK_RV decrypt_by(struct probe *probe, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek, CK_OBJECT_HANDLE payload)
{
    uint8_t data[PROBE_VALUE_MAX_BYTES] = {0};
    uint8_t out[PROBE_VALUE_MAX_BYTES];
    CK_ULONG len = 32;
    CK_ULONG out_len = sizeof out;
    if (mechanism->mechanism == probe->kwp) {
        CK_RV rv = probe_wrap(probe, probe->kwp, kek, payload, data, &len);
        if (rv != CKR_OK) {
            return rv;
        }
    }
    return p11_decrypt(probe->token, mechanism, kek, data, len, out, &out_len);
}

/* By each mechanism by which a key that may decrypt does so. Where there is none it cannot be told. */
struct hsm_result probe_try_decrypt(struct probe *probe, bool *ret_enforced)
{
    CK_MECHANISM mechanisms[] = {{.mechanism = CKM_AES_ECB}, {CKM_AES_CBC, iv, sizeof iv}, {.mechanism = probe->kwp}};
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE control = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_RV rv = kek_that_decrypts(probe, &no, &kek);
    if (rv == CKR_OK) {
        rv = kek_that_decrypts(probe, &yes, &control);
    }
    if (rv == CKR_OK) {
        rv = probe_payload(probe, HSM_LEVEL_SEALED, HSM_OPEN, true, 32, &payload);
    }
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey");
    }
    bool tried = false;
    bool refused = true;
    struct hsm_result result = HSM_SUCCESS;
    for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0] && refused && result.code == HSM_OK; i++) {
        if (decrypt_by(probe, &mechanisms[i], control, payload) == CKR_OK) {
            tried = true;
            result = probe_refused(probe, decrypt_by(probe, &mechanisms[i], kek, payload), "C_DecryptInit", &refused);
        }
    }
    probe->detail = tried ? NULL : "cannot be told: one that may decrypt does not either";
    *ret_enforced = tried && refused;
    return result;
}

static CK_RV sign(struct probe *probe, CK_OBJECT_HANDLE payload)
{
    const uint8_t data[] = {1};
    uint8_t mac[32];
    CK_ULONG len = sizeof mac;
    return p11_sign(probe->token, CKM_SHA256_HMAC, payload, data, sizeof data, mac, &len);
}

static CK_RV encrypt(struct probe *probe, CK_OBJECT_HANDLE payload)
{
    CK_MECHANISM ecb = {.mechanism = CKM_AES_ECB};
    const uint8_t data[16] = {1};
    uint8_t out[PROBE_VALUE_MAX_BYTES];
    CK_ULONG len = sizeof out;
    return p11_encrypt(probe->token, &ecb, payload, data, sizeof data, out, &len);
}

static CK_RV decrypt(struct probe *probe, CK_OBJECT_HANDLE payload)
{
    CK_MECHANISM ecb = {.mechanism = CKM_AES_ECB};
    const uint8_t data[16] = {1};
    uint8_t out[PROBE_VALUE_MAX_BYTES];
    CK_ULONG len = sizeof out;
    return p11_decrypt(probe->token, &ecb, payload, data, sizeof data, out, &len);
}

/* Part of the payload as a key of its own, which is as good as its value: it is found by trying (Clulow 2003). */
static CK_RV derive(struct probe *probe, CK_OBJECT_HANDLE payload)
{
    CK_ULONG first_bit = 0; /* CK_EXTRACT_PARAMS */
    CK_MECHANISM extract = {CKM_EXTRACT_KEY_FROM_KEY, &first_bit, sizeof first_bit};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ULONG length = 1;
    CK_ATTRIBUTE list[] = {{CKA_CLASS, &class, sizeof class},
                           {CKA_KEY_TYPE, &type, sizeof type},
                           {CKA_TOKEN, &no, sizeof no},
                           {CKA_VALUE_LEN, &length, sizeof length}};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    CK_RV rv = p11_derive_key(probe->token, &extract, payload, list, sizeof list / sizeof list[0], &made);
    return probe_register(probe, rv, &made);
}

/*
 * A sealed payload, in every way but the two for which it is there. That a token computes MACs with generic secrets is
 * known (probe_suite); of the others, what it does with none is no way out either.
 */
struct hsm_result probe_try_payload_use(struct probe *probe, bool *ret_enforced)
{
    static const struct {
        const char *call;
        const char *told;
        CK_RV (*use)(struct probe *probe, CK_OBJECT_HANDLE payload);
    } uses[] = {
        {"C_SignInit", "CKA_SIGN=false: it signs", sign},
        {"C_EncryptInit", "CKA_ENCRYPT=false: it encrypts", encrypt},
        {"C_DecryptInit", "CKA_DECRYPT=false: it decrypts", decrypt},
        {"C_DeriveKey", "CKA_DERIVE=false: a key is derived from it", derive},
    };
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_RV rv = probe_payload(probe, HSM_LEVEL_SEALED, HSM_SEALED, true, 32, &payload);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a sealed payload");
    }
    bool refused = true;
    struct hsm_result result = HSM_SUCCESS;
    for (size_t i = 0; i < sizeof uses / sizeof uses[0] && refused && result.code == HSM_OK; i++) {
        result = probe_refused(probe, uses[i].use(probe, payload), uses[i].call, &refused);
        probe->detail = refused ? NULL : uses[i].told;
    }
    *ret_enforced = refused;
    return result;
}
