/* Attacks that put a protected object to another use: derive from it, encrypt or sign with it, confirm a guess of it
 * (boundary.h). */
#include "boundary.h"

#include <stdio.h>
#include <string.h>

/* A session of its own for each attempt: an operation that was begun would be in the way of the next. */
static CK_SESSION_HANDLE another_session(struct world *world)
{
    CK_SESSION_HANDLE session;
    must(world->p11->C_OpenSession(world->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
         "C_OpenSession");
    return session;
}

/* ---------------------------------------------------------------- derive */

static const CK_MECHANISM_TYPE derive_mechanisms[] = {
    CKM_AES_ECB_ENCRYPT_DATA,
    CKM_AES_CBC_ENCRYPT_DATA,
    CKM_DES_ECB_ENCRYPT_DATA,
    CKM_DES_CBC_ENCRYPT_DATA,
    CKM_DES3_ECB_ENCRYPT_DATA,
    CKM_DES3_CBC_ENCRYPT_DATA,
    CKM_CONCATENATE_BASE_AND_DATA,
    CKM_CONCATENATE_DATA_AND_BASE,
    CKM_CONCATENATE_BASE_AND_KEY,
    CKM_XOR_BASE_AND_DATA,
    CKM_EXTRACT_KEY_FROM_KEY,
    CKM_SHA1_KEY_DERIVATION,
    CKM_SHA224_KEY_DERIVATION,
    CKM_SHA256_KEY_DERIVATION,
    CKM_SHA384_KEY_DERIVATION,
    CKM_SHA512_KEY_DERIVATION,
    CKM_MD5_KEY_DERIVATION,
    CKM_DH_PKCS_DERIVE,
    CKM_ECDH1_DERIVE,
    CKM_ECDH1_COFACTOR_DERIVE,
    0x402a, /* CKM_HKDF_DERIVE */
    0x402b, /* CKM_HKDF_DATA */
    0x3ac,  /* CKM_SP800_108_COUNTER_KDF */
    0x3ad,  /* CKM_SP800_108_FEEDBACK_KDF */
    0x3ae,  /* CKM_SP800_108_DOUBLE_PIPELINE_KDF */
};
static const enum object derived[] = {OBJECT_PAYLOAD,  OBJECT_PAYLOAD_CIPHER,  OBJECT_KEK,
                                      OBJECT_ROOT,     OBJECT_RSA_PRIVATE,     OBJECT_AUDIT_PRIVATE,
                                      OBJECT_OPEN_KEK, OBJECT_OPEN_RSA_PRIVATE};

static size_t count_derive(const struct world *world)
{
    return COUNT(derived) * (COUNT(derive_mechanisms) + world->n_mechanisms);
}

static CK_MECHANISM_TYPE derive_mechanism(const struct world *world, size_t i)
{
    const size_t which = i / COUNT(derived);
    return which < COUNT(derive_mechanisms) ? derive_mechanisms[which]
                                            : world->mechanisms[which - COUNT(derive_mechanisms)];
}

static void describe_derive(const struct world *world, size_t i, struct attempt *ret)
{
    const enum object object = derived[i % COUNT(derived)];
    const CK_MECHANISM_TYPE mechanism = derive_mechanism(world, i);
    snprintf(ret->name, sizeof ret->name, "from the %s by %s", object_names[object], mechanism_name(mechanism));
    ret->has_control = (object == OBJECT_PAYLOAD_CIPHER || object == OBJECT_KEK || object == OBJECT_OPEN_KEK) &&
                       (mechanism == CKM_AES_ECB_ENCRYPT_DATA || mechanism == CKM_AES_CBC_ENCRYPT_DATA);
}

static bool run_derive(struct world *world, const struct target *target, size_t i, char *detail)
{
    (void)detail;
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ULONG len = 16;
    CK_ATTRIBUTE template[] = {FLAG(CKA_CLASS, class),  FLAG(CKA_KEY_TYPE, type),   FLAG(CKA_TOKEN, no),
                               FLAG(CKA_SENSITIVE, no), FLAG(CKA_EXTRACTABLE, yes), FLAG(CKA_VALUE_LEN, len)};
    CK_MECHANISM mechanism = with_parameter(derive_mechanism(world, i));
    CK_OBJECT_HANDLE other = own_aes(world);
    if (mechanism.mechanism == CKM_CONCATENATE_BASE_AND_KEY) {
        mechanism.pParameter = &other;
        mechanism.ulParameterLen = sizeof other;
    }
    CK_OBJECT_HANDLE key;
    const CK_RV rv = world->p11->C_DeriveKey(world->session, &mechanism, target->objects[derived[i % COUNT(derived)]],
                                             template, COUNT(template), &key);
    if (rv == CKR_OK) {
        discard(world, key);
    }
    discard(world, other);
    return rv == CKR_OK;
}

const struct family family_derive = {
    .name = "derive", .count = count_derive, .describe = describe_derive, .run = run_derive};

/* ---------------------------------------------------------------- use */

enum use { USE_ENCRYPT, USE_DECRYPT, USE_SIGN, USE_VERIFY, USE_SIGN_RECOVER, USE_VERIFY_RECOVER, USES };
static const char *const use_names[USES] = {"encrypt", "decrypt", "sign", "verify", "sign-recover", "verify-recover"};

static const enum object used[] = {
    OBJECT_PAYLOAD, OBJECT_PAYLOAD_CIPHER, OBJECT_KEK,      OBJECT_RSA_PRIVATE,      OBJECT_RSA_PUBLIC,
    OBJECT_ROOT,    OBJECT_AUDIT_PRIVATE,  OBJECT_OPEN_KEK, OBJECT_OPEN_RSA_PRIVATE, OBJECT_OPEN_RSA_PUBLIC,
};

static size_t count_use(const struct world *world)
{
    (void)world;
    return COUNT(used) * USES;
}

static void describe_use(const struct world *world, size_t i, struct attempt *ret)
{
    (void)world;
    const enum object object = used[i / USES];
    const enum use use = (enum use)(i % USES);
    snprintf(ret->name, sizeof ret->name, "%s with the %s by any mechanism", use_names[use], object_names[object]);
    const bool ciphers = object == OBJECT_PAYLOAD_CIPHER || object == OBJECT_KEK || object == OBJECT_OPEN_KEK;
    const bool is_private = object == OBJECT_RSA_PRIVATE || object == OBJECT_OPEN_RSA_PRIVATE;
    const bool is_public = object == OBJECT_RSA_PUBLIC || object == OBJECT_OPEN_RSA_PUBLIC;
    const bool signs = object == OBJECT_PAYLOAD || object == OBJECT_ROOT;
    ret->has_control = (ciphers && use <= USE_DECRYPT) || (signs && (use == USE_SIGN || use == USE_VERIFY)) ||
                       (is_private && (use == USE_DECRYPT || use == USE_SIGN)) ||
                       (is_public && (use == USE_ENCRYPT || use == USE_VERIFY));
}

static CK_RV begin(struct world *world, CK_SESSION_HANDLE session, enum use use, CK_MECHANISM *mechanism,
                   CK_OBJECT_HANDLE key)
{
    switch (use) {
    case USE_ENCRYPT:
        return world->p11->C_EncryptInit(session, mechanism, key);
    case USE_DECRYPT:
        return world->p11->C_DecryptInit(session, mechanism, key);
    case USE_SIGN:
        return world->p11->C_SignInit(session, mechanism, key);
    case USE_VERIFY:
        return world->p11->C_VerifyInit(session, mechanism, key);
    case USE_SIGN_RECOVER:
        return world->p11->C_SignRecoverInit(session, mechanism, key);
    case USE_VERIFY_RECOVER:
        return world->p11->C_VerifyRecoverInit(session, mechanism, key);
    case USES:
        break;
    }
    return CKR_FUNCTION_NOT_SUPPORTED;
}

/* What the two keys are there for, and nothing else. */
static bool is_their_purpose(enum object object, enum use use, CK_MECHANISM_TYPE mechanism)
{
    return use == USE_SIGN && ((object == OBJECT_ROOT && mechanism == CKM_SHA256_HMAC) ||
                               (object == OBJECT_AUDIT_PRIVATE && mechanism == CKM_ECDSA));
}

static bool run_use(struct world *world, const struct target *target, size_t i, char *detail)
{
    const enum object object = used[i / USES];
    const enum use use = (enum use)(i % USES);
    for (CK_ULONG m = 0; m < world->n_mechanisms; m++) {
        CK_MECHANISM mechanism = with_parameter(world->mechanisms[m]);
        if (!target->is_control && is_their_purpose(object, use, mechanism.mechanism)) {
            continue;
        }
        const CK_SESSION_HANDLE session = another_session(world);
        const CK_RV rv = begin(world, session, use, &mechanism, target->objects[object]);
        world->p11->C_CloseSession(session);
        if (rv == CKR_OK) {
            snprintf(detail, NAME_MAX_BYTES, "%s", mechanism_name(mechanism.mechanism));
            return true;
        }
    }
    return false;
}

const struct family family_use = {.name = "use", .count = count_use, .describe = describe_use, .run = run_use};

/* ---------------------------------------------------------------- guess: all of them confirm one, none gives a value
 */

static const char confirms[] = "confirms a guess of the whole payload, and gives nothing of it";

static const char of_random[] = "confirms a guess of 256 random bits, which nobody makes";

static bool digest(struct world *world, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM sha256 = {CKM_SHA256, NULL, 0};
    const CK_SESSION_HANDLE session = another_session(world);
    const bool through =
        world->p11->C_DigestInit(session, &sha256) == CKR_OK && world->p11->C_DigestKey(session, key) == CKR_OK;
    world->p11->C_CloseSession(session);
    return through;
}

static bool digest_payload(struct world *world, const struct target *target)
{
    return digest(world, target->objects[OBJECT_PAYLOAD]);
}
static bool digest_kek(struct world *world, const struct target *target)
{
    return digest(world, target->objects[OBJECT_KEK]);
}
static bool digest_root(struct world *world, const struct target *target)
{
    return digest(world, target->objects[OBJECT_ROOT]);
}

/* Wrapping is deterministic: a guess wrapped under the same key gives the same bytes. */
static bool equal_wraps(struct world *world, const struct target *target)
{
    CK_BYTE out[BLOB_MAX_BYTES];
    CK_ULONG len = sizeof out;
    const CK_OBJECT_HANDLE guess = own_secret(world);
    CK_MECHANISM mechanism = world->kwp;
    const CK_RV rv = world->p11->C_WrapKey(world->session, &mechanism, target->objects[OBJECT_KEK], guess, out, &len);
    discard(world, guess);
    return rv == CKR_OK && len == target->under_kek.len && memcmp(out, target->under_kek.bytes, len) == 0;
}

/* Whether a search by value finds it: with a prefix of the value this would be more than a confirmation. */
static bool find_by(struct world *world, CK_OBJECT_HANDLE object, CK_ULONG len)
{
    CK_ATTRIBUTE value = {CKA_VALUE, world->plaintext, len};
    CK_OBJECT_HANDLE found[16];
    CK_ULONG n = 0;
    const CK_SESSION_HANDLE session = another_session(world);
    bool through = false;
    if (world->p11->C_FindObjectsInit(session, &value, 1) == CKR_OK &&
        world->p11->C_FindObjects(session, found, COUNT(found), &n) == CKR_OK) {
        for (CK_ULONG i = 0; i < n; i++) {
            through |= found[i] == object;
        }
    }
    world->p11->C_CloseSession(session);
    return through;
}

static bool find_by_value(struct world *world, const struct target *target)
{
    return find_by(world, target->objects[OBJECT_PAYLOAD], PAYLOAD_BYTES);
}
static bool find_by_prefix(struct world *world, const struct target *target)
{
    return find_by(world, target->objects[OBJECT_PAYLOAD], 1);
}

static bool object_size(struct world *world, const struct target *target)
{
    CK_ULONG size = CK_UNAVAILABLE_INFORMATION;
    return world->p11->C_GetObjectSize(world->session, target->objects[OBJECT_PAYLOAD], &size) == CKR_OK &&
           size != CK_UNAVAILABLE_INFORMATION;
}

static const struct named_attack guesses[] = {
    {"C_DigestKey of the payload", digest_payload, true, confirms},
    {"C_DigestKey of the KEK", digest_kek, true, of_random},
    {"C_DigestKey of the binding root", digest_root, true, of_random},
    {"wrapping a guess and comparing", equal_wraps, true, confirms},
    {"C_FindObjects by the payload's value", find_by_value, false, confirms},
    {"C_FindObjects by the first byte of the payload", find_by_prefix, false, NULL},
    {"C_GetObjectSize of the payload", object_size, false, "tells the length, which the ciphertext tells too"},
};

const struct family family_guess = {.name = "guess", .named = guesses, .n_named = COUNT(guesses)};
