/* The one door to a module's functions; see p11_call.h. */
#include "p11_call.h"

/* A module may leave functions out of its table, although PKCS#11 section 3.6 asks for stubs: do not jump to address 0.
 */
#define CALL(token, function, ...)                                                                                     \
    ((token)->functions->function == NULL ? CKR_FUNCTION_NOT_SUPPORTED : (token)->functions->function(__VA_ARGS__))

CK_RV p11_initialize(struct hsm_token *token, const char *init_args)
{
    /* PKCS#11 takes a writable pointer; the modules that read it (NSS softokn) do not write to it. */
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK, .pReserved = (void *)(uintptr_t)init_args};
    return CALL(token, C_Initialize, &arguments);
}

CK_RV p11_finalize(struct hsm_token *token)
{
    return CALL(token, C_Finalize, NULL);
}

CK_RV p11_get_info(struct hsm_token *token, CK_INFO *ret)
{
    return CALL(token, C_GetInfo, ret);
}

CK_RV p11_get_slot_list(struct hsm_token *token, CK_SLOT_ID *slots, CK_ULONG *count)
{
    return CALL(token, C_GetSlotList, CK_TRUE, slots, count);
}

CK_RV p11_get_slot_info(struct hsm_token *token, CK_SLOT_ID slot, CK_SLOT_INFO *ret)
{
    return CALL(token, C_GetSlotInfo, slot, ret);
}

CK_RV p11_get_token_info(struct hsm_token *token, CK_SLOT_ID slot, CK_TOKEN_INFO *ret)
{
    return CALL(token, C_GetTokenInfo, slot, ret);
}

CK_RV p11_get_mechanism_list(struct hsm_token *token, CK_MECHANISM_TYPE *types, CK_ULONG *count)
{
    return CALL(token, C_GetMechanismList, token->slot, types, count);
}

CK_RV p11_get_mechanism_info(struct hsm_token *token, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *ret)
{
    return CALL(token, C_GetMechanismInfo, token->slot, type, ret);
}

CK_RV p11_open_session(struct hsm_token *token)
{
    return CALL(token, C_OpenSession, token->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &token->session);
}

CK_RV p11_close_session(struct hsm_token *token)
{
    return CALL(token, C_CloseSession, token->session);
}

CK_RV p11_get_session_info(struct hsm_token *token, CK_SESSION_INFO *ret)
{
    return CALL(token, C_GetSessionInfo, token->session, ret);
}

CK_RV p11_login(struct hsm_token *token, CK_USER_TYPE user, const uint8_t *pin, CK_ULONG pin_len)
{
    return CALL(token, C_Login, token->session, user, (CK_UTF8CHAR *)(uintptr_t)pin, pin_len);
}

CK_RV p11_logout(struct hsm_token *token)
{
    return CALL(token, C_Logout, token->session);
}

CK_RV p11_create_object(struct hsm_token *token, CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *ret)
{
    return CALL(token, C_CreateObject, token->session, attributes, count, ret);
}

CK_RV p11_destroy_object(struct hsm_token *token, CK_OBJECT_HANDLE object)
{
    return CALL(token, C_DestroyObject, token->session, object);
}

CK_RV p11_copy_object(struct hsm_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count,
                      CK_OBJECT_HANDLE *ret)
{
    return CALL(token, C_CopyObject, token->session, object, attributes, count, ret);
}

CK_RV p11_get_attributes(struct hsm_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    return CALL(token, C_GetAttributeValue, token->session, object, attributes, count);
}

CK_RV p11_set_attributes(struct hsm_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    return CALL(token, C_SetAttributeValue, token->session, object, attributes, count);
}

CK_RV p11_find_init(struct hsm_token *token, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    return CALL(token, C_FindObjectsInit, token->session, attributes, count);
}

CK_RV p11_find(struct hsm_token *token, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *ret_count)
{
    return CALL(token, C_FindObjects, token->session, objects, max, ret_count);
}

CK_RV p11_find_final(struct hsm_token *token)
{
    return CALL(token, C_FindObjectsFinal, token->session);
}

CK_RV p11_generate_key(struct hsm_token *token, CK_MECHANISM_TYPE mechanism, CK_ATTRIBUTE *attributes, CK_ULONG count,
                       CK_OBJECT_HANDLE *ret)
{
    CK_MECHANISM plain = {.mechanism = mechanism};
    return CALL(token, C_GenerateKey, token->session, &plain, attributes, count, ret);
}

CK_RV p11_generate_key_pair(struct hsm_token *token, CK_MECHANISM_TYPE mechanism, CK_ATTRIBUTE *public_attributes,
                            CK_ULONG n_public, CK_ATTRIBUTE *private_attributes, CK_ULONG n_private,
                            CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    CK_MECHANISM plain = {.mechanism = mechanism};
    return CALL(token, C_GenerateKeyPair, token->session, &plain, public_attributes, n_public, private_attributes,
                n_private, ret_public, ret_private);
}

CK_RV p11_wrap_key(struct hsm_token *token, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping_key,
                   CK_OBJECT_HANDLE key, uint8_t *wrapped, CK_ULONG *wrapped_len)
{
    const CK_ULONG room = *wrapped_len;
    const CK_RV rv = CALL(token, C_WrapKey, token->session, mechanism, wrapping_key, key, wrapped, wrapped_len);
    return rv == CKR_OK && *wrapped_len > room ? CKR_GENERAL_ERROR : rv;
}

CK_RV p11_unwrap_key(struct hsm_token *token, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping_key,
                     const uint8_t *wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE *attributes, CK_ULONG count,
                     CK_OBJECT_HANDLE *ret)
{
    return CALL(token, C_UnwrapKey, token->session, mechanism, unwrapping_key, (CK_BYTE *)(uintptr_t)wrapped,
                wrapped_len, attributes, count, ret);
}

CK_RV p11_sign(struct hsm_token *token, CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE key, const uint8_t *data,
               CK_ULONG data_len, uint8_t *signature, CK_ULONG *signature_len)
{
    CK_MECHANISM plain = {.mechanism = mechanism};
    CK_RV rv = CALL(token, C_SignInit, token->session, &plain, key);
    if (rv != CKR_OK) {
        return rv;
    }
    return CALL(token, C_Sign, token->session, (CK_BYTE *)(uintptr_t)data, data_len, signature, signature_len);
}

CK_RV p11_encrypt(struct hsm_token *token, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, const uint8_t *data,
                  CK_ULONG data_len, uint8_t *out, CK_ULONG *out_len)
{
    CK_RV rv = CALL(token, C_EncryptInit, token->session, mechanism, key);
    if (rv != CKR_OK) {
        return rv;
    }
    return CALL(token, C_Encrypt, token->session, (CK_BYTE *)(uintptr_t)data, data_len, out, out_len);
}

CK_RV p11_decrypt(struct hsm_token *token, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, const uint8_t *data,
                  CK_ULONG data_len, uint8_t *out, CK_ULONG *out_len)
{
    CK_RV rv = CALL(token, C_DecryptInit, token->session, mechanism, key);
    if (rv != CKR_OK) {
        return rv;
    }
    return CALL(token, C_Decrypt, token->session, (CK_BYTE *)(uintptr_t)data, data_len, out, out_len);
}

CK_RV p11_derive_key(struct hsm_token *token, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base, CK_ATTRIBUTE *attributes,
                     CK_ULONG count, CK_OBJECT_HANDLE *ret)
{
    return CALL(token, C_DeriveKey, token->session, mechanism, base, attributes, count, ret);
}

CK_RV p11_generate_random(struct hsm_token *token, uint8_t *out, CK_ULONG len)
{
    return CALL(token, C_GenerateRandom, token->session, out, len);
}

static CK_RV digest_and_key(struct hsm_token *token, CK_OBJECT_HANDLE key, const uint8_t *suffix, CK_ULONG suffix_len)
{
    CK_RV rv = CALL(token, C_DigestKey, token->session, key);
    if (rv == CKR_OK && suffix_len > 0) {
        rv = CALL(token, C_DigestUpdate, token->session, (CK_BYTE *)(uintptr_t)suffix, suffix_len);
    }
    return rv;
}

CK_RV p11_digest_key(struct hsm_token *token, CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE key, const uint8_t *suffix,
                     CK_ULONG suffix_len, uint8_t *digest, CK_ULONG *digest_len)
{
    CK_MECHANISM plain = {.mechanism = mechanism};
    CK_RV rv = CALL(token, C_DigestInit, token->session, &plain);
    if (rv != CKR_OK) {
        return rv;
    }
    rv = digest_and_key(token, key, suffix, suffix_len);
    CK_RV ended = CALL(token, C_DigestFinal, token->session, digest, digest_len);
    return rv != CKR_OK ? rv : ended;
}
