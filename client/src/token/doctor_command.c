/* rewrapctl doctor: the order of its steps; see doctor_command.h. */
#include "doctor_command.h"

#include "doctor.h"
#include "operation/operation.h"
#include "output/output.h"

#include "proto/service.h"

#include <stdio.h>
#include <string.h>

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

/* A daemon that is not there is a finding. *ret is the caller's. */
static bool ask_daemon(const struct globals *globals, json_t **ret, struct failure *failure)
{
    json_t *request = json_object();
    bool nobody = false;
    bool asked = request != NULL ? operation_ask(service_method("Doctor"), globals, request, ret, &nobody, failure)
                                 : fail_memory(failure);
    json_decref(request);
    if (asked || !nobody) {
        return asked;
    }
    json_t *answer = doctor_answer_new();
    if (answer == NULL ||
        !doctor_add(answer, DOCTOR_FAULT, "daemon", "rewrapd", failure->text,
                    "Start rewrapd for this socket; as a service: systemctl start rewrapd. Its log says why, if it "
                    "does not stay.")) {
        json_decref(answer);
        return fail_memory(failure);
    }
    *ret = answer;
    return true;
}

static bool examine(const struct globals *globals, const char *config, json_t **ret, struct failure *failure)
{
    json_t *answer = NULL;
    if (!ask_daemon(globals, &answer, failure)) {
        return false;
    }
    if (config != NULL && !doctor_check_config(answer, config)) {
        json_decref(answer);
        return fail_memory(failure);
    }
    *ret = answer;
    return true;
}

/* Does what was typed; the verdict is the caller's to judge. */
static bool run(const struct globals *globals, const char *config, enum doctor_verdict *ret, struct failure *failure)
{
    bool json = false;
    json_t *answer = NULL;
    if (!globals_is_json(globals, "doctor", &json, failure) || !examine(globals, config, &answer, failure)) {
        return false;
    }
    bool printed = json ? output_json(answer, stdout) : doctor_print(answer, stdout);
    *ret = doctor_verdict_of(answer);
    json_decref(answer);
    return output_finish(printed, "answer", failure);
}

static bool parse(int argc, char **argv, struct command_line *line, const char **ret_config, struct failure *failure)
{
    int words = argc;
    *ret_config = NULL;
    if (argc == 1 && strcmp(argv[0], "help") == 0) { /* as the operations have it */
        line->globals.help = argv[0];
        return true;
    }
    if (!command_line_take("--config", &words, argv, ret_config, failure)) {
        return false;
    }
    if (*ret_config != NULL && **ret_config == '\0') {
        return fail(failure, EXIT_CODE_USAGE, "argument --config: expected a file");
    }
    return command_line_parse(service_method("Doctor")->input, words, argv, line, failure) &&
           (line->globals.cli_input_json == NULL ||
            fail(failure, EXIT_CODE_USAGE, "argument --cli-input-json: doctor does not have it"));
}

int doctor_command(int argc, char **argv)
{
    struct failure failure;
    struct command_line line = {0};
    const char *config = NULL;
    enum doctor_verdict verdict = DOCTOR_FAULT;
    bool parsed = parse(argc - 1, argv + 1, &line, &config, &failure);
    command_line_clear(&line); /* its globals stay */
    if (!parsed) {
        return failure_print_usage(&failure, usage);
    }
    if (line.globals.help != NULL) {
        fputs(usage, stdout);
        return output_end("help");
    }
    if (line.globals.version != NULL) {
        operation_help_version(stdout);
        return output_end("version");
    }
    return run(&line.globals, config, &verdict, &failure) ? (int)verdict : failure_print(&failure);
}
