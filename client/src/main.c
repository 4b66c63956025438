/* rewrapctl: the command line of callers, operators and custodians. Finds the command and hands over to it. */
#include "ceremony_command.h"
#include "doctor_command.h"
#include "operation.h"
#include "policy_command.h"
#include "token_command.h"

#include "proto/json.h"
#include "proto/service.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* Commands that are not operations of the daemon, or print one's answer in a way of their own. Each gets its own words,
 * argv[0] being its name, and returns an exit code. */
static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"ceremony", ceremony_command, "make the keys of a token, as its custodian"},
    {"policy", policy_command, "try policies: what is allowed and why, and what they likely do not mean"},
    {"token", token_command, "probe a token: what it really does, and whether rewrapd could serve it"},
    {"doctor", doctor_command, "look at the service: tokens, stock, registry, file modes, configuration"},
    {NULL, NULL, NULL},
};

static const struct command *find_command(const char *name)
{
    for (const struct command *command = commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
    }
    return NULL;
}

static void print_operations(const ProtobufCServiceDescriptor *service, FILE *file)
{
    for (unsigned i = 0; i < service->n_methods; i++) {
        char name[OPERATION_MAX_NAME];
        operation_command_name(service->methods[i].name, name);
        if (find_command(name) == NULL) {
            fprintf(file, "    %s\n", name);
        }
    }
}

static void print_commands(FILE *file)
{
    fprintf(file, "Operations of the daemon:\n");
    const ProtobufCServiceDescriptor *service;
    for (size_t i = 0; (service = service_at(i)) != NULL; i++) {
        print_operations(service, file);
    }
    fprintf(file, "\nOther commands:\n");
    for (const struct command *command = commands; command->name != NULL; command++) {
        fprintf(file, "    %-12s %s\n", command->name, command->help);
    }
}

static void print_help(FILE *file)
{
    fprintf(file, "usage: rewrapctl [global options] <command> [options]\n"
                  "       rewrapctl <command> --help\n\n");
    print_commands(file);
    fprintf(file, "\nGlobal options:\n");
    operation_help_globals(file);
}

static int refuse(const struct failure *failure)
{
    fprintf(stderr, "\nusage: rewrapctl [global options] <command> [options]\nTo see the options of a command: "
                    "rewrapctl <command> --help\n");
    return failure_print(failure);
}

static int refuse_command(const char *name)
{
    fprintf(stderr, "\nusage: rewrapctl [global options] <command> [options]\n\n");
    print_commands(stderr);
    struct failure failure;
    fail(&failure, EXIT_CODE_USAGE, "%s%.128s",
         name == NULL ? "a command is required" : "unknown command: ", name == NULL ? "" : name);
    return failure_print(&failure);
}

static int run_command(const struct command *command, int at, int argc, char **argv)
{
    if (at != 0) {
        struct failure failure;
        fail(&failure, EXIT_CODE_USAGE, "%s has options of its own: give none before it", command->name);
        return refuse(&failure);
    }
    return command->run(argc, argv);
}

static int help_command(const struct command *command)
{
    char name[16];
    char option[] = "--help";
    snprintf(name, sizeof name, "%s", command->name);
    return command->run(2, (char *[]){name, option, NULL});
}

int main(int argc, char **argv)
{
    /* PINs and plaintexts pass through this process: no core file, and no trace in freed memory. */
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    json_use_wiping_memory();

    struct globals globals = {0};
    struct failure failure;
    int at = 0;
    if (argc < 1 || !command_line_command(argc - 1, argv + 1, &globals, &at, &failure)) {
        return argc < 1 ? EXIT_CODE_USAGE : refuse(&failure);
    }
    if (globals.version != NULL) {
        operation_help_version(stdout);
        return EXIT_CODE_OK;
    }
    while (at + 1 < argc && strcmp(argv[at + 1], "help") == 0) { /* "help create-key" is "create-key --help" */
        globals.help = argv[++at];
    }
    if (globals.help != NULL && (at + 1 == argc || argv[at + 1][0] == '-')) {
        print_help(stdout);
        return EXIT_CODE_OK;
    }
    if (at + 1 == argc) {
        return refuse_command(NULL);
    }
    char **rest = argv + 1 + at;
    const struct command *command = find_command(rest[0]);
    if (command != NULL) {
        return globals.help != NULL ? help_command(command) : run_command(command, at, argc - 1 - at, rest);
    }
    const ProtobufCMethodDescriptor *method = operation_find(rest[0]);
    return method == NULL ? refuse_command(rest[0]) : operation_run(method, &globals, argc - 2 - at, rest + 1);
}
