/* Templates and mechanisms as the token gets them, and attributes as the caller does. */
#include "faulty.h"

#include <stdlib.h>
#include <string.h>

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

static const struct faulty_attribute *attribute_find(CK_ATTRIBUTE_TYPE type)
{
    const struct faulty_script *script = faulty_script();
    for (size_t i = 0; i < script->n_attributes; i++) {
        if (script->attributes[i].type == type) {
            return &script->attributes[i];
        }
    }
    return NULL;
}

const struct faulty_mechanism *faulty_mechanism_find(CK_MECHANISM_TYPE type)
{
    const struct faulty_script *script = faulty_script();
    for (size_t i = 0; i < script->n_mechanisms; i++) {
        if (script->mechanisms[i].type == type) {
            return &script->mechanisms[i];
        }
    }
    return NULL;
}

bool faulty_mechanism_in(const CK_MECHANISM *mechanism, CK_MECHANISM *ret)
{
    const struct faulty_mechanism *found = mechanism == NULL ? NULL : faulty_mechanism_find(mechanism->mechanism);
    if (mechanism == NULL || (found != NULL && found->hidden)) {
        return false;
    }
    *ret = *mechanism;
    ret->mechanism = found == NULL ? mechanism->mechanism : found->as;
    return true;
}

static bool is_of(const struct faulty_attribute *attribute, enum faulty_function function, CK_OBJECT_CLASS class)
{
    return (attribute->of_function == FAULTY_ANY || attribute->of_function == function) &&
           (attribute->of_class == FAULTY_ANY_CLASS || attribute->of_class == class);
}

/* False when the attribute is left out. */
static bool attribute_in(enum faulty_function function, CK_OBJECT_CLASS class, CK_ATTRIBUTE *attribute)
{
    const struct faulty_attribute *found = attribute_find(attribute->type);
    if (found == NULL || !is_of(found, function, class)) {
        return true;
    }
    bool is_boolean = attribute->pValue != NULL && attribute->ulValueLen == sizeof(CK_BBOOL);
    bool asked = is_boolean && *(const CK_BBOOL *)attribute->pValue != CK_FALSE;
    switch (found->change) {
    case FAULTY_DROP:
        return false;
    case FAULTY_TRUE:
        attribute->pValue = is_boolean ? &yes : attribute->pValue;
        break;
    case FAULTY_FALSE:
        attribute->pValue = is_boolean ? &no : attribute->pValue;
        break;
    case FAULTY_FLIP:
        attribute->pValue = !is_boolean ? attribute->pValue : asked ? &no : &yes;
        break;
    case FAULTY_HIDE:
    case FAULTY_LIE:
        break;
    }
    return true;
}

/* A list of mechanisms is given to the token, and back, in the names that the script gives them. */
static void mechanisms_change(CK_ATTRIBUTE *attribute, bool in)
{
    const struct faulty_script *script = faulty_script();
    CK_MECHANISM_TYPE *list = attribute->pValue;
    for (size_t i = 0; list != NULL && i < attribute->ulValueLen / sizeof list[0]; i++) {
        for (size_t j = 0; j < script->n_mechanisms; j++) {
            const struct faulty_mechanism *mechanism = &script->mechanisms[j];
            if (!mechanism->hidden && list[i] == (in ? mechanism->type : mechanism->as)) {
                list[i] = in ? mechanism->as : mechanism->type;
                break;
            }
        }
    }
}

/* The list of allowed mechanisms is changed in a copy, which stands behind the attributes in the same allocation. */
static void allowed_copy(CK_ATTRIBUTE *attribute, unsigned char **room)
{
    if (attribute->type != CKA_ALLOWED_MECHANISMS || attribute->pValue == NULL) {
        return;
    }
    memcpy(*room, attribute->pValue, attribute->ulValueLen);
    attribute->pValue = *room;
    *room += attribute->ulValueLen;
    mechanisms_change(attribute, true);
}

CK_ATTRIBUTE *faulty_template_new(enum faulty_function function, CK_OBJECT_CLASS class, const CK_ATTRIBUTE *list,
                                  CK_ULONG count, CK_ULONG *ret_count)
{
    size_t extra = 0;
    for (CK_ULONG i = 0; i < count; i++) {
        if (list[i].type == CKA_CLASS && list[i].pValue != NULL && list[i].ulValueLen == sizeof class) {
            memcpy(&class, list[i].pValue, sizeof class);
        }
        extra += list[i].type == CKA_ALLOWED_MECHANISMS ? list[i].ulValueLen : 0;
    }
    CK_ATTRIBUTE *copy = malloc((count + 1) * sizeof copy[0] + extra);
    if (copy == NULL) {
        return NULL;
    }
    unsigned char *room = (unsigned char *)(copy + count + 1);
    CK_ULONG n = 0;
    for (CK_ULONG i = 0; i < count; i++) {
        copy[n] = list[i];
        allowed_copy(&copy[n], &room);
        n += attribute_in(function, class, &copy[n]);
    }
    *ret_count = n;
    return copy;
}

void faulty_template_free(CK_ATTRIBUTE *list)
{
    free(list);
}

CK_RV faulty_template_read(CK_RV rv, CK_ATTRIBUTE *list, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        bool read = list[i].pValue != NULL && list[i].ulValueLen != CK_UNAVAILABLE_INFORMATION;
        if (list[i].type == CKA_ALLOWED_MECHANISMS && read) {
            mechanisms_change(&list[i], false);
        }
        const struct faulty_attribute *found = attribute_find(list[i].type);
        if (found != NULL && found->change == FAULTY_HIDE) {
            list[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
            rv = CKR_ATTRIBUTE_TYPE_INVALID;
        }
        if (found != NULL && found->change == FAULTY_LIE && read && list[i].ulValueLen == sizeof(CK_BBOOL)) {
            CK_BBOOL *value = list[i].pValue;
            *value = *value == CK_FALSE ? CK_TRUE : CK_FALSE;
        }
    }
    return rv;
}
