/* The calls with a mechanism or a list of attributes that may have to be carried. */
#include "functions.h"

#define MAX_MECHANISMS 1024

/* What the caller's side calls the mechanism of the module behind. */
static enum remote_way outward(void)
{
    return remote_half.way == REMOTE_TO_WIRE ? REMOTE_FROM_WIRE : REMOTE_TO_WIRE;
}

CK_RV remote_C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
    /* One more than is said: p11-kit-client.so 0.24.1 takes out what it does not know and reads beyond the room. */
    CK_MECHANISM_TYPE all[MAX_MECHANISMS + 1];
    CK_ULONG n_all = MAX_MECHANISMS;
    if (count == NULL) {
        return CKR_ARGUMENTS_BAD;
    }
    const CK_RV rv = REMOTE_CALL(C_GetMechanismList, slot, all, &n_all);
    if (rv != CKR_OK) {
        return rv == CKR_BUFFER_TOO_SMALL ? CKR_HOST_MEMORY : rv;
    }
    if (n_all > MAX_MECHANISMS) {
        return CKR_DEVICE_ERROR;
    }
    CK_ULONG n = 0;
    for (CK_ULONG i = 0; i < n_all; i++) {
        n += remote_mechanism_map(all[i], outward(), &all[n]) != REMOTE_MECHANISM_REFUSED ? 1 : 0;
    }
    const CK_ULONG room = *count;
    *count = n;
    if (list != NULL && room < n) {
        return CKR_BUFFER_TOO_SMALL;
    }
    if (list != NULL) {
        memcpy(list, all, n * sizeof all[0]);
    }
    return CKR_OK;
}

CK_RV remote_C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    CK_MECHANISM_TYPE inner;
    const enum remote_mechanism found = remote_mechanism_map(type, remote_half.way, &inner);
    if (found == REMOTE_MECHANISM_REFUSED) {
        return CKR_MECHANISM_INVALID;
    }
    const CK_RV rv = REMOTE_CALL(C_GetMechanismInfo, slot, inner, info);
    if (rv == CKR_OK && found == REMOTE_MECHANISM_MAPPED) {
        info->flags &= CKF_HW | CKF_WRAP | CKF_UNWRAP; /* what it is carried for */
    }
    return rv;
}

/* The mechanism of a C_WrapKey or C_UnwrapKey. p11-kit would drop a parameter in silence: it is refused. */
static CK_RV translate_mechanism(const CK_MECHANISM *mechanism, CK_MECHANISM *ret)
{
    if (mechanism == NULL) {
        return CKR_ARGUMENTS_BAD;
    }
    *ret = *mechanism;
    switch (remote_mechanism_map(mechanism->mechanism, remote_half.way, &ret->mechanism)) {
    case REMOTE_MECHANISM_AS_IT_IS:
        return CKR_OK;
    case REMOTE_MECHANISM_MAPPED:
        return mechanism->ulParameterLen == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
    case REMOTE_MECHANISM_REFUSED:
        break;
    }
    return CKR_MECHANISM_INVALID;
}

/* The list to go on with: the caller's own, or the translated copy. */
static CK_RV translate_list(CK_ATTRIBUTE *list, CK_ULONG n, struct remote_list *room, CK_ATTRIBUTE **ret)
{
    if (remote_list_is_plain(list, n)) {
        *ret = list;
        return CKR_OK;
    }
    *ret = room->attributes;
    return remote_list_translate(list, n, room);
}

/* A call whose one list of attributes may have to be translated; `translated` is the list to go on with. */
#define WITH_LIST(name, parameters, ...)                                                                               \
    CK_RV remote_##name parameters                                                                                     \
    {                                                                                                                  \
        struct remote_list room;                                                                                       \
        CK_ATTRIBUTE *translated;                                                                                      \
        const CK_RV rv = translate_list(list, n, &room, &translated);                                                  \
        return rv != CKR_OK ? rv : REMOTE_CALL(name, __VA_ARGS__);                                                     \
    }

#define LIST CK_ATTRIBUTE *list, CK_ULONG n

WITH_LIST(C_CreateObject, (CK_SESSION_HANDLE session, LIST, CK_OBJECT_HANDLE *made), session, translated, n, made)
WITH_LIST(C_CopyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, LIST, CK_OBJECT_HANDLE *made), session,
          object, translated, n, made)
WITH_LIST(C_SetAttributeValue, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, LIST), session, object, translated,
          n)
WITH_LIST(C_FindObjectsInit, (CK_SESSION_HANDLE session, LIST), session, translated, n)
WITH_LIST(C_GenerateKey, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, LIST, CK_OBJECT_HANDLE *made), session,
          mechanism, translated, n, made)
WITH_LIST(C_DeriveKey,
          (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base, LIST, CK_OBJECT_HANDLE *made),
          session, mechanism, base, translated, n, made)

CK_RV remote_C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    return remote_list_is_plain(list, n) ? REMOTE_CALL(C_GetAttributeValue, session, object, list, n)
                                         : remote_half.read(session, object, list, n);
}

CK_RV remote_C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_list,
                               CK_ULONG n_public, CK_ATTRIBUTE *private_list, CK_ULONG n_private,
                               CK_OBJECT_HANDLE *made_public, CK_OBJECT_HANDLE *made_private)
{
    struct remote_list public_room;
    struct remote_list private_room;
    CK_ATTRIBUTE *public_translated;
    CK_ATTRIBUTE *private_translated;
    CK_RV rv = translate_list(public_list, n_public, &public_room, &public_translated);
    if (rv == CKR_OK) {
        rv = translate_list(private_list, n_private, &private_room, &private_translated);
    }
    return rv != CKR_OK ? rv
                        : REMOTE_CALL(C_GenerateKeyPair, session, mechanism, public_translated, n_public,
                                      private_translated, n_private, made_public, made_private);
}

CK_RV remote_C_WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping_key,
                       CK_OBJECT_HANDLE key, CK_BYTE *wrapped, CK_ULONG *wrapped_len)
{
    CK_MECHANISM inner;
    const CK_RV rv = translate_mechanism(mechanism, &inner);
    return rv != CKR_OK ? rv : REMOTE_CALL(C_WrapKey, session, &inner, wrapping_key, key, wrapped, wrapped_len);
}

CK_RV remote_C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping_key,
                         CK_BYTE *wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *made)
{
    struct remote_list room;
    CK_ATTRIBUTE *translated;
    CK_MECHANISM inner;
    CK_RV rv = translate_mechanism(mechanism, &inner);
    if (rv == CKR_OK) {
        rv = translate_list(list, n, &room, &translated);
    }
    return rv != CKR_OK
               ? rv
               : REMOTE_CALL(C_UnwrapKey, session, &inner, unwrapping_key, wrapped, wrapped_len, translated, n, made);
}
