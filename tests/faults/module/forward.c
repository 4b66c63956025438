/* The functions that only pass a call on: handles and lengths are all that is looked at. */
#include "faulty.h"

#include "forward.h"

#define IN(handle) faulty_handle_in(handle)

#define FORWARD(name, needs, session, parameters, ...)                                                                 \
    CK_RV faulty_##name parameters                                                                                     \
    {                                                                                                                  \
        struct faulty_step step = faulty_begin(FAULTY_##name, needs, session);                                         \
        return step.answered ? step.rv : faulty_end(&step, faulty_token->name(__VA_ARGS__));                           \
    }

#define TOKEN_CALL(name, parameters, ...)   FORWARD(name, FAULTY_NEEDS_TOKEN, CK_INVALID_HANDLE, parameters, __VA_ARGS__)
#define SESSION_CALL(name, parameters, ...) FORWARD(name, FAULTY_NEEDS_SESSION, session, parameters, __VA_ARGS__)

/* The last two parameters are the room for the answer and its length: out, len. */
#define ANSWER_CALL(name, parameters, ...)                                                                             \
    CK_RV faulty_##name parameters                                                                                     \
    {                                                                                                                  \
        struct faulty_step step = faulty_begin(FAULTY_##name, FAULTY_NEEDS_SESSION, session);                          \
        return step.answered ? step.rv : faulty_end_length(&step, faulty_token->name(__VA_ARGS__), out, len);          \
    }

#define SESSION CK_SESSION_HANDLE session
#define BYTES   CK_BYTE *data, CK_ULONG data_len
#define ANSWER  CK_BYTE *out, CK_ULONG *len

FORWARD(C_GetInfo, FAULTY_NEEDS_NOTHING, CK_INVALID_HANDLE, (CK_INFO * info), info)
FORWARD(C_WaitForSlotEvent, FAULTY_NEEDS_NOTHING, CK_INVALID_HANDLE, (CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved),
        flags, slot, reserved)

TOKEN_CALL(C_InitToken, (CK_SLOT_ID slot, CK_BYTE *pin, CK_ULONG pin_len, CK_BYTE *label), slot, pin, pin_len, label)
TOKEN_CALL(C_OpenSession,
           (CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *session), slot,
           flags, application, notify, session)
TOKEN_CALL(C_CloseAllSessions, (CK_SLOT_ID slot), slot)

SESSION_CALL(C_InitPIN, (SESSION, BYTES), session, data, data_len)
SESSION_CALL(C_SetPIN, (SESSION, BYTES, CK_BYTE *fresh, CK_ULONG fresh_len), session, data, data_len, fresh, fresh_len)
SESSION_CALL(C_CloseSession, (SESSION), session)
SESSION_CALL(C_GetSessionInfo, (SESSION, CK_SESSION_INFO *info), session, info)
ANSWER_CALL(C_GetOperationState, (SESSION, ANSWER), session, out, len)
SESSION_CALL(C_SetOperationState, (SESSION, BYTES, CK_OBJECT_HANDLE encrypts, CK_OBJECT_HANDLE authenticates), session,
             data, data_len, IN(encrypts), IN(authenticates))
SESSION_CALL(C_Login, (SESSION, CK_USER_TYPE user, BYTES), session, user, data, data_len)
SESSION_CALL(C_Logout, (SESSION), session)

SESSION_CALL(C_DestroyObject, (SESSION, CK_OBJECT_HANDLE object), session, IN(object))
SESSION_CALL(C_GetObjectSize, (SESSION, CK_OBJECT_HANDLE object, CK_ULONG *size), session, IN(object), size)
SESSION_CALL(C_FindObjectsFinal, (SESSION), session)

SESSION_CALL(C_EncryptInit, (SESSION, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), session, mechanism, IN(key))
ANSWER_CALL(C_Encrypt, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
ANSWER_CALL(C_EncryptUpdate, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
ANSWER_CALL(C_EncryptFinal, (SESSION, ANSWER), session, out, len)
ANSWER_CALL(C_DecryptUpdate, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
ANSWER_CALL(C_DecryptFinal, (SESSION, ANSWER), session, out, len)
SESSION_CALL(C_DigestInit, (SESSION, CK_MECHANISM *mechanism), session, mechanism)
ANSWER_CALL(C_Digest, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
SESSION_CALL(C_DigestUpdate, (SESSION, BYTES), session, data, data_len)
SESSION_CALL(C_DigestKey, (SESSION, CK_OBJECT_HANDLE key), session, IN(key))
ANSWER_CALL(C_DigestFinal, (SESSION, ANSWER), session, out, len)

SESSION_CALL(C_SignInit, (SESSION, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), session, mechanism, IN(key))
ANSWER_CALL(C_Sign, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
SESSION_CALL(C_SignUpdate, (SESSION, BYTES), session, data, data_len)
ANSWER_CALL(C_SignFinal, (SESSION, ANSWER), session, out, len)
SESSION_CALL(C_SignRecoverInit, (SESSION, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), session, mechanism, IN(key))
ANSWER_CALL(C_SignRecover, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
SESSION_CALL(C_VerifyInit, (SESSION, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), session, mechanism, IN(key))
SESSION_CALL(C_Verify, (SESSION, BYTES, CK_BYTE *signature, CK_ULONG len), session, data, data_len, signature, len)
SESSION_CALL(C_VerifyUpdate, (SESSION, BYTES), session, data, data_len)
SESSION_CALL(C_VerifyFinal, (SESSION, BYTES), session, data, data_len)
SESSION_CALL(C_VerifyRecoverInit, (SESSION, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), session, mechanism, IN(key))
ANSWER_CALL(C_VerifyRecover, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
ANSWER_CALL(C_DigestEncryptUpdate, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
ANSWER_CALL(C_DecryptDigestUpdate, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
ANSWER_CALL(C_SignEncryptUpdate, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)
ANSWER_CALL(C_DecryptVerifyUpdate, (SESSION, BYTES, ANSWER), session, data, data_len, out, len)

SESSION_CALL(C_SeedRandom, (SESSION, BYTES), session, data, data_len)
SESSION_CALL(C_GenerateRandom, (SESSION, BYTES), session, data, data_len)
SESSION_CALL(C_GetFunctionStatus, (SESSION), session)
SESSION_CALL(C_CancelFunction, (SESSION), session)
