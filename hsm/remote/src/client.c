/*
 * The client half: the module that rewrapd-hsm and rewrapctl load. Behind it is p11-kit-client.so.
 *
 * init-args, words with blanks between them:
 *     server=ADDRESS   of p11-kit server, as in P11_KIT_SERVER_ADDRESS, whose place it takes: unix:path=/run/…
 *     client=PATH      of p11-kit-client.so, when it is not in p11-kit's own folder
 */
#include "remote.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SETTING_MAX_BYTES 256

static char module_path[SETTING_MAX_BYTES];
static char server_address[SETTING_MAX_BYTES];

static const struct setting {
    const char *name;
    char *value; /* SETTING_MAX_BYTES */
} settings[] = {
    {"server=", server_address},
    {"client=", module_path},
};

/* One word of the init-args. */
static bool setting_take(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        const size_t skip = strlen(settings[i].name);
        if (len > skip && strncmp(word, settings[i].name, skip) == 0 && len - skip < SETTING_MAX_BYTES) {
            memcpy(settings[i].value, word + skip, len - skip);
            settings[i].value[len - skip] = '\0';
            return true;
        }
    }
    return false;
}

static CK_RV configure(const char *reserved, struct remote_settings *ret)
{
    static const char usual[] = REMOTE_P11_KIT_CLIENT;
    static_assert(sizeof usual <= SETTING_MAX_BYTES, "p11-kit's own folder fits");
    memcpy(module_path, usual, sizeof usual);
    server_address[0] = '\0';
    const char *rest = reserved == NULL ? "" : reserved;
    while (*(rest += strspn(rest, " ")) != '\0') {
        const size_t len = strcspn(rest, " ");
        if (!setting_take(rest, len)) {
            return CKR_ARGUMENTS_BAD;
        }
        rest += len;
    }
    /* p11-kit-client.so takes it from nowhere else, when it is loaded. */
    if (server_address[0] != '\0' && setenv("P11_KIT_SERVER_ADDRESS", server_address, 1) != 0) {
        return CKR_HOST_MEMORY;
    }
    /* No init-args for it: it would send them to the server. */
    *ret = (struct remote_settings){.module = module_path};
    return CKR_OK;
}

static CK_RV translate(const CK_ATTRIBUTE *attribute, struct remote_list *ret, CK_ATTRIBUTE *out)
{
    uint8_t *wire = ret->templates[ret->n_templates].wire;
    if (!remote_type_to_wire(attribute->type, &out->type)) {
        return CKR_ATTRIBUTE_TYPE_INVALID;
    }
    if (attribute->ulValueLen % sizeof(CK_ATTRIBUTE) != 0) {
        return CKR_TEMPLATE_INCONSISTENT;
    }
    out->pValue = wire;
    out->ulValueLen = remote_template_write(attribute->pValue, attribute->ulValueLen / sizeof(CK_ATTRIBUTE), wire);
    return out->ulValueLen == 0 ? CKR_TEMPLATE_INCONSISTENT : CKR_OK;
}

/* What C_GetAttributeValue answers of one attribute; for the room it gives, see PKCS#11 v2.40 section 5.7. */
static CK_RV answer_value(const CK_ATTRIBUTE *found, CK_ATTRIBUTE *out)
{
    if (out->pValue != NULL && out->ulValueLen < found->ulValueLen) {
        out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    if (out->pValue != NULL && found->ulValueLen > 0) {
        memcpy(out->pValue, found->pValue, found->ulValueLen);
    }
    out->ulValueLen = found->ulValueLen;
    return CKR_OK;
}

/* A whole template: its length, its types and lengths, or its values, as the caller has given room. */
static CK_RV answer_template(const struct remote_template *found, CK_ATTRIBUTE *out)
{
    const CK_ULONG len = found->n * sizeof(CK_ATTRIBUTE);
    CK_ATTRIBUTE *list = out->pValue;
    if (list != NULL && out->ulValueLen < len) {
        out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    CK_RV rv = CKR_OK;
    for (size_t i = 0; list != NULL && i < found->n; i++) {
        list[i].type = found->list[i].type;
        const CK_RV one = answer_value(&found->list[i], &list[i]);
        rv = rv == CKR_OK ? one : rv;
    }
    out->ulValueLen = len;
    return rv;
}

/* One attribute of the module's answer, which is the server's, into the caller's list. */
static CK_RV answer(const CK_ATTRIBUTE *found, CK_ATTRIBUTE *out)
{
    struct remote_template template;
    if (!remote_type_is_list(out->type) || found->ulValueLen == CK_UNAVAILABLE_INFORMATION) {
        out->ulValueLen = found->ulValueLen;
        return CKR_OK;
    }
    if (found->ulValueLen > REMOTE_TEMPLATE_WIRE_MAX_BYTES ||
        !remote_template_read(view_of(found->pValue, found->ulValueLen), &template)) {
        out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_DEVICE_ERROR;
    }
    return answer_template(&template, out);
}

/* Asks for each template whole, whatever the caller wants of it. */
static CK_RV ask(const CK_ATTRIBUTE *list, CK_ULONG n, struct remote_list *ret)
{
    if (n > REMOTE_LIST_MAX_ATTRIBUTES) {
        return CKR_HOST_MEMORY;
    }
    ret->n = n;
    ret->n_templates = 0;
    for (CK_ULONG i = 0; i < n; i++) {
        ret->attributes[i] = list[i];
        if (remote_list_is_plain(&list[i], 1)) {
            continue;
        }
        if (ret->n_templates == REMOTE_LIST_MAX_TEMPLATES ||
            !remote_type_to_wire(list[i].type, &ret->attributes[i].type)) {
            return CKR_ATTRIBUTE_TYPE_INVALID;
        }
        ret->attributes[i].pValue = ret->templates[ret->n_templates++].wire;
        ret->attributes[i].ulValueLen = REMOTE_TEMPLATE_WIRE_MAX_BYTES;
    }
    return CKR_OK;
}

static CK_RV read(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    struct remote_list asked;
    CK_RV rv = ask(list, n, &asked);
    if (rv != CKR_OK) {
        return rv;
    }
    rv = REMOTE_CALL(C_GetAttributeValue, session, object, asked.attributes, n);
    if (!remote_answer_has_values(rv)) {
        return rv;
    }
    for (CK_ULONG i = 0; i < n; i++) {
        const CK_RV one = answer(&asked.attributes[i], &list[i]);
        rv = rv == CKR_OK || one == CKR_DEVICE_ERROR ? one : rv;
    }
    return rv;
}

const struct remote_half remote_half = {
    .way = REMOTE_TO_WIRE,
    .description = "token behind p11-kit server",
    .configure = configure,
    .translate = translate,
    .read = read,
};
