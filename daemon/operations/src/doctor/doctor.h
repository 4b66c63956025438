/*
 * Doctor: what an operator should know of the tokens, the registry, and the files. One operation in steps: each token's
 * list of objects is read again, then everything is looked at, the objects and the keys a portion in each turn of the
 * event loop. A file for each family of checks; what they find is collected in doctor_findings.c. See docs/doctor.md.
 */
#pragma once

#include "frame/operation.h"

#include "base/map.h"
#include "proto/rewrap.pb-c.h"

/* Of each verdict so many are told, the others counted: with the longest texts they fill half a frame. */
#define DOCTOR_MAX_FINDINGS  80
#define DOCTOR_VERDICTS      3
#define DOCTOR_SUBJECT_BYTES 160
#define DOCTOR_TEXT_BYTES    400

#define DOCTOR_PORTION      8192               /* objects or keys in a turn of the loop: a few milliseconds */
#define DOCTOR_SPECS        4                  /* of enum key_spec: those that a ceremony makes */
#define DOCTOR_STOCK_LOW    2                  /* fewer spares than this are too few */
#define DOCTOR_SOON_MS      INT64_C(259200000) /* three days before a key is deleted */
#define DOCTOR_LATE_MS      INT64_C(86400000)  /* a day after a rotation or deletion was due */
#define DOCTOR_MATERIAL_HEX (2 * MATERIAL_ID_BYTES + 1)

struct doctor_finding {
    Rewrap__DoctorFinding message;
    char subject[DOCTOR_SUBJECT_BYTES];
    char text[DOCTOR_TEXT_BYTES];
    char advice[DOCTOR_TEXT_BYTES];
};

/* An object as the token's list has it. */
struct doctor_object {
    uint8_t material_id[MATERIAL_ID_BYTES];
    Hsm__KeySpec spec;
    Hsm__Boundary boundary;
    char *refused_for; /* owned; NULL: usable */
};

struct doctor_token {
    char *name;  /* owned */
    bool listed; /* its objects are known */
    struct doctor_object *objects;
    size_t n_objects;
    size_t objects_room;
    struct map by_material; /* material id → object, as far as they were looked at */
    size_t spares[DOCTOR_SPECS + 1];
    bool specs_used[DOCTOR_SPECS + 1]; /* by a sealed key on it */
    size_t keys;
    size_t troubles; /* findings about its objects and the keys on it */
};

struct doctor {
    struct operation *operation;
    struct doctor_token *tokens;
    size_t n_tokens;
    size_t at_token;  /* whose list is read, or whose objects are looked at */
    size_t at_object; /* of that token */
    bool keys_begun;
    uint8_t key_id[KEY_ID_BYTES]; /* the last that was looked at */
    int64_t now_ms;
    struct doctor_finding *findings[DOCTOR_VERDICTS + 1][DOCTOR_MAX_FINDINGS]; /* by verdict */
    size_t n_findings[DOCTOR_VERDICTS + 1];
    size_t n_left_out;
};

/* ------------------------------------------------------------------ doctor_findings.c */

/* Adds a finding; advice NULL: there is nothing to do. The texts are cut to their room, and cleaned. */
REWRAP_PRINTF(6, 7)
void doctor_find(struct doctor *doctor, Rewrap__DoctorVerdict__Value verdict, const char *check, const char *subject,
                 const char *advice, const char *format, ...);

/* Answers the operation, which ends: the doctor is gone then. */
void doctor_answer(struct doctor *doctor);
void doctor_findings_clear(struct doctor *doctor);

/* ------------------------------------------------------------------ the families */

/* doctor_tokens.c: is it there, who serves it, how well. */
void doctor_look_at_token(struct doctor *doctor, const struct doctor_token *token);
/* Once all keys were looked at: it depends on them which stock matters. */
void doctor_look_at_stock(struct doctor *doctor, const struct doctor_token *token);

/* doctor_objects.c: takes the list over from the workers; false without memory. */
REWRAP_MUST_USE bool doctor_take_objects(struct doctor *doctor, struct doctor_token *token);
void doctor_look_at_object(struct doctor *doctor, struct doctor_token *token, struct doctor_object *object);
void doctor_objects_clear(struct doctor_token *token);

/* doctor_keys.c */
void doctor_look_at_key(struct doctor *doctor, const struct registry_key *key);

/* doctor_files.c */
void doctor_look_at_files(struct doctor *doctor);
