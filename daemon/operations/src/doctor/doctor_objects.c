/* The doctor's look at the wrapping keys on a token: whose they are, and whether they may be used. */
#include "doctor.h"

#include "access/arn_text.h"
#include "frame/pending.h"
#include "request/specs.h"

#include "base/hex.h"
#include "registry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_OBJECTS "objects"
#define CHECK_RETIRED "deleted keys"

/* ------------------------------------------------------------------ the list */

/* What one visit needs: false once there is no memory. */
struct taking {
    struct doctor_token *token;
    bool good;
};

static bool make_room(struct doctor_token *token)
{
    if (token->n_objects < token->objects_room) {
        return true;
    }
    size_t room = token->objects_room == 0 ? 64 : 2 * token->objects_room;
    struct doctor_object *grown = reallocarray(token->objects, room, sizeof *grown);
    if (grown != NULL) {
        token->objects = grown;
        token->objects_room = room;
    }
    return grown != NULL;
}

static bool take_object(void *arg, const struct workers_object *object)
{
    struct taking *taking = arg;
    struct doctor_token *token = taking->token;
    char *refused_for = object->refused_for == NULL ? NULL : strdup(object->refused_for);
    taking->good = make_room(token) && (refused_for != NULL) == (object->refused_for != NULL);
    if (!taking->good) {
        free(refused_for);
        return false;
    }
    struct doctor_object *copy = &token->objects[token->n_objects++];
    *copy = (struct doctor_object){.spec = object->spec, .boundary = object->boundary, .refused_for = refused_for};
    memcpy(copy->material_id, object->material_id, MATERIAL_ID_BYTES);
    return true;
}

bool doctor_take_objects(struct doctor *doctor, struct doctor_token *token)
{
    struct taking taking = {.token = token, .good = true};
    workers_objects_visit(doctor->operation->operations->workers, token->name, take_object, &taking);
    return taking.good && map_reserve(&token->by_material, token->n_objects);
}

void doctor_objects_clear(struct doctor_token *token)
{
    for (size_t i = 0; i < token->n_objects; i++) {
        free(token->objects[i].refused_for);
    }
    free(token->objects);
    map_clear(&token->by_material);
}

/* ------------------------------------------------------------------ one of them */

static enum key_spec spec_of(Hsm__KeySpec token_spec)
{
    for (size_t i = 1; i <= DOCTOR_SPECS; i++) {
        if (operation_spec_of((enum key_spec)i)->token_spec == token_spec) {
            return (enum key_spec)i;
        }
    }
    return KEY_SPEC_SYMMETRIC_DEFAULT;
}

/* As docs/ceremony.md has them. */
static void label_of(const struct doctor_object *object, char out[64])
{
    const struct operation_spec *spec = operation_spec_of(spec_of(object->spec));
    const char *kind = object->boundary == HSM__BOUNDARY__BOUNDARY_OPEN ? "open" : spec->symmetric ? "kek" : "rsa";
    snprintf(out, 64, "rewrapd:%s:%s", kind, spec->name);
}

static void find_refused(struct doctor *doctor, const struct doctor_object *object, const char *label, const char *hex)
{
    const struct operations *operations = doctor->operation->operations;
    const struct registry_key *key = registry_key_of_material(operations->registry, object->material_id);
    if (key == NULL) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__WARNING, CHECK_OBJECTS, hex,
                    "It is never used. Where nobody knows of it, find out who put it on the token.",
                    "an object labelled %s is not what it should be: %s", label, object->refused_for);
        return;
    }
    char arn[OPERATION_ARN_KEY_BYTES];
    operation_arn_of_key(operations, key->account, key->key_id_text, arn);
    doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__FAULT, CHECK_OBJECTS, arn,
                "The key cannot be used with this object. Restore the token from its backup, or find out who replaced "
                "the object.",
                "its object %s (%s) is not what it should be: %s", hex, label, object->refused_for);
}

static void find_retired(struct doctor *doctor, const struct registry_retired *retired, const char *label,
                         const char *hex)
{
    char key_id[UUID_TEXT_BYTES];
    char advice[DOCTOR_TEXT_BYTES];
    uuid_format(retired->key_id, key_id);
    snprintf(advice, sizeof advice,
             "The custodian destroys it, where the token lets him: rewrapctl ceremony destroy --material-id %s "
             "(CKA_LABEL %s; docs/doctor.md). rewrapd notices, and forgets it.",
             hex, label);
    doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__WARNING, CHECK_RETIRED, hex, advice,
                "the material of the deleted key %s is still on token %s", key_id, retired->token);
}

void doctor_look_at_object(struct doctor *doctor, struct doctor_token *token, struct doctor_object *object)
{
    const struct operations *operations = doctor->operation->operations;
    const struct registry_retired *retired = registry_retired_find(operations->registry, object->material_id);
    const bool has_key = registry_key_of_material(operations->registry, object->material_id) != NULL;
    char label[64];
    char hex[DOCTOR_MATERIAL_HEX];
    label_of(object, label);
    hex_encode(view_of(object->material_id, MATERIAL_ID_BYTES), hex);
    const size_t before = token->troubles++;
    if (retired != NULL) {
        find_retired(doctor, retired, label, hex);
    } else if (object->refused_for != NULL) {
        find_refused(doctor, object, label, hex);
    } else if (!has_key && object->boundary == HSM__BOUNDARY__BOUNDARY_OPEN &&
               !operation_pending_material(operations, object->material_id)) {
        doctor_find(
            doctor, REWRAP__DOCTOR_VERDICT__VALUE__WARNING, CHECK_OBJECTS, hex,
            "A CreateKey or a rotation that was cut short leaves one. Nothing is encrypted under it, unless the "
            "registry was restored from an old backup: then keep it.",
            "an open key (%s) on token %s belongs to no key of the registry", label, token->name);
    } else {
        token->troubles = before;
        token->spares[spec_of(object->spec)] += !has_key && object->boundary == HSM__BOUNDARY__BOUNDARY_SEALED;
    }
    rewrap_ignore(map_add(&token->by_material, view_of(object->material_id, MATERIAL_ID_BYTES), object),
                  "of two with one id the first counts, and there is room");
}
