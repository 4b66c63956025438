/* Attacks by what passes for something else: a known value as a key of the token, an own key as a sealed one, a key of
 * one kind as one of the other (boundary.h). */
#include "boundary.h"

#include <stdio.h>

/* ---------------------------------------------------------------- a known value comes back as a key */

static CK_KEY_TYPE aes = CKK_AES;

static bool known_comes_back(struct world *world, const struct target *target, const CK_ATTRIBUTE *bent, size_t n_bent)
{
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    const size_t n = payload_template(template);
    const CK_ATTRIBUTE as_aes = FLAG(CKA_KEY_TYPE, aes);
    template_set(template, n, &as_aes);
    for (size_t i = 0; i < n_bent; i++) {
        template_set(template, n, &bent[i]);
    }
    const struct blob blob = encrypted(world, target, CKM_RSA_PKCS_OAEP, world->plaintext, sizeof world->plaintext);
    return unwraps(world, target, &world->oaep, &blob, template, n);
}

static bool known_as_wrapping_key(struct world *world, const struct target *target)
{
    static const CK_ATTRIBUTE bent[] = {FLAG(CKA_WRAP, yes), FLAG(CKA_UNWRAP, yes)};
    return known_comes_back(world, target, bent, COUNT(bent));
}
static bool known_as_cipher_key(struct world *world, const struct target *target)
{
    static const CK_ATTRIBUTE bent[] = {FLAG(CKA_ENCRYPT, yes), FLAG(CKA_DECRYPT, yes)};
    return known_comes_back(world, target, bent, COUNT(bent));
}
static bool known_as_token_key(struct world *world, const struct target *target)
{
    static const CK_ATTRIBUTE bent[] = {FLAG(CKA_TOKEN, yes), FLAG(CKA_WRAP, yes)};
    return known_comes_back(world, target, bent, COUNT(bent));
}

/* A private key whose value is known, wrapped under the KEK, comes back as a private key that decrypts. */
static bool known_pair_comes_back(struct world *world, const struct target *target)
{
    static CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    static CK_KEY_TYPE rsa = CKK_RSA;
    CK_BYTE blob[4096];
    CK_ULONG len = sizeof blob;
    CK_OBJECT_HANDLE public_half;
    CK_OBJECT_HANDLE private_half;
    own_pair(world, &public_half, &private_half);
    must(world->p11->C_WrapKey(world->session, &world->kwp, target->objects[OBJECT_KEK], private_half, blob, &len),
         "an own private key under the KEK");
    discard(world, public_half);
    discard(world, private_half);
    CK_ATTRIBUTE template[] = {FLAG(CKA_CLASS, class), FLAG(CKA_KEY_TYPE, rsa), FLAG(CKA_TOKEN, no),
                               FLAG(CKA_UNWRAP, yes), FLAG(CKA_DECRYPT, yes)};
    CK_OBJECT_HANDLE back;
    const CK_RV rv = world->p11->C_UnwrapKey(world->session, &world->kwp, target->objects[OBJECT_KEK], blob, len,
                                             template, COUNT(template), &back);
    if (rv == CKR_OK) {
        discard(world, back);
    }
    return rv == CKR_OK;
}

/* ---------------------------------------------------------------- what passes for a sealed key */

static bool wraps_payload(struct world *world, const struct target *target, CK_MECHANISM *mechanism,
                          CK_OBJECT_HANDLE wrapper)
{
    CK_BYTE out[BLOB_MAX_BYTES];
    CK_ULONG len = sizeof out;
    return world->p11->C_WrapKey(world->session, mechanism, wrapper, target->objects[OBJECT_PAYLOAD], out, &len) ==
           CKR_OK;
}

static bool trusted_copy(struct world *world, const struct target *target)
{
    CK_RV rv;
    const CK_OBJECT_HANDLE copy = public_copy(world, target, target->is_control ? CK_FALSE : CK_TRUE, &rv);
    if (rv == CKR_OK) {
        discard(world, copy);
    }
    return rv == CKR_OK;
}

/* The right numbers, label and id, but nobody has trusted it. */
static bool under_copy(struct world *world, const struct target *target)
{
    CK_RV rv;
    const CK_OBJECT_HANDLE copy = public_copy(world, target, CK_FALSE, &rv);
    must(rv, "a copy of the public half");
    const bool through = wraps_payload(world, target, &world->oaep, copy);
    discard(world, copy);
    return through;
}

/* Gives an own key the label and the id of another. */
static void take_name(struct world *world, CK_OBJECT_HANDLE of, CK_OBJECT_HANDLE own)
{
    CK_BYTE label[64] = {0};
    CK_BYTE id[64] = {0};
    CK_ATTRIBUTE name[] = {FLAG(CKA_LABEL, label), FLAG(CKA_ID, id)};
    must(world->p11->C_GetAttributeValue(world->session, of, name, COUNT(name)), "label and id");
    must(world->p11->C_SetAttributeValue(world->session, own, name, COUNT(name)), "an own key's label and id");
}

static bool under_twin_pair(struct world *world, const struct target *target)
{
    CK_OBJECT_HANDLE public_half;
    CK_OBJECT_HANDLE private_half;
    own_pair(world, &public_half, &private_half);
    take_name(world, target->objects[OBJECT_RSA_PUBLIC], public_half);
    take_name(world, target->objects[OBJECT_RSA_PRIVATE], private_half);
    const bool through = wraps_payload(world, target, &world->oaep, public_half);
    discard(world, public_half);
    discard(world, private_half);
    return through;
}

static bool under_twin_kek(struct world *world, const struct target *target)
{
    const CK_OBJECT_HANDLE twin = own_known_aes(world);
    take_name(world, target->objects[OBJECT_KEK], twin);
    const bool through = wraps_payload(world, target, &world->kwp, twin);
    discard(world, twin);
    return through;
}

/* ---------------------------------------------------------------- AES and RSA are apart */

static bool crosses(struct world *world, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, const struct blob *blob)
{
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    const size_t n = payload_template(template);
    CK_OBJECT_HANDLE payload;
    return world->p11->C_UnwrapKey(world->session, mechanism, key, (CK_BYTE *)(uintptr_t)blob->bytes, blob->len,
                                   template, n, &payload) == CKR_OK;
}

static bool kek_reads_rsa(struct world *world, const struct target *target)
{
    return crosses(world, &world->kwp, target->objects[OBJECT_KEK], &target->under_rsa);
}
static bool kek_by_oaep(struct world *world, const struct target *target)
{
    return crosses(world, &world->oaep, target->objects[OBJECT_KEK], &target->under_rsa);
}
static bool rsa_reads_kek(struct world *world, const struct target *target)
{
    return crosses(world, &world->oaep, target->objects[OBJECT_RSA_PRIVATE], &target->under_kek);
}
static bool rsa_by_kwp(struct world *world, const struct target *target)
{
    return crosses(world, &world->kwp, target->objects[OBJECT_RSA_PRIVATE], &target->under_kek);
}
static bool public_half_by_kwp(struct world *world, const struct target *target)
{
    return wraps_payload(world, target, &world->kwp, target->objects[OBJECT_RSA_PUBLIC]);
}
static bool kek_wraps_by_oaep(struct world *world, const struct target *target)
{
    return wraps_payload(world, target, &world->oaep, target->objects[OBJECT_KEK]);
}

static const struct named_attack poses[] = {
    {"a known value unwrapped as a wrapping key", known_as_wrapping_key, true, NULL},
    {"a known value unwrapped as an encryption key", known_as_cipher_key, true, NULL},
    {"a known value unwrapped as a token key", known_as_token_key, true, NULL},
    {"a known private key unwrapped by the KEK", known_pair_comes_back, true, NULL},
    {"a copy of the public half as trusted", trusted_copy, true, NULL},
    {"the payload under a copy of the public half", under_copy, true, NULL},
    {"the payload under a pair of the same label and id", under_twin_pair, true, NULL},
    {"the payload under a known AES key of the KEK's label and id", under_twin_kek, true, NULL},
    {"an RSA ciphertext unwrapped by the KEK", kek_reads_rsa, false, NULL},
    {"an RSA ciphertext unwrapped by the KEK with OAEP", kek_by_oaep, false, NULL},
    {"a KEK's ciphertext unwrapped by the RSA key", rsa_reads_kek, false, NULL},
    {"a KEK's ciphertext unwrapped by the RSA key with KWP", rsa_by_kwp, false, NULL},
    {"the payload under the public half by KWP", public_half_by_kwp, false, NULL},
    {"the payload under the KEK by OAEP", kek_wraps_by_oaep, false, NULL},
};

const struct family family_pose = {.name = "pose", .named = poses, .n_named = COUNT(poses)};
