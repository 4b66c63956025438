/* From the words of a command to the printed answer; see operation.h. */
#include "operation.h"

#include "operation_request.h"
#include "output/output.h"
#include "output/query.h"

#include "proto/json.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USAGE "usage: rewrapctl %s [options]\nTo see the options: rewrapctl %s --help\n"

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
    return output_finish(printed, "answer", failure);
}

static bool print_skeleton(const ProtobufCMethodDescriptor *method, struct failure *failure)
{
    json_t *skeleton = json_skeleton(method->input);
    bool printed = skeleton != NULL && output_json(skeleton, stdout);
    json_decref(skeleton);
    return output_finish(printed, "skeleton", failure);
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
        return output_finish(true, "help", failure);
    }
    if (globals->version != NULL) {
        operation_help_version(stdout);
        return output_finish(true, "version", failure);
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
                operation_ask(method, globals, request, &answer, NULL, failure) &&
                print_answer(method, globals, answer, failure);
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
    if (parsed) {
        return failure_print(&failure);
    }
    char command[OPERATION_MAX_NAME];
    char words[2 * OPERATION_MAX_NAME + sizeof USAGE];
    operation_command_name(method->name, command);
    snprintf(words, sizeof words, USAGE, command, command);
    return failure_print_usage(&failure, words);
}
