/* What a token has under an id, and taking it off the token for the custodian (hsm/ceremony.h). */
#include "ceremony_private.h"
#include "objects/objects.h"
#include "p11/errors.h"
#include "p11/p11_call.h"

#include <stdlib.h>
#include <string.h>

#define OBJECTS_MAX     1000 /* of one id: two are a pair, more are copies that somebody made */
#define LABEL_MAX_BYTES 64   /* ours are shorter */

static const CK_OBJECT_CLASS classes[] = {
    [CEREMONY_SECRET_KEY] = CKO_SECRET_KEY,
    [CEREMONY_PRIVATE_HALF] = CKO_PRIVATE_KEY,
    [CEREMONY_PUBLIC_HALF] = CKO_PUBLIC_KEY,
};
#define HALVES (sizeof classes / sizeof classes[0])

/* All recipes: the ceremony's own first. */
static size_t recipes(void)
{
    return CEREMONY_OWN + key_classes_count;
}

static struct ceremony_recipe recipe_at(size_t i)
{
    return i < CEREMONY_OWN ? ceremony_own[i] : ceremony_recipe_of(&key_classes[i - CEREMONY_OWN]);
}

/* ------------------------------------------------------------------ what is there */

/* The label of an object is no longer than ours are, or it is none of ours: "". */
static struct hsm_result read_kind(struct hsm_token *token, CK_OBJECT_HANDLE object, char label[LABEL_MAX_BYTES],
                                   CK_OBJECT_CLASS *ret_class)
{
    CK_ATTRIBUTE attributes[] = {
        {CKA_LABEL, label, LABEL_MAX_BYTES - 1},
        {CKA_CLASS, ret_class, sizeof *ret_class},
    };
    CK_RV rv = p11_get_attributes(token, object, &attributes[0], 1);
    if (rv == CKR_BUFFER_TOO_SMALL || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE) {
        attributes[0].ulValueLen = 0;
        rv = CKR_OK;
    }
    if (rv == CKR_OK && attributes[0].ulValueLen < LABEL_MAX_BYTES) {
        label[attributes[0].ulValueLen] = '\0';
        rv = p11_get_attributes(token, object, &attributes[1], 1);
    }
    return hsm_result_of(rv, "C_GetAttributeValue");
}

/* What an object of that label and class claims to be; is_ours is false for any other. */
static struct ceremony_remnant remnant_of(const char *label, CK_OBJECT_CLASS class)
{
    for (size_t i = 0; i < recipes(); i++) {
        const struct ceremony_recipe recipe = recipe_at(i);
        for (size_t half = 0; half < HALVES && strcmp(recipe.label, label) == 0; half++) {
            const bool is_its = class == recipe.class || (recipe.is_pair && class == CKO_PUBLIC_KEY);
            if (is_its && classes[half] == class) {
                return (struct ceremony_remnant){
                    .is_ours = true, .role = recipe.role, .spec = recipe.spec, .half = (enum ceremony_half)half};
            }
        }
    }
    return (struct ceremony_remnant){.is_ours = false};
}

static bool same_kind(const struct ceremony_remnant *a, const struct ceremony_remnant *b)
{
    return a->is_ours == b->is_ours && a->role == b->role && a->spec == b->spec && a->half == b->half;
}

/* The list has room for one more. */
static void count(struct ceremony_remnants *remnants, const struct ceremony_remnant *one)
{
    size_t i = 0;
    while (i < remnants->n && !same_kind(&remnants->list[i], one)) {
        i++;
    }
    if (i == remnants->n) {
        remnants->list[remnants->n++] = *one;
    }
    remnants->list[i].found++;
    remnants->list[i].left++;
}

static int by_kind(const void *a, const void *b)
{
    const struct ceremony_remnant *left = a;
    const struct ceremony_remnant *right = b;
    const int differences[] = {(int)right->is_ours - (int)left->is_ours, (int)left->role - (int)right->role,
                               (int)left->spec - (int)right->spec, (int)left->half - (int)right->half};
    for (size_t i = 0; i < sizeof differences / sizeof differences[0]; i++) {
        if (differences[i] != 0) {
            return differences[i];
        }
    }
    return 0;
}

static struct hsm_result sort_out(struct hsm_token *token, const struct object_list *objects,
                                  const uint8_t material_id[CEREMONY_ID_BYTES], struct ceremony_remnants *ret)
{
    struct ceremony_remnants remnants = {.list = calloc(objects->count + 1, sizeof remnants.list[0])};
    if (remnants.list == NULL) {
        return hsm_failure(HSM_NO_MEMORY, "objects of an id");
    }
    for (size_t i = 0; i < objects->count; i++) {
        char label[LABEL_MAX_BYTES] = "";
        CK_OBJECT_CLASS class = 0;
        const struct hsm_result result = read_kind(token, objects->handles[i], label, &class);
        if (result.code != HSM_OK) {
            free(remnants.list);
            return result;
        }
        struct ceremony_remnant one = remnant_of(label, class);
        memcpy(one.material_id, material_id, CEREMONY_ID_BYTES);
        count(&remnants, &one);
    }
    qsort(remnants.list, remnants.n, sizeof remnants.list[0], by_kind);
    *ret = remnants;
    return HSM_SUCCESS;
}

struct hsm_result ceremony_remnants(struct hsm_token *token, const uint8_t material_id[CEREMONY_ID_BYTES],
                                    struct ceremony_remnants *ret)
{
    CK_BBOOL on_token = CK_TRUE;
    CK_ATTRIBUTE template[] = {
        {CKA_TOKEN, &on_token, sizeof on_token},
        {CKA_ID, (void *)(uintptr_t)material_id, CEREMONY_ID_BYTES},
    };
    struct object_list objects = {0};
    struct hsm_result result =
        objects_find(token, template, sizeof template / sizeof template[0], OBJECTS_MAX, &objects);
    if (result.code == HSM_OK) {
        result = sort_out(token, &objects, material_id, ret);
    }
    object_list_clear(&objects);
    return result;
}

void ceremony_remnants_clear(struct ceremony_remnants *remnants)
{
    free(remnants->list);
    *remnants = (struct ceremony_remnants){0};
}

bool ceremony_remnant_is_kept(const struct ceremony_remnant *remnant)
{
    return remnant->is_ours && (remnant->role == CEREMONY_BINDING_ROOT || remnant->role == CEREMONY_AUDIT_KEY);
}

/* ------------------------------------------------------------------ taking it away */

static const char *label_of(const struct ceremony_remnant *remnant)
{
    const struct key_class *class =
        key_class_of(remnant->spec, remnant->role == CEREMONY_SEALED_KEY ? HSM_SEALED : HSM_OPEN);
    return class == NULL ? NULL : class->label;
}

static struct hsm_result find(struct hsm_token *token, const struct ceremony_remnant *remnant, const char *label,
                              struct object_list *list)
{
    CK_BBOOL on_token = CK_TRUE;
    CK_OBJECT_CLASS class = classes[remnant->half];
    CK_ATTRIBUTE template[] = {
        {CKA_TOKEN, &on_token, sizeof on_token},
        {CKA_CLASS, &class, sizeof class},
        {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
        {CKA_ID, (void *)(uintptr_t)remnant->material_id, CEREMONY_ID_BYTES},
    };
    list->count = 0;
    return objects_find(token, template, sizeof template / sizeof template[0], OBJECTS_MAX, list);
}

/* Tries each, also after a refusal. */
static struct hsm_result destroy(struct hsm_token *token, const char *label, struct object_list *list,
                                 struct ceremony_remnant *remnant)
{
    struct hsm_result result = find(token, remnant, label, list);
    if (result.code != HSM_OK || list->count == 0) {
        return result;
    }
    const size_t seen = list->count;
    unsigned long refused_rv = 0;
    for (size_t i = 0; i < seen; i++) {
        const CK_RV rv = p11_destroy_object(token, list->handles[i]);
        refused_rv = rv == CKR_OK ? refused_rv : rv;
    }
    result = find(token, remnant, label, list);
    if (result.code != HSM_OK) {
        return result;
    }
    const size_t gone = seen > list->count ? seen - list->count : 0;
    remnant->left -= gone < remnant->left ? gone : remnant->left;
    remnant->refused_rv = refused_rv;
    return HSM_SUCCESS;
}

struct hsm_result ceremony_destroy(struct hsm_token *token, struct ceremony_remnant *remnant)
{
    const char *label = remnant->is_ours && !ceremony_remnant_is_kept(remnant) ? label_of(remnant) : NULL;
    if (label == NULL) {
        return hsm_failure(HSM_UNSUPPORTED, "only wrapping keys are destroyed");
    }
    struct object_list list = {0};
    const struct hsm_result result = destroy(token, label, &list, remnant);
    object_list_clear(&list);
    return result;
}
