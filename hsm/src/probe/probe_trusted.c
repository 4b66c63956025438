/* The probe's trial of CKA_TRUSTED: the user has several ways to ask for it, and a token must refuse each. */
#include "p11/errors.h"
#include "p11/p11_call.h"
#include "probe_private.h"

#include <string.h>

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_ATTRIBUTE trusted = {CKA_TRUSTED, &yes, sizeof yes};

/* A wrapping key whose value everybody knows. The label is first: what a token leaves behind is found by it. */
static CK_RV import_secret(struct probe *probe, bool ask, CK_OBJECT_HANDLE *ret)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_BYTE value[32] = {1};
    char label[] = PROBE_LABEL;
    CK_ATTRIBUTE list[] = {
        {CKA_LABEL, label, sizeof label - 1}, {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},   {CKA_TOKEN, &no, sizeof no},
        {CKA_PRIVATE, &yes, sizeof yes},      {CKA_WRAP, &yes, sizeof yes},
        {CKA_VALUE, value, sizeof value},     trusted,
    };
    CK_RV rv = p11_create_object(probe->token, list, sizeof list / sizeof list[0] - !ask, ret);
    return probe_register(probe, rv, ret);
}

/* A public key whose private half could be anybody's. */
static CK_RV import_public(struct probe *probe, CK_OBJECT_HANDLE *ret)
{
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_RSA;
    CK_BYTE modulus[256] = {0xc1, [255] = 1};
    CK_BYTE exponent[] = {1, 0, 1};
    char label[] = PROBE_LABEL;
    CK_ATTRIBUTE list[] = {
        {CKA_LABEL, label, sizeof label - 1},
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &no, sizeof no},
        {CKA_WRAP, &yes, sizeof yes},
        {CKA_MODULUS, modulus, sizeof modulus},
        {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent},
        trusted,
    };
    CK_RV rv = p11_create_object(probe->token, list, sizeof list / sizeof list[0], ret);
    return probe_register(probe, rv, ret);
}

static CK_RV ask_generate(struct probe *probe)
{
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    return probe_kek(probe, HSM_LEVEL_SEALED, HSM_OPEN, true, &made);
}

static CK_RV generate_pair(struct probe *probe, CK_MECHANISM_TYPE mechanism, CK_ATTRIBUTE size, CK_ATTRIBUTE use)
{
    char label[] = PROBE_LABEL;
    CK_ATTRIBUTE label_first = {CKA_LABEL, label, sizeof label - 1};
    CK_ATTRIBUTE of_session = {CKA_TOKEN, &no, sizeof no};
    CK_ATTRIBUTE public_half[] = {label_first, of_session, size, use, trusted};
    CK_ATTRIBUTE private_half[] = {label_first, of_session, {CKA_PRIVATE, &yes, sizeof yes}};
    CK_OBJECT_HANDLE halves[2] = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    CK_RV rv =
        p11_generate_key_pair(probe->token, mechanism, public_half, sizeof public_half / sizeof public_half[0],
                              private_half, sizeof private_half / sizeof private_half[0], &halves[0], &halves[1]);
    CK_RV of_public = probe_register(probe, rv, &halves[0]);
    CK_RV of_private = probe_register(probe, rv, &halves[1]);
    return of_public == CKR_OK ? of_private : of_public;
}

/*
 * Sealed RSA pairs rely on it. On the curve of the audit key: a token may look at the attributes only after it has made
 * the pair, which takes it seconds with RSA. With RSA where there is no such curve.
 */
static CK_RV ask_generate_pair(struct probe *probe)
{
    CK_ULONG bits = 2048;
    CK_BYTE p256[sizeof attributes_p256];
    memcpy(p256, attributes_p256, sizeof p256);
    CK_ATTRIBUTE curve = {CKA_EC_PARAMS, p256, sizeof p256};
    CK_ATTRIBUTE modulus = {CKA_MODULUS_BITS, &bits, sizeof bits};
    CK_ATTRIBUTE verifies = {CKA_VERIFY, &yes, sizeof yes};
    CK_ATTRIBUTE wraps = {CKA_WRAP, &yes, sizeof yes};
    CK_RV rv = generate_pair(probe, CKM_EC_KEY_PAIR_GEN, curve, verifies);
    bool no_curve = rv == CKR_MECHANISM_INVALID || rv == CKR_CURVE_NOT_SUPPORTED;
    return no_curve ? generate_pair(probe, CKM_RSA_PKCS_KEY_PAIR_GEN, modulus, wraps) : rv;
}

static CK_RV ask_import_secret(struct probe *probe)
{
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    return import_secret(probe, true, &made);
}

static CK_RV ask_import_public(struct probe *probe)
{
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    return import_public(probe, &made);
}

/* A key that may be changed and copied: an imported one where the token imports, for that is the worst of them. */
static CK_RV pliable(struct probe *probe, CK_OBJECT_HANDLE *ret)
{
    return import_secret(probe, false, ret) == CKR_OK ? CKR_OK : probe_free_kek(probe, ret);
}

static CK_RV ask_set(struct probe *probe)
{
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    CK_RV rv = pliable(probe, &key);
    return rv == CKR_OK ? p11_set_attributes(probe->token, key, &trusted, 1) : rv;
}

static CK_RV ask_copy(struct probe *probe)
{
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
    CK_ATTRIBUTE list[] = {{CKA_TOKEN, &no, sizeof no}, trusted};
    CK_RV rv = pliable(probe, &key);
    if (rv == CKR_OK) {
        rv = p11_copy_object(probe->token, key, list, 2, &copy);
    }
    return probe_register(probe, rv, &copy);
}

/* A wrapping key out of bytes that the user has wrapped himself, as a generic secret: he may know them. */
static CK_RV ask_unwrap(struct probe *probe)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    char label[] = PROBE_LABEL;
    CK_ATTRIBUTE list[] = {
        {CKA_LABEL, label, sizeof label - 1},
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &no, sizeof no},
        {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_WRAP, &yes, sizeof yes},
        trusted,
    };
    CK_MECHANISM kwp = {.mechanism = probe->kwp};
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    uint8_t wrapped[PROBE_VALUE_MAX_BYTES];
    CK_ULONG len = 0;
    CK_RV rv = probe_free_kek(probe, &kek);
    if (rv == CKR_OK) {
        rv = probe_payload(probe, HSM_LEVEL_SEALED, HSM_OPEN, true, 32, &payload);
    }
    if (rv == CKR_OK) {
        rv = probe_wrap(probe, probe->kwp, kek, payload, wrapped, &len);
    }
    if (rv == CKR_OK) {
        rv = p11_unwrap_key(probe->token, &kwp, kek, wrapped, len, list, sizeof list / sizeof list[0], &made);
    }
    return probe_register(probe, rv, &made);
}

struct hsm_result probe_try_trusted(struct probe *probe, bool *ret_enforced)
{
    static const struct {
        const char *call;
        const char *told;
        CK_RV (*ask)(struct probe *probe);
    } ways[] = {
        {"C_GenerateKey", "given to a key that the user makes", ask_generate},
        {"C_GenerateKeyPair", "given to the public half of a pair that the user makes", ask_generate_pair},
        {"C_CreateObject", "given to a secret key that the user imports", ask_import_secret},
        {"C_CreateObject", "given to a public key that the user imports", ask_import_public},
        {"C_SetAttributeValue", "given to a key that the user has", ask_set},
        {"C_CopyObject", "given to a copy that the user makes", ask_copy},
        {"C_UnwrapKey", "given to a key that the user unwraps", ask_unwrap},
    };
    bool refused = true;
    struct hsm_result result = HSM_SUCCESS;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0] && refused && result.code == HSM_OK; i++) {
        result = probe_refused(probe, ways[i].ask(probe), ways[i].call, &refused);
        probe->detail = refused ? NULL : ways[i].told;
    }
    *ret_enforced = refused;
    return result;
}
