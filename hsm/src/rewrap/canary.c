/* The canary of an RSA pair; see canary.h. */
#include "canary.h"

#include "p11/errors.h"
#include "p11/oaep.h"
#include "p11/p11_call.h"
#include "public_key.h"
#include "rewrap_private.h"

#include <string.h>

static struct canary *slot_of(struct hsm_rewrap *rewrap, const struct hsm_side *side)
{
    return &rewrap->canaries.slots[side->key.material_id[0] & (CANARY_CACHE - 1)];
}

static bool is_of(const struct canary *canary, const struct key_class *class, const struct hsm_side *side)
{
    return canary->len != 0 && canary->class == class && canary->algorithm == side->algorithm &&
           view_equal(view_of(canary->material_id, MATERIAL_ID_BYTES),
                      view_of(side->key.material_id, MATERIAL_ID_BYTES));
}

/* Encrypts with the public half, beside the token: what is to be found out is how the token unwraps. */
static struct hsm_result make(struct hsm_rewrap *rewrap, const struct prepared_side *source,
                              const struct key_class *class, struct canary *ret)
{
    static const uint8_t song[] = "rewrapd canary";
    const struct hsm_key *key = &source->side->key;
    struct pair_numbers numbers;
    struct hsm_result result = pair_numbers_read(rewrap->token, source->handles.wrap, class->modulus_bits, &numbers);
    if (result.code != HSM_OK) {
        side_forget_if_stale(rewrap, key, result.rv);
        return device_fault(result);
    }
    struct canary canary = {.class = class, .algorithm = source->side->algorithm};
    memcpy(canary.material_id, key->material_id, sizeof canary.material_id);
    canary.len = public_key_encrypt(&numbers, source->oaep, view_of(song, sizeof song - 1), canary.ciphertext);
    if (canary.len != numbers.modulus_len) {
        return hsm_failure(HSM_FAULT, "libcrypto");
    }
    *ret = canary;
    return HSM_SUCCESS;
}

struct hsm_result canary_ask(struct hsm_rewrap *rewrap, const struct prepared_side *source)
{
    const struct hsm_side *side = source->side;
    const struct key_class *class = key_class_of(side->key.spec, side->key.boundary);
    struct canary *canary = slot_of(rewrap, side);
    if (!is_of(canary, class, side)) {
        struct hsm_result result = make(rewrap, source, class, canary);
        if (result.code != HSM_OK) {
            return result;
        }
    }
    struct oaep_mechanism oaep;
    oaep_mechanism_fill(source->oaep, &oaep);
    struct payload payload = {0};
    CK_RV rv = side_unwrap_key(rewrap, source, &oaep.mechanism, view_of(canary->ciphertext, canary->len), true,
                               &payload.object);
    if (rv != CKR_OK) {
        canary->len = 0; /* should the pair be another one by now */
        side_forget_if_stale(rewrap, &side->key, rv);
        return device_fault(hsm_result_of(rv, "C_UnwrapKey"));
    }
    return payload_destroy(rewrap, &payload, HSM_SUCCESS);
}
