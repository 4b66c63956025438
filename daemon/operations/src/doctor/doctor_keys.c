/* The doctor's look at the keys of the registry: their objects, and what is due with them. */
#include "doctor.h"

#include "access/arn_text.h"

#include "base/hex.h"
#include "registry/registry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CHECK_REGISTRY "registry"
#define CHECK_DELETION "deletion"
#define CHECK_ROTATION "rotation"

#define TIME_TEXT_BYTES 32

static struct doctor_token *token_of(struct doctor *doctor, const char *name)
{
    for (size_t i = 0; i < doctor->n_tokens; i++) {
        if (strcmp(doctor->tokens[i].name, name) == 0) {
            return &doctor->tokens[i];
        }
    }
    return NULL;
}

static void time_text(int64_t time_ms, char out[TIME_TEXT_BYTES])
{
    struct tm parts;
    const time_t seconds = (time_t)(time_ms / 1000);
    if (gmtime_r(&seconds, &parts) == NULL || strftime(out, TIME_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        snprintf(out, TIME_TEXT_BYTES, "%" PRId64 " ms", time_ms);
    }
}

static void look_at_materials(struct doctor *doctor, struct doctor_token *token, const struct registry_key *key,
                              const char *arn)
{
    size_t missing = 0;
    const struct registry_material *first = NULL;
    for (size_t i = 0; i < key->n_materials; i++) {
        const struct registry_material *material = &key->materials[i];
        if (map_find(&token->by_material, view_of(material->id, MATERIAL_ID_BYTES)) == NULL) {
            first = missing++ == 0 ? material : first;
        }
    }
    if (first == NULL) {
        return;
    }
    char hex[DOCTOR_MATERIAL_HEX];
    hex_encode(view_of(first->id, MATERIAL_ID_BYTES), hex);
    token->troubles++;
    doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__FAULT, CHECK_REGISTRY, arn,
                "What is encrypted under it cannot be read. Restore the token from its backup; if the section names "
                "another token than it did, name the old one.",
                "%zu of its %zu materials %s no object on token %s, the first: %s", missing, key->n_materials,
                missing == 1 ? "has" : "have", token->name, hex);
}

static void look_at_deletion(struct doctor *doctor, const struct registry_key *key, const char *arn)
{
    if (key->state != KEY_STATE_PENDING_DELETION || key->deletion_ms - doctor->now_ms > DOCTOR_SOON_MS) {
        return;
    }
    char when[TIME_TEXT_BYTES];
    time_text(key->deletion_ms, when);
    const bool late = doctor->now_ms - key->deletion_ms > DOCTOR_LATE_MS;
    doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__WARNING, CHECK_DELETION, arn,
                late ? "The service does not know it any more; the log of rewrapd says why its removal fails."
                     : "CancelKeyDeletion keeps it, until then.",
                late ? "its deletion was due at %s" : "it is deleted at %s", when);
}

static void look_at_rotation(struct doctor *doctor, const struct registry_key *key, const char *arn)
{
    if (key->rotation_days == 0 || key->state != KEY_STATE_ENABLED ||
        doctor->now_ms - key->next_rotation_ms <= DOCTOR_LATE_MS) {
        return;
    }
    char when[TIME_TEXT_BYTES];
    time_text(key->next_rotation_ms, when);
    doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__WARNING, CHECK_ROTATION, arn,
                "Rotation draws from the stock of its token: see whether that is empty, and the log of rewrapd.",
                "its rotation was due at %s", when);
}

/* One that was not compiled yet is looked at when it is: what does not compile is in the log, too. */
static void look_at_policy(struct doctor *doctor, const struct registry_key *key, const char *arn)
{
    const char *fault = registry_policy_fault(key->compiled);
    if (fault != NULL) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__FAULT, CHECK_REGISTRY, arn,
                    "Nobody may do anything with it, but for the root principal of its account, who may put another "
                    "policy (rewrapctl put-key-policy). Find out how it was damaged.",
                    "its policy is damaged: %s", fault);
    }
}

void doctor_look_at_key(struct doctor *doctor, const struct registry_key *key)
{
    char arn[OPERATION_ARN_KEY_BYTES];
    operation_arn_of_key(doctor->operation->operations, key->account, key->key_id_text, arn);
    struct doctor_token *token = token_of(doctor, key->token);
    if (token == NULL) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__FAULT, CHECK_REGISTRY, arn,
                    "Put the section of that name back into the configuration.",
                    "its token %s has no section in the configuration", key->token);
    } else {
        token->keys++;
        if (key->boundary == KEY_BOUNDARY_SEALED && key->spec <= DOCTOR_SPECS) {
            token->specs_used[key->spec] = true;
        }
        if (token->listed && key->state != KEY_STATE_PENDING_IMPORT) { /* that one has no material yet */
            look_at_materials(doctor, token, key, arn);
        }
    }
    look_at_policy(doctor, key, arn);
    look_at_deletion(doctor, key, arn);
    look_at_rotation(doctor, key, arn);
}
