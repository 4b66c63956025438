/* What `rewrapctl ceremony` prints (ceremony_output.h). */
#include "ceremony_output.h"

#include "base/hex.h"
#include "ceremony_options.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

struct ceremony_output {
    json_t *document; /* NULL: text */
    bool next_begun;  /* "Next: " was printed */
    bool failed;      /* something is missing in what was printed */
};

/* What something is called in lines for a person, and in JSON. */
struct name {
    const char *text;
    const char *json;
};

static const struct name roles[] = {
    [CEREMONY_BINDING_ROOT] = {"binding root", "BINDING_ROOT"},
    [CEREMONY_AUDIT_KEY] = {"audit key", "AUDIT_KEY"},
    [CEREMONY_SEALED_KEY] = {"sealed key", "SEALED_KEY"},
    [CEREMONY_OPEN_KEY] = {"open key", "OPEN_KEY"},
};

struct ceremony_output *ceremony_output_new(bool json)
{
    struct ceremony_output *output = calloc(1, sizeof *output);
    if (output == NULL || !json) {
        return output;
    }
    output->document = json_object();
    if (output->document == NULL) {
        free(output);
        return NULL;
    }
    return output;
}

void ceremony_output_free(struct ceremony_output *output)
{
    if (output == NULL) {
        return;
    }
    json_decref(output->document);
    free(output);
}

/* Takes item over. */
static void append(struct ceremony_output *output, const char *list_name, json_t *item)
{
    json_t *list = json_object_get(output->document, list_name);
    if (list == NULL) {
        list = json_array();
        output->failed |= json_object_set_new(output->document, list_name, list) != 0;
    }
    output->failed |= json_array_append_new(list, item) != 0;
}

static void flush(struct ceremony_output *output)
{
    output->failed |= fflush(stdout) != 0 || ferror(stdout) != 0;
}

/* The check value of a binding root that passes, else NULL; out has room for it. */
static const char *check_of(const struct ceremony_object *object, char out[2 * HSM_BINDING_CHECK_BYTES + 1])
{
    if (object->role != CEREMONY_BINDING_ROOT || object->refused_for != NULL) {
        return NULL;
    }
    hex_encode(view_of(object->check, sizeof object->check), out);
    return out;
}

/* "s*": a NULL leaves the member out. */
static json_t *object_json(const struct ceremony_object *object)
{
    char id[2 * CEREMONY_ID_BYTES + 1];
    char check[2 * HSM_BINDING_CHECK_BYTES + 1];
    hex_encode(view_of(object->material_id, sizeof object->material_id), id);
    return json_pack("{s:s, s:s*, s:s, s:s*, s:s*}", "Kind", roles[object->role].json, "KeySpec",
                     object->spec == 0 ? NULL : ceremony_spec_name(object->spec), "KeyMaterialId", id, "RefusedFor",
                     object->refused_for, "CheckValue", check_of(object, check));
}

static void print_object(const char *first, const struct ceremony_object *object)
{
    char id[2 * CEREMONY_ID_BYTES + 1];
    char text[2 * HSM_BINDING_CHECK_BYTES + 1];
    hex_encode(view_of(object->material_id, sizeof object->material_id), id);
    const char *check = check_of(object, text);
    printf("%-14s %-12s %-17s %s%s%s%s%s\n", first, roles[object->role].text,
           object->spec == 0 ? "-" : ceremony_spec_name(object->spec), id,
           object->refused_for == NULL ? "" : "  lacks: ", object->refused_for == NULL ? "" : object->refused_for,
           check == NULL ? "" : ", check value ", check == NULL ? "" : check);
}

void ceremony_output_token(struct ceremony_output *output, const struct hsm_token_info *info)
{
    if (output->document == NULL) {
        printf("token %s: %s %s, serial number %s\n", info->label, info->manufacturer, info->model, info->serial);
        flush(output);
        return;
    }
    json_t *token = json_pack("{s:s, s:s, s:s, s:s}", "Label", info->label, "Manufacturer", info->manufacturer, "Model",
                              info->model, "SerialNumber", info->serial);
    output->failed |= json_object_set_new(output->document, "Token", token) != 0;
}

void ceremony_output_level(struct ceremony_output *output, const struct hsm_profile *profile)
{
    const char *reason = profile->level_reason == NULL ? "" : profile->level_reason;
    if (output->document == NULL) {
        printf("level %s: %s is not enforced\n", token_level_name(profile->level), reason);
        flush(output);
        return;
    }
    output->failed |=
        json_object_set_new(output->document, "Level", json_string(token_level_name(profile->level))) != 0;
    output->failed |= json_object_set_new(output->document, "LevelReason", json_string(reason)) != 0;
}

void ceremony_output_saw(struct ceremony_output *output, const struct ceremony_object *object, bool made)
{
    if (output->document == NULL) {
        print_object(made ? "made" : "already there", object);
        flush(output); /* a run may take hours, or be killed */
        return;
    }
    append(output, made ? "Made" : "AlreadyThere", object_json(object));
}

/* One line for each role and spec of which there is one. */
static void count(struct ceremony_output *output, const struct ceremony_survey *survey, enum ceremony_role role,
                  enum hsm_spec spec)
{
    const size_t good = ceremony_survey_count(survey, role, spec, true);
    const size_t bad = ceremony_survey_count(survey, role, spec, false);
    const char *spec_name = spec == 0 ? NULL : ceremony_spec_name(spec);
    if (good + bad == 0) {
        return;
    }
    if (output->document == NULL) {
        printf("%6zu %s%s%s%s", good, roles[role].text, good == 1 ? "" : "s", spec_name == NULL ? "" : " ",
               spec_name == NULL ? "" : spec_name);
        printf(bad == 0 ? "\n" : ", and %zu that do not pass\n", bad);
        return;
    }
    append(output, "Counts",
           json_pack("{s:s, s:s*, s:I, s:I}", "Kind", roles[role].json, "KeySpec", spec_name, "Verified",
                     (json_int_t)good, "Refused", (json_int_t)bad));
}

void ceremony_output_survey(struct ceremony_output *output, const struct ceremony_survey *survey)
{
    if (output->document != NULL) {
        output->failed |= json_object_set_new(output->document, "Objects", json_array()) != 0;
        output->failed |= json_object_set_new(output->document, "Counts", json_array()) != 0;
    }
    for (size_t i = 0; i < survey->n; i++) {
        const struct ceremony_object *object = &survey->objects[i];
        if (output->document == NULL) {
            print_object(object->refused_for == NULL ? "verified" : "REFUSED", object);
        } else {
            append(output, "Objects", object_json(object));
        }
    }
    for (int role = CEREMONY_BINDING_ROOT; role <= CEREMONY_OPEN_KEY; role++) {
        for (int spec = 0; spec <= HSM_SPEC_RSA_4096; spec++) {
            count(output, survey, (enum ceremony_role)role, (enum hsm_spec)spec);
        }
    }
    flush(output);
}

static const char *const halves[] = {
    [CEREMONY_SECRET_KEY] = "secret key",
    [CEREMONY_PRIVATE_HALF] = "private key",
    [CEREMONY_PUBLIC_HALF] = "public key",
};

static const struct name fates[] = {
    [CEREMONY_WOULD_DESTROY] = {"would destroy", "WouldDestroy"},
    [CEREMONY_DESTROYED] = {"destroyed", "Destroyed"},
    [CEREMONY_KEPT_BY_TOKEN] = {"KEPT", "Kept"},
    [CEREMONY_NOT_OURS] = {"not ours", "NotOurs"},
    [CEREMONY_NOT_THERE] = {"not there", "NotThere"},
};

/* Why the token kept something; NULL when it did not. */
static const char *reason_of(const struct ceremony_remnant *remnant, enum ceremony_fate fate)
{
    if (fate != CEREMONY_KEPT_BY_TOKEN) {
        return NULL;
    }
    return remnant->refused_rv == 0 ? "said to be destroyed, and still there" : hsm_rv_name(remnant->refused_rv);
}

void ceremony_output_remnant(struct ceremony_output *output, const struct ceremony_remnant *remnant,
                             enum ceremony_fate fate)
{
    char id[2 * CEREMONY_ID_BYTES + 1];
    hex_encode(view_of(remnant->material_id, sizeof remnant->material_id), id);
    const bool is_ours = remnant->is_ours;
    const char *spec = is_ours && remnant->spec != 0 ? ceremony_spec_name(remnant->spec) : NULL;
    const char *half = is_ours ? halves[remnant->half] : fate == CEREMONY_NOT_OURS ? "of another label" : "";
    const char *reason = reason_of(remnant, fate);
    const size_t n = fate == CEREMONY_KEPT_BY_TOKEN ? remnant->left : remnant->found;
    if (output->document != NULL) {
        append(output, fates[fate].json,
               json_pack("{s:s*, s:s*, s:s, s:s*, s:I, s:s*}", "Kind", is_ours ? roles[remnant->role].json : NULL,
                         "KeySpec", spec, "KeyMaterialId", id, "Object", is_ours ? halves[remnant->half] : NULL,
                         "Count", (json_int_t)n, "Reason", reason));
        return;
    }
    printf("%-14s %-12s %-17s %s  %s", fates[fate].text, is_ours ? roles[remnant->role].text : "-",
           spec == NULL ? "-" : spec, id, half);
    if (n > 1) {
        printf(", %zu objects", n);
    }
    printf(reason == NULL ? "\n" : ": %s\n", reason);
    flush(output);
}

void ceremony_output_stock(struct ceremony_output *output, enum hsm_spec spec, size_t n)
{
    if (output->document == NULL) {
        printf("%-14s %zu sealed key%s %s, those in use among them\n", "on the token", n, n == 1 ? "" : "s",
               ceremony_spec_name(spec));
        flush(output);
        return;
    }
    json_t *stock = json_pack("{s:s, s:I}", "KeySpec", ceremony_spec_name(spec), "Count", (json_int_t)n);
    output->failed |= json_object_set_new(output->document, "OnToken", stock) != 0;
}

void ceremony_output_next(struct ceremony_output *output, const char *text)
{
    if (output->document == NULL) {
        printf("%s%s\n", output->next_begun ? "" : "Next: ", text);
        output->next_begun = true;
        flush(output);
        return;
    }
    append(output, "Next", json_string(text));
}

bool ceremony_output_finish(struct ceremony_output *output)
{
    if (output->document != NULL) {
        output->failed |= json_dumpf(output->document, stdout, JSON_INDENT(4)) != 0 || putchar('\n') == EOF;
    }
    flush(output);
    return !output->failed;
}
