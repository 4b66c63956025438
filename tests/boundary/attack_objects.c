/* Attacks on an object as it is: read it, change it, copy it, destroy it (boundary.h). */
#include "boundary.h"

#include <stdio.h>

/* ---------------------------------------------------------------- read */

static const struct {
    enum object object;
    CK_ATTRIBUTE_TYPE type;
    bool has_control;
} secrets[] = {
    {OBJECT_PAYLOAD, CKA_VALUE, true},
    {OBJECT_PAYLOAD, CKA_CHECK_VALUE, false}, /* three bytes that confirm a guess */
    {OBJECT_KEK, CKA_VALUE, true},
    {OBJECT_ROOT, CKA_VALUE, true},
    {OBJECT_AUDIT_PRIVATE, CKA_VALUE, true},
    {OBJECT_RSA_PRIVATE, CKA_PRIVATE_EXPONENT, true},
    {OBJECT_RSA_PRIVATE, CKA_PRIME_1, true},
    {OBJECT_RSA_PRIVATE, CKA_PRIME_2, true},
    {OBJECT_RSA_PRIVATE, CKA_EXPONENT_1, true},
    {OBJECT_RSA_PRIVATE, CKA_EXPONENT_2, true},
    {OBJECT_RSA_PRIVATE, CKA_COEFFICIENT, true},
    {OBJECT_OPEN_KEK, CKA_VALUE, true},
    {OBJECT_OPEN_RSA_PRIVATE, CKA_PRIVATE_EXPONENT, true},
    {OBJECT_OPEN_RSA_PRIVATE, CKA_PRIME_1, true},
    {OBJECT_OPEN_RSA_PRIVATE, CKA_PRIME_2, true},
    {OBJECT_OPEN_RSA_PRIVATE, CKA_EXPONENT_1, true},
    {OBJECT_OPEN_RSA_PRIVATE, CKA_EXPONENT_2, true},
    {OBJECT_OPEN_RSA_PRIVATE, CKA_COEFFICIENT, true},
};

static size_t count_read(const struct world *world)
{
    (void)world;
    return COUNT(secrets);
}

static void describe_read(const struct world *world, size_t i, struct attempt *ret)
{
    (void)world;
    snprintf(ret->name, sizeof ret->name, "%s of the %s", attribute_name(secrets[i].type),
             object_names[secrets[i].object]);
    ret->has_control = secrets[i].has_control;
}

static bool run_read(struct world *world, const struct target *target, size_t i, char *detail)
{
    (void)detail;
    CK_BYTE value[1024];
    CK_ATTRIBUTE attribute = {secrets[i].type, value, sizeof value};
    const CK_RV rv = world->p11->C_GetAttributeValue(world->session, target->objects[secrets[i].object], &attribute, 1);
    return rv == CKR_OK && attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION && attribute.ulValueLen > 0;
}

const struct family family_read = {.name = "read", .count = count_read, .describe = describe_read, .run = run_read};

/* ---------------------------------------------------------------- change */

static CK_ATTRIBUTE nothing[] = {{CKA_TOKEN, NULL, 0}};
static CK_MECHANISM_TYPE weak_mechanisms[] = {CKM_AES_ECB, CKM_AES_CBC_PAD, CKM_RSA_PKCS, CKM_AES_KEY_WRAP};
static CK_KEY_TYPE aes = CKK_AES;
static CK_BYTE small_number[] = {3};
static CK_CHAR other_label[] = "rewrapd:other";
static CK_BYTE other_id[32];

/* has_control: may be set on an object without protection (the others are one-way, or fixed at birth, for everybody).
 */
static const struct {
    CK_ATTRIBUTE attribute;
    bool has_control;
} changes[] = {
    {FLAG(CKA_SENSITIVE, no), false},
    {FLAG(CKA_EXTRACTABLE, yes), false},
    {FLAG(CKA_WRAP_WITH_TRUSTED, no), false},
    {FLAG(CKA_TRUSTED, yes), false},
    {FLAG(CKA_TRUSTED, no), false},
    {FLAG(CKA_COPYABLE, yes), false},
    {FLAG(CKA_DESTROYABLE, yes), false},
    {FLAG(CKA_MODIFIABLE, yes), false},
    {FLAG(CKA_TOKEN, yes), false},
    {FLAG(CKA_PRIVATE, no), false},
    {FLAG(CKA_SIGN, yes), true},
    {FLAG(CKA_VERIFY, yes), true},
    {FLAG(CKA_ENCRYPT, yes), true},
    {FLAG(CKA_DECRYPT, yes), true},
    {FLAG(CKA_WRAP, yes), true},
    {FLAG(CKA_UNWRAP, yes), true},
    {FLAG(CKA_DERIVE, yes), true},
    {FLAG(CKA_SIGN_RECOVER, yes), false},
    {FLAG(CKA_KEY_TYPE, aes), false},
    {{CKA_ALLOWED_MECHANISMS, weak_mechanisms, sizeof weak_mechanisms}, false},
    {{CKA_ALLOWED_MECHANISMS, nothing, 0}, false},
    {{CKA_UNWRAP_TEMPLATE, nothing, 0}, false},
    {{CKA_WRAP_TEMPLATE, nothing, 0}, false},
    {FLAG(CKA_MODULUS, small_number), false}, /* of a public half: what goes under it could be computed back */
    {FLAG(CKA_PUBLIC_EXPONENT, small_number), false},
    {{CKA_LABEL, other_label, sizeof other_label - 1}, true},
    {{CKA_ID, other_id, sizeof other_id}, true},
};

static const enum object changed[] = {
    OBJECT_PAYLOAD,       OBJECT_KEK,      OBJECT_RSA_PRIVATE,      OBJECT_RSA_PUBLIC,      OBJECT_ROOT,
    OBJECT_AUDIT_PRIVATE, OBJECT_OPEN_KEK, OBJECT_OPEN_RSA_PRIVATE, OBJECT_OPEN_RSA_PUBLIC,
};

static size_t count_change(const struct world *world)
{
    (void)world;
    return COUNT(changes) * COUNT(changed);
}

/* "CKA_SENSITIVE=false"; of other types the name alone. */
static void print_change(const CK_ATTRIBUTE *attribute, char *out, size_t size)
{
    const char *value = attribute->pValue == &yes ? "=true" : attribute->pValue == &no ? "=false" : "";
    snprintf(out, size, "%s%s%s", attribute_name(attribute->type), value, attribute->ulValueLen == 0 ? " emptied" : "");
}

static void describe_change(const struct world *world, size_t i, struct attempt *ret)
{
    (void)world;
    const enum object object = changed[i / COUNT(changes)];
    char change[64];
    print_change(&changes[i % COUNT(changes)].attribute, change, sizeof change);
    snprintf(ret->name, sizeof ret->name, "%s on the %s", change, object_names[object]);
    /* Asymmetric halves do not have all of the usages: their control is the label and the id. */
    const CK_ATTRIBUTE_TYPE type = changes[i % COUNT(changes)].attribute.type;
    const bool symmetric =
        object == OBJECT_PAYLOAD || object == OBJECT_KEK || object == OBJECT_ROOT || object == OBJECT_OPEN_KEK;
    ret->has_control = changes[i % COUNT(changes)].has_control && (symmetric || type == CKA_LABEL || type == CKA_ID);
}

static bool run_change(struct world *world, const struct target *target, size_t i, char *detail)
{
    (void)detail;
    CK_ATTRIBUTE attribute = changes[i % COUNT(changes)].attribute;
    const CK_OBJECT_HANDLE object = target->objects[changed[i / COUNT(changes)]];
    return world->p11->C_SetAttributeValue(world->session, object, &attribute, 1) == CKR_OK;
}

const struct family family_change = {
    .name = "change", .count = count_change, .describe = describe_change, .run = run_change};

/* ---------------------------------------------------------------- copy */

static const struct {
    CK_ATTRIBUTE attribute;
    CK_ULONG n;
    bool has_control;
} copies[] = {
    {FLAG(CKA_TOKEN, no), 0, true}, /* n 0: as it is */
    {FLAG(CKA_TOKEN, no), 1, true},
    {FLAG(CKA_TOKEN, yes), 1, false},
    {FLAG(CKA_SENSITIVE, no), 1, false},
    {FLAG(CKA_EXTRACTABLE, yes), 1, false},
    {FLAG(CKA_WRAP_WITH_TRUSTED, no), 1, false},
    {FLAG(CKA_MODIFIABLE, yes), 1, true},
    {FLAG(CKA_COPYABLE, yes), 1, false},
    {FLAG(CKA_DESTROYABLE, yes), 1, false},
    {FLAG(CKA_TRUSTED, yes), 1, false},
    {FLAG(CKA_PRIVATE, yes), 1, true},
    {FLAG(CKA_DECRYPT, yes), 1, false},
    {FLAG(CKA_ENCRYPT, yes), 1, false},
    {FLAG(CKA_SIGN, yes), 1, false},
    {FLAG(CKA_DERIVE, yes), 1, false},
    {{CKA_UNWRAP_TEMPLATE, nothing, 0}, 1, false},
    {{CKA_ALLOWED_MECHANISMS, weak_mechanisms, sizeof weak_mechanisms}, 1, false},
    {{CKA_LABEL, other_label, sizeof other_label - 1}, 1, true},
};

static size_t count_copy(const struct world *world)
{
    (void)world;
    return COUNT(copies) * COUNT(changed);
}

static void describe_copy(const struct world *world, size_t i, struct attempt *ret)
{
    (void)world;
    char change[64] = "nothing changed";
    if (copies[i % COUNT(copies)].n > 0) {
        print_change(&copies[i % COUNT(copies)].attribute, change, sizeof change);
    }
    snprintf(ret->name, sizeof ret->name, "the %s with %s", object_names[changed[i / COUNT(copies)]], change);
    ret->has_control = copies[i % COUNT(copies)].has_control;
}

static bool run_copy(struct world *world, const struct target *target, size_t i, char *detail)
{
    (void)detail;
    CK_ATTRIBUTE attribute = copies[i % COUNT(copies)].attribute;
    CK_OBJECT_HANDLE copy;
    const CK_RV rv = world->p11->C_CopyObject(world->session, target->objects[changed[i / COUNT(copies)]], &attribute,
                                              copies[i % COUNT(copies)].n, &copy);
    if (rv == CKR_OK) {
        discard(world, copy);
    }
    return rv == CKR_OK;
}

const struct family family_copy = {.name = "copy", .count = count_copy, .describe = describe_copy, .run = run_copy};

/* ---------------------------------------------------------------- destroy */

static const enum object destroyed[] = {OBJECT_KEK, OBJECT_RSA_PRIVATE, OBJECT_RSA_PUBLIC, OBJECT_ROOT,
                                        OBJECT_AUDIT_PRIVATE};

static size_t count_destroy(const struct world *world)
{
    (void)world;
    return COUNT(destroyed);
}

static void describe_destroy(const struct world *world, size_t i, struct attempt *ret)
{
    (void)world;
    snprintf(ret->name, sizeof ret->name, "the %s", object_names[destroyed[i]]);
    ret->has_control = true;
}

static bool run_destroy(struct world *world, const struct target *target, size_t i, char *detail)
{
    (void)detail;
    return world->p11->C_DestroyObject(world->session, target->objects[destroyed[i]]) == CKR_OK;
}

const struct family family_destroy = {
    .name = "destroy", .count = count_destroy, .describe = describe_destroy, .run = run_destroy};
