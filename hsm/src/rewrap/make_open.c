/* Open keys, which the user makes at run time; see hsm/rewrap.h. */
#include "objects/objects.h"
#include "p11/errors.h"
#include "p11/p11_call.h"
#include "rewrap_private.h"

#include <string.h>
#include <sys/random.h>

#define HALVES 2 /* objects that a key has at most */

/* What was generated: a secret key, or the halves of a pair. */
struct made_key {
    CK_OBJECT_HANDLE halves[HALVES];
    size_t count;
};

static struct hsm_result generate(struct hsm_rewrap *rewrap, const struct key_class *class,
                                  const struct attributes_wish *wish, struct made_key *ret)
{
    struct attributes_template key;
    struct made_key made = {.count = class->is_pair ? 2 : 1};
    attributes_create(class->unwrap_kind, wish, &key);
    struct hsm_result result;
    if (class->is_pair) {
        struct attributes_template public_half;
        attributes_create(class->wrap_kind, wish, &public_half);
        CK_RV rv = p11_generate_key_pair(rewrap->token, CKM_RSA_PKCS_KEY_PAIR_GEN, public_half.list, public_half.n,
                                         key.list, key.n, &made.halves[0], &made.halves[1]);
        result = hsm_result_of(rv, "C_GenerateKeyPair");
    } else {
        CK_RV rv = p11_generate_key(rewrap->token, CKM_AES_KEY_GEN, key.list, key.n, &made.halves[0]);
        result = hsm_result_of(rv, "C_GenerateKey");
    }
    if (result.code == HSM_OK) {
        *ret = made;
    }
    return result;
}

/* A new key counts only when it is found and verified like any other. */
static struct hsm_result adopt(struct hsm_rewrap *rewrap, enum hsm_spec spec, const struct made_key *made,
                               const uint8_t *material_id)
{
    struct key_handles handles;
    struct hsm_result result = keys_find(rewrap->keys, spec, HSM_OPEN, material_id, &handles);
    for (size_t i = 0; i < made->count && result.code != HSM_OK; i++) {
        rewrap_ignore(p11_destroy_object(rewrap->token, made->halves[i]), "it is refused whenever it is looked at");
    }
    return result;
}

/*
 * SoftHSM takes the changes of other processes for seen when it makes one of its own: what they made since its last
 * search it would not find until somebody makes a change again. So it searches first, for what nobody has.
 */
static struct hsm_result look_before(struct hsm_rewrap *rewrap, uint8_t *material_id)
{
    CK_ATTRIBUTE id = {CKA_ID, material_id, MATERIAL_ID_BYTES};
    struct object_list list = {0};
    struct hsm_result result = objects_find(rewrap->token, &id, 1, HALVES, &list);
    object_list_clear(&list);
    return result;
}

/*
 * Whether the key that an earlier try was to make is there, whole. One that is not, or not yet seen, is left alone.
 * While the token fails it is not known, and the key is still being made.
 */
static struct hsm_result find_made(struct hsm_rewrap *rewrap, enum hsm_spec spec, bool *ret_found)
{
    struct key_handles handles;
    if (!rewrap->making.is_open || rewrap->making.spec != spec) {
        *ret_found = false;
        return HSM_SUCCESS;
    }
    struct hsm_result result = look_before(rewrap, rewrap->making.material_id);
    if (result.code == HSM_OK) {
        keys_forget(rewrap->keys, spec, HSM_OPEN, rewrap->making.material_id); /* it may have been destroyed since */
        result = keys_find(rewrap->keys, spec, HSM_OPEN, rewrap->making.material_id, &handles);
    }
    const bool is_known = result.code == HSM_OK || result.code == HSM_KEY_NOT_FOUND || result.code == HSM_KEY_REFUSED ||
                          result.code == HSM_KEY_AMBIGUOUS;
    if (!is_known) {
        return result;
    }
    *ret_found = result.code == HSM_OK;
    return HSM_SUCCESS;
}

/* A name for the next key. Whatever comes of it: until it is known, the key may be on the token. */
static struct hsm_result draw(struct hsm_rewrap *rewrap, enum hsm_spec spec)
{
    uint8_t material_id[MATERIAL_ID_BYTES];
    rewrap->making.is_open = false;
    if (getrandom(material_id, sizeof material_id, 0) != sizeof material_id) {
        return hsm_failure(HSM_FAULT, "getrandom");
    }
    memcpy(rewrap->making.material_id, material_id, sizeof material_id);
    rewrap->making.spec = spec;
    rewrap->making.is_open = true;
    return HSM_SUCCESS;
}

static struct hsm_result make(struct hsm_rewrap *rewrap, const struct key_class *class, enum hsm_spec spec)
{
    if (!keys_have_room(rewrap->keys)) {
        return hsm_failure(HSM_LIMIT, "max-objects keys on the token");
    }
    struct hsm_result result = draw(rewrap, spec);
    if (result.code != HSM_OK) {
        return result;
    }
    uint8_t *material_id = rewrap->making.material_id;
    struct attributes_wish wish = {.level = rewrap->profile.level,
                                   .on_token = true,
                                   .label = class->label,
                                   .id = material_id,
                                   .id_len = MATERIAL_ID_BYTES,
                                   .kwp = rewrap->profile.kwp,
                                   .modulus_bits = class->modulus_bits};
    struct made_key made;
    result = look_before(rewrap, material_id);
    if (result.code == HSM_OK) {
        result = generate(rewrap, class, &wish, &made);
    }
    return result.code == HSM_OK ? adopt(rewrap, spec, &made, material_id) : result;
}

/* A key is open until it is handed out, or is known not to be there: nobody gets it twice, and none is left behind. */
static struct hsm_result make_open(struct hsm_rewrap *rewrap, enum hsm_spec spec, uint8_t *ret_material_id)
{
    const struct key_class *class = key_class_of(spec, HSM_OPEN);
    if (class == NULL) {
        return hsm_failure(HSM_UNSUPPORTED, "no open keys of that spec");
    }
    bool found = false;
    struct hsm_result result = find_made(rewrap, spec, &found);
    if (result.code == HSM_OK && !found) {
        result = make(rewrap, class, spec);
    }
    if (result.code == HSM_OK) {
        memcpy(ret_material_id, rewrap->making.material_id, MATERIAL_ID_BYTES);
        rewrap->making.is_open = false;
    }
    return result;
}

struct hsm_result hsm_rewrap_make_open(struct hsm_rewrap *rewrap, enum hsm_spec spec,
                                       uint8_t ret_material_id[ENVELOPE_MATERIAL_ID_BYTES])
{
    struct hsm_result result = make_open(rewrap, spec, ret_material_id);
    if (rewrap_met_stale_handle(result)) { /* of the new key, before it was looked at */
        result = make_open(rewrap, spec, ret_material_id);
    }
    return rewrap_diagnose(rewrap, result);
}
