/* Making keys in the ceremony: rehearsed with a session object, made, checked (hsm/ceremony.h). */
#include "ceremony_private.h"
#include "keys/binding.h"
#include "p11/errors.h"
#include "p11/p11_call.h"

#include <sys/random.h>

#define LABEL_REHEARSAL "rewrapd:rehearsal"

const struct ceremony_recipe ceremony_own[CEREMONY_OWN] = {
    {.role = CEREMONY_BINDING_ROOT,
     .label = LABEL_BINDING_ROOT,
     .generate = CKM_GENERIC_SECRET_KEY_GEN,
     .class = CKO_SECRET_KEY,
     .kind = ATTRIBUTES_BINDING_ROOT},
    {.role = CEREMONY_AUDIT_KEY,
     .label = LABEL_AUDIT,
     .generate = CKM_EC_KEY_PAIR_GEN,
     .class = CKO_PRIVATE_KEY,
     .kind = ATTRIBUTES_AUDIT_PRIVATE,
     .is_pair = true,
     .public_kind = ATTRIBUTES_AUDIT_PUBLIC},
};

struct ceremony_recipe ceremony_recipe_of(const struct key_class *class)
{
    return (struct ceremony_recipe){
        .role = class->boundary == HSM_SEALED ? CEREMONY_SEALED_KEY : CEREMONY_OPEN_KEY,
        .spec = class->spec,
        .label = class->label,
        .generate = class->is_pair ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_AES_KEY_GEN,
        .class = class->unwrap_class,
        .kind = class->unwrap_kind,
        .is_pair = class->is_pair,
        .public_kind = class->wrap_kind,
        .modulus_bits = class->modulus_bits,
    };
}

struct made {
    CK_OBJECT_HANDLE key;
    CK_OBJECT_HANDLE public_half; /* pairs only */
};

static struct hsm_result generate(struct hsm_token *token, const struct ceremony_recipe *recipe, bool on_token,
                                  const uint8_t id[CEREMONY_ID_BYTES], struct made *ret)
{
    const struct attributes_wish wish = {
        .level = token->level,
        .on_token = on_token,
        .label = on_token ? recipe->label : LABEL_REHEARSAL,
        .id = id,
        .id_len = CEREMONY_ID_BYTES,
        .kwp = recipe->kwp,
        .modulus_bits = recipe->modulus_bits,
    };
    struct attributes_template key;
    attributes_create(recipe->kind, &wish, &key);
    if (!recipe->is_pair) {
        return hsm_result_of(p11_generate_key(token, recipe->generate, key.list, key.n, &ret->key), "C_GenerateKey");
    }
    struct attributes_template public_half;
    attributes_create(recipe->public_kind, &wish, &public_half);
    return hsm_result_of(p11_generate_key_pair(token, recipe->generate, public_half.list, public_half.n, key.list,
                                               key.n, &ret->public_half, &ret->key),
                         "C_GenerateKeyPair");
}

static struct hsm_result verify(struct hsm_token *token, const struct ceremony_recipe *recipe, const struct made *made)
{
    const struct hsm_result result = attributes_verify(token, made->key, recipe->kind);
    if (result.code != HSM_OK || !recipe->is_pair) {
        return result;
    }
    return attributes_verify(token, made->public_half, recipe->public_kind);
}

static struct hsm_result fresh_id(uint8_t id[CEREMONY_ID_BYTES])
{
    return getrandom(id, CEREMONY_ID_BYTES, 0) == CEREMONY_ID_BYTES ? HSM_SUCCESS : hsm_failure(HSM_FAULT, "getrandom");
}

static void go_on(const struct ceremony_watch *watch)
{
    if (watch->went_on != NULL) {
        watch->went_on(watch->state);
    }
}

/*
 * A key on the token that cannot be destroyed and lacks an attribute would stay for ever, so the same template is tried
 * on a session object, which goes with the session.
 */
static struct hsm_result rehearse(struct hsm_token *token, const struct ceremony_recipe *recipe,
                                  const struct ceremony_watch *watch)
{
    uint8_t id[CEREMONY_ID_BYTES];
    struct made made = {0};
    struct hsm_result result = fresh_id(id);
    if (result.code == HSM_OK) {
        result = generate(token, recipe, false, id, &made);
    }
    if (result.code == HSM_OK) {
        result = verify(token, recipe, &made);
    }
    go_on(watch);
    return result;
}

static struct hsm_result make(struct hsm_token *token, const struct ceremony_recipe *recipe,
                              const struct ceremony_watch *watch)
{
    struct ceremony_object object = {.role = recipe->role, .spec = recipe->spec};
    struct made made = {0};
    struct hsm_result result = fresh_id(object.material_id);
    if (result.code == HSM_OK) {
        result = generate(token, recipe, true, object.material_id, &made);
    }
    if (result.code == HSM_OK) {
        result = verify(token, recipe, &made);
    }
    if (result.code == HSM_OK && recipe->role == CEREMONY_BINDING_ROOT) {
        result = binding_check_value(token, made.key, object.check);
    }
    if (result.code == HSM_OK) {
        watch->saw(watch->state, &object, true);
    }
    return result;
}

/* The passing object of a role, if any; *ret_n is how many there are. */
static const struct ceremony_object *find_own(const struct ceremony_survey *survey, enum ceremony_role role,
                                              size_t *ret_n)
{
    const struct ceremony_object *found = NULL;
    *ret_n = 0;
    for (size_t i = 0; i < survey->n; i++) {
        if (survey->objects[i].role == role && survey->objects[i].refused_for == NULL) {
            found = &survey->objects[i];
            ++*ret_n;
        }
    }
    return found;
}

static struct hsm_result init_own(struct hsm_token *token, const struct ceremony_recipe *recipe,
                                  const struct ceremony_survey *survey, const struct ceremony_watch *watch,
                                  bool *ret_made)
{
    size_t n;
    const struct ceremony_object *found = find_own(survey, recipe->role, &n);
    if (n > 0) {
        watch->saw(watch->state, found, false);
        return HSM_SUCCESS;
    }
    const struct hsm_result result = rehearse(token, recipe, watch);
    *ret_made = result.code == HSM_OK;
    return result.code == HSM_OK ? make(token, recipe, watch) : result;
}

static struct hsm_result check_own(const struct ceremony_survey *survey)
{
    for (size_t i = 0; i < CEREMONY_OWN; i++) {
        size_t n;
        rewrap_ignore(find_own(survey, ceremony_own[i].role, &n), "only their number matters");
        if (n > 1) {
            return hsm_failure(HSM_KEY_AMBIGUOUS, ceremony_own[i].label);
        }
    }
    return HSM_SUCCESS;
}

/* Somebody else may have made one at the same time, from another machine: better said now than at rewrapd's start. */
static struct hsm_result check_again(struct hsm_token *token)
{
    struct ceremony_survey survey;
    struct hsm_result result = ceremony_survey(token, &survey);
    if (result.code == HSM_OK) {
        result = check_own(&survey);
        ceremony_survey_clear(&survey);
    }
    return result;
}

struct hsm_result ceremony_init(struct hsm_token *token, const struct ceremony_watch *watch)
{
    struct ceremony_survey survey;
    struct hsm_result result = ceremony_survey(token, &survey);
    if (result.code != HSM_OK) {
        return result;
    }
    go_on(watch);
    bool made = false;
    result = check_own(&survey); /* before anything is made beside it */
    for (size_t i = 0; i < CEREMONY_OWN && result.code == HSM_OK; i++) {
        result = init_own(token, &ceremony_own[i], &survey, watch, &made);
    }
    ceremony_survey_clear(&survey);
    return result.code == HSM_OK && made ? check_again(token) : result;
}

struct hsm_result ceremony_add(struct hsm_token *token, enum hsm_spec spec, size_t count, unsigned long kwp,
                               const struct ceremony_watch *watch)
{
    const struct key_class *class = key_class_of(spec, HSM_SEALED);
    if (class == NULL) {
        return hsm_failure(HSM_UNSUPPORTED, "key spec");
    }
    if (count > CEREMONY_MAX_SPARES) {
        return hsm_failure(HSM_LIMIT, "number of keys");
    }
    struct ceremony_recipe recipe = ceremony_recipe_of(class);
    recipe.kwp = kwp;
    struct hsm_result result = count > 0 ? rehearse(token, &recipe, watch) : HSM_SUCCESS;
    for (size_t i = 0; i < count && result.code == HSM_OK; i++) {
        result = make(token, &recipe, watch);
    }
    return result;
}
