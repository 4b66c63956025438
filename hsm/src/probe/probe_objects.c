/* Session objects of the probe; see probe_private.h. */
#include "objects/objects.h"
#include "p11/errors.h"
#include "p11/p11_call.h"
#include "probe_private.h"

#include <assert.h>

static CK_BBOOL yes = CK_TRUE;

/* The first failure wins, but over one that says that the token is gone: what failed before may have by that. */
static struct hsm_result keep_failure(struct hsm_result result, struct hsm_result next)
{
    return result.code == HSM_OK || (probe_must_end(next) && !probe_must_end(result)) ? next : result;
}

static struct hsm_result destroy(struct probe *probe, CK_OBJECT_HANDLE object, struct hsm_result result)
{
    struct hsm_result destroyed = hsm_result_of(p11_destroy_object(probe->token, object), "C_DestroyObject");
    if (probe_is_worth_another_try(destroyed)) {
        destroyed = hsm_result_of(p11_destroy_object(probe->token, object), "C_DestroyObject");
    }
    return keep_failure(result, destroyed);
}

/* SoftHSM 2.6.1 leaves an object behind when it refuses CKA_TRUSTED in C_GenerateKey; it has the label by then. */
static struct hsm_result destroy_strays(struct probe *probe, struct hsm_result result)
{
    char label[] = PROBE_LABEL;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE ours[] = {{CKA_TOKEN, &no, sizeof no}, {CKA_LABEL, label, sizeof label - 1}};
    struct object_list list = {0};
    struct hsm_result found = objects_find(probe->token, ours, 2, PROBE_MAX_OBJECTS, &list);
    for (size_t i = 0; i < list.count; i++) {
        result = destroy(probe, list.handles[i], result);
    }
    object_list_clear(&list);
    return keep_failure(result, found);
}

struct hsm_result probe_end(struct probe *probe, struct hsm_result result)
{
    for (size_t i = 0; i < probe->n_made; i++) {
        result = destroy(probe, probe->made[i], result);
    }
    probe->n_made = 0;
    return destroy_strays(probe, result);
}

CK_RV probe_register(struct probe *probe, CK_RV rv, CK_OBJECT_HANDLE *ret)
{
    if (rv != CKR_OK) {
        return rv;
    }
    if (probe->n_made == PROBE_MAX_OBJECTS) {
        rewrap_ignore(p11_destroy_object(probe->token, *ret), "there is no place to remember it");
        return CKR_HOST_MEMORY;
    }
    probe->made[probe->n_made++] = *ret;
    return CKR_OK;
}

static void set_true(struct attributes_template *template, CK_ATTRIBUTE_TYPE type)
{
    for (CK_ULONG i = 0; i < template->n; i++) {
        if (template->list[i].type == type) {
            template->list[i].pValue = &yes;
        }
    }
}

void probe_set_unwraps(struct attributes_template *template, enum hsm_boundary unwraps)
{
    for (CK_ULONG i = 0; i < template->n; i++) {
        if (template->list[i].type == CKA_UNWRAP_TEMPLATE) {
            template->list[i].ulValueLen = attributes_forced(unwraps, template->unwrap) * sizeof template->unwrap[0];
        }
    }
}

CK_RV probe_drop_last(struct probe *probe)
{
    return p11_destroy_object(probe->token, probe->made[--probe->n_made]);
}

CK_RV probe_kek(struct probe *probe, enum hsm_level level, enum hsm_boundary unwraps, bool trusted,
                CK_OBJECT_HANDLE *ret)
{
    static const unsigned char id[] = "probe";
    struct attributes_wish wish = {
        .level = level, .label = PROBE_LABEL, .id = id, .id_len = sizeof id - 1, .kwp = probe->kwp};
    struct attributes_template template;
    attributes_create(ATTRIBUTES_OPEN_KEK, &wish, &template);
    probe_set_unwraps(&template, unwraps);
    set_true(&template, CKA_DESTROYABLE);
    if (trusted) {
        set_true(&template, CKA_TRUSTED);
    }
    CK_RV rv = p11_generate_key(probe->token, CKM_AES_KEY_GEN, template.list, template.n, ret);
    return probe_register(probe, rv, ret);
}

CK_RV probe_payload(struct probe *probe, enum hsm_level level, enum hsm_boundary boundary, bool sensitive,
                    CK_ULONG length, CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE list[ATTRIBUTES_UNWRAP_MAX + 1];
    CK_ATTRIBUTE extra = {CKA_VALUE_LEN, &length, sizeof length};
    size_t n = attributes_payload(level, boundary, sensitive, &extra, 1, list, sizeof list / sizeof list[0]);
    CK_RV rv = p11_generate_key(probe->token, CKM_GENERIC_SECRET_KEY_GEN, list, n, ret);
    return probe_register(probe, rv, ret);
}

CK_RV probe_plain_payload(struct probe *probe, CK_ULONG length, CK_OBJECT_HANDLE *ret)
{
    CK_RV rv = probe_payload(probe, HSM_LEVEL_SENSITIVE, HSM_OPEN, probe->sensitive, length, ret);
    if (rv != CKR_OK && !probe->sensitive) {
        rv = probe_payload(probe, HSM_LEVEL_SENSITIVE, HSM_OPEN, false, length, ret); /* a fault passes */
    }
    if (rv == CKR_OK || probe->sensitive ||
        probe_payload(probe, HSM_LEVEL_SENSITIVE, HSM_OPEN, true, length, ret) != CKR_OK) {
        return rv;
    }
    probe->sensitive = true;
    return CKR_OK;
}

CK_RV probe_import(struct probe *probe, bool sensitive, const uint8_t *value, CK_ULONG length, CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE list[ATTRIBUTES_UNWRAP_MAX + 1];
    CK_ATTRIBUTE extra = {CKA_VALUE, (void *)(uintptr_t)value, length};
    size_t n =
        attributes_payload(HSM_LEVEL_SENSITIVE, HSM_OPEN, sensitive, &extra, 1, list, sizeof list / sizeof list[0]);
    CK_RV rv = p11_create_object(probe->token, list, n, ret);
    return probe_register(probe, rv, ret);
}

CK_RV probe_free_payload(struct probe *probe, bool copyable, CK_OBJECT_HANDLE *ret)
{
    CK_ULONG length = 32;
    CK_ATTRIBUTE list[ATTRIBUTES_UNWRAP_MAX + 1];
    CK_ATTRIBUTE extra = {CKA_VALUE_LEN, &length, sizeof length};
    size_t n = attributes_payload(HSM_LEVEL_SEALED, HSM_SEALED, true, &extra, 1, list, sizeof list / sizeof list[0]);
    for (size_t i = 0; i < n; i++) {
        if (list[i].type == CKA_MODIFIABLE || (list[i].type == CKA_COPYABLE && copyable)) {
            list[i].pValue = &yes;
        }
    }
    CK_RV rv = p11_generate_key(probe->token, CKM_GENERIC_SECRET_KEY_GEN, list, n, ret);
    return probe_register(probe, rv, ret);
}

CK_RV probe_free_kek(struct probe *probe, CK_OBJECT_HANDLE *ret)
{
    return probe_free_kek_with(probe, NULL, 0, ret);
}

CK_RV probe_free_kek_with(struct probe *probe, const CK_ATTRIBUTE *extra, size_t n_extra, CK_OBJECT_HANDLE *ret)
{
    enum { OWN = 12 };
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ULONG length = 32;
    CK_BBOOL no = CK_FALSE;
    char label[] = PROBE_LABEL;
    CK_ATTRIBUTE list[OWN + PROBE_EXTRA_MAX] = {
        {CKA_CLASS, &class, sizeof class},    {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &no, sizeof no},          {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_LABEL, label, sizeof label - 1}, {CKA_VALUE_LEN, &length, sizeof length},
        {CKA_SENSITIVE, &yes, sizeof yes},    {CKA_EXTRACTABLE, &no, sizeof no},
        {CKA_WRAP, &yes, sizeof yes},         {CKA_UNWRAP, &yes, sizeof yes},
        {CKA_COPYABLE, &yes, sizeof yes},     {CKA_MODIFIABLE, &yes, sizeof yes},
    };
    assert(n_extra <= PROBE_EXTRA_MAX);
    for (size_t i = 0; i < n_extra; i++) {
        list[OWN + i] = extra[i];
    }
    CK_RV rv = p11_generate_key(probe->token, CKM_AES_KEY_GEN, list, OWN + n_extra, ret);
    return probe_register(probe, rv, ret);
}

struct hsm_result probe_refused(struct probe *probe, CK_RV rv, const char *what, bool *ret_refused)
{
    struct hsm_result result = hsm_result_of(rv, what);
    if (probe_must_end(result)) {
        return result;
    }
    *ret_refused = rv != CKR_OK;
    probe->let_through |= rv == CKR_OK;
    return HSM_SUCCESS;
}

CK_ULONG probe_value(struct probe *probe, CK_OBJECT_HANDLE object, uint8_t *out, CK_ULONG max)
{
    CK_ATTRIBUTE value = {CKA_VALUE, out, max};
    CK_RV rv = p11_get_attributes(probe->token, object, &value, 1);
    return rv == CKR_OK && value.ulValueLen <= max ? value.ulValueLen : 0;
}

CK_RV probe_wrap(struct probe *probe, CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE kek, CK_OBJECT_HANDLE payload,
                 uint8_t out[PROBE_VALUE_MAX_BYTES], CK_ULONG *ret_len)
{
    CK_MECHANISM plain = {.mechanism = mechanism};
    *ret_len = PROBE_VALUE_MAX_BYTES;
    return p11_wrap_key(probe->token, &plain, kek, payload, out, ret_len);
}

CK_RV probe_unwrap(struct probe *probe, enum hsm_level level, CK_OBJECT_HANDLE kek, const uint8_t *wrapped,
                   CK_ULONG len, enum hsm_boundary boundary, bool sensitive, CK_OBJECT_HANDLE *ret)
{
    CK_MECHANISM kwp = {.mechanism = probe->kwp};
    CK_ATTRIBUTE list[ATTRIBUTES_UNWRAP_MAX];
    size_t n = attributes_unwrap(level, boundary, sensitive, list, sizeof list / sizeof list[0]);
    CK_RV rv = p11_unwrap_key(probe->token, &kwp, kek, wrapped, len, list, n, ret);
    return probe_register(probe, rv, ret);
}
