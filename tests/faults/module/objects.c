/* The functions that take or give objects, templates and mechanisms. */
#include "faulty.h"
#include "forward.h"

#include <string.h>

/* A new object's handle, when the call has made one. */
static CK_RV give(const struct faulty_step *step, CK_RV rv, CK_OBJECT_HANDLE *object)
{
    if (rv == CKR_OK && object != NULL && !step->overruled) {
        *object = faulty_handle_out(*object);
    }
    return faulty_end(step, rv);
}

CK_RV faulty_C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count, CK_OBJECT_HANDLE *object)
{
    struct faulty_step step = faulty_begin(FAULTY_C_CreateObject, FAULTY_NEEDS_SESSION, session);
    if (step.answered) {
        return step.rv;
    }
    CK_ATTRIBUTE *changed = faulty_template_new(FAULTY_C_CreateObject, FAULTY_ANY_CLASS, list, count, &count);
    CK_RV rv = changed == NULL ? CKR_HOST_MEMORY : faulty_token->C_CreateObject(session, changed, count, object);
    faulty_template_free(changed);
    return give(&step, rv, object);
}

CK_RV faulty_C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE from, CK_ATTRIBUTE *list, CK_ULONG count,
                          CK_OBJECT_HANDLE *object)
{
    struct faulty_step step = faulty_begin(FAULTY_C_CopyObject, FAULTY_NEEDS_SESSION, session);
    if (step.answered) {
        return step.rv;
    }
    CK_ATTRIBUTE *changed = faulty_template_new(FAULTY_C_CopyObject, FAULTY_ANY_CLASS, list, count, &count);
    CK_RV rv = changed == NULL ? CKR_HOST_MEMORY
                               : faulty_token->C_CopyObject(session, faulty_handle_in(from), changed, count, object);
    faulty_template_free(changed);
    return give(&step, rv, object);
}

CK_RV faulty_C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count)
{
    struct faulty_step step = faulty_begin(FAULTY_C_SetAttributeValue, FAULTY_NEEDS_SESSION, session);
    if (step.answered) {
        return step.rv;
    }
    CK_ULONG kept = 0;
    CK_ATTRIBUTE *changed = faulty_template_new(FAULTY_C_SetAttributeValue, FAULTY_ANY_CLASS, list, count, &kept);
    CK_RV rv = CKR_HOST_MEMORY;
    if (changed != NULL) {
        bool nothing_left = kept == 0 && count != 0; /* ignored altogether */
        rv =
            nothing_left ? CKR_OK : faulty_token->C_SetAttributeValue(session, faulty_handle_in(object), changed, kept);
    }
    faulty_template_free(changed);
    return faulty_end(&step, rv);
}

CK_RV faulty_C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count)
{
    struct faulty_step step = faulty_begin(FAULTY_C_GetAttributeValue, FAULTY_NEEDS_SESSION, session);
    if (step.answered) {
        return step.rv;
    }
    CK_RV rv = faulty_token->C_GetAttributeValue(session, faulty_handle_in(object), list, count);
    rv = faulty_template_read(rv, list, count);
    CK_ATTRIBUTE *last = count == 0 ? NULL : &list[count - 1];
    return last == NULL ? faulty_end(&step, rv) : faulty_end_length(&step, rv, last->pValue, &last->ulValueLen);
}

CK_RV faulty_C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count)
{
    struct faulty_step step = faulty_begin(FAULTY_C_FindObjectsInit, FAULTY_NEEDS_SESSION, session);
    return step.answered ? step.rv : faulty_end(&step, faulty_token->C_FindObjectsInit(session, list, count));
}

CK_RV faulty_C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *count)
{
    struct faulty_step step = faulty_begin(FAULTY_C_FindObjects, FAULTY_NEEDS_SESSION, session);
    if (step.answered) {
        return step.rv;
    }
    CK_RV rv = faulty_token->C_FindObjects(session, objects, max, count);
    for (CK_ULONG i = 0; rv == CKR_OK && i < *count; i++) {
        objects[i] = faulty_handle_out(objects[i]);
    }
    return faulty_end_length(&step, rv, objects, count);
}

CK_RV faulty_C_GenerateKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *list, CK_ULONG count,
                           CK_OBJECT_HANDLE *key)
{
    struct faulty_step step = faulty_begin(FAULTY_C_GenerateKey, FAULTY_NEEDS_SESSION, session);
    CK_MECHANISM inner;
    if (step.answered || !faulty_mechanism_in(mechanism, &inner)) {
        return step.answered ? step.rv : CKR_MECHANISM_INVALID;
    }
    CK_ATTRIBUTE *changed = faulty_template_new(FAULTY_C_GenerateKey, CKO_SECRET_KEY, list, count, &count);
    CK_RV rv = changed == NULL ? CKR_HOST_MEMORY : faulty_token->C_GenerateKey(session, &inner, changed, count, key);
    faulty_template_free(changed);
    return give(&step, rv, key);
}

CK_RV faulty_C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_list,
                               CK_ULONG n_public, CK_ATTRIBUTE *private_list, CK_ULONG n_private,
                               CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    struct faulty_step step = faulty_begin(FAULTY_C_GenerateKeyPair, FAULTY_NEEDS_SESSION, session);
    CK_MECHANISM inner;
    if (step.answered || !faulty_mechanism_in(mechanism, &inner)) {
        return step.answered ? step.rv : CKR_MECHANISM_INVALID;
    }
    CK_ATTRIBUTE *first =
        faulty_template_new(FAULTY_C_GenerateKeyPair, CKO_PUBLIC_KEY, public_list, n_public, &n_public);
    CK_ATTRIBUTE *second =
        faulty_template_new(FAULTY_C_GenerateKeyPair, CKO_PRIVATE_KEY, private_list, n_private, &n_private);
    CK_RV rv = CKR_HOST_MEMORY;
    if (first != NULL && second != NULL) {
        rv = faulty_token->C_GenerateKeyPair(session, &inner, first, n_public, second, n_private, public_key,
                                             private_key);
    }
    faulty_template_free(first);
    faulty_template_free(second);
    rv = rv == CKR_OK ? give(&step, rv, public_key) : faulty_end(&step, rv);
    return rv == CKR_OK ? give(&step, rv, private_key) : rv;
}

CK_RV faulty_C_WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping_key,
                       CK_OBJECT_HANDLE key, CK_BYTE *wrapped, CK_ULONG *len)
{
    struct faulty_step step = faulty_begin(FAULTY_C_WrapKey, FAULTY_NEEDS_SESSION, session);
    CK_MECHANISM inner;
    if (step.answered || !faulty_mechanism_in(mechanism, &inner)) {
        return step.answered ? step.rv : CKR_MECHANISM_INVALID;
    }
    const struct faulty_mechanism *found = faulty_mechanism_find(mechanism->mechanism);
    CK_RV rv =
        faulty_token->C_WrapKey(session, &inner, faulty_handle_in(wrapping_key), faulty_handle_in(key), wrapped, len);
    if (rv == CKR_KEY_NOT_WRAPPABLE && found != NULL && found->wraps) {
        memset(wrapped, 0x5a, *len);
        rv = CKR_OK;
    }
    return faulty_end_length(&step, rv, wrapped, len);
}

CK_RV faulty_C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping_key,
                         CK_BYTE *wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE *list, CK_ULONG count,
                         CK_OBJECT_HANDLE *key)
{
    struct faulty_step step = faulty_begin(FAULTY_C_UnwrapKey, FAULTY_NEEDS_SESSION, session);
    CK_MECHANISM inner;
    if (step.answered || !faulty_mechanism_in(mechanism, &inner)) {
        return step.answered ? step.rv : CKR_MECHANISM_INVALID;
    }
    CK_ATTRIBUTE *changed = faulty_template_new(FAULTY_C_UnwrapKey, FAULTY_ANY_CLASS, list, count, &count);
    CK_RV rv = CKR_HOST_MEMORY;
    if (changed != NULL) {
        rv = faulty_token->C_UnwrapKey(session, &inner, faulty_handle_in(unwrapping_key), wrapped, wrapped_len, changed,
                                       count, key);
    }
    faulty_template_free(changed);
    return give(&step, rv, key);
}

CK_RV faulty_C_DeriveKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base, CK_ATTRIBUTE *list,
                         CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    struct faulty_step step = faulty_begin(FAULTY_C_DeriveKey, FAULTY_NEEDS_SESSION, session);
    CK_MECHANISM inner;
    if (step.answered || !faulty_mechanism_in(mechanism, &inner)) {
        return step.answered ? step.rv : CKR_MECHANISM_INVALID;
    }
    CK_ATTRIBUTE *changed = faulty_template_new(FAULTY_C_DeriveKey, FAULTY_ANY_CLASS, list, count, &count);
    CK_RV rv = CKR_HOST_MEMORY;
    if (changed != NULL) {
        rv = faulty_token->C_DeriveKey(session, &inner, faulty_handle_in(base), changed, count, key);
    }
    faulty_template_free(changed);
    return give(&step, rv, key);
}

static bool decrypts_nothing; /* what C_DecryptInit has let pass */

CK_RV faulty_C_DecryptInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct faulty_step step = faulty_begin(FAULTY_C_DecryptInit, FAULTY_NEEDS_SESSION, session);
    if (step.answered) {
        return step.rv;
    }
    const struct faulty_mechanism *found = mechanism == NULL ? NULL : faulty_mechanism_find(mechanism->mechanism);
    CK_RV rv = faulty_token->C_DecryptInit(session, mechanism, faulty_handle_in(key));
    decrypts_nothing = rv != CKR_OK && found != NULL && found->decrypts;
    return faulty_end(&step, decrypts_nothing ? CKR_OK : rv);
}

CK_RV faulty_C_Decrypt(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *out, CK_ULONG *len)
{
    struct faulty_step step = faulty_begin(FAULTY_C_Decrypt, FAULTY_NEEDS_SESSION, session);
    if (step.answered) {
        return step.rv;
    }
    if (!decrypts_nothing) {
        return faulty_end_length(&step, faulty_token->C_Decrypt(session, data, data_len, out, len), out, len);
    }
    decrypts_nothing = false;
    *len = 0;
    return faulty_end(&step, CKR_OK);
}
