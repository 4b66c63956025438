/* Attacks on a token that holds sealed and open keys together: a sealed payload is to end where an open key can read it
 * (boundary.h). The control is the same with an open payload, on the same open keys: what they are there for. */
#include "boundary.h"

#include <stdio.h>
#include <string.h>

static bool unwrap(struct world *world, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, const struct blob *blob,
                   CK_ATTRIBUTE *template, size_t n, CK_OBJECT_HANDLE *ret)
{
    return world->p11->C_UnwrapKey(world->session, mechanism, key, (CK_BYTE *)(uintptr_t)blob->bytes, blob->len,
                                   template, n, ret) == CKR_OK;
}

static bool wrap(struct world *world, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE payload,
                 struct blob *ret)
{
    ret->len = BLOB_MAX_BYTES;
    return world->p11->C_WrapKey(world->session, mechanism, key, payload, ret->bytes, &ret->len) == CKR_OK;
}

/* A value of the attacker's, under an open key: what a caller's Encrypt leaves. */
static struct blob open_blob(struct world *world, bool by_rsa)
{
    struct blob blob;
    const struct open_keys open = find_open(world);
    const CK_OBJECT_HANDLE own = own_secret(world);
    const bool done = by_rsa ? wrap(world, &world->oaep, open.rsa_public, own, &blob)
                             : wrap(world, &world->kwp, open.kek, own, &blob);
    must(done ? CKR_OK : CKR_FUNCTION_FAILED, "C_WrapKey under an open key");
    discard(world, own);
    return blob;
}

/* A payload of the run: from a sealed key, or for the control from an open one. */
static bool make_payload(struct world *world, const struct target *target, bool from_rsa, CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    CK_MECHANISM *mechanism = from_rsa ? &world->oaep : &world->kwp;
    if (!target->is_control) {
        const size_t n = payload_template(template);
        return unwrap(world, mechanism, target->objects[from_rsa ? OBJECT_RSA_PRIVATE : OBJECT_KEK],
                      from_rsa ? &target->under_rsa : &target->under_kek, template, n, ret);
    }
    const struct open_keys open = find_open(world);
    const struct blob blob = open_blob(world, from_rsa);
    const size_t n = open_payload_template(template);
    return unwrap(world, mechanism, from_rsa ? open.rsa_private : open.kek, &blob, template, n, ret);
}

/* ---------------------------------------------------------------- a payload under an open key */

static bool payload_under(struct world *world, const struct target *target, bool from_rsa, bool to_rsa)
{
    const struct open_keys open = find_open(world);
    CK_OBJECT_HANDLE payload;
    must(make_payload(world, target, from_rsa, &payload) ? CKR_OK : CKR_FUNCTION_FAILED, "a payload");
    struct blob out;
    const bool through = to_rsa ? wrap(world, &world->oaep, open.rsa_public, payload, &out)
                                : wrap(world, &world->kwp, open.kek, payload, &out);
    discard(world, payload);
    return through;
}

static bool kek_to_kek(struct world *world, const struct target *target)
{
    return payload_under(world, target, false, false);
}
static bool kek_to_rsa(struct world *world, const struct target *target)
{
    return payload_under(world, target, false, true);
}
static bool rsa_to_kek(struct world *world, const struct target *target)
{
    return payload_under(world, target, true, false);
}
static bool rsa_to_rsa(struct world *world, const struct target *target)
{
    return payload_under(world, target, true, true);
}

/* ---------------------------------------------------------------- a ciphertext at the wrong key */

/* The ciphertext of a sealed key, in the control of the open one, read by the open one. */
static bool open_reads(struct world *world, const struct target *target, bool by_rsa)
{
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    const size_t n = open_payload_template(template);
    const struct open_keys open = find_open(world);
    const struct blob blob = target->is_control ? open_blob(world, by_rsa)
                             : by_rsa           ? target->under_rsa
                                                : target->under_kek;
    CK_OBJECT_HANDLE payload;
    if (!unwrap(world, by_rsa ? &world->oaep : &world->kwp, by_rsa ? open.rsa_private : open.kek, &blob, template, n,
                &payload)) {
        return false;
    }
    discard(world, payload);
    return true;
}

static bool open_kek_reads(struct world *world, const struct target *target)
{
    return open_reads(world, target, false);
}
static bool open_rsa_reads(struct world *world, const struct target *target)
{
    return open_reads(world, target, true);
}

/* ---------------------------------------------------------------- the template of the other kind */

/* The sealed key with what an open key's payload is, one attribute or all of it; in the control the open key. */
static bool with_open_template(struct world *world, const struct target *target, bool by_rsa, bool readable)
{
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    const size_t n = open_payload_template(template);
    const CK_ATTRIBUTE not_sensitive = FLAG(CKA_SENSITIVE, no);
    if (readable) {
        template_set(template, n, &not_sensitive);
    }
    const struct open_keys open = find_open(world);
    const struct blob blob = target->is_control ? open_blob(world, by_rsa)
                             : by_rsa           ? target->under_rsa
                                                : target->under_kek;
    const CK_OBJECT_HANDLE key = target->is_control ? (by_rsa ? open.rsa_private : open.kek)
                                                    : target->objects[by_rsa ? OBJECT_RSA_PRIVATE : OBJECT_KEK];
    CK_OBJECT_HANDLE payload;
    if (!unwrap(world, by_rsa ? &world->oaep : &world->kwp, key, &blob, template, n, &payload)) {
        return false;
    }
    /* A token may put right what the template says: then it goes under no open key, and is not read. */
    CK_BYTE value[PAYLOAD_BYTES];
    CK_ATTRIBUTE read = FLAG(CKA_VALUE, value);
    struct blob out;
    const bool through = wrap(world, &world->kwp, open.kek, payload, &out) &&
                         (!readable || world->p11->C_GetAttributeValue(world->session, payload, &read, 1) == CKR_OK);
    discard(world, payload);
    return through;
}

static bool kek_with_open_template(struct world *world, const struct target *target)
{
    return with_open_template(world, target, false, false);
}
static bool rsa_with_open_template(struct world *world, const struct target *target)
{
    return with_open_template(world, target, true, false);
}
static bool kek_with_readable_template(struct world *world, const struct target *target)
{
    return with_open_template(world, target, false, true);
}
static bool rsa_with_readable_template(struct world *world, const struct target *target)
{
    return with_open_template(world, target, true, true);
}

/* An open key with the template of a sealed one makes a sealed payload, for good. */
static bool open_with_sealed_template(struct world *world, const struct target *target, bool by_rsa)
{
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    const size_t n = target->is_control ? open_payload_template(template) : payload_template(template);
    const struct open_keys open = find_open(world);
    const struct blob blob = open_blob(world, by_rsa);
    CK_OBJECT_HANDLE payload;
    if (!unwrap(world, by_rsa ? &world->oaep : &world->kwp, by_rsa ? open.rsa_private : open.kek, &blob, template, n,
                &payload)) {
        return false;
    }
    struct blob out;
    const bool through =
        wrap(world, &world->kwp, open.kek, payload, &out) || wrap(world, &world->oaep, open.rsa_public, payload, &out);
    discard(world, payload);
    return through;
}

static bool open_kek_with_sealed_template(struct world *world, const struct target *target)
{
    return open_with_sealed_template(world, target, false);
}
static bool open_rsa_with_sealed_template(struct world *world, const struct target *target)
{
    return open_with_sealed_template(world, target, true);
}

/* ---------------------------------------------------------------- there and back */

/* An open payload under a sealed key is sealed from then on; under an open one (the control) it stays open. */
static bool there_and_back(struct world *world, const struct target *target, bool by_rsa)
{
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    size_t n = open_payload_template(template);
    const struct open_keys open = find_open(world);
    const struct blob start = open_blob(world, false);
    CK_OBJECT_HANDLE payload;
    must(unwrap(world, &world->kwp, open.kek, &start, template, n, &payload) ? CKR_OK : CKR_FUNCTION_FAILED,
         "an open payload");
    CK_MECHANISM *mechanism = by_rsa ? &world->oaep : &world->kwp;
    const CK_OBJECT_HANDLE to = target->is_control ? (by_rsa ? open.rsa_public : open.kek)
                                                   : target->objects[by_rsa ? OBJECT_RSA_PUBLIC : OBJECT_KEK];
    const CK_OBJECT_HANDLE from = target->is_control ? (by_rsa ? open.rsa_private : open.kek)
                                                     : target->objects[by_rsa ? OBJECT_RSA_PRIVATE : OBJECT_KEK];
    struct blob there;
    must(wrap(world, mechanism, to, payload, &there) ? CKR_OK : CKR_FUNCTION_FAILED, "an open payload wrapped");
    discard(world, payload);
    /* With the sealed key's own template, since it takes no other. */
    n = target->is_control ? open_payload_template(template) : payload_template(template);
    must(unwrap(world, mechanism, from, &there, template, n, &payload) ? CKR_OK : CKR_FUNCTION_FAILED, "back");
    struct blob out;
    const bool through =
        wrap(world, &world->kwp, open.kek, payload, &out) || wrap(world, &world->oaep, open.rsa_public, payload, &out);
    discard(world, payload);
    return through;
}

static bool there_and_back_by_kek(struct world *world, const struct target *target)
{
    return there_and_back(world, target, false);
}
static bool there_and_back_by_rsa(struct world *world, const struct target *target)
{
    return there_and_back(world, target, true);
}

static const struct named_attack mixes[] = {
    {"a payload of the KEK under the open KEK", kek_to_kek, true, NULL},
    {"a payload of the KEK under the open RSA key", kek_to_rsa, true, NULL},
    {"a payload of the RSA key under the open KEK", rsa_to_kek, true, NULL},
    {"a payload of the RSA key under the open RSA key", rsa_to_rsa, true, NULL},
    {"the KEK's ciphertext read by the open KEK", open_kek_reads, true, NULL},
    {"the RSA key's ciphertext read by the open RSA key", open_rsa_reads, true, NULL},
    {"the KEK with the template of an open payload", kek_with_open_template, true, NULL},
    {"the RSA key with the template of an open payload", rsa_with_open_template, true, NULL},
    {"the KEK with a template that can be read", kek_with_readable_template, true, NULL},
    {"the RSA key with a template that can be read", rsa_with_readable_template, true, NULL},
    {"the open KEK with a sealed template, and out again", open_kek_with_sealed_template, true, NULL},
    {"the open RSA key with a sealed template, and out again", open_rsa_with_sealed_template, true, NULL},
    {"an open payload through the KEK, and out again", there_and_back_by_kek, true, NULL},
    {"an open payload through the RSA key, and out again", there_and_back_by_rsa, true, NULL},
};

const struct family family_mixed = {.name = "mixed", .named = mixes, .n_named = COUNT(mixes)};
