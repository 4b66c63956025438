/* Attacks on who may do what: make or promote a trusted key as the user, become the SO, go around the login
 * (boundary.h). */
#include "boundary.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- trust: the control is the same without
 * CKA_TRUSTED=true */

static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_OBJECT_CLASS public_class = CKO_PUBLIC_KEY;
static CK_KEY_TYPE aes = CKK_AES;
static CK_KEY_TYPE rsa = CKK_RSA;
static CK_ULONG key_len = 32;
static CK_ULONG modulus_bits = 2048;
static CK_BYTE known[32] = "a key that the attacker knows...";

/* CKA_TRUSTED of the attempt: true, and in the control run false. */
static CK_BBOOL *trusted(const struct target *target)
{
    return target->is_control ? &no : &yes;
}

/* The handle is read here, after the call that sets it: among the arguments nobody says which is evaluated first. */
static bool done(struct world *world, CK_RV rv, const CK_OBJECT_HANDLE *key)
{
    if (rv == CKR_OK) {
        discard(world, *key);
    }
    return rv == CKR_OK;
}

static bool generate(struct world *world, const struct target *target, CK_BBOOL on_token)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ATTRIBUTE template[] = {FLAG(CKA_VALUE_LEN, key_len), FLAG(CKA_TOKEN, on_token),
                               FLAG(CKA_WRAP, yes),          FLAG(CKA_DECRYPT, yes),
                               FLAG(CKA_PRIVATE, yes),       {CKA_TRUSTED, trusted(target), 1}};
    CK_OBJECT_HANDLE key;
    return done(world, world->p11->C_GenerateKey(world->session, &mechanism, template, COUNT(template), &key), &key);
}

static bool generate_session(struct world *world, const struct target *target)
{
    return generate(world, target, CK_FALSE);
}
static bool generate_token(struct world *world, const struct target *target)
{
    return generate(world, target, CK_TRUE);
}

static bool generate_pair(struct world *world, const struct target *target)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE public[] = {FLAG(CKA_MODULUS_BITS, modulus_bits),
                             FLAG(CKA_TOKEN, no),
                             FLAG(CKA_WRAP, yes),
                             {CKA_TRUSTED, trusted(target), 1}};
    CK_ATTRIBUTE private[] = {FLAG(CKA_TOKEN, no), FLAG(CKA_DECRYPT, yes)};
    CK_OBJECT_HANDLE public_half;
    CK_OBJECT_HANDLE private_half;
    const CK_RV rv = world->p11->C_GenerateKeyPair(world->session, &mechanism, public, COUNT(public), private,
                                                   COUNT(private), &public_half, &private_half);
    return done(world, rv, &private_half) && done(world, rv, &public_half);
}

static bool import_known(struct world *world, const struct target *target)
{
    CK_ATTRIBUTE template[] = {FLAG(CKA_CLASS, secret_class), FLAG(CKA_KEY_TYPE, aes),
                               FLAG(CKA_TOKEN, no),           FLAG(CKA_WRAP, yes),
                               FLAG(CKA_VALUE, known),        {CKA_TRUSTED, trusted(target), 1}};
    CK_OBJECT_HANDLE key;
    return done(world, world->p11->C_CreateObject(world->session, template, COUNT(template), &key), &key);
}

static bool import_public(struct world *world, const struct target *target)
{
    CK_BYTE modulus[256];
    memset(modulus, 0xc5, sizeof modulus);
    CK_BYTE exponent[] = {1, 0, 1};
    CK_ATTRIBUTE template[] = {FLAG(CKA_CLASS, public_class),
                               FLAG(CKA_KEY_TYPE, rsa),
                               FLAG(CKA_TOKEN, no),
                               FLAG(CKA_WRAP, yes),
                               FLAG(CKA_MODULUS, modulus),
                               FLAG(CKA_PUBLIC_EXPONENT, exponent),
                               {CKA_TRUSTED, trusted(target), 1}};
    CK_OBJECT_HANDLE key;
    return done(world, world->p11->C_CreateObject(world->session, template, COUNT(template), &key), &key);
}

/* A known key, wrapped under the KEK of the ceremony, comes back from there as a key of the attacker's choice. */
static bool unwrap_known(struct world *world, const struct target *target)
{
    CK_BYTE blob[128];
    CK_ULONG len = sizeof blob;
    const CK_OBJECT_HANDLE key = own_known_aes(world);
    const CK_RV wrapped =
        world->p11->C_WrapKey(world->session, &world->kwp, target->objects[OBJECT_KEK], key, blob, &len);
    discard(world, key);
    if (wrapped != CKR_OK) {
        return false;
    }
    CK_ATTRIBUTE template[] = {FLAG(CKA_CLASS, secret_class),
                               FLAG(CKA_KEY_TYPE, aes),
                               FLAG(CKA_TOKEN, no),
                               FLAG(CKA_WRAP, yes),
                               {CKA_TRUSTED, trusted(target), 1}};
    CK_OBJECT_HANDLE back;
    return done(world,
                world->p11->C_UnwrapKey(world->session, &world->kwp, target->objects[OBJECT_KEK], blob, len, template,
                                        COUNT(template), &back),
                &back);
}

static bool copy_own(struct world *world, const struct target *target)
{
    CK_ATTRIBUTE template[] = {{CKA_TRUSTED, trusted(target), 1}};
    const CK_OBJECT_HANDLE key = own_known_aes(world);
    CK_OBJECT_HANDLE copy;
    const bool through = done(world, world->p11->C_CopyObject(world->session, key, template, 1, &copy), &copy);
    discard(world, key);
    return through;
}

static bool promote(struct world *world, const struct target *target, CK_OBJECT_HANDLE key)
{
    CK_ATTRIBUTE change = {CKA_TRUSTED, trusted(target), 1};
    const CK_RV rv = world->p11->C_SetAttributeValue(world->session, key, &change, 1);
    discard(world, key);
    return rv == CKR_OK;
}

static bool promote_generated(struct world *world, const struct target *target)
{
    return promote(world, target, own_aes(world));
}
static bool promote_known(struct world *world, const struct target *target)
{
    return promote(world, target, own_known_aes(world));
}
static bool promote_public(struct world *world, const struct target *target)
{
    return promote(world, target, own_imported_rsa(world));
}

static bool derive_trusted(struct world *world, const struct target *target)
{
    CK_MECHANISM mechanism = with_parameter(CKM_AES_ECB_ENCRYPT_DATA);
    CK_ATTRIBUTE template[] = {FLAG(CKA_CLASS, secret_class), FLAG(CKA_KEY_TYPE, aes),
                               FLAG(CKA_VALUE_LEN, key_len),  FLAG(CKA_TOKEN, no),
                               FLAG(CKA_WRAP, yes),           {CKA_TRUSTED, trusted(target), 1}};
    const CK_OBJECT_HANDLE base = own_known_aes(world);
    CK_OBJECT_HANDLE key;
    const bool through =
        done(world, world->p11->C_DeriveKey(world->session, &mechanism, base, template, COUNT(template), &key), &key);
    discard(world, base);
    return through;
}

static const struct named_attack trusts[] = {
    {"generate a trusted session AES key", generate_session, true, NULL},
    {"generate a trusted token AES key", generate_token, true, NULL},
    {"generate a trusted RSA key", generate_pair, true, NULL},
    {"import a known AES key as trusted", import_known, true, NULL},
    {"import an RSA public key as trusted", import_public, true, NULL},
    {"unwrap a known AES key as trusted", unwrap_known, true, NULL},
    {"copy a known AES key as trusted", copy_own, false, NULL},
    {"derive a trusted key", derive_trusted, true, NULL},
    {"promote a generated AES key", promote_generated, false, NULL},
    {"promote a known AES key", promote_known, false, NULL},
    {"promote an RSA public key", promote_public, false, NULL},
};

const struct family family_trust = {.name = "trust", .named = trusts, .n_named = COUNT(trusts)};

/* ---------------------------------------------------------------- login; world_renew follows each attempt */

static CK_RV log_in(struct world *world, CK_USER_TYPE user, const char *pin)
{
    return world->p11->C_Login(world->session, user, (CK_BYTE *)(uintptr_t)pin, strlen(pin));
}

static bool so_with_user_pin(struct world *world, const struct target *target)
{
    (void)target;
    world->p11->C_Logout(world->session);
    return log_in(world, CKU_SO, world->pin) == CKR_OK;
}

static bool so_while_user(struct world *world, const struct target *target)
{
    (void)target;
    return log_in(world, CKU_SO, world->pin) == CKR_OK;
}

static bool so_without_pin(struct world *world, const struct target *target)
{
    (void)target;
    world->p11->C_Logout(world->session);
    return log_in(world, CKU_SO, "") == CKR_OK || world->p11->C_Login(world->session, CKU_SO, NULL, 0) == CKR_OK;
}

static bool init_pin(struct world *world, const struct target *target)
{
    (void)target;
    return world->p11->C_InitPIN(world->session, (CK_BYTE *)world->pin, strlen(world->pin)) == CKR_OK;
}

static bool init_token(struct world *world, const struct target *target)
{
    (void)target;
    CK_UTF8CHAR label[32];
    memset(label, ' ', sizeof label);
    world->p11->C_CloseAllSessions(world->slot);
    return world->p11->C_InitToken(world->slot, (CK_BYTE *)world->pin, strlen(world->pin), label) == CKR_OK;
}

static bool init_token_in_session(struct world *world, const struct target *target)
{
    (void)target;
    CK_UTF8CHAR label[32];
    memset(label, ' ', sizeof label);
    return world->p11->C_InitToken(world->slot, (CK_BYTE *)world->pin, strlen(world->pin), label) == CKR_OK;
}

/* C_SetPIN changes the user's PIN when nobody or the user is logged in: it must not become a way to the SO's. */
static bool set_so_pin(struct world *world, const struct target *target)
{
    (void)target;
    static CK_BYTE guess[] = "not the SO PIN";
    const CK_ULONG len = strlen(world->pin);
    return world->p11->C_SetPIN(world->session, guess, sizeof guess - 1, (CK_BYTE *)world->pin, len) == CKR_OK;
}

static bool payload_after_logout(struct world *world, const struct target *target)
{
    CK_BYTE out[BLOB_MAX_BYTES];
    CK_ULONG len = sizeof out;
    world->p11->C_Logout(world->session);
    return world->p11->C_WrapKey(world->session, &world->kwp, target->objects[OBJECT_KEK],
                                 target->objects[OBJECT_PAYLOAD], out, &len) == CKR_OK;
}

static bool root_after_logout(struct world *world, const struct target *target)
{
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    world->p11->C_Logout(world->session);
    return world->p11->C_SignInit(world->session, &hmac, target->objects[OBJECT_ROOT]) == CKR_OK;
}

static bool destroy_after_logout(struct world *world, const struct target *target)
{
    world->p11->C_Logout(world->session);
    return world->p11->C_DestroyObject(world->session, target->objects[OBJECT_KEK]) == CKR_OK;
}

/* Sealed keys are public objects where the SO can trust no others. */
static bool unwrap_without_login(struct world *world, const struct target *target)
{
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    const size_t n = payload_template(template);
    for (size_t i = 0; i < n; i++) {
        if (template[i].type == CKA_PRIVATE) {
            template[i].pValue = &no;
        }
    }
    world->p11->C_Logout(world->session);
    CK_OBJECT_HANDLE payload;
    return done(world,
                world->p11->C_UnwrapKey(world->session, &world->kwp, target->objects[OBJECT_KEK],
                                        (CK_BYTE *)(uintptr_t)target->under_kek.bytes, target->under_kek.len, template,
                                        n, &payload),
                &payload);
}

/* The same, and then read: a public object is not a weaker one. */
static bool read_without_login(struct world *world, const struct target *target)
{
    CK_BYTE value[PAYLOAD_BYTES];
    CK_ATTRIBUTE attribute = {CKA_VALUE, value, sizeof value};
    world->p11->C_Logout(world->session);
    return world->p11->C_GetAttributeValue(world->session, target->objects[OBJECT_KEK], &attribute, 1) == CKR_OK;
}

static const struct named_attack logins[] = {
    {"SO login with the user PIN", so_with_user_pin, false, NULL},
    {"SO login while the user is logged in", so_while_user, false, NULL},
    {"SO login without a PIN", so_without_pin, false, NULL},
    {"C_InitPIN as the user", init_pin, false, NULL},
    {"C_InitToken with the user PIN", init_token, false, NULL},
    {"C_InitToken within a session", init_token_in_session, false, NULL},
    {"C_SetPIN with a guessed old PIN", set_so_pin, false, NULL},
    {"the payload after a logout", payload_after_logout, false, NULL},
    {"the binding root after a logout", root_after_logout, false, NULL},
    {"destroying the KEK after a logout", destroy_after_logout, false, NULL},
    {"CKA_VALUE of the KEK after a logout", read_without_login, false, NULL},
    {"unwrapping without login", unwrap_without_login, false,
     "sealed keys are public objects where the SO can trust no others: usable without the PIN, and no weaker"},
};

const struct family family_login = {.name = "login", .named = logins, .n_named = COUNT(logins)};
