/* The token under attack, and the attacker's own keys (boundary.h). */
#include "boundary.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

CK_BBOOL yes = CK_TRUE;
CK_BBOOL no = CK_FALSE;

const char *const object_names[OBJECTS] = {
    [OBJECT_PAYLOAD] = "payload",
    [OBJECT_PAYLOAD_CIPHER] = "payload",
    [OBJECT_KEK] = "KEK",
    [OBJECT_RSA_PRIVATE] = "RSA private half",
    [OBJECT_RSA_PUBLIC] = "RSA public half",
    [OBJECT_ROOT] = "binding root",
    [OBJECT_AUDIT_PRIVATE] = "audit key",
    [OBJECT_OPEN_KEK] = "open KEK",
    [OBJECT_OPEN_RSA_PRIVATE] = "open RSA private half",
    [OBJECT_OPEN_RSA_PUBLIC] = "open RSA public half",
};

void must(CK_RV rv, const char *what)
{
    if (rv != CKR_OK) {
        fprintf(stderr, "boundary: %s: 0x%lx: the test cannot go on\n", what, rv);
        exit(2);
    }
}

static CK_SLOT_ID find_slot(struct world *world, const char *token_label)
{
    CK_SLOT_ID slots[64];
    CK_ULONG n = COUNT(slots);
    must(world->p11->C_GetSlotList(CK_TRUE, slots, &n), "C_GetSlotList");
    for (CK_ULONG i = 0; i < n; i++) {
        CK_TOKEN_INFO info;
        char padded[sizeof info.label + 1];
        must(world->p11->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
        snprintf(padded, sizeof padded, "%-32s", token_label);
        if (strncmp(padded, (const char *)info.label, sizeof info.label) == 0) {
            return slots[i];
        }
    }
    must(CKR_TOKEN_NOT_PRESENT, token_label);
    return 0;
}

static void read_pin(struct world *world, const char *path)
{
    FILE *file = fopen(path, "re");
    must(file != NULL && fgets(world->pin, sizeof world->pin, file) != NULL ? CKR_OK : CKR_PIN_INVALID, path);
    world->pin[strcspn(world->pin, "\r\n")] = '\0';
    fclose(file);
}

void world_renew(struct world *world)
{
    if (world->session != CK_INVALID_HANDLE) {
        world->p11->C_CloseAllSessions(world->slot);
    }
    world->own_rsa = CK_INVALID_HANDLE;
    must(world->p11->C_OpenSession(world->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &world->session),
         "C_OpenSession");
    must(world->p11->C_Login(world->session, CKU_USER, (CK_BYTE *)world->pin, strlen(world->pin)), "C_Login");
}

static void find_mechanisms(struct world *world)
{
    static CK_RSA_PKCS_OAEP_PARAMS sha1 = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
    world->n_mechanisms = COUNT(world->mechanisms);
    must(world->p11->C_GetMechanismList(world->slot, world->mechanisms, &world->n_mechanisms), "C_GetMechanismList");
    world->oaep = (CK_MECHANISM){CKM_RSA_PKCS_OAEP, &sha1, sizeof sha1};
}

void world_open(struct world *world, const char *module, const char *token_label, const char *pin_file)
{
    *world = (struct world){.plaintext = "attack at dawn, not before that"};
    void *library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    must(library != NULL ? CKR_OK : CKR_LIBRARY_LOAD_FAILED, module);
    CK_C_GetFunctionList get = NULL;
    *(void **)&get = dlsym(library, "C_GetFunctionList");
    must(get != NULL ? get(&world->p11) : CKR_FUNCTION_NOT_SUPPORTED, "C_GetFunctionList");
    must(world->p11->C_Initialize(NULL), "C_Initialize");
    world->slot = find_slot(world, token_label);
    read_pin(world, pin_file);
    find_mechanisms(world);
    world_renew(world);
}

void world_close(struct world *world)
{
    world->p11->C_Finalize(NULL);
}

/* ---------------------------------------------------------------- the ceremony's objects */

CK_OBJECT_HANDLE find_key(struct world *world, const char *label, CK_OBJECT_CLASS class)
{
    CK_ATTRIBUTE wanted[] = {
        FLAG(CKA_TOKEN, yes),
        FLAG(CKA_CLASS, class),
        {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
    };
    CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
    CK_ULONG n = 0;
    must(world->p11->C_FindObjectsInit(world->session, wanted, COUNT(wanted)), "C_FindObjectsInit");
    must(world->p11->C_FindObjects(world->session, &found, 1, &n), "C_FindObjects");
    must(world->p11->C_FindObjectsFinal(world->session), "C_FindObjectsFinal");
    must(n == 1 ? CKR_OK : CKR_OBJECT_HANDLE_INVALID, label);
    return found;
}

/* Written out again here, and not taken from the code under test: the two must agree, or nothing works. */
size_t payload_template(CK_ATTRIBUTE *out)
{
    static CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    static CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    const CK_ATTRIBUTE template[] = {
        FLAG(CKA_CLASS, class),
        FLAG(CKA_KEY_TYPE, type),
        FLAG(CKA_TOKEN, no),
        FLAG(CKA_PRIVATE, yes),
        FLAG(CKA_SENSITIVE, yes),
        FLAG(CKA_EXTRACTABLE, yes),
        FLAG(CKA_WRAP_WITH_TRUSTED, yes),
        FLAG(CKA_COPYABLE, no),
        FLAG(CKA_SIGN, no),
        FLAG(CKA_VERIFY, no),
        FLAG(CKA_WRAP, no),
        FLAG(CKA_UNWRAP, no),
        FLAG(CKA_ENCRYPT, no),
        FLAG(CKA_DECRYPT, no),
        FLAG(CKA_DERIVE, no),
        FLAG(CKA_MODIFIABLE, no),
    };
    memcpy(out, template, sizeof template);
    return COUNT(template);
}

size_t open_payload_template(CK_ATTRIBUTE *out)
{
    const size_t n = payload_template(out);
    size_t at = 0;
    while (out[at].type != CKA_WRAP_WITH_TRUSTED) {
        at++;
    }
    memmove(&out[at], &out[at + 1], (n - at - 1) * sizeof out[0]);
    return n - 1;
}

void template_set(CK_ATTRIBUTE *template, size_t n, const CK_ATTRIBUTE *attribute)
{
    for (size_t i = 0; i < n; i++) {
        if (template[i].type == attribute->type) {
            template[i] = *attribute;
        }
    }
}

struct open_keys find_open(struct world *world)
{
    return (struct open_keys){
        .kek = find_key(world, "rewrapd:open:SYMMETRIC_DEFAULT", CKO_SECRET_KEY),
        .rsa_private = find_key(world, "rewrapd:open:RSA_2048", CKO_PRIVATE_KEY),
        .rsa_public = find_key(world, "rewrapd:open:RSA_2048", CKO_PUBLIC_KEY),
    };
}

static void wrap_payload(struct world *world, struct target *target)
{
    CK_OBJECT_HANDLE payload = target->objects[OBJECT_PAYLOAD];
    target->under_kek.len = target->under_rsa.len = BLOB_MAX_BYTES;
    must(world->p11->C_WrapKey(world->session, &world->kwp, target->objects[OBJECT_KEK], payload,
                               target->under_kek.bytes, &target->under_kek.len),
         "C_WrapKey under the KEK");
    must(world->p11->C_WrapKey(world->session, &world->oaep, target->objects[OBJECT_RSA_PUBLIC], payload,
                               target->under_rsa.bytes, &target->under_rsa.len),
         "C_WrapKey under the RSA key");
    discard(world, payload);
}

void target_find_sealed(struct world *world, struct target *ret)
{
    *ret = (struct target){0};
    ret->objects[OBJECT_KEK] = find_key(world, "rewrapd:kek:SYMMETRIC_DEFAULT", CKO_SECRET_KEY);
    ret->objects[OBJECT_RSA_PRIVATE] = find_key(world, "rewrapd:rsa:RSA_2048", CKO_PRIVATE_KEY);
    ret->objects[OBJECT_RSA_PUBLIC] = find_key(world, "rewrapd:rsa:RSA_2048", CKO_PUBLIC_KEY);
    ret->objects[OBJECT_ROOT] = find_key(world, "rewrapd:binding-root", CKO_SECRET_KEY);
    ret->objects[OBJECT_AUDIT_PRIVATE] = find_key(world, "rewrapd:audit", CKO_PRIVATE_KEY);
    const struct open_keys open = find_open(world);
    ret->objects[OBJECT_OPEN_KEK] = open.kek;
    ret->objects[OBJECT_OPEN_RSA_PRIVATE] = open.rsa_private;
    ret->objects[OBJECT_OPEN_RSA_PUBLIC] = open.rsa_public;

    static CK_MECHANISM_TYPE allowed;
    CK_ATTRIBUTE mechanism = {CKA_ALLOWED_MECHANISMS, &allowed, sizeof allowed};
    must(world->p11->C_GetAttributeValue(world->session, ret->objects[OBJECT_KEK], &mechanism, 1),
         "the KEK's mechanism");
    world->kwp = (CK_MECHANISM){allowed, NULL, 0};

    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    size_t n = payload_template(template);
    template[n] = template[n - 1]; /* CKA_MODIFIABLE stays last */
    template[n - 1] = (CK_ATTRIBUTE){CKA_VALUE, world->plaintext, sizeof world->plaintext};
    must(world->p11->C_CreateObject(world->session, template, n + 1, &ret->objects[OBJECT_PAYLOAD]), "C_CreateObject");
    wrap_payload(world, ret);
    target_fresh_payload(world, ret);
}

/* ---------------------------------------------------------------- unprotected objects */

static CK_OBJECT_HANDLE own_key(struct world *world, CK_KEY_TYPE type, CK_BBOOL on_token, CK_BYTE *value,
                                CK_ULONG value_len)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE template[] = {
        FLAG(CKA_CLASS, class),        FLAG(CKA_KEY_TYPE, type), FLAG(CKA_TOKEN, on_token), FLAG(CKA_SENSITIVE, no),
        FLAG(CKA_EXTRACTABLE, yes),    FLAG(CKA_WRAP, yes),      FLAG(CKA_UNWRAP, yes),     FLAG(CKA_ENCRYPT, yes),
        FLAG(CKA_DECRYPT, yes),        FLAG(CKA_SIGN, yes),      FLAG(CKA_VERIFY, yes),     FLAG(CKA_DERIVE, yes),
        {CKA_VALUE, value, value_len},
    };
    CK_OBJECT_HANDLE key;
    must(world->p11->C_CreateObject(world->session, template, COUNT(template), &key), "an own key");
    return key;
}

CK_OBJECT_HANDLE own_known_aes(struct world *world)
{
    static CK_BYTE known[32] = "a key that the attacker knows...";
    return own_key(world, CKK_AES, no, known, sizeof known);
}

CK_OBJECT_HANDLE own_secret(struct world *world)
{
    return own_key(world, CKK_GENERIC_SECRET, no, world->plaintext, sizeof world->plaintext);
}

CK_OBJECT_HANDLE own_aes(struct world *world)
{
    CK_ULONG len = 32;
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ATTRIBUTE template[] = {
        FLAG(CKA_VALUE_LEN, len), FLAG(CKA_TOKEN, no),    FLAG(CKA_WRAP, yes),
        FLAG(CKA_UNWRAP, yes),    FLAG(CKA_DECRYPT, yes),
    };
    CK_OBJECT_HANDLE key;
    must(world->p11->C_GenerateKey(world->session, &generate, template, COUNT(template), &key), "C_GenerateKey");
    return key;
}

void own_pair(struct world *world, CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    CK_ULONG bits = 2048;
    CK_MECHANISM generate = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE public[] = {FLAG(CKA_MODULUS_BITS, bits), FLAG(CKA_TOKEN, no), FLAG(CKA_WRAP, yes),
                             FLAG(CKA_ENCRYPT, yes), FLAG(CKA_VERIFY, yes)};
    CK_ATTRIBUTE private[] = {FLAG(CKA_TOKEN, no),   FLAG(CKA_SENSITIVE, no), FLAG(CKA_EXTRACTABLE, yes),
                              FLAG(CKA_UNWRAP, yes), FLAG(CKA_DECRYPT, yes),  FLAG(CKA_SIGN, yes),
                              FLAG(CKA_DERIVE, yes)};
    must(world->p11->C_GenerateKeyPair(world->session, &generate, public, COUNT(public), private, COUNT(private),
                                       ret_public, ret_private),
         "C_GenerateKeyPair");
}

CK_OBJECT_HANDLE own_rsa(struct world *world)
{
    CK_OBJECT_HANDLE private_half;
    if (world->own_rsa == CK_INVALID_HANDLE) {
        own_pair(world, &world->own_rsa, &private_half);
    }
    return world->own_rsa;
}

static CK_OBJECT_HANDLE own_ec(struct world *world)
{
    static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE public[] = {{CKA_EC_PARAMS, p256, sizeof p256}, FLAG(CKA_TOKEN, no)};
    CK_ATTRIBUTE private[] = {FLAG(CKA_TOKEN, no), FLAG(CKA_SENSITIVE, no), FLAG(CKA_EXTRACTABLE, yes),
                              FLAG(CKA_SIGN, yes), FLAG(CKA_DERIVE, yes)};
    CK_OBJECT_HANDLE public_half;
    CK_OBJECT_HANDLE private_half;
    must(world->p11->C_GenerateKeyPair(world->session, &generate, public, COUNT(public), private, COUNT(private),
                                       &public_half, &private_half),
         "C_GenerateKeyPair");
    return private_half;
}

CK_OBJECT_HANDLE own_imported_rsa(struct world *world)
{
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_RSA;
    CK_BYTE modulus[256];
    CK_BYTE exponent[8];
    CK_ATTRIBUTE numbers[] = {FLAG(CKA_MODULUS, modulus), FLAG(CKA_PUBLIC_EXPONENT, exponent)};
    must(world->p11->C_GetAttributeValue(world->session, own_rsa(world), numbers, COUNT(numbers)), "an own RSA key");
    CK_ATTRIBUTE template[] = {FLAG(CKA_CLASS, class),
                               FLAG(CKA_KEY_TYPE, type),
                               FLAG(CKA_TOKEN, no),
                               FLAG(CKA_WRAP, yes),
                               numbers[0],
                               numbers[1]};
    CK_OBJECT_HANDLE imported;
    must(world->p11->C_CreateObject(world->session, template, COUNT(template), &imported), "an imported RSA key");
    return imported;
}

void discard(struct world *world, CK_OBJECT_HANDLE object)
{
    world->p11->C_DestroyObject(world->session, object);
}

static CK_OBJECT_HANDLE own_aes_as_kek(struct world *world)
{
    static CK_BYTE kek[32] = "the KEK of the control run......";
    return own_key(world, CKK_AES, no, kek, sizeof kek);
}

void target_make_control(struct world *world, struct target *ret)
{
    *ret = (struct target){.is_control = true};
    ret->objects[OBJECT_KEK] = own_aes_as_kek(world);
    own_pair(world, &ret->objects[OBJECT_RSA_PUBLIC], &ret->objects[OBJECT_RSA_PRIVATE]);
    ret->objects[OBJECT_ROOT] = own_secret(world);
    ret->objects[OBJECT_AUDIT_PRIVATE] = own_ec(world);
    ret->objects[OBJECT_OPEN_KEK] = own_aes_as_kek(world);
    own_pair(world, &ret->objects[OBJECT_OPEN_RSA_PUBLIC], &ret->objects[OBJECT_OPEN_RSA_PRIVATE]);
    ret->objects[OBJECT_PAYLOAD] = own_secret(world);
    wrap_payload(world, ret);
    target_fresh_payload(world, ret);
}

void target_fresh_payload(struct world *world, struct target *target)
{
    if (target->is_control) {
        target->objects[OBJECT_PAYLOAD] = own_secret(world);
        target->objects[OBJECT_PAYLOAD_CIPHER] = own_key(world, CKK_AES, no, world->plaintext, sizeof world->plaintext);
        return;
    }
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    const size_t n = payload_template(template);
    must(world->p11->C_UnwrapKey(world->session, &world->kwp, target->objects[OBJECT_KEK], target->under_kek.bytes,
                                 target->under_kek.len, template, n, &target->objects[OBJECT_PAYLOAD]),
         "C_UnwrapKey, as it should be");
    target->objects[OBJECT_PAYLOAD_CIPHER] = target->objects[OBJECT_PAYLOAD];
}
