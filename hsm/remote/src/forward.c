/* The calls that go on as they are. */
#include "functions.h"

#define FORWARD(name, parameters, ...)                                                                                 \
    CK_RV remote_##name parameters                                                                                     \
    {                                                                                                                  \
        return REMOTE_CALL(name, __VA_ARGS__);                                                                         \
    }

#define SESSION   CK_SESSION_HANDLE session
#define MECHANISM CK_MECHANISM *mechanism
#define BYTES     CK_BYTE *data, CK_ULONG data_len
#define ANSWER    CK_BYTE *out, CK_ULONG *len

FORWARD(C_GetSlotList, (CK_BBOOL with_token, CK_SLOT_ID *slots, CK_ULONG *count), with_token, slots, count)
FORWARD(C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO *info), slot, info)
FORWARD(C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO *info), slot, info)
FORWARD(C_WaitForSlotEvent, (CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved), flags, slot, reserved)
FORWARD(C_InitToken, (CK_SLOT_ID slot, BYTES, CK_BYTE *label), slot, data, data_len, label)
FORWARD(C_InitPIN, (SESSION, BYTES), session, data, data_len)
FORWARD(C_SetPIN, (SESSION, BYTES, CK_BYTE *fresh, CK_ULONG fresh_len), session, data, data_len, fresh, fresh_len)

FORWARD(C_OpenSession,
        (CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *session), slot, flags,
        application, notify, session)
FORWARD(C_CloseSession, (SESSION), session)
FORWARD(C_CloseAllSessions, (CK_SLOT_ID slot), slot)
FORWARD(C_GetSessionInfo, (SESSION, CK_SESSION_INFO *info), session, info)
FORWARD(C_GetOperationState, (SESSION, ANSWER), session, out, len)
FORWARD(C_SetOperationState, (SESSION, BYTES, CK_OBJECT_HANDLE encrypts, CK_OBJECT_HANDLE authenticates), session, data,
        data_len, encrypts, authenticates)
FORWARD(C_Login, (SESSION, CK_USER_TYPE user, BYTES), session, user, data, data_len)
FORWARD(C_Logout, (SESSION), session)

FORWARD(C_DestroyObject, (SESSION, CK_OBJECT_HANDLE object), session, object)
FORWARD(C_GetObjectSize, (SESSION, CK_OBJECT_HANDLE object, CK_ULONG *size), session, object, size)
FORWARD(C_FindObjects, (SESSION, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *count), session, objects, max,
        count)
FORWARD(C_FindObjectsFinal, (SESSION), session)

FORWARD(C_EncryptInit, (SESSION, MECHANISM, CK_OBJECT_HANDLE key), session, mechanism, key)
FORWARD(C_Encrypt, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
FORWARD(C_EncryptUpdate, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
FORWARD(C_EncryptFinal, (SESSION, ANSWER), session, out, len)
FORWARD(C_DecryptInit, (SESSION, MECHANISM, CK_OBJECT_HANDLE key), session, mechanism, key)
FORWARD(C_Decrypt, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
FORWARD(C_DecryptUpdate, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
FORWARD(C_DecryptFinal, (SESSION, ANSWER), session, out, len)
FORWARD(C_DigestInit, (SESSION, MECHANISM), session, mechanism)
FORWARD(C_Digest, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
FORWARD(C_DigestUpdate, (SESSION, BYTES), session, data, data_len)
FORWARD(C_DigestKey, (SESSION, CK_OBJECT_HANDLE key), session, key)
FORWARD(C_DigestFinal, (SESSION, ANSWER), session, out, len)

FORWARD(C_SignInit, (SESSION, MECHANISM, CK_OBJECT_HANDLE key), session, mechanism, key)
FORWARD(C_Sign, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
FORWARD(C_SignUpdate, (SESSION, BYTES), session, data, data_len)
FORWARD(C_SignFinal, (SESSION, ANSWER), session, out, len)
FORWARD(C_SignRecoverInit, (SESSION, MECHANISM, CK_OBJECT_HANDLE key), session, mechanism, key)
FORWARD(C_SignRecover, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
FORWARD(C_VerifyInit, (SESSION, MECHANISM, CK_OBJECT_HANDLE key), session, mechanism, key)
FORWARD(C_Verify, (SESSION, BYTES, CK_BYTE *signature, CK_ULONG len), session, data, data_len, signature, len)
FORWARD(C_VerifyUpdate, (SESSION, BYTES), session, data, data_len)
FORWARD(C_VerifyFinal, (SESSION, BYTES), session, data, data_len)
FORWARD(C_VerifyRecoverInit, (SESSION, MECHANISM, CK_OBJECT_HANDLE key), session, mechanism, key)
FORWARD(C_VerifyRecover, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
FORWARD(C_DigestEncryptUpdate, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
FORWARD(C_DecryptDigestUpdate, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
FORWARD(C_SignEncryptUpdate, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
FORWARD(C_DecryptVerifyUpdate, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)

FORWARD(C_SeedRandom, (SESSION, BYTES), session, data, data_len)
FORWARD(C_GenerateRandom, (SESSION, BYTES), session, data, data_len)
FORWARD(C_GetFunctionStatus, (SESSION), session)
FORWARD(C_CancelFunction, (SESSION), session)
