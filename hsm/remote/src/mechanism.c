/* Mechanism numbers under which AES key wrap travels; see mechanism.h. */
#include "mechanism.h"

#include <stddef.h>

/*
 * One to one, so that nothing is called twice. CKM_AES_KEY_WRAP is used by no key of ours: with it the probe tells
 * whether a token holds CKA_ALLOWED_MECHANISMS, which takes two mechanisms that wrap.
 */
static const struct row {
    CK_MECHANISM_TYPE token;
    CK_MECHANISM_TYPE wire;
} rows[] = {
    {CKM_AES_KEY_WRAP, CKM_SKIPJACK_WRAP},
    {CKM_AES_KEY_WRAP_PAD, CKM_BATON_WRAP},
    {CKM_AES_KEY_WRAP_KWP, CKM_JUNIPER_WRAP},
};

enum remote_mechanism remote_mechanism_map(CK_MECHANISM_TYPE type, enum remote_way way, CK_MECHANISM_TYPE *ret)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const CK_MECHANISM_TYPE from = way == REMOTE_TO_WIRE ? rows[i].token : rows[i].wire;
        const CK_MECHANISM_TYPE to = way == REMOTE_TO_WIRE ? rows[i].wire : rows[i].token;
        if (type == to) {
            return REMOTE_MECHANISM_REFUSED;
        }
        if (type == from) {
            *ret = to;
            return REMOTE_MECHANISM_MAPPED;
        }
    }
    *ret = type;
    return REMOTE_MECHANISM_AS_IT_IS;
}
