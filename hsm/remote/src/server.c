/*
 * The server half: the module that p11-kit server loads (--provider). Behind it is the token's own module, named in the
 * environment of p11-kit server:
 *     REWRAPD_REMOTE_MODULE      its absolute path
 *     REWRAPD_REMOTE_INIT_ARGS   what its C_Initialize is given, if anything
 * What comes with C_Initialize is not looked at: a client may have sent it.
 */
#include "remote.h"

#include <stdlib.h>

static CK_RV configure(const char *reserved, struct remote_settings *ret)
{
    (void)reserved;
    const char *init_args = secure_getenv("REWRAPD_REMOTE_INIT_ARGS");
    *ret = (struct remote_settings){
        .module = secure_getenv("REWRAPD_REMOTE_MODULE"),
        .init_args = init_args == NULL || init_args[0] == '\0' ? NULL : init_args,
    };
    return CKR_OK;
}

static CK_RV translate(const CK_ATTRIBUTE *attribute, struct remote_list *ret, CK_ATTRIBUTE *out)
{
    struct remote_template *template = &ret->templates[ret->n_templates].read;
    if (!remote_type_from_wire(attribute->type, &out->type)) {
        return CKR_ATTRIBUTE_TYPE_INVALID;
    }
    if (attribute->pValue == NULL || attribute->ulValueLen > REMOTE_TEMPLATE_WIRE_MAX_BYTES ||
        !remote_template_read(view_of(attribute->pValue, attribute->ulValueLen), template)) {
        return CKR_TEMPLATE_INCONSISTENT;
    }
    out->pValue = template->list;
    out->ulValueLen = template->n * sizeof template->list[0];
    return CKR_OK;
}

/* Gives memory to each entry of a template, whose length the token has told. */
static bool make_room(struct remote_template *template)
{
    for (size_t i = 0; i < template->n; i++) {
        CK_ATTRIBUTE *entry = &template->list[i];
        entry->pValue = remote_template_room(template, entry->ulValueLen);
        if (entry->pValue == NULL) {
            return false;
        }
    }
    return true;
}

/*
 * Reads a whole template of an object: its length, its types and lengths, its values (PKCS#11 v2.40 section 5.7).
 * CKR_FUNCTION_FAILED for one that is not carried.
 */
static CK_RV read_template(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                           struct remote_template *ret)
{
    CK_ATTRIBUTE asked = {type, NULL, 0};
    CK_RV rv = REMOTE_CALL(C_GetAttributeValue, session, object, &asked, 1);
    if (rv != CKR_OK) {
        return rv;
    }
    if (asked.ulValueLen > sizeof ret->list || asked.ulValueLen % sizeof ret->list[0] != 0) {
        return CKR_FUNCTION_FAILED;
    }
    const CK_ULONG len = asked.ulValueLen;
    *ret = (struct remote_template){.n = len / sizeof ret->list[0]};
    if (len == 0) {
        return CKR_OK;
    }
    asked.pValue = ret->list;
    rv = REMOTE_CALL(C_GetAttributeValue, session, object, &asked, 1);
    if (rv != CKR_OK && rv != CKR_BUFFER_TOO_SMALL) {
        return rv;
    }
    if (asked.ulValueLen != len || !make_room(ret)) {
        return CKR_FUNCTION_FAILED;
    }
    CK_ATTRIBUTE told[REMOTE_TEMPLATE_MAX_ATTRIBUTES];
    memcpy(told, ret->list, sizeof told);
    rv = REMOTE_CALL(C_GetAttributeValue, session, object, &asked, 1);
    if (rv != CKR_OK) {
        return rv;
    }
    const bool as_told = asked.ulValueLen == len && view_equal(view_of(told, len), view_of(ret->list, len));
    return as_told ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* One template as bytes, into the room that the client gives. */
static CK_RV answer_template(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *out)
{
    struct remote_template template;
    uint8_t wire[REMOTE_TEMPLATE_WIRE_MAX_BYTES];
    CK_ATTRIBUTE_TYPE type;
    const CK_ULONG room = out->ulValueLen;
    out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    if (!remote_type_from_wire(out->type, &type)) {
        return CKR_ATTRIBUTE_TYPE_INVALID;
    }
    const CK_RV rv = read_template(session, object, type, &template);
    if (rv != CKR_OK) {
        return rv;
    }
    const size_t len = remote_template_write(template.list, template.n, wire);
    if (len == 0) {
        return CKR_FUNCTION_FAILED;
    }
    if (out->pValue != NULL && room < len) {
        return CKR_BUFFER_TOO_SMALL;
    }
    if (out->pValue != NULL) {
        memcpy(out->pValue, wire, len);
    }
    out->ulValueLen = len;
    return CKR_OK;
}

/* The attributes that are no templates, in one call. */
static CK_RV read_plain(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    CK_ATTRIBUTE plain[REMOTE_LIST_MAX_ATTRIBUTES];
    CK_ULONG from[REMOTE_LIST_MAX_ATTRIBUTES];
    CK_ULONG n_plain = 0;
    for (CK_ULONG i = 0; i < n; i++) {
        if (remote_list_is_plain(&list[i], 1)) {
            from[n_plain] = i;
            plain[n_plain++] = list[i];
        }
    }
    const CK_RV rv = n_plain == 0 ? CKR_OK : REMOTE_CALL(C_GetAttributeValue, session, object, plain, n_plain);
    for (CK_ULONG i = 0; i < n_plain && remote_answer_has_values(rv); i++) {
        list[from[i]].ulValueLen = plain[i].ulValueLen;
    }
    return rv;
}

static CK_RV read(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    if (n > REMOTE_LIST_MAX_ATTRIBUTES) {
        return CKR_HOST_MEMORY;
    }
    CK_RV rv = read_plain(session, object, list, n);
    for (CK_ULONG i = 0; i < n && remote_answer_has_values(rv); i++) {
        if (!remote_list_is_plain(&list[i], 1)) {
            const CK_RV one = answer_template(session, object, &list[i]);
            rv = rv == CKR_OK || !remote_answer_has_values(one) ? one : rv;
        }
    }
    return rv;
}

const struct remote_half remote_half = {
    .way = REMOTE_FROM_WIRE,
    .configure = configure,
    .translate = translate,
    .read = read,
};
