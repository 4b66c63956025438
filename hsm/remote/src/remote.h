/*
 * A PKCS#11 module in two halves, one on each side of p11-kit's remote protocol, that carries through it what it cannot
 * carry itself: AES key wrap (mechanism.h) and attribute templates (template.h). Every other call goes on as it is.
 * What cannot be carried is refused.
 *
 *     rewrapd-hsm → client half → p11-kit-client.so ⇉ p11-kit server → server half → the token's module
 *
 * Neither half keeps anything of a call, guards anything or knows a PIN: the token behind is what enforces. Whoever
 * reaches the server's socket can do there what p11-kit lets him do, with and without these two.
 */
#pragma once

#include "mechanism.h"
#include "template.h"

#include <stdbool.h>

/* ---------------------------------------------------------------- the module behind: module.c */

/* Its functions; NULL before C_Initialize and after C_Finalize. Called through REMOTE_CALL only. */
extern CK_FUNCTION_LIST *remote_inner;

#define REMOTE_CALL(function, ...)                                                                                     \
    (remote_inner == NULL             ? CKR_CRYPTOKI_NOT_INITIALIZED                                                   \
     : remote_inner->function == NULL ? CKR_FUNCTION_NOT_SUPPORTED                                                     \
                                      : remote_inner->function(__VA_ARGS__))

/* ---------------------------------------------------------------- lists of attributes: list.c */

/* More attributes than any call of ours has. A list without a template in it has no such limit. */
#define REMOTE_LIST_MAX_ATTRIBUTES 64
#define REMOTE_LIST_MAX_TEMPLATES  3

/* A list as the module behind gets it; its values are the caller's but for the templates. Not to be copied or moved. */
struct remote_list {
    CK_ULONG n;
    CK_ATTRIBUTE attributes[REMOTE_LIST_MAX_ATTRIBUTES];
    size_t n_templates;
    union {
        alignas(CK_ULONG) uint8_t wire[REMOTE_TEMPLATE_WIRE_MAX_BYTES];
        struct remote_template read;
    } templates[REMOTE_LIST_MAX_TEMPLATES];
};

/* Whether a list has nothing in it that either half changes: it goes on as it is. */
REWRAP_MUST_USE bool remote_list_is_plain(const CK_ATTRIBUTE *list, CK_ULONG n);

/* Copies a list that is not plain. CKR_ATTRIBUTE_TYPE_INVALID or CKR_TEMPLATE_INCONSISTENT for what is not carried. */
REWRAP_MUST_USE CK_RV remote_list_translate(const CK_ATTRIBUTE *list, CK_ULONG n, struct remote_list *ret);

/* Whether the answer to C_GetAttributeValue has values although it is not CKR_OK (PKCS#11 v2.40 section 5.7). */
REWRAP_MUST_USE bool remote_answer_has_values(CK_RV rv);

/* ---------------------------------------------------------------- which half this is: client.c or server.c */

struct remote_settings {
    const char *module;    /* absolute path of the module behind */
    const char *init_args; /* for its C_Initialize; NULL for none */
};

struct remote_half {
    enum remote_way way;     /* of what the caller gives to the module behind */
    const char *description; /* of C_GetInfo; NULL for what the module behind says */
    /* Reads the settings; reserved is pReserved of C_Initialize. Any CK_RV; what it sets lives as long as the library.
     */
    CK_RV (*configure)(const char *reserved, struct remote_settings *ret);
    /* One attribute that remote_list_is_plain does not let pass, into the free template slot of ret. */
    CK_RV (*translate)(const CK_ATTRIBUTE *attribute, struct remote_list *ret, CK_ATTRIBUTE *out);
    /* C_GetAttributeValue of a list that is not plain. */
    CK_RV (*read)(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n);
};
extern const struct remote_half remote_half;
