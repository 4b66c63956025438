/* Reading the options of `rewrapctl token` (token_options.h). */
#include "token_options.h"

#include "command/fail.h"

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
    "  --timeout SECONDS      for each of opening the token, the login (which has at least 10), the probe, and "
    "closing\n"
    "                         (default 120): a module that hangs ends the command, with exit code 255. Time for which\n"
    "                         the command is stopped (Ctrl-Z) counts\n"
    "  --help\n"
    "\n"
    "A PIN file may be read and written by nobody but its owner and group. A wrong PIN is tried once.\n"
    "Exit codes: 0 it could be served at that level; 252 wrong usage; 253 wrong configuration or PIN; 255 it could\n"
    "not, or anything else; the reason is on the standard error output.\n";

static bool set_output(void *state, const char *value)
{
    static const char *const names[] = {[TOKEN_TEXT] = "text", [TOKEN_JSON] = "json", [TOKEN_TABLE] = "table"};
    struct token_options *options = state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(value, names[i]) == 0) {
            options->format = (enum token_format)i;
            return true;
        }
    }
    return token_access_complain(&options->access, "--output is text, json or table, not '%s'", value);
}

#define PROBE 0U

static const struct token_option rows[] = {
    {"require", false, 1U << PROBE, token_access_set_require},
    {"output", false, 1U << PROBE, set_output},
    {"timeout", false, 1U << PROBE, token_access_set_timeout},
    {NULL, false, 0, NULL},
};

static bool find_action(int argc, char **argv, const struct token_access *access)
{
    if (argc < 2) {
        return token_access_complain(access, "probe?");
    }
    return strcmp(argv[1], "probe") == 0 || token_access_complain(access, "probe, not '%s'", argv[1]);
}

bool token_options_parse(int argc, char **argv, struct token_options *ret, int *ret_exit)
{
    struct token_options options = {.access = token_access_of_environment("token")};
    bool help = token_access_asks_help(argc, argv);
    *ret_exit = EXIT_CODE_USAGE;
    if (!help && (!find_action(argc, argv, &options.access) ||
                  !token_access_parse(rows, PROBE, argc - 1, argv + 1, &options.access, &help))) {
        return false;
    }
    if (help) {
        *ret_exit = token_access_help(help_text);
        return false;
    }
    *ret_exit = EXIT_CODE_CONFIGURATION;
    if (!token_access_is_complete(&options.access, "--pin-file")) {
        return false;
    }
    options.access.action = "probe";
    *ret = options;
    return true;
}
