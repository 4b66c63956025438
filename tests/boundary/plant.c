/* What an attacker puts on the token to be taken for a key of the service; see choice.h. */
#include "choice.h"

#include "objects/attributes.h"
#include "objects/classes.h"
#include "p11/p11_call.h"

#include <string.h>

static CK_BBOOL no = CK_FALSE;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FLAG(type, value)                                                                                              \
    {                                                                                                                  \
        type, &(value), sizeof(value)                                                                                  \
    }

static void keep(struct planted *planted, CK_OBJECT_HANDLE object)
{
    planted->objects[planted->n++] = object;
}

/* Every attribute of the kind but the one that the SO alone gives. */
static void fill(enum attributes_kind kind, const char *label, const struct hsm_key *beside,
                 struct attributes_template *out)
{
    const struct attributes_wish wish = {.level = HSM_LEVEL_SEALED,
                                         .on_token = true,
                                         .label = label,
                                         .id = beside->material_id,
                                         .id_len = sizeof beside->material_id,
                                         .kwp = CKM_AES_KEY_WRAP_PAD,
                                         .modulus_bits = key_class_of(beside->spec, beside->boundary)->modulus_bits};
    attributes_create(kind, &wish, out);
    for (CK_ULONG i = 0; i < out->n; i++) {
        if (out->list[i].type == CKA_TRUSTED) {
            out->list[i].pValue = &no;
        }
    }
}

/* ---------------------------------------------------------------- AES */

static CK_RV generate_aes(struct hsm_token *token, enum attributes_kind kind, const char *label,
                          const struct hsm_key *beside, struct planted *ret)
{
    struct attributes_template template;
    fill(kind, label, beside, &template);
    CK_OBJECT_HANDLE key;
    const CK_RV rv = p11_generate_key(token, CKM_AES_KEY_GEN, template.list, template.n, &key);
    if (rv == CKR_OK) {
        keep(ret, key);
    }
    return rv;
}

static CK_RV generated_aes(struct hsm_token *token, const struct hsm_key *beside, struct planted *ret)
{
    const struct key_class *class = key_class_of(beside->spec, beside->boundary);
    return generate_aes(token, class->unwrap_kind, class->label, beside, ret);
}

/* An open key in all but the label. */
static CK_RV relabelled_aes(struct hsm_token *token, const struct hsm_key *beside, struct planted *ret)
{
    const struct key_class *class = key_class_of(beside->spec, beside->boundary);
    return generate_aes(token, ATTRIBUTES_OPEN_KEK, class->label, beside, ret);
}

CK_RV plant_open_key(struct hsm_token *token, const struct hsm_key *beside, struct planted *ret)
{
    const struct key_class *class = key_class_of(HSM_SPEC_AES_256, HSM_OPEN);
    return generate_aes(token, class->unwrap_kind, class->label, beside, ret);
}

/* The template without what is only for keys that the token makes, and with these values before CKA_MODIFIABLE=false.
 */
static CK_RV import(struct hsm_token *token, struct attributes_template *template, const CK_ATTRIBUTE *values,
                    size_t n_values, struct planted *ret)
{
    CK_ATTRIBUTE list[ATTRIBUTES_MAX + PLANTS_MAX];
    CK_ULONG n = 0;
    for (CK_ULONG i = 0; i < template->n; i++) {
        const CK_ATTRIBUTE_TYPE type = template->list[i].type;
        for (size_t v = 0; type == CKA_MODIFIABLE && v < n_values; v++) {
            list[n++] = values[v];
        }
        if (type != CKA_VALUE_LEN && type != CKA_MODULUS_BITS && type != CKA_PUBLIC_EXPONENT) {
            list[n++] = template->list[i];
        }
    }
    CK_OBJECT_HANDLE key;
    const CK_RV rv = p11_create_object(token, list, n, &key);
    if (rv == CKR_OK) {
        keep(ret, key);
    }
    return rv;
}

static CK_RV import_secret(struct hsm_token *token, enum attributes_kind kind, const char *label,
                           const struct hsm_key *beside, struct planted *ret)
{
    static CK_BYTE known[32] = "a key that the attacker knows...";
    static const CK_ATTRIBUTE value = FLAG(CKA_VALUE, known);
    struct attributes_template template;
    fill(kind, label, beside, &template);
    return import(token, &template, &value, 1, ret);
}

static CK_RV imported_aes(struct hsm_token *token, const struct hsm_key *beside, struct planted *ret)
{
    const struct key_class *class = key_class_of(beside->spec, beside->boundary);
    return import_secret(token, class->unwrap_kind, class->label, beside, ret);
}

CK_RV plant_binding_root(struct hsm_token *token, const struct hsm_key *beside, struct planted *ret)
{
    return import_secret(token, ATTRIBUTES_BINDING_ROOT, LABEL_BINDING_ROOT, beside, ret);
}

/* ---------------------------------------------------------------- RSA */

static CK_RV generated_pair(struct hsm_token *token, const struct hsm_key *beside, struct planted *ret)
{
    const struct key_class *class = key_class_of(beside->spec, beside->boundary);
    struct attributes_template private_half;
    struct attributes_template public_half;
    fill(class->unwrap_kind, class->label, beside, &private_half);
    fill(class->wrap_kind, class->label, beside, &public_half);
    CK_OBJECT_HANDLE handles[2];
    const CK_RV rv = p11_generate_key_pair(token, CKM_RSA_PKCS_KEY_PAIR_GEN, public_half.list, public_half.n,
                                           private_half.list, private_half.n, &handles[0], &handles[1]);
    if (rv == CKR_OK) {
        keep(ret, handles[0]);
        keep(ret, handles[1]);
    }
    return rv;
}

/* The public half alone, of a modulus that the attacker could have the factors of. */
static CK_RV imported_public(struct hsm_token *token, const struct hsm_key *beside, struct planted *ret)
{
    static CK_BYTE exponent[] = {1, 0, 1};
    static CK_BYTE modulus[256];
    memset(modulus, 0xc5, sizeof modulus);
    static const CK_ATTRIBUTE values[] = {FLAG(CKA_MODULUS, modulus), FLAG(CKA_PUBLIC_EXPONENT, exponent)};
    const struct key_class *class = key_class_of(beside->spec, beside->boundary);
    struct attributes_template template;
    fill(class->wrap_kind, class->label, beside, &template);
    return import(token, &template, values, COUNT(values), ret);
}

const struct plant plants[] = {
    {"an imported AES key", HSM_SPEC_AES_256, imported_aes, false},
    {"a generated AES key", HSM_SPEC_AES_256, generated_aes, true},
    {"an open AES key but for the label", HSM_SPEC_AES_256, relabelled_aes, true},
    {"a generated pair", HSM_SPEC_RSA_2048, generated_pair, true},
    {"an imported public half", HSM_SPEC_RSA_2048, imported_public, false},
};
const size_t n_plants = COUNT(plants);
