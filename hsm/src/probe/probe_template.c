/*
 * The probe's trial of CKA_UNWRAP_TEMPLATE: whether the token forces each attribute of it by itself. Attributes are
 * bent one at a time, or the refusal of one would hide that another is not looked at.
 */
#include "p11/errors.h"
#include "p11/oaep.h"
#include "p11/p11_call.h"
#include "probe_private.h"

#include <assert.h>
#include <string.h>

static_assert(2 * ATTRIBUTES_UNWRAP_MAX + 8 <= PROBE_MAX_OBJECTS, "what a token lets through is all remembered");

struct blob {
    CK_MECHANISM *mechanism;
    CK_OBJECT_HANDLE wraps;
    CK_OBJECT_HANDLE unwraps; /* with the unwrap template of a sealed key; the same key when it is AES */
    CK_OBJECT_HANDLE kek;     /* one that the user has made: what should stay in the token must not go under it */
    uint8_t wrapped[PROBE_RSA_BYTES];
    CK_ULONG len;
};

/* Another value of the right length: the other boolean; some other class or type of key. */
static CK_ULONG inverted(const CK_ATTRIBUTE *forced)
{
    switch (forced->type) {
    case CKA_CLASS:
        return CKO_PRIVATE_KEY;
    case CKA_KEY_TYPE:
        return CKK_AES;
    default:
        return *(const CK_BBOOL *)forced->pValue == CK_TRUE ? CK_FALSE : CK_TRUE;
    }
}

/* The right template but for one attribute: left out, or, with value, having that one. */
static size_t bend(CK_ATTRIBUTE_TYPE type, void *value, CK_ATTRIBUTE out[ATTRIBUTES_UNWRAP_MAX])
{
    CK_ATTRIBUTE right[ATTRIBUTES_UNWRAP_MAX];
    size_t n_right = attributes_unwrap(HSM_LEVEL_SEALED, HSM_SEALED, true, right, ATTRIBUTES_UNWRAP_MAX);
    size_t n = 0;
    for (size_t i = 0; i < n_right; i++) {
        if (right[i].type != type) {
            out[n++] = right[i];
        } else if (value != NULL) {
            out[n++] = (CK_ATTRIBUTE){type, value, right[i].ulValueLen};
        }
    }
    return n;
}

/* PKCS#11 lets a token merge the two templates: what comes out as if it had been asked for rightly is right. */
static bool is_as_forced(struct probe *probe, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *forced, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t value[sizeof(CK_ULONG)] = {0};
        CK_ATTRIBUTE found = {forced[i].type, value, sizeof value};
        if (p11_get_attributes(probe->token, object, &found, 1) != CKR_OK || found.ulValueLen != forced[i].ulValueLen ||
            memcmp(value, forced[i].pValue, found.ulValueLen) != 0) {
            return false;
        }
    }
    return true;
}

/* What the attributes say is one thing, what the token does with them another: *ret_kept says whether the value could
 * neither be read nor be wrapped under a key that is not trusted. */
static struct hsm_result is_kept_in(struct probe *probe, const struct blob *blob, CK_OBJECT_HANDLE object,
                                    bool *ret_kept)
{
    uint8_t out[PROBE_VALUE_MAX_BYTES];
    CK_ULONG len = 0;
    CK_ATTRIBUTE value = {CKA_VALUE, out, sizeof out};
    bool read_refused = false;
    bool wrap_refused = false;
    struct hsm_result result =
        probe_refused(probe, p11_get_attributes(probe->token, object, &value, 1), "C_GetAttributeValue", &read_refused);
    if (result.code == HSM_OK) {
        result = probe_refused(probe, probe_wrap(probe, probe->kwp, blob->kek, object, out, &len), "C_WrapKey",
                               &wrap_refused);
    }
    *ret_kept = read_refused && wrap_refused;
    return result;
}

static CK_RV unwrap(struct probe *probe, const struct blob *blob, CK_ATTRIBUTE *list, size_t n, CK_OBJECT_HANDLE *ret)
{
    CK_RV rv = p11_unwrap_key(probe->token, blob->mechanism, blob->unwraps, blob->wrapped, blob->len, list, n, ret);
    return probe_register(probe, rv, ret);
}

/* Unwraps with the n attributes of list. *ret_holds: it was refused, or came out as forced and stays in the token. */
static struct hsm_result try_list(struct probe *probe, const struct blob *blob, CK_ATTRIBUTE *list, size_t n,
                                  bool *ret_holds)
{
    CK_ATTRIBUTE forced[ATTRIBUTES_UNWRAP_MAX];
    size_t n_forced = attributes_forced(HSM_SEALED, forced);
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    struct hsm_result result = hsm_result_of(unwrap(probe, blob, list, n, &object), "C_UnwrapKey");
    if (result.code != HSM_OK) {
        *ret_holds = !probe_must_end(result);
        return *ret_holds ? HSM_SUCCESS : result;
    }
    bool kept = false;
    result = is_kept_in(probe, blob, object, &kept);
    *ret_holds = kept && is_as_forced(probe, object, forced, n_forced);
    return result;
}

static struct hsm_result try_attribute(struct probe *probe, const struct blob *blob, const CK_ATTRIBUTE *forced,
                                       bool *ret_holds)
{
    CK_ATTRIBUTE list[ATTRIBUTES_UNWRAP_MAX];
    CK_ULONG other = inverted(forced);
    CK_BBOOL other_boolean = (CK_BBOOL)other;
    size_t n = bend(forced->type, NULL, list);
    struct hsm_result result = try_list(probe, blob, list, n, ret_holds);
    if (result.code != HSM_OK || !*ret_holds) {
        return result;
    }
    bool is_boolean = forced->ulValueLen == sizeof other_boolean;
    n = bend(forced->type, is_boolean ? (void *)&other_boolean : (void *)&other, list);
    return try_list(probe, blob, list, n, ret_holds);
}

static struct hsm_result make_blob(struct probe *probe, struct blob *ret)
{
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE unwrapped = CK_INVALID_HANDLE;
    CK_RV rv = probe_payload(probe, HSM_LEVEL_SEALED, HSM_OPEN, true, 32, &payload);
    if (rv == CKR_OK) {
        ret->len = sizeof ret->wrapped;
        rv = p11_wrap_key(probe->token, ret->mechanism, ret->wraps, payload, ret->wrapped, &ret->len);
    }
    if (rv == CKR_OK) {
        CK_ATTRIBUTE list[ATTRIBUTES_UNWRAP_MAX];
        const size_t n = attributes_unwrap(HSM_LEVEL_SEALED, HSM_SEALED, true, list, sizeof list / sizeof list[0]);
        rv = unwrap(probe, ret, list, n, &unwrapped);
    }
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_UnwrapKey with an unwrap template");
    }
    CK_ATTRIBUTE forced[ATTRIBUTES_UNWRAP_MAX];
    size_t n = attributes_forced(HSM_SEALED, forced);
    bool kept = false;
    const struct hsm_result result = is_kept_in(probe, ret, unwrapped, &kept);
    if (result.code != HSM_OK) {
        return result;
    }
    return kept && is_as_forced(probe, unwrapped, forced, n) ? HSM_SUCCESS
                                                             : hsm_failure(HSM_KEY_REFUSED, "CKA_UNWRAP_TEMPLATE");
}

/* For the report. */
static const char *attribute_name(CK_ATTRIBUTE_TYPE type)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        const char *text;
    } names[] = {
#define NAME(type) {type, #type " is not forced"}
        NAME(CKA_CLASS),     NAME(CKA_KEY_TYPE),    NAME(CKA_TOKEN),
        NAME(CKA_SENSITIVE), NAME(CKA_EXTRACTABLE), NAME(CKA_WRAP_WITH_TRUSTED),
        NAME(CKA_COPYABLE),  NAME(CKA_SIGN),        NAME(CKA_VERIFY),
        NAME(CKA_WRAP),      NAME(CKA_UNWRAP),      NAME(CKA_ENCRYPT),
        NAME(CKA_DECRYPT),   NAME(CKA_DERIVE),      NAME(CKA_MODIFIABLE),
#undef NAME
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].type == type) {
            return names[i].text;
        }
    }
    return "an attribute is not forced";
}

static struct hsm_result try_each(struct probe *probe, struct blob *blob, bool *ret_enforced)
{
    *ret_enforced = false;
    struct hsm_result result = make_blob(probe, blob);
    if (result.code != HSM_OK) {
        probe->detail = "what comes out is not kept in as the template says";
        return result.code == HSM_KEY_REFUSED ? HSM_SUCCESS : result; /* refused: it says yes and does another thing */
    }
    CK_ATTRIBUTE forced[ATTRIBUTES_UNWRAP_MAX];
    size_t n = attributes_forced(HSM_SEALED, forced);
    bool holds = true;
    for (size_t i = 0; i < n && holds && result.code == HSM_OK; i++) {
        result = try_attribute(probe, blob, &forced[i], &holds);
        probe->detail = holds ? NULL : attribute_name(forced[i].type);
    }
    *ret_enforced = holds;
    return result;
}

static struct hsm_result no_key(struct probe *probe, bool *ret_enforced)
{
    probe->detail = "no key that has one can be made";
    *ret_enforced = false;
    return HSM_SUCCESS;
}

struct hsm_result probe_try_unwrap_template(struct probe *probe, bool *ret_enforced)
{
    CK_MECHANISM kwp = {.mechanism = probe->kwp};
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    if (probe_kek(probe, HSM_LEVEL_SEALED, HSM_SEALED, false, &kek) != CKR_OK) {
        return no_key(probe, ret_enforced);
    }
    struct blob blob = {.mechanism = &kwp, .wraps = kek, .unwraps = kek, .kek = kek};
    return try_each(probe, &blob, ret_enforced);
}

struct hsm_result probe_try_unwrap_template_rsa(struct probe *probe, bool *ret_enforced)
{
    struct oaep_mechanism oaep;
    oaep_mechanism_fill(oaep_of(probe->oaep), &oaep);
    struct probe_pair pair = {0};
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    CK_RV rv = probe_kek(probe, HSM_LEVEL_SEALED, HSM_OPEN, false, &kek);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a KEK");
    }
    if (probe_make_pair(probe, HSM_LEVEL_SEALED, CKM_RSA_PKCS_OAEP, &pair) != CKR_OK) {
        return no_key(probe, ret_enforced);
    }
    struct blob blob = {
        .mechanism = &oaep.mechanism, .wraps = pair.public_half, .unwraps = pair.private_half, .kek = kek};
    return try_each(probe, &blob, ret_enforced);
}
