/* Lists of attributes on their way to the module behind; see remote.h. */
#include "remote.h"

static bool is_plain(CK_ATTRIBUTE_TYPE type)
{
    CK_ATTRIBUTE_TYPE ignored;
    return !remote_type_is_list(type) && !remote_type_from_wire(type, &ignored);
}

bool remote_list_is_plain(const CK_ATTRIBUTE *list, CK_ULONG n)
{
    for (CK_ULONG i = 0; list != NULL && i < n; i++) {
        if (!is_plain(list[i].type)) {
            return false;
        }
    }
    return true;
}

CK_RV remote_list_translate(const CK_ATTRIBUTE *list, CK_ULONG n, struct remote_list *ret)
{
    ret->n = 0;
    ret->n_templates = 0;
    if (n > REMOTE_LIST_MAX_ATTRIBUTES) {
        return CKR_TEMPLATE_INCONSISTENT;
    }
    for (CK_ULONG i = 0; i < n; i++) {
        CK_ATTRIBUTE attribute = list[i];
        if (!is_plain(list[i].type)) {
            if (ret->n_templates == REMOTE_LIST_MAX_TEMPLATES) {
                return CKR_TEMPLATE_INCONSISTENT;
            }
            const CK_RV rv = remote_half.translate(&list[i], ret, &attribute);
            if (rv != CKR_OK) {
                return rv;
            }
            ret->n_templates++;
        }
        ret->attributes[ret->n++] = attribute;
    }
    return CKR_OK;
}

bool remote_answer_has_values(CK_RV rv)
{
    return rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
           rv == CKR_BUFFER_TOO_SMALL;
}
