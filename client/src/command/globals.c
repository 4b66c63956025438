/* The options that every operation has; see globals.h. */
#include "globals.h"

#include <stdio.h>
#include <string.h>

static const char *const outputs[] = {"json", "text", "table", NULL};
static const char *const binary_formats[] = {"base64", "raw-in-base64-out", NULL};
static const char *const skeletons[] = {"input", NULL};
static const char *const colors[] = {"on", "off", "auto", NULL};

#define MEMBER(name) offsetof(struct globals, name)
#define NO_REGION    "the daemon's configuration says which region and account it serves"
#define NO_HTTP      "requests go over a Unix socket: see --endpoint"

static const struct global_option table[] = {
    {"endpoint", GLOBAL_ONE, MEMBER(endpoint), NULL, NULL, "unix:PATH",
     "the daemon's socket; without it $REWRAP_SOCKET, or /run/rewrapd/rewrapd.sock"},
    {"timeout-ms", GLOBAL_ONE, MEMBER(timeout_ms), NULL, NULL, "N", "how long the daemon may take, in milliseconds"},
    {"output", GLOBAL_ONE, MEMBER(output), outputs, NULL, "json|text|table", "how the answer is printed (json)"},
    {"query", GLOBAL_ONE, MEMBER(query), NULL, NULL, "PATH", "print only this member: KeyId, KeyMetadata.Arn"},
    {"cli-binary-format", GLOBAL_ONE, MEMBER(binary_format), binary_formats, NULL, "base64|raw-in-base64-out",
     "what blobs in literals and file:// are (base64)"},
    {"cli-input-json", GLOBAL_ONE, MEMBER(cli_input_json), NULL, NULL, "JSON|file://FILE",
     "members of the request; options override them"},
    {"generate-cli-skeleton", GLOBAL_OPTIONAL, MEMBER(skeleton), skeletons, "input", "[input]",
     "print the JSON that --cli-input-json takes, and send nothing"},
    {"no-paginate", GLOBAL_NONE, MEMBER(no_paginate), NULL, "", "", "print one page of a list, not all of it"},
    {"help", GLOBAL_NONE, MEMBER(help), NULL, "", "", "this text"},
    {"version", GLOBAL_NONE, MEMBER(version), NULL, "", "", "the version of rewrapctl"},
    {"no-cli-pager", GLOBAL_NONE, MEMBER(ignored), NULL, "", "", "for scripts made for the AWS CLI: there is no pager"},
    {"color", GLOBAL_ONE, MEMBER(ignored), colors, NULL, "on|off|auto",
     "for scripts made for the AWS CLI: there are no colours"},
    {"cli-input-yaml", GLOBAL_ONE, MEMBER(cli_input_yaml), NULL, NULL, NULL, NULL},
    {"endpoint-url", GLOBAL_REFUSED, 0, NULL, NULL, NULL, NO_HTTP},
    {"region", GLOBAL_REFUSED, 0, NULL, NULL, NULL, NO_REGION},
    {"profile", GLOBAL_REFUSED, 0, NULL, NULL, NULL, "the socket and the user say who calls: see --endpoint"},
    {"no-sign-request", GLOBAL_REFUSED, 0, NULL, NULL, NULL, NO_HTTP},
    {"no-verify-ssl", GLOBAL_REFUSED, 0, NULL, NULL, NULL, NO_HTTP},
    {"ca-bundle", GLOBAL_REFUSED, 0, NULL, NULL, NULL, NO_HTTP},
    {"cli-read-timeout", GLOBAL_REFUSED, 0, NULL, NULL, NULL, "use --timeout-ms"},
    {"cli-connect-timeout", GLOBAL_REFUSED, 0, NULL, NULL, NULL, "use --timeout-ms"},
    {"cli-error-format", GLOBAL_REFUSED, 0, NULL, NULL, NULL, "errors have one format"},
    {"cli-auto-prompt", GLOBAL_REFUSED, 0, NULL, NULL, NULL, "nothing is prompted for"},
    {"debug", GLOBAL_REFUSED, 0, NULL, NULL, NULL,
     "with log-level = debug the daemon's log has a line for each request"},
};

const struct global_option *globals_table(size_t *ret_n)
{
    *ret_n = sizeof table / sizeof table[0];
    return table;
}

const struct global_option *globals_find(struct view name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (view_equal(view_of_string(table[i].name), name)) {
            return &table[i];
        }
    }
    return NULL;
}

static bool is_choice(const struct global_option *option, const char *value)
{
    for (const char *const *choice = option->choices; choice != NULL && *choice != NULL; choice++) {
        if (strcmp(*choice, value) == 0) {
            return true;
        }
    }
    return option->choices == NULL;
}

bool globals_set(struct globals *globals, const struct global_option *option, const char *value,
                 struct failure *failure)
{
    if (option->arity == GLOBAL_REFUSED) {
        return fail(failure, EXIT_CODE_USAGE, "argument --%s: not supported: %s", option->name, option->help);
    }
    value = value == NULL ? option->preset : value;
    if (!is_choice(option, value)) {
        fail(failure, EXIT_CODE_USAGE, "argument --%s: Invalid choice, valid choices are:\n", option->name);
        for (const char *const *choice = option->choices; *choice != NULL; choice++) {
            size_t len = strlen(failure->text);
            snprintf(failure->text + len, sizeof failure->text - len, "\n%s", *choice);
        }
        return false;
    }
    memcpy((char *)globals + option->offset, &value, sizeof value);
    return true;
}

bool globals_is_json(const struct globals *globals, const char *command, bool *ret, struct failure *failure)
{
    const struct {
        const char *name;
        const char *value;
    } absent[] = {{"query", globals->query}, {"generate-cli-skeleton", globals->skeleton}};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        if (absent[i].value != NULL) {
            return fail(failure, EXIT_CODE_USAGE, "argument --%s: %s does not have it", absent[i].name, command);
        }
    }
    const char *output = globals->output == NULL ? "text" : globals->output;
    *ret = strcmp(output, "json") == 0;
    return *ret || strcmp(output, "text") == 0 ||
           fail(failure, EXIT_CODE_USAGE, "argument --output: %s has json and text", command);
}
