/* rewrapctl: the command line of callers, operators and custodians. Finds the command and hands over to it. */
#include "command/guess.h"
#include "operation/operation.h"
#include "output/output.h"
#include "policy/policy_command.h"
#include "token/ceremony_command.h"
#include "token/doctor_command.h"
#include "token/token_command.h"

#include "proto/json.h"
#include "proto/service.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

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

/* The name that is closest to what was typed; false when none is near enough to be meant. */
static bool guess_command(const char *typed, struct guess *guess)
{
    const ProtobufCMethodDescriptor *method;
    guess_begin(guess, typed);
    for (size_t i = 0; (method = service_method_at(i)) != NULL; i++) {
        char name[OPERATION_MAX_NAME];
        operation_command_name(method->name, name);
        guess_try(guess, name);
    }
    for (const struct command *command = commands; command->name != NULL; command++) {
        guess_try(guess, command->name);
    }
    return guess->name[0] != '\0';
}

static int refuse_command(const char *name)
{
    struct failure failure;
    struct guess guess;
    fprintf(stderr, "\nusage: rewrapctl [global options] <command> [options]\nTo see the commands: rewrapctl --help\n");
    if (name == NULL) {
        fail(&failure, EXIT_CODE_USAGE, "a command is required");
    } else if (guess_command(name, &guess)) {
        fail(&failure, EXIT_CODE_USAGE, "unknown command: %.128s (did you mean %s?)", name, guess.name);
    } else {
        fail(&failure, EXIT_CODE_USAGE, "unknown command: %.128s", name);
    }
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

/* A file that is opened must not get the number of an output that is closed: what is said would be written into it.
 * What stands in cannot be read or written either, so that nothing passes for done. */
static void keep_standard_files(void)
{
    static const int modes[] = {[STDIN_FILENO] = O_WRONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_RDONLY};
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd] | O_CLOEXEC) != fd) {
            abort(); /* a system without /dev/null */
        }
    }
}

int main(int argc, char **argv)
{
    /* PINs and plaintexts pass through this process: no core file, and no trace in freed memory. */
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    json_use_wiping_memory();

    keep_standard_files();

    struct globals globals = {0};
    struct failure failure;
    int at = 0;
    if (argc < 1 || !command_line_command(argc - 1, argv + 1, &globals, &at, &failure)) {
        return argc < 1 ? EXIT_CODE_USAGE : refuse(&failure);
    }
    if (globals.version != NULL) {
        operation_help_version(stdout);
        return output_end("version");
    }
    while (at + 1 < argc && strcmp(argv[at + 1], "help") == 0) { /* "help create-key" is "create-key --help" */
        globals.help = argv[++at];
    }
    if (globals.help != NULL && (at + 1 == argc || argv[at + 1][0] == '-')) {
        print_help(stdout);
        return output_end("help");
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
