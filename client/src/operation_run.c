/* From the words of a command to the printed answer; see operation.h. */
#include "operation.h"

#include "operation_call.h"
#include "operation_request.h"
#include "output.h"
#include "param.h"
#include "query.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_VARIABLE       "REWRAP_SOCKET"
#define SOCKET_SCHEME         "unix:"
#define SOCKET_OF_THE_SERVICE "/run/rewrapd/rewrapd.sock"
#define ENDPOINT_BYTES        256 /* more than a socket's path may have (unix(7)) */

#define TIMEOUT_MAX_MS 3600000

/* ------------------------------------------------------------------ the call */

/* *ret is borrowed from argv or the environment. */
static bool find_endpoint(const struct globals *globals, const char **ret, struct failure *failure)
{
    const char *endpoint = globals->endpoint;
    if (endpoint == NULL) {
        endpoint = getenv(SOCKET_VARIABLE);
    }
    if (endpoint == NULL || *endpoint == '\0') {
        endpoint = access(SOCKET_OF_THE_SERVICE, F_OK) == 0 ? SOCKET_OF_THE_SERVICE : NULL;
    }
    *ret = endpoint;
    return endpoint != NULL ||
           fail(failure, EXIT_CODE_CONFIGURATION,
                "You must specify an endpoint: --endpoint unix:PATH, or the environment variable %s "
                "(there is no %s)",
                SOCKET_VARIABLE, SOCKET_OF_THE_SERVICE);
}

/* No socket, or one that a daemon left behind. */
static bool nobody_listens(int error)
{
    return error == ENOENT || error == ECONNREFUSED;
}

bool operation_connect(const struct globals *globals, struct rewrap_client **ret, bool *ret_nobody,
                       struct failure *failure)
{
    const char *endpoint = NULL;
    *ret_nobody = !find_endpoint(globals, &endpoint, failure);
    if (*ret_nobody) {
        return false;
    }
    struct rewrap_client_result result = rewrap_client_connect(endpoint, ret);
    switch ((int)result.code) {
    case REWRAP_CLIENT_OK:
        return true;
    case REWRAP_CLIENT_ENDPOINT:
        return fail(failure, globals->endpoint != NULL ? EXIT_CODE_USAGE : EXIT_CODE_CONFIGURATION,
                    "Bad value for %s \"%.128s\": it must be of the form unix:PATH, with a path of at most 107 bytes",
                    globals->endpoint != NULL ? "--endpoint" : SOCKET_VARIABLE, endpoint);
    default:
        *ret_nobody = true;
        return fail(failure, EXIT_CODE_OTHER, "Could not connect to the endpoint: \"%s\": %s%s", endpoint,
                    strerror(result.saved_errno), nobody_listens(result.saved_errno) ? " (is rewrapd running?)" : "");
    }
}

bool operation_timeout(const struct globals *globals, uint32_t *ret_timeout_ms, struct failure *failure)
{
    long long timeout_ms = 0;
    if (globals->timeout_ms != NULL && !param_integer(globals->timeout_ms, 1, TIMEOUT_MAX_MS, &timeout_ms)) {
        return fail(failure, EXIT_CODE_USAGE, "argument --timeout-ms: must be 1 to %d", TIMEOUT_MAX_MS);
    }
    *ret_timeout_ms = (uint32_t)timeout_ms;
    return true;
}

static bool call(const ProtobufCMethodDescriptor *method, const struct globals *globals, json_t *request, json_t **ret,
                 struct failure *failure)
{
    uint32_t timeout_ms = 0;
    struct rewrap_client *client = NULL;
    bool nobody;
    if (!operation_timeout(globals, &timeout_ms, failure) || !operation_connect(globals, &client, &nobody, failure)) {
        return false;
    }
    /* As the AWS CLI: whoever asks for a page by --limit, --max-items or --marker gets that page. */
    const struct call_paging *paging = call_paging_of(method);
    bool one_page = globals->no_paginate != NULL || paging == NULL || json_object_get(request, paging->limit) != NULL ||
                    json_object_get(request, "Marker") != NULL;
    bool called = one_page ? call_once(client, method, request, timeout_ms, ret, failure)
                           : call_all_pages(client, method, request, timeout_ms, ret, failure);
    rewrap_client_free(client);
    return called;
}

/* ------------------------------------------------------------------ the answer */

static bool print_answer(const ProtobufCMethodDescriptor *method, const struct globals *globals, json_t *answer,
                         struct failure *failure)
{
    const char *output = globals->output == NULL ? "json" : globals->output;
    const json_t *value = answer;
    output_timestamps(method->output, answer);
    if (json_object_size(answer) == 0) {
        return true; /* an answer without members prints nothing (KMS.md R-150) */
    }
    if (globals->query != NULL) {
        value = query_select(globals->query, answer);
    }
    bool printed = strcmp(output, "text") == 0    ? output_text(value, stdout)
                   : strcmp(output, "table") == 0 ? output_table(method->name, value, stdout)
                                                  : output_json(value, stdout);
    if (!printed || fflush(stdout) != 0) {
        return fail(failure, EXIT_CODE_OTHER, "The answer could not be written to the standard output");
    }
    return true;
}

static bool print_skeleton(const ProtobufCMethodDescriptor *method, struct failure *failure)
{
    json_t *skeleton = json_skeleton(method->input);
    bool printed = skeleton != NULL && output_json(skeleton, stdout) && fflush(stdout) == 0;
    json_decref(skeleton);
    return printed || fail(failure, EXIT_CODE_OTHER, "The skeleton could not be written to the standard output");
}

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    _exit(EXIT_CODE_INTERRUPTED);
}

static bool run(const ProtobufCMethodDescriptor *method, const struct command_line *line, struct failure *failure)
{
    const struct globals *globals = &line->globals;
    if (globals->help != NULL) {
        operation_help(method, stdout);
        return true;
    }
    if (globals->version != NULL) {
        operation_help_version(stdout);
        return true;
    }
    if (globals->query != NULL && !query_check(globals->query, failure)) {
        return false;
    }
    if (globals->skeleton != NULL) {
        return print_skeleton(method, failure);
    }
    json_t *request = NULL;
    json_t *answer = NULL;
    bool done = operation_request(method, line, &request, failure) &&
                call(method, globals, request, &answer, failure) && print_answer(method, globals, answer, failure);
    json_decref(request);
    json_decref(answer);
    return done;
}

int operation_run(const ProtobufCMethodDescriptor *method, const struct globals *globals, int argc, char **argv)
{
    struct failure failure;
    struct command_line line = {.globals = *globals};
    struct sigaction interrupted = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &interrupted, NULL);
    if (argc == 1 && strcmp(argv[0], "help") == 0) { /* as the AWS CLI has it */
        line.globals.help = argv[0];
        argc = 0;
    }
    bool parsed = command_line_parse(method->input, argc, argv, &line, &failure);
    bool done = parsed && run(method, &line, &failure);
    command_line_clear(&line);
    if (done) {
        return EXIT_CODE_OK;
    }
    if (failure.exit_code == EXIT_CODE_SERVICE) {
        return EXIT_CODE_SERVICE; /* printed by the call */
    }
    if (!parsed) {
        char command[OPERATION_MAX_NAME];
        operation_command_name(method->name, command);
        fprintf(stderr, "\nusage: rewrapctl %s [options]\nTo see the options: rewrapctl %s --help\n", command, command);
    }
    return failure_print(&failure);
}
