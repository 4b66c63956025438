/* What of ours is on a token, and whether it passes (hsm/ceremony.h). */
#include "ceremony_private.h"
#include "keys/binding.h"
#include "keys/pair.h"
#include "p11/errors.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct survey {
    struct ceremony_survey found;
    size_t room;
};

static struct hsm_result add(struct survey *survey, const struct ceremony_recipe *recipe,
                             const uint8_t id[CEREMONY_ID_BYTES], const char *refused_for)
{
    if (survey->found.n == survey->room) {
        const size_t room = survey->room == 0 ? 64 : survey->room * 2;
        struct ceremony_object *objects = reallocarray(survey->found.objects, room, sizeof objects[0]);
        if (objects == NULL) {
            return hsm_failure(HSM_NO_MEMORY, "survey");
        }
        survey->found.objects = objects;
        survey->room = room;
    }
    struct ceremony_object *object = &survey->found.objects[survey->found.n++];
    *object = (struct ceremony_object){.role = recipe->role, .spec = recipe->spec, .refused_for = refused_for};
    memcpy(object->material_id, id, CEREMONY_ID_BYTES);
    return HSM_SUCCESS;
}

/* For the root that was added last. */
static struct hsm_result add_check(struct hsm_token *token, CK_OBJECT_HANDLE root, struct survey *survey)
{
    assert(survey->found.objects != NULL && survey->found.n > 0);
    struct ceremony_object *object = &survey->found.objects[survey->found.n - 1];
    return object->refused_for == NULL ? binding_check_value(token, root, object->check) : HSM_SUCCESS;
}

static struct hsm_result verify_pair(struct hsm_token *token, const struct ceremony_recipe *recipe,
                                     CK_OBJECT_HANDLE private, CK_OBJECT_HANDLE public)
{
    struct hsm_result result = attributes_verify(token, private, recipe->kind);
    if (result.code == HSM_OK) {
        result = attributes_verify(token, public, recipe->public_kind);
    }
    if (result.code == HSM_OK && recipe->modulus_bits != 0) {
        result = pair_verify(token, private, public, recipe->modulus_bits);
    }
    return result;
}

/*
 * Every public half with the id of the private one is tried: the user can make objects that bear our ids. Both lists
 * are sorted; *next is where the last search ended.
 */
static struct hsm_result verify_private(struct hsm_token *token, const struct ceremony_recipe *recipe,
                                        const struct ceremony_found *private, struct ceremony_found_list *publics,
                                        size_t *next)
{
    struct hsm_result result = hsm_failure(HSM_KEY_REFUSED, "its public half is missing");
    size_t i = *next;
    while (i < publics->n && ceremony_compare_ids(publics->list[i].id, private->id) < 0) {
        i++;
    }
    *next = i; /* the next private half may have the same id */
    for (; i < publics->n && ceremony_compare_ids(publics->list[i].id, private->id) == 0; i++) {
        publics->list[i].taken = true;
        if (result.code == HSM_KEY_REFUSED) {
            result = verify_pair(token, recipe, private->handle, publics->list[i].handle);
        }
    }
    return result;
}

/* Looks at each private or secret key, then at public halves without a private one. */
static struct hsm_result look(struct hsm_token *token, const struct ceremony_recipe *recipe,
                              const struct ceremony_found_list *keys, struct ceremony_found_list *publics,
                              struct survey *survey)
{
    size_t next = 0;
    struct hsm_result result = HSM_SUCCESS;
    for (size_t i = 0; i < keys->n && result.code == HSM_OK; i++) {
        const struct ceremony_found *key = &keys->list[i];
        result = recipe->is_pair ? verify_private(token, recipe, key, publics, &next)
                                 : attributes_verify(token, key->handle, recipe->kind);
        if (result.code == HSM_OK || result.code == HSM_KEY_REFUSED) {
            result = add(survey, recipe, key->id, key->has_id ? result.what : "CKA_ID");
        }
        if (result.code == HSM_OK && recipe->role == CEREMONY_BINDING_ROOT) {
            result = add_check(token, key->handle, survey);
        }
    }
    for (size_t i = 0; i < publics->n && result.code == HSM_OK; i++) {
        if (!publics->list[i].taken) {
            result = add(survey, recipe, publics->list[i].id, "its private half is missing");
        }
    }
    return result;
}

static struct hsm_result look_for(struct hsm_token *token, const struct ceremony_recipe *recipe, struct survey *survey)
{
    struct ceremony_found_list keys = {0};
    struct ceremony_found_list publics = {0};
    struct hsm_result result = ceremony_find(token, recipe->label, recipe->class, &keys);
    if (result.code == HSM_OK && recipe->is_pair) {
        result = ceremony_find(token, recipe->label, CKO_PUBLIC_KEY, &publics);
    }
    if (result.code == HSM_OK) {
        result = look(token, recipe, &keys, &publics, survey);
    }
    free(keys.list);
    free(publics.list);
    return result;
}

static int by_role(const void *a, const void *b)
{
    const struct ceremony_object *left = a;
    const struct ceremony_object *right = b;
    if (left->role != right->role) {
        return left->role < right->role ? -1 : 1;
    }
    if (left->spec != right->spec) {
        return left->spec < right->spec ? -1 : 1;
    }
    return ceremony_compare_ids(left->material_id, right->material_id);
}

/*
 * A worker could not tell which of two is meant: neither is used (HSM_KEY_AMBIGUOUS). Binding roots and audit keys are
 * not told by their CKA_ID: all that pass count.
 */
static void refuse_twins(struct ceremony_survey *survey)
{
    static const char reason[] = "another key has the same CKA_ID";
    struct ceremony_object *last = NULL; /* the last one that passes */
    for (size_t i = 0; i < survey->n; i++) {
        struct ceremony_object *object = &survey->objects[i];
        if (object->refused_for != NULL || object->spec == 0) {
            continue;
        }
        if (last != NULL && by_role(last, object) == 0) {
            last->refused_for = reason;
            object->refused_for = reason;
        }
        last = object;
    }
}

struct hsm_result ceremony_survey(struct hsm_token *token, struct ceremony_survey *ret)
{
    struct survey survey = {0};
    struct hsm_result result = HSM_SUCCESS;
    for (size_t i = 0; i < CEREMONY_OWN && result.code == HSM_OK; i++) {
        result = look_for(token, &ceremony_own[i], &survey);
    }
    for (size_t i = 0; i < key_classes_count && result.code == HSM_OK; i++) {
        const struct ceremony_recipe recipe = ceremony_recipe_of(&key_classes[i]);
        result = look_for(token, &recipe, &survey);
    }
    if (result.code != HSM_OK) {
        ceremony_survey_clear(&survey.found);
        return result;
    }
    if (survey.found.n > 0) {
        qsort(survey.found.objects, survey.found.n, sizeof survey.found.objects[0], by_role);
        refuse_twins(&survey.found);
    }
    *ret = survey.found;
    return HSM_SUCCESS;
}

void ceremony_survey_clear(struct ceremony_survey *survey)
{
    free(survey->objects);
    *survey = (struct ceremony_survey){0};
}

size_t ceremony_survey_count(const struct ceremony_survey *survey, enum ceremony_role role, enum hsm_spec spec,
                             bool passing)
{
    size_t n = 0;
    for (size_t i = 0; i < survey->n; i++) {
        const struct ceremony_object *object = &survey->objects[i];
        n += object->role == role && object->spec == spec && (object->refused_for == NULL) == passing;
    }
    return n;
}
