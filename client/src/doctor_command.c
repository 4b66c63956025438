/* rewrapctl doctor: the order of its steps; see doctor_command.h. */
#include "doctor_command.h"

#include "doctor.h"
#include "operation.h"
#include "operation_call.h"
#include "output.h"

#include "proto/rewrap.pb-c.h"
#include "proto/service.h"

#include <stdlib.h>
#include <string.h>

#define CONFIG_OPTION "--config"

static const char usage[] =
    "usage: rewrapctl doctor [--config FILE] [--output text|json] [--endpoint unix:PATH] [--timeout-ms N]\n"
    "\n"
    "Looks at the service: tokens, their level and stock, keys without objects and objects without keys, file modes.\n"
    "For the root principal of an account (the socket of an operator). More: docs/doctor.md\n"
    "\n"
    "    --config FILE         has rewrapd check this configuration first, even while no daemon runs\n"
    "    --output text|json    lines for a person (the default), or the whole answer\n"
    "    --endpoint unix:PATH  the daemon's socket; else $REWRAP_SOCKET, or that of the service\n"
    "    --timeout-ms N        the time for reading each token's objects\n"
    "\n"
    "Exit codes: 0 all is well; 1 there are warnings; 2 there are faults; 252 to 255 there is no verdict, as with\n"
    "every command.\n";

/* Takes --config FILE and --config=FILE out of argv; *ret_config is NULL without it. argc is at least 0. */
static bool take_config(int *argc, char **argv, const char **ret_config, struct failure *failure)
{
    const size_t len = strlen(CONFIG_OPTION);
    int kept = 0;
    *ret_config = NULL;
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], CONFIG_OPTION) == 0) {
            if (++i == *argc) {
                return fail(failure, EXIT_CODE_USAGE, "argument " CONFIG_OPTION ": expected one argument");
            }
            *ret_config = argv[i];
        } else if (strncmp(argv[i], CONFIG_OPTION "=", len + 1) == 0) {
            *ret_config = argv[i] + len + 1;
        } else {
            argv[kept++] = argv[i];
        }
    }
    *argc = kept;
    return *ret_config == NULL || **ret_config != '\0' ||
           fail(failure, EXIT_CODE_USAGE, "argument " CONFIG_OPTION ": expected a file");
}

/* A daemon that is not there is a finding. *ret is the caller's. */
static bool ask_daemon(const struct globals *globals, json_t **ret, struct failure *failure)
{
    const ProtobufCMethodDescriptor *method = service_method("Doctor");
    struct rewrap_client *client = NULL;
    uint32_t timeout_ms = 0;
    bool nobody = false;
    if (!operation_timeout(globals, &timeout_ms, failure)) {
        return false;
    }
    if (operation_connect(globals, &client, &nobody, failure)) {
        json_t *request = json_object();
        bool asked = request != NULL ? call_once(client, method, request, timeout_ms, ret, failure)
                                     : fail(failure, EXIT_CODE_OTHER, "out of memory");
        json_decref(request);
        rewrap_client_free(client);
        return asked;
    }
    if (!nobody) {
        return false;
    }
    json_t *answer = doctor_answer_new();
    if (answer == NULL ||
        !doctor_add(answer, DOCTOR_FAULT, "daemon", "rewrapd", failure->text,
                    "Start rewrapd for this socket; as a service: systemctl start rewrapd. Its log says why, if it "
                    "does not stay.")) {
        json_decref(answer);
        return fail(failure, EXIT_CODE_OTHER, "out of memory");
    }
    *ret = answer;
    return true;
}

static bool print(const json_t *answer, const char *output, struct failure *failure)
{
    bool printed =
        output != NULL && strcmp(output, "json") == 0 ? output_json(answer, stdout) : doctor_print(answer, stdout);
    return (printed && fflush(stdout) == 0) ||
           fail(failure, EXIT_CODE_OTHER, "The answer could not be written to the standard output");
}

static bool examine(const struct globals *globals, const char *config, json_t **ret, struct failure *failure)
{
    if (globals->output != NULL && strcmp(globals->output, "json") != 0 && strcmp(globals->output, "text") != 0) {
        return fail(failure, EXIT_CODE_USAGE, "argument --output: doctor has json and text");
    }
    json_t *answer = NULL;
    if (!ask_daemon(globals, &answer, failure)) {
        return false;
    }
    if (config != NULL && !doctor_check_config(answer, config)) {
        json_decref(answer);
        return fail(failure, EXIT_CODE_OTHER, "out of memory");
    }
    *ret = answer;
    return true;
}

int doctor_command(int argc, char **argv)
{
    struct failure failure;
    struct command_line line = {0};
    const char *config = NULL;
    json_t *answer = NULL;
    int words = argc - 1;
    bool parsed = take_config(&words, argv + 1, &config, &failure) &&
                  command_line_parse(&rewrap__doctor_request__descriptor, words, argv + 1, &line, &failure);
    if (parsed && line.globals.help != NULL) {
        command_line_clear(&line);
        fputs(usage, stdout);
        return EXIT_CODE_OK;
    }
    bool done =
        parsed && examine(&line.globals, config, &answer, &failure) && print(answer, line.globals.output, &failure);
    int exit_code = done ? (int)doctor_verdict_of(answer) : (int)failure.exit_code;
    command_line_clear(&line);
    json_decref(answer);
    if (!done && exit_code != EXIT_CODE_SERVICE) { /* that one was printed by the call */
        if (!parsed) {
            fputs("\n", stderr);
            fputs(usage, stderr);
        }
        return failure_print(&failure);
    }
    return exit_code;
}
