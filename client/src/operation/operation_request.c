/* The request of an operation; see operation_request.h. */
#include "operation_request.h"

#include "param.h"
#include "param_check.h"

#include <string.h>

static bool read_input(const ProtobufCMethodDescriptor *method, const struct globals *globals, bool raw_blobs,
                       json_t **ret, struct failure *failure)
{
    if (globals->cli_input_json == NULL) {
        *ret = json_object();
        return *ret != NULL || fail_memory(failure);
    }
    return param_from_json_input(method->input, globals->cli_input_json, raw_blobs, ret, failure) ||
           fail_prefix(failure, "Error parsing parameter 'cli-input-json': ");
}

static bool set_option(const struct option_use *use, bool raw_blobs, json_t *request, struct failure *failure)
{
    char option[JSON_MAX_NAME];
    char member[JSON_MAX_NAME];
    json_option_name(use->field->name, option);
    json_member_name(use->field->name, member);
    json_t *value = NULL;
    if (json_field_kind(use->field) == JSON_KIND_BOOL && !param_field_is_list(use->field)) {
        value = json_boolean(use->value);
    } else if (!param_from_words(use->field, use->words, use->n_words, raw_blobs, &value, failure)) {
        return fail_prefix(failure, "Error parsing parameter '--%s': ", option);
    }
    return json_object_set_new(request, member, value) == 0 || fail_memory(failure);
}

bool operation_request(const ProtobufCMethodDescriptor *method, const struct command_line *line, json_t **ret,
                       struct failure *failure)
{
    const char *format = line->globals.binary_format;
    bool raw_blobs = format != NULL && strcmp(format, "raw-in-base64-out") == 0;
    json_t *request = NULL;
    if (!read_input(method, &line->globals, raw_blobs, &request, failure)) {
        return false;
    }
    bool made = true;
    for (size_t i = 0; made && i < line->n_uses; i++) {
        made = set_option(&line->uses[i], raw_blobs, request, failure);
    }
    if (!made || !param_check(method->input, request, "input", failure)) {
        json_decref(request);
        return false;
    }
    *ret = request;
    return true;
}
