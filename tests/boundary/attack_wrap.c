/* Attacks by wrapping a secret out under a key of one's own, and by unwrapping a payload with a bent template
 * (boundary.h). */
#include "boundary.h"

#include <stdio.h>
#include <string.h>

/* Tried whether or not the token lists them. */
static const CK_MECHANISM_TYPE wrap_mechanisms[] = {
    CKM_AES_KEY_WRAP,  CKM_AES_KEY_WRAP_PAD, 0x210b /* KWP */,     CKM_AES_ECB, CKM_AES_CBC,
    CKM_AES_CBC_PAD,   CKM_AES_CTR,          CKM_AES_GCM,          CKM_AES_CCM, CKM_RSA_PKCS,
    CKM_RSA_PKCS_OAEP, CKM_RSA_X_509,        CKM_RSA_AES_KEY_WRAP,
};

enum wrapper {
    WRAPPER_GENERATED_AES,
    WRAPPER_KNOWN_AES,
    WRAPPER_GENERATED_RSA,
    WRAPPER_IMPORTED_RSA,
    WRAPPER_ITSELF,
    WRAPPER_ROOT,
    WRAPPER_KEK,
    WRAPPER_RSA,
    WRAPPER_OPEN_KEK,
    WRAPPER_OPEN_RSA,
    WRAPPERS,
};

static const struct {
    const char *name;
    CK_MECHANISM_TYPE control; /* by which it wraps an unprotected secret */
} wrappers[WRAPPERS] = {
    [WRAPPER_GENERATED_AES] = {"an own AES key", CKM_AES_KEY_WRAP_PAD},
    [WRAPPER_KNOWN_AES] = {"an imported AES key", CKM_AES_KEY_WRAP_PAD},
    [WRAPPER_GENERATED_RSA] = {"an own RSA key", CKM_RSA_PKCS_OAEP},
    [WRAPPER_IMPORTED_RSA] = {"an imported RSA key", CKM_RSA_PKCS_OAEP},
    [WRAPPER_ITSELF] = {"itself", 0},
    [WRAPPER_ROOT] = {"the binding root", 0},
    [WRAPPER_KEK] = {"the KEK", CKM_AES_KEY_WRAP_PAD},
    [WRAPPER_RSA] = {"the RSA key", CKM_RSA_PKCS},
    [WRAPPER_OPEN_KEK] = {"the open KEK", CKM_AES_KEY_WRAP_PAD},
    [WRAPPER_OPEN_RSA] = {"the open RSA key", CKM_RSA_PKCS_OAEP},
};

static const enum object victims[] = {OBJECT_PAYLOAD,       OBJECT_KEK,      OBJECT_RSA_PRIVATE,     OBJECT_ROOT,
                                      OBJECT_AUDIT_PRIVATE, OBJECT_OPEN_KEK, OBJECT_OPEN_RSA_PRIVATE};
#define N_VICTIMS COUNT(victims)
#define N_WRAPS   (N_VICTIMS * WRAPPERS * COUNT(wrap_mechanisms))

static size_t count_wrap(const struct world *world)
{
    (void)world;
    return N_WRAPS;
}

struct wrap {
    enum object victim;
    enum wrapper wrapper;
    CK_MECHANISM_TYPE mechanism;
};

static struct wrap wrap_of(size_t i)
{
    return (struct wrap){
        .mechanism = wrap_mechanisms[i % COUNT(wrap_mechanisms)],
        .wrapper = (enum wrapper)(i / COUNT(wrap_mechanisms) % WRAPPERS),
        .victim = victims[i / COUNT(wrap_mechanisms) / WRAPPERS],
    };
}

/* What re-encryption is: a payload under a key of the ceremony, by its one mechanism. */
static bool is_re_encryption(const struct world *world, const struct wrap *wrap)
{
    return wrap->victim == OBJECT_PAYLOAD &&
           ((wrap->wrapper == WRAPPER_KEK && wrap->mechanism == world->kwp.mechanism) ||
            (wrap->wrapper == WRAPPER_RSA && wrap->mechanism == CKM_RSA_PKCS_OAEP));
}

static void describe_wrap(const struct world *world, size_t i, struct attempt *ret)
{
    const struct wrap wrap = wrap_of(i);
    snprintf(ret->name, sizeof ret->name, "the %s under %s by %s", object_names[wrap.victim],
             wrappers[wrap.wrapper].name, mechanism_name(wrap.mechanism));
    /* A private key is too long for RSA. */
    const bool fits = wrap.mechanism == CKM_AES_KEY_WRAP_PAD || wrap.victim == OBJECT_PAYLOAD ||
                      wrap.victim == OBJECT_KEK || wrap.victim == OBJECT_ROOT || wrap.victim == OBJECT_OPEN_KEK;
    ret->has_control = fits && wrappers[wrap.wrapper].control == wrap.mechanism;
    ret->residual = is_re_encryption(world, &wrap) ? "this is what re-encryption does" : NULL;
}

static CK_OBJECT_HANDLE make_wrapper(struct world *world, const struct target *target, const struct wrap *wrap)
{
    switch (wrap->wrapper) {
    case WRAPPER_GENERATED_AES:
        return own_aes(world);
    case WRAPPER_KNOWN_AES:
        return own_known_aes(world);
    case WRAPPER_GENERATED_RSA:
        return own_rsa(world);
    case WRAPPER_IMPORTED_RSA:
        return own_imported_rsa(world);
    case WRAPPER_ITSELF:
        return target->objects[wrap->victim];
    case WRAPPER_ROOT:
        return target->objects[OBJECT_ROOT];
    case WRAPPER_KEK:
        return target->objects[OBJECT_KEK];
    case WRAPPER_RSA:
        return target->objects[OBJECT_RSA_PUBLIC];
    case WRAPPER_OPEN_KEK:
        return target->objects[OBJECT_OPEN_KEK];
    case WRAPPER_OPEN_RSA:
        return target->objects[OBJECT_OPEN_RSA_PUBLIC];
    case WRAPPERS:
        break;
    }
    return CK_INVALID_HANDLE;
}

static bool run_wrap(struct world *world, const struct target *target, size_t i, char *detail)
{
    (void)detail;
    const struct wrap wrap = wrap_of(i);
    const CK_OBJECT_HANDLE wrapper = make_wrapper(world, target, &wrap);
    CK_MECHANISM mechanism = with_parameter(wrap.mechanism);
    CK_BYTE out[8192];
    CK_ULONG len = sizeof out;
    const CK_RV rv =
        world->p11->C_WrapKey(world->session, &mechanism, wrapper, target->objects[wrap.victim], out, &len);
    if (wrap.wrapper == WRAPPER_GENERATED_AES || wrap.wrapper == WRAPPER_KNOWN_AES ||
        wrap.wrapper == WRAPPER_IMPORTED_RSA) {
        discard(world, wrapper);
    }
    return rv == CKR_OK;
}

const struct family family_wrap = {.name = "wrap", .count = count_wrap, .describe = describe_wrap, .run = run_wrap};

/* ---------------------------------------------------------------- unwrap */

static CK_OBJECT_CLASS public_class = CKO_PUBLIC_KEY;
static CK_OBJECT_CLASS data_class = CKO_DATA;
static CK_KEY_TYPE aes = CKK_AES;
static CK_ULONG one = 1;

/* Every attribute that the KEK forces, with a value that would help an attacker; then some that are not in the template
 * at all. */
static const CK_ATTRIBUTE bent[] = {
    FLAG(CKA_CLASS, data_class), FLAG(CKA_KEY_TYPE, aes),   FLAG(CKA_TOKEN, yes),
    FLAG(CKA_SENSITIVE, no),     FLAG(CKA_EXTRACTABLE, no), FLAG(CKA_WRAP_WITH_TRUSTED, no),
    FLAG(CKA_COPYABLE, yes),     FLAG(CKA_SIGN, yes),       FLAG(CKA_VERIFY, yes),
    FLAG(CKA_WRAP, yes),         FLAG(CKA_UNWRAP, yes),     FLAG(CKA_ENCRYPT, yes),
    FLAG(CKA_DECRYPT, yes),      FLAG(CKA_DERIVE, yes),     FLAG(CKA_MODIFIABLE, yes),
};
static const CK_ATTRIBUTE extra[] = {
    FLAG(CKA_TRUSTED, yes),
    FLAG(CKA_VALUE_LEN, one), /* a payload cut to a byte could be guessed byte by byte */
    FLAG(CKA_CLASS, public_class),
};

enum way {
    WAY_LEFT_OUT,
    WAY_BENT,
    WAY_RIGHT_THEN_BENT, /* given twice: which of them counts? */
    WAY_BENT_THEN_RIGHT,
    WAYS,
};
static const char *const way_names[WAYS] = {"left out", "bent", "given twice, bent last", "given twice, bent first"};

#define N_BENT      (COUNT(bent) * WAYS)
#define N_EMPTY     1
#define N_TEMPLATES (N_BENT + COUNT(extra) + N_EMPTY)

static size_t count_unwrap(const struct world *world)
{
    (void)world;
    return 2 * (N_TEMPLATES + COUNT(wrap_mechanisms));
}

/* The i-th template, for both keys; beyond them the right template with the i-th mechanism. */
static void describe_unwrap(const struct world *world, size_t i, struct attempt *ret)
{
    const bool by_rsa = i % 2 == 1;
    const char *key = by_rsa ? "RSA key" : "KEK";
    size_t which = i / 2;
    if (which < N_BENT) {
        snprintf(ret->name, sizeof ret->name, "by the %s, %s %s", key, attribute_name(bent[which / WAYS].type),
                 way_names[which % WAYS]);
        /* An own key has no template: what is left out or bent is then not forced. Only a boolean can be given at all.
         */
        const CK_ATTRIBUTE_TYPE type = bent[which / WAYS].type;
        ret->has_control = which % WAYS <= WAY_BENT && type != CKA_CLASS && type != CKA_KEY_TYPE;
        return;
    }
    which -= N_BENT;
    if (which < COUNT(extra)) {
        snprintf(ret->name, sizeof ret->name, "by the %s, %s added", key, attribute_name(extra[which].type));
        return;
    }
    which -= COUNT(extra);
    if (which < N_EMPTY) {
        snprintf(ret->name, sizeof ret->name, "by the %s, class and type only", key);
        ret->has_control = true;
        return;
    }
    const CK_MECHANISM_TYPE mechanism = wrap_mechanisms[which - N_EMPTY];
    snprintf(ret->name, sizeof ret->name, "by the %s with %s", key, mechanism_name(mechanism));
    ret->residual =
        mechanism == (by_rsa ? world->oaep : world->kwp).mechanism ? "this is what re-encryption does" : NULL;
}

static size_t bend(const CK_ATTRIBUTE *attribute, enum way way, CK_ATTRIBUTE *template, size_t n)
{
    size_t at = 0;
    while (at < n && template[at].type != attribute->type) {
        at++;
    }
    const CK_ATTRIBUTE right = template[at];
    switch (way) {
    case WAY_LEFT_OUT:
        memmove(&template[at], &template[at + 1], (n - at - 1) * sizeof template[0]);
        return n - 1;
    case WAY_BENT:
        template[at] = *attribute;
        return n;
    case WAY_RIGHT_THEN_BENT:
    case WAY_BENT_THEN_RIGHT:
        /* Before CKA_MODIFIABLE=false, after which SoftHSM sets nothing. */
        memmove(&template[1], &template[0], n * sizeof template[0]);
        template[0] = way == WAY_BENT_THEN_RIGHT ? *attribute : right;
        template[at + 1] = way == WAY_BENT_THEN_RIGHT ? right : *attribute;
        return n + 1;
    case WAYS:
        break;
    }
    return n;
}

static size_t unwrap_template(size_t which, CK_ATTRIBUTE *template)
{
    size_t n = payload_template(template);
    if (which < N_BENT) {
        return bend(&bent[which / WAYS], (enum way)(which % WAYS), template, n);
    }
    which -= N_BENT;
    if (which < COUNT(extra)) {
        memmove(&template[1], &template[0], n * sizeof template[0]);
        template[0] = extra[which];
        return n + 1;
    }
    return which == COUNT(extra) ? 2 : n;
}

/*
 * A token may also add what is left out (PKCS#11 v2.40 section 5.13): then the payload is as it should be, whatever the
 * caller wrote.
 */
static bool is_as_forced(struct world *world, const struct target *target, CK_OBJECT_HANDLE payload, char *detail)
{
    CK_ATTRIBUTE wanted[PAYLOAD_TEMPLATE_MAX];
    const size_t n = payload_template(wanted);
    for (size_t i = 0; i < n; i++) {
        CK_BYTE value[sizeof(CK_ULONG)];
        CK_ATTRIBUTE found = {wanted[i].type, value, sizeof value};
        if (wanted[i].type == CKA_PRIVATE) {
            continue; /* not forced: it says who sees the object, not what can be done with it */
        }
        if (world->p11->C_GetAttributeValue(world->session, payload, &found, 1) != CKR_OK ||
            found.ulValueLen != wanted[i].ulValueLen || memcmp(value, wanted[i].pValue, wanted[i].ulValueLen) != 0) {
            snprintf(detail, NAME_MAX_BYTES, "%s is not as forced", attribute_name(wanted[i].type));
            return false;
        }
    }
    CK_BYTE out[BLOB_MAX_BYTES];
    CK_ULONG len = sizeof out;
    const CK_RV rv =
        world->p11->C_WrapKey(world->session, &world->kwp, target->objects[OBJECT_KEK], payload, out, &len);
    if (rv != CKR_OK || len != target->under_kek.len || memcmp(out, target->under_kek.bytes, len) != 0) {
        snprintf(detail, NAME_MAX_BYTES, "the value is another one");
        return false;
    }
    return true;
}

static bool run_unwrap(struct world *world, const struct target *target, size_t i, char *detail)
{
    const bool by_rsa = i % 2 == 1;
    const size_t which = i / 2;
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX + 1];
    const size_t n = unwrap_template(which, template);
    CK_MECHANISM mechanism = by_rsa ? world->oaep : world->kwp;
    if (which >= N_TEMPLATES) {
        mechanism = with_parameter(wrap_mechanisms[which - N_TEMPLATES]);
    }
    const struct blob *blob = by_rsa ? &target->under_rsa : &target->under_kek;
    CK_OBJECT_HANDLE payload;
    const CK_RV rv =
        world->p11->C_UnwrapKey(world->session, &mechanism, target->objects[by_rsa ? OBJECT_RSA_PRIVATE : OBJECT_KEK],
                                (CK_BYTE *)(uintptr_t)blob->bytes, blob->len, template, n, &payload);
    if (rv != CKR_OK) {
        return false;
    }
    const bool harmless = !target->is_control && which < N_TEMPLATES && is_as_forced(world, target, payload, detail);
    if (harmless) {
        snprintf(detail, NAME_MAX_BYTES, "the token put the template right");
    }
    discard(world, payload);
    return !harmless;
}

const struct family family_unwrap = {
    .name = "unwrap", .count = count_unwrap, .describe = describe_unwrap, .run = run_unwrap};
