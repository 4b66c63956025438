/* What the operations (rewrap.c and others) and the algorithms (sides.c, side_symmetric.c, side_rsa.c) share. */
#pragma once

#include "canary.h"
#include "hsm/rewrap.h"
#include "keys/binding.h"
#include "keys/keys.h"
#include "objects/attributes.h"

struct prepared_side;

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
    struct canary_cache canaries;
    struct {
        bool is_open; /* how it ended is not known: it may be on the token */
        enum hsm_spec spec;
        uint8_t material_id[MATERIAL_ID_BYTES];
    } making; /* an open key */
};

/* A payload on the token. Whoever has one destroys it. */
struct payload {
    CK_OBJECT_HANDLE object;
    size_t length;   /* the true one; 0: not known, but that of the object (from an RSA ciphertext) */
    bool maybe_long; /* it went through KWP: the object may be longer by zeros up to a multiple of 8 */
};

struct oaep;

/* What an algorithm does. */
struct scheme {
    bool (*fits)(enum hsm_spec spec);
    /* The longest payload that the side's key takes. */
    size_t (*payload_max)(const struct hsm_rewrap *rewrap, const struct prepared_side *side);
    struct hsm_result (*unwrap)(struct hsm_rewrap *rewrap, const struct prepared_side *source, struct view ciphertext,
                                bool sensitive, struct payload *ret);
    struct hsm_result (*wrap)(struct hsm_rewrap *rewrap, const struct prepared_side *destination,
                              const struct payload *payload, struct buffer *out);
};
extern const struct scheme side_symmetric;
extern const struct scheme side_rsa;

/* A side that was looked at: its key is there and fits its algorithm. */
struct prepared_side {
    const struct hsm_side *side;
    const struct scheme *scheme;
    const struct oaep *oaep; /* RSA only */
    struct key_handles handles;
};

void payload_template_fill(struct payload_template *template, enum hsm_level level, enum payload_use use);

/* Finds the key and the algorithm's scheme: the failures of keys_find, and HSM_UNSUPPORTED. */
REWRAP_MUST_USE struct hsm_result side_prepare(struct hsm_rewrap *rewrap, const struct hsm_side *side,
                                               struct prepared_side *ret);

/* The longest payload that fits into a ciphertext of this side. */
size_t side_payload_max(const struct hsm_rewrap *rewrap, const struct prepared_side *side);

/* Makes the ciphertext's payload on the token. sensitive false only for an open key whose payload is going to be read.
 */
REWRAP_MUST_USE struct hsm_result side_unwrap(struct hsm_rewrap *rewrap, const struct prepared_side *source,
                                              struct view ciphertext, bool sensitive, struct payload *ret);

/*
 * Appends the ciphertext of the payload. It does not destroy the payload. On failure out is as it was.
 * HSM_LENGTH_NOT_KEPT: under RSA a payload that KWP may have padded would come out longer than it went in.
 */
REWRAP_MUST_USE struct hsm_result side_wrap(struct hsm_rewrap *rewrap, const struct prepared_side *destination,
                                            const struct payload *payload, struct buffer *out);

/* Whether a call failed by a handle that is no longer valid: the object is gone, or the module has renumbered its
 * objects. The key is forgotten then. */
bool side_is_stale(CK_RV rv);
void side_forget_if_stale(struct hsm_rewrap *rewrap, const struct hsm_key *key, CK_RV rv);

/* C_UnwrapKey with the template for payloads of the side's key, and C_WrapKey, with the refusals that are not the
 * device's fault. On entry *len is the room in out. */
REWRAP_MUST_USE CK_RV side_unwrap_key(struct hsm_rewrap *rewrap, const struct prepared_side *source,
                                      CK_MECHANISM *mechanism, struct view wrapped, bool sensitive,
                                      CK_OBJECT_HANDLE *ret);
REWRAP_MUST_USE struct hsm_result side_wrap_key(struct hsm_rewrap *rewrap, const struct prepared_side *destination,
                                                CK_MECHANISM *mechanism, const struct payload *payload, uint8_t *out,
                                                CK_ULONG *len);

/*
 * Destroys the payload, whatever happened before. One that cannot be destroyed would stay until the session ends, so
 * the session has to end: HSM_TOKEN_UNAVAILABLE before anything else.
 */
REWRAP_MUST_USE struct hsm_result payload_destroy(struct hsm_rewrap *rewrap, const struct payload *payload,
                                                  struct hsm_result result);

/*
 * A token that failed may have made the payload all the same, under a handle that nobody was told. Between two requests
 * there are no payloads, so whatever there is goes, but for keep (CK_INVALID_HANDLE: nothing). When something does not
 * go, the session has to end: HSM_TOKEN_UNAVAILABLE.
 */
REWRAP_MUST_USE struct hsm_result strays_destroy(struct hsm_rewrap *rewrap, CK_OBJECT_HANDLE keep);

/*
 * What an operation's failure means, once it is over: a key or an object that fails may be gone alone or with the whole
 * token, and modules answer the same in both cases (a token folder that is deleted under SoftHSM leaves invalid
 * handles). The canary tells.
 */
REWRAP_MUST_USE struct hsm_result rewrap_diagnose(struct hsm_rewrap *rewrap, struct hsm_result result);

/*
 * Whether the operation failed by a handle that is no longer valid, though the key may still be there under another (a
 * module that has renumbered its objects): the key was forgotten then, and is looked up and verified when the operation
 * is done once more.
 */
bool rewrap_met_stale_handle(struct hsm_result result);

/* For calls that can fail only by the device's fault, since what came from outside is checked: keeps what says more,
 * else HSM_FAULT. */
REWRAP_MUST_USE struct hsm_result device_fault(struct hsm_result result);
