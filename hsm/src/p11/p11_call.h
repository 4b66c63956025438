/*
 * The one door to a module's functions: no other file calls through the function table. Each is its C_ namesake
 * (PKCS#11 v2.40 sections 5.4 to 5.13) with the token's slot and session filled in, returns the module's own CK_RV, and
 * may block for as long as the module does. A function that the module's table leaves out answers
 * CKR_FUNCTION_NOT_SUPPORTED.
 */
#pragma once

#include "p11.h"

#include "base/attr.h"

/* Module: init_args goes to pReserved, NULL for none. */
REWRAP_MUST_USE CK_RV p11_initialize(struct hsm_token *token, const char *init_args);
REWRAP_MUST_USE CK_RV p11_finalize(struct hsm_token *token);
REWRAP_MUST_USE CK_RV p11_get_info(struct hsm_token *token, CK_INFO *ret);

/* Slots: these take the slot, because they are asked before one is chosen. */
REWRAP_MUST_USE CK_RV p11_get_slot_list(struct hsm_token *token, CK_SLOT_ID *slots, CK_ULONG *count);
REWRAP_MUST_USE CK_RV p11_get_slot_info(struct hsm_token *token, CK_SLOT_ID slot, CK_SLOT_INFO *ret);
REWRAP_MUST_USE CK_RV p11_get_token_info(struct hsm_token *token, CK_SLOT_ID slot, CK_TOKEN_INFO *ret);
/* On entry *count is the room in types (any with types NULL), on CKR_OK how many there are. */
REWRAP_MUST_USE CK_RV p11_get_mechanism_list(struct hsm_token *token, CK_MECHANISM_TYPE *types, CK_ULONG *count);
REWRAP_MUST_USE CK_RV p11_get_mechanism_info(struct hsm_token *token, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *ret);

/* Session: open leaves the handle in the token. */
REWRAP_MUST_USE CK_RV p11_open_session(struct hsm_token *token);
REWRAP_MUST_USE CK_RV p11_close_session(struct hsm_token *token);
REWRAP_MUST_USE CK_RV p11_get_session_info(struct hsm_token *token, CK_SESSION_INFO *ret);
REWRAP_MUST_USE CK_RV p11_login(struct hsm_token *token, CK_USER_TYPE user, const uint8_t *pin, CK_ULONG pin_len);
REWRAP_MUST_USE CK_RV p11_logout(struct hsm_token *token);

/* Objects. */
REWRAP_MUST_USE CK_RV p11_create_object(struct hsm_token *token, CK_ATTRIBUTE *attributes, CK_ULONG count,
                                        CK_OBJECT_HANDLE *ret);
REWRAP_MUST_USE CK_RV p11_destroy_object(struct hsm_token *token, CK_OBJECT_HANDLE object);
REWRAP_MUST_USE CK_RV p11_copy_object(struct hsm_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes,
                                      CK_ULONG count, CK_OBJECT_HANDLE *ret);
REWRAP_MUST_USE CK_RV p11_get_attributes(struct hsm_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes,
                                         CK_ULONG count);
REWRAP_MUST_USE CK_RV p11_set_attributes(struct hsm_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes,
                                         CK_ULONG count);
REWRAP_MUST_USE CK_RV p11_find_init(struct hsm_token *token, CK_ATTRIBUTE *attributes, CK_ULONG count);
REWRAP_MUST_USE CK_RV p11_find(struct hsm_token *token, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *ret_count);
REWRAP_MUST_USE CK_RV p11_find_final(struct hsm_token *token);

/* Keys. */
REWRAP_MUST_USE CK_RV p11_generate_key(struct hsm_token *token, CK_MECHANISM_TYPE mechanism, CK_ATTRIBUTE *attributes,
                                       CK_ULONG count, CK_OBJECT_HANDLE *ret);
REWRAP_MUST_USE CK_RV p11_generate_key_pair(struct hsm_token *token, CK_MECHANISM_TYPE mechanism,
                                            CK_ATTRIBUTE *public_attributes, CK_ULONG n_public,
                                            CK_ATTRIBUTE *private_attributes, CK_ULONG n_private,
                                            CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private);
/* On entry *wrapped_len is the room in wrapped, on CKR_OK the bytes written. CKR_GENERAL_ERROR for a module that says
 * it has written more. */
REWRAP_MUST_USE CK_RV p11_wrap_key(struct hsm_token *token, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping_key,
                                   CK_OBJECT_HANDLE key, uint8_t *wrapped, CK_ULONG *wrapped_len);
REWRAP_MUST_USE CK_RV p11_unwrap_key(struct hsm_token *token, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping_key,
                                     const uint8_t *wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE *attributes,
                                     CK_ULONG count, CK_OBJECT_HANDLE *ret);

/* Signatures and MACs in one part. On entry *signature_len is the room, on CKR_OK the bytes written. */
REWRAP_MUST_USE CK_RV p11_sign(struct hsm_token *token, CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE key,
                               const uint8_t *data, CK_ULONG data_len, uint8_t *signature, CK_ULONG *signature_len);

/* Encryption and decryption in one part, for the probe, which wants them refused. Lengths as in p11_sign. */
REWRAP_MUST_USE CK_RV p11_encrypt(struct hsm_token *token, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
                                  const uint8_t *data, CK_ULONG data_len, uint8_t *out, CK_ULONG *out_len);
REWRAP_MUST_USE CK_RV p11_decrypt(struct hsm_token *token, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
                                  const uint8_t *data, CK_ULONG data_len, uint8_t *out, CK_ULONG *out_len);
REWRAP_MUST_USE CK_RV p11_derive_key(struct hsm_token *token, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                                     CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *ret);

/*
 * C_DigestInit, C_DigestKey, C_DigestUpdate with suffix (if any) and C_DigestFinal, which ends the operation on every
 * path: the digest of key's value ‖ suffix. On entry *digest_len is the room; the caller wipes digest, whatever the
 * answer.
 */
REWRAP_MUST_USE CK_RV p11_digest_key(struct hsm_token *token, CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE key,
                                     const uint8_t *suffix, CK_ULONG suffix_len, uint8_t *digest, CK_ULONG *digest_len);

REWRAP_MUST_USE CK_RV p11_generate_random(struct hsm_token *token, uint8_t *out, CK_ULONG len);
