/* Reading the options of `rewrapctl token` (token_options.h). */
#include "token_options.h"

#include "fail.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help_text[] =
    "Usage: rewrapctl token probe [--require sealed|sensitive] OPTIONS\n"
    "\n"
    "Finds out what a token really does, by trying it with session objects that are destroyed again, and says whether\n"
    "rewrapd could serve it. Talks to the token directly, with the user PIN. docs/tokens.md explains the rows.\n"
    "\n"
    "  --require LEVEL        sealed (default): the token itself keeps payloads in, even from a worker that was taken\n"
    "                         over; sensitive: it keeps them from being read, but such a worker could wrap them out\n"
    "\n"
    "Options, and the environment variables that stand in for them:\n"
    "  --module PATH          the PKCS#11 module                       REWRAP_MODULE\n"
    "  --token-uri URI        which token, as in RFC 7512              REWRAP_TOKEN_URI\n"
    "  --init-args TEXT       for modules that want it (NSS softokn)   REWRAP_INIT_ARGS\n"
    "  --pin-file FILE        the user PIN, on the first line          REWRAP_PIN_FILE\n"
    "  --user-pin-file FILE   the same\n"
    "  --output text|json|table   default text\n"
    "  --help\n"
    "\n"
    "A PIN file may be read and written by nobody but its owner and group. A wrong PIN is tried once.\n"
    "Exit codes: 0 it could be served at that level; 252 wrong usage; 253 wrong configuration or PIN; 255 it could\n"
    "not, or anything else; the reason is on the standard error output.\n";

enum option_id {
    OPTION_MODULE,
    OPTION_TOKEN_URI,
    OPTION_INIT_ARGS,
    OPTION_PIN_FILE,
    OPTION_REQUIRE,
    OPTION_OUTPUT,
    OPTION_HELP,
};

static const struct option long_options[] = {
    {"module", required_argument, NULL, OPTION_MODULE},
    {"token-uri", required_argument, NULL, OPTION_TOKEN_URI},
    {"init-args", required_argument, NULL, OPTION_INIT_ARGS},
    {"pin-file", required_argument, NULL, OPTION_PIN_FILE},
    {"user-pin-file", required_argument, NULL, OPTION_PIN_FILE},
    {"require", required_argument, NULL, OPTION_REQUIRE},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static const char *const level_names[] = {
    [HSM_LEVEL_SENSITIVE] = "sensitive",
    [HSM_LEVEL_SEALED] = "sealed",
};

const char *token_level_name(enum hsm_level level)
{
    return level_names[level];
}

bool token_level_parse(const char *text, enum hsm_level *ret)
{
    for (int level = HSM_LEVEL_SENSITIVE; level <= HSM_LEVEL_SEALED; level++) {
        if (strcmp(text, level_names[level]) == 0) {
            *ret = (enum hsm_level)level;
            return true;
        }
    }
    return false;
}

REWRAP_PRINTF(1, 2) static bool complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("rewrapctl token: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\nrewrapctl token --help shows the options.\n", stderr);
    va_end(arguments);
    return false;
}

static bool set_output(struct token_options *options, const char *value)
{
    static const char *const names[] = {[TOKEN_TEXT] = "text", [TOKEN_JSON] = "json", [TOKEN_TABLE] = "table"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(value, names[i]) == 0) {
            options->format = (enum token_format)i;
            return true;
        }
    }
    return complain("--output is text, json or table, not '%s'", value);
}

static bool set(struct token_options *options, enum option_id id, const char *value)
{
    switch (id) {
    case OPTION_MODULE:
        options->token.module = value;
        return true;
    case OPTION_TOKEN_URI:
        options->token.uri = value;
        return true;
    case OPTION_INIT_ARGS:
        options->token.init_args = value;
        return true;
    case OPTION_PIN_FILE:
        options->pin_file = value;
        return true;
    case OPTION_REQUIRE:
        return token_level_parse(value, &options->require) ||
               complain("--require is sealed or sensitive, not '%s'", value);
    case OPTION_OUTPUT:
        return set_output(options, value);
    case OPTION_HELP:
        break;
    }
    return true;
}

/* Sets *ret_help when help is asked for. argv[0] is the action. */
static bool parse(int argc, char **argv, struct token_options *options, bool *ret_help)
{
    opterr = 0;
    optind = 0; /* glibc: start afresh, the caller may have used getopt too */
    for (;;) {
        const int at = optind == 0 ? 1 : optind;
        const int id = getopt_long(argc, argv, "+:", long_options, NULL);
        if (id == -1) {
            break;
        }
        if (id == ':') {
            return complain("%s needs a value", argv[at]);
        }
        if (id == '?') {
            return complain("%s is not an option of it", argv[at]);
        }
        if (id == OPTION_HELP) {
            *ret_help = true;
            return true;
        }
        if (!set(options, (enum option_id)id, optarg)) {
            return false;
        }
    }
    return optind == argc || complain("'%s' is not an option", argv[optind]);
}

static const char *from_environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool complete(const struct token_options *options)
{
    if (options->token.module == NULL) {
        return complain("no module: give --module or REWRAP_MODULE");
    }
    if (options->token.uri == NULL) {
        return complain("no token: give --token-uri or REWRAP_TOKEN_URI");
    }
    if (options->pin_file == NULL) {
        return complain("no user PIN: give --pin-file or REWRAP_PIN_FILE");
    }
    return true;
}

bool token_options_parse(int argc, char **argv, struct token_options *ret, int *ret_exit)
{
    struct token_options options = {
        .token = {.module = from_environment("REWRAP_MODULE"),
                  .uri = from_environment("REWRAP_TOKEN_URI"),
                  .init_args = from_environment("REWRAP_INIT_ARGS")},
        .pin_file = from_environment("REWRAP_PIN_FILE"),
        .require = HSM_LEVEL_SEALED,
    };
    bool help = argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0);
    help |= argc == 3 && strcmp(argv[2], "help") == 0;
    *ret_exit = EXIT_CODE_USAGE;
    if (!help && (argc < 2 || strcmp(argv[1], "probe") != 0)) {
        return argc < 2 ? complain("probe?") : complain("probe, not '%s'", argv[1]);
    }
    if (!help && !parse(argc - 1, argv + 1, &options, &help)) {
        return false;
    }
    if (help) {
        fputs(help_text, stdout);
        *ret_exit = fflush(stdout) == 0 ? 0 : EXIT_CODE_OTHER;
        return false;
    }
    *ret_exit = EXIT_CODE_CONFIGURATION;
    if (!complete(&options)) {
        return false;
    }
    *ret = options;
    return true;
}

const char *token_asked_for(const struct hsm_token_config *config, struct hsm_result result,
                            char out[TOKEN_ASKED_FOR_BYTES])
{
    const bool is_module = result.code == HSM_MODULE;
    const char *asked_for = is_module ? config->module : config->uri;
    const size_t len = is_module ? strlen(asked_for) : strcspn(asked_for, "?");
    snprintf(out, TOKEN_ASKED_FOR_BYTES, "%s%.*s", is_module ? "module " : "", (int)(len < 400 ? len : 400), asked_for);
    return out;
}
