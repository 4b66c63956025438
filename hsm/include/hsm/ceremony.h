/*
 * The custodian's ceremony (docs/ceremony.md): makes on a token what rewrapd needs and may not make itself. Sealed
 * wrapping keys are CKA_TRUSTED, which only the SO can give; the binding root and the audit key are the user's. On a
 * token of level sensitive, which hsm_probe must have found before, nothing is trusted and the user makes everything.
 *
 * Nothing permanent is made before a session object of the same template was made and passed the check of its
 * attributes, and what was made is checked again. A run that is killed leaves at most one object that does not pass,
 * which counts as nothing; the next run goes on. Two runs at once on one token must be kept apart by the caller.
 * Everything here blocks as the token does.
 */
#pragma once

#include "hsm/result.h"
#include "hsm/spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hsm_token;

#define CEREMONY_ID_BYTES 32
#define CEREMONY_MAX_SPARES                                                                                            \
    10000                           /* in a run: hours of an appliance's time; a larger number is a slip of the finger \
                                     */
#define CEREMONY_MAX_OBJECTS 200000 /* that a survey looks at: twice what a worker takes by default */

enum ceremony_role {
    CEREMONY_BINDING_ROOT,
    CEREMONY_AUDIT_KEY,
    CEREMONY_SEALED_KEY,
    CEREMONY_OPEN_KEY,
};

enum ceremony_half {
    CEREMONY_SECRET_KEY,
    CEREMONY_PRIVATE_HALF,
    CEREMONY_PUBLIC_HALF,
};

/* One key: an object, or the two halves of a pair. */
struct ceremony_object {
    enum ceremony_role role;
    enum hsm_spec spec; /* wrapping keys only, else 0 */
    uint8_t material_id[CEREMONY_ID_BYTES];
    const char *refused_for; /* static: the first attribute it lacks, or what else is wrong; NULL: it passes */
    uint8_t check[HSM_BINDING_CHECK_BYTES]; /* binding roots that pass only: the check value */
};

struct ceremony_survey {
    struct ceremony_object *objects; /* owned; by role, spec and material id */
    size_t n;
};

/*
 * Every key of ours on the token, those that do not pass too. With the user logged in: without, the private ones are
 * not seen. *ret is freed with ceremony_survey_clear; on failure it is untouched. HSM_LIMIT beyond
 * CEREMONY_MAX_OBJECTS.
 */
REWRAP_MUST_USE struct hsm_result ceremony_survey(struct hsm_token *token, struct ceremony_survey *ret);
void ceremony_survey_clear(struct ceremony_survey *survey);

/* How many of that role and spec pass, or do not. */
size_t ceremony_survey_count(const struct ceremony_survey *survey, enum ceremony_role role, enum hsm_spec spec,
                             bool passing);

struct ceremony_watch {
    /* Told of each key as soon as it is there: made now, or there already. */
    void (*saw)(void *state, const struct ceremony_object *object, bool made);
    /* NULL, or told between two steps at the token where no key is told of: the token was looked at, a key rehearsed.
     * So no more than one key is made from one call of either to the next. */
    void (*went_on)(void *state);
    void *state;
};

/*
 * Makes the binding root and the audit key where there is none that passes. With the user logged in. HSM_KEY_AMBIGUOUS
 * when there is more than one of a kind, found before (nothing is made then) or after (another ceremony ran at the same
 * time); HSM_UNSUPPORTED or HSM_KEY_REFUSED, with nothing permanent made, when the
 * token refuses or ignores an attribute.
 */
REWRAP_MUST_USE struct hsm_result ceremony_init(struct hsm_token *token, const struct ceremony_watch *watch);

/*
 * Adds count sealed keys of a spec to the stock, with the SO logged in, or at level sensitive the user. kwp is the
 * mechanism that the probe found, which needs the user; only HSM_SPEC_AES_256 uses it. HSM_LIMIT, with nothing made,
 * for more than CEREMONY_MAX_SPARES; other failures as ceremony_init, and what was made before a failure stays.
 */
REWRAP_MUST_USE struct hsm_result ceremony_add(struct hsm_token *token, enum hsm_spec spec, size_t count,
                                               unsigned long kwp, const struct ceremony_watch *watch);

/* The objects of one kind that bear a key's id: a secret key, or one half of a pair. More than one is a copy. */
struct ceremony_remnant {
    bool is_ours;            /* false: objects of another label, which are left alone */
    enum ceremony_role role; /* of ours only */
    enum hsm_spec spec;      /* wrapping keys only, else 0 */
    enum ceremony_half half; /* of ours only */
    uint8_t material_id[CEREMONY_ID_BYTES];
    size_t found;
    size_t left;              /* the same until ceremony_destroy */
    unsigned long refused_rv; /* CK_RV of the last refusal; 0: the token said that it had destroyed what is left */
};

struct ceremony_remnants {
    struct ceremony_remnant *list; /* owned; pairs: the private half is before the public one */
    size_t n;
};

/*
 * What a token has under an id. With the user logged in: without, the private ones are not seen. *ret is freed with
 * ceremony_remnants_clear; on failure it is untouched. HSM_LIMIT for more than 1000 objects of that id.
 */
REWRAP_MUST_USE struct hsm_result
ceremony_remnants(struct hsm_token *token, const uint8_t material_id[CEREMONY_ID_BYTES], struct ceremony_remnants *ret);
void ceremony_remnants_clear(struct ceremony_remnants *remnants);

/* Whether this is what the whole token hangs on: the binding root or the audit key, which ceremony_destroy refuses. */
bool ceremony_remnant_is_kept(const struct ceremony_remnant *remnant);

/*
 * Destroys as many of the objects as the token lets whoever is logged in, and looks again what is left: a token's word
 * is not taken for it. What this login does not see stays as it was. A refusal is no failure; it is in refused_rv.
 * HSM_UNSUPPORTED, with nothing done, for what is kept or is not ours.
 */
REWRAP_MUST_USE struct hsm_result ceremony_destroy(struct hsm_token *token, struct ceremony_remnant *remnant);
