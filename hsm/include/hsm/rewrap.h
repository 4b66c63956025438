/*
 * What a worker does with a token: re-encrypt, encrypt, decrypt, generate, under keys named by material id. The payload
 * exists on the token only, as a session object that is destroyed on every path; plaintext passes through here only in
 * encrypt (the caller has it) and decrypt (open keys).
 *
 * After the outer layer of a symmetric ciphertext is checked, an error of the token is a fault of the device and never
 * HSM_INVALID_CIPHERTEXT. RSA ciphertexts have no outer layer: there it is the ciphertext's when the token unwraps
 * another one of the same pair meanwhile.
 */
#pragma once

#include "base/buffer.h"
#include "envelope/header.h"
#include "hsm/probe.h"
#include "hsm/result.h"
#include "hsm/spec.h"

struct hsm_token;
struct secbuf;

enum hsm_algorithm {
    HSM_SYMMETRIC_DEFAULT = 1,
    HSM_RSAES_OAEP_SHA_1,
    HSM_RSAES_OAEP_SHA_256,
};

/* A version of a key as the caller knows it. */
struct hsm_key {
    uint8_t key_id[ENVELOPE_KEY_ID_BYTES];
    uint8_t material_id[ENVELOPE_MATERIAL_ID_BYTES]; /* CKA_ID of its object */
    enum hsm_spec spec;
    enum hsm_boundary boundary;
};

/* One side of an operation. */
struct hsm_side {
    struct hsm_key key;
    enum hsm_algorithm algorithm;
    struct view context; /* canonical (envelope/context.h), borrowed for the call */
};

/* A wrapping key of ours that is on the token. */
struct hsm_object {
    enum hsm_spec spec;
    enum hsm_boundary boundary;
    uint8_t material_id[ENVELOPE_MATERIAL_ID_BYTES];
    const char *refused_for; /* static: the first attribute it lacks, or why else it is not used; NULL: usable */
};

struct hsm_rewrap; /* the keys of one token, and what is needed to use them */

/*
 * For a token whose user is logged in, and which outlives the result. Finds the binding root (HSM_NO_CEREMONY without
 * one), or with binding_check (HSM_BINDING_CHECK_BYTES, or NULL) the one that has this check value, and looks at every
 * wrapping key, at most max_objects (HSM_LIMIT beyond). On failure *ret is untouched. The caller frees with
 * hsm_rewrap_free.
 */
REWRAP_MUST_USE struct hsm_result hsm_rewrap_new(struct hsm_token *token, const struct hsm_profile *profile,
                                                 size_t max_objects, const uint8_t *binding_check,
                                                 struct hsm_rewrap **ret);
void hsm_rewrap_free(struct hsm_rewrap *rewrap);

/* Looks at the token's keys again: at what a ceremony has added, what was refused, and which are gone. On failure the
 * list is as it was. */
REWRAP_MUST_USE struct hsm_result hsm_rewrap_refresh(struct hsm_rewrap *rewrap);

/*
 * The keys, in no order: one for each material id and kind. Objects that do not pass are ignored when another with
 * their id does. Calls visit once for each until it returns false.
 */
void hsm_rewrap_objects(const struct hsm_rewrap *rewrap, bool (*visit)(void *state, const struct hsm_object *object),
                        void *state);

/*
 * The four below, each: HSM_INVALID_CIPHERTEXT for a ciphertext that is not authentic under that key and context, or
 * names another key or material; HSM_KEY_NOT_FOUND, HSM_KEY_REFUSED, HSM_KEY_AMBIGUOUS for a key; HSM_UNSUPPORTED for
 * an algorithm that the key or this program does not do; HSM_TOKEN_UNAVAILABLE when the token, session or login is gone
 * or a payload could not be destroyed: the token must then be renewed or closed. HSM_LIMIT: out's maximum. On failure
 * out is as it was. They block as the token does.
 *
 * check_only does everything and keeps nothing of it: out may be NULL then.
 */

/*
 * HSM_NOT_WRAPPABLE: a sealed payload cannot go under an open key. HSM_TOO_LARGE: more than the destination takes.
 * HSM_LENGTH_NOT_KEPT: a payload from a symmetric ciphertext that the token may have padded cannot go under an RSA key.
 * HSM_UNSUPPORTED also when the length of what an RSA ciphertext holds cannot be found (hsm_profile.lengths) and the
 * destination is symmetric.
 */
REWRAP_MUST_USE struct hsm_result hsm_rewrap_re_encrypt(struct hsm_rewrap *rewrap, const struct hsm_side *source,
                                                        const struct hsm_side *destination, struct view ciphertext,
                                                        bool check_only, struct buffer *out);

/* plaintext is 1 to ENVELOPE_PAYLOAD_MAX_BYTES, under an RSA key at most what OAEP takes (RFC 8017 section 7.1.1), and
 * no more than the token takes; else HSM_TOO_LARGE. */
REWRAP_MUST_USE struct hsm_result hsm_rewrap_encrypt(struct hsm_rewrap *rewrap, const struct hsm_side *destination,
                                                     struct view plaintext, struct buffer *out);

/* Appends the plaintext to out, which the caller erases. HSM_UNSUPPORTED for a key that is not open. */
REWRAP_MUST_USE struct hsm_result hsm_rewrap_decrypt(struct hsm_rewrap *rewrap, const struct hsm_side *source,
                                                     struct view ciphertext, bool check_only, struct buffer *out);

/*
 * A random payload of length bytes (1 to 1024, KMS.md R-72; else HSM_TOO_LARGE), made on the token. With plaintext,
 * which only open keys have (else HSM_UNSUPPORTED), it is appended there too, and the caller erases it; with NULL
 * nobody has seen it.
 */
REWRAP_MUST_USE struct hsm_result hsm_rewrap_generate(struct hsm_rewrap *rewrap, const struct hsm_side *destination,
                                                      size_t length, struct buffer *out, struct buffer *plaintext);

/* Random bytes of the token's own generator, 1 to 1024 (else HSM_TOO_LARGE). */
REWRAP_MUST_USE struct hsm_result hsm_rewrap_random(struct hsm_rewrap *rewrap, size_t length, struct buffer *out);

/* The public half of an RSA key as SubjectPublicKeyInfo in DER (RFC 5280 section 4.1), at most 1024 bytes.
 * HSM_UNSUPPORTED for an AES key. */
REWRAP_MUST_USE struct hsm_result hsm_rewrap_public_key(struct hsm_rewrap *rewrap, const struct hsm_key *key,
                                                        struct buffer *out);

/*
 * Destroys every object of the key that can be destroyed. HSM_SUCCESS when none is left, also when there was none;
 * HSM_KEY_KEPT when the token refuses to destroy one (sealed keys are not CKA_DESTROYABLE).
 */
REWRAP_MUST_USE struct hsm_result hsm_rewrap_destroy(struct hsm_rewrap *rewrap, const struct hsm_key *key);

/*
 * After hsm_token_reopen and a login: every handle is forgotten and looked up again when it is needed, the binding root
 * at once. The failures of hsm_rewrap_new; the rewrap is then to be freed.
 */
REWRAP_MUST_USE struct hsm_result hsm_rewrap_renew(struct hsm_rewrap *rewrap);

/* Makes an open key on the token and gives its material id. HSM_UNSUPPORTED for a spec that cannot be open. After
 * HSM_TOKEN_UNAVAILABLE or HSM_FAULT the key may be there all the same: the next call gives that one, when it is for
 * the same spec. */
REWRAP_MUST_USE struct hsm_result hsm_rewrap_make_open(struct hsm_rewrap *rewrap, enum hsm_spec spec,
                                                       uint8_t ret_material_id[ENVELOPE_MATERIAL_ID_BYTES]);
