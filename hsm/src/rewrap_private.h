/* What rewrap.c (the operations) and sides.c (the algorithms) share. */
#pragma once

#include "attributes.h"
#include "binding.h"
#include "hsm/rewrap.h"
#include "keys.h"

#define PAYLOAD_ATTRIBUTES_MAX (ATTRIBUTES_UNWRAP_MAX + 1)

/* What a payload is unwrapped for: the templates that C_UnwrapKey gets, made once. */
enum payload_use { PAYLOAD_SEALED, PAYLOAD_OPEN, PAYLOAD_OPEN_TO_READ, PAYLOAD_TEMPLATES };

struct payload_template {
    CK_ATTRIBUTE list[PAYLOAD_ATTRIBUTES_MAX];
    size_t n;
};

struct hsm_rewrap {
    struct hsm_token *token; /* borrowed */
    struct hsm_profile profile;
    struct envelope_crypto *crypto;
    struct binding *binding;
    struct keys *keys;
    struct secbuf *plaintext; /* scratch: the value of one payload */
    struct payload_template templates[PAYLOAD_TEMPLATES];
};

/* A payload on the token. Whoever has one destroys it. */
struct payload {
    CK_OBJECT_HANDLE object;
    size_t length; /* the true one: the token's object may be zero-padded to a multiple of 8 */
};

/* A side that was looked at: its key is there and fits its algorithm. */
struct prepared_side {
    const struct hsm_side *side;
    const struct scheme *scheme;
    struct key_handles handles;
};

void payload_template_fill(struct payload_template *template, enum hsm_level level, enum payload_use use);

/* Finds the key and the algorithm's scheme: the failures of keys_find, and HSM_UNSUPPORTED. */
REWRAP_MUST_USE struct hsm_result side_prepare(struct hsm_rewrap *rewrap, const struct hsm_side *side,
                                               struct prepared_side *ret);

/* Makes the ciphertext's payload on the token. sensitive false only for an open key whose payload is going to be read.
 */
REWRAP_MUST_USE struct hsm_result side_unwrap(struct hsm_rewrap *rewrap, const struct prepared_side *source,
                                              struct view ciphertext, bool sensitive, struct payload *ret);

/* Appends the ciphertext of the payload. It does not destroy the payload. On failure out is as it was. */
REWRAP_MUST_USE struct hsm_result side_wrap(struct hsm_rewrap *rewrap, const struct prepared_side *destination,
                                            const struct payload *payload, struct buffer *out);

/* For calls that can fail only by the device's fault, since what came from outside is checked: keeps what says more,
 * else HSM_FAULT. */
REWRAP_MUST_USE struct hsm_result device_fault(struct hsm_result result);
