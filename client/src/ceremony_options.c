/* Reading the options of `rewrapctl ceremony` (ceremony_options.h). */
#include "ceremony_options.h"

#include "base/hex.h"
#include "fail.h"
#include "token_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SPARES 8

static const char help_text[] =
    "Usage: rewrapctl ceremony init [--spares N] [--require LEVEL] OPTIONS\n"
    "       rewrapctl ceremony add --key-spec SPEC --count N [--require LEVEL] OPTIONS\n"
    "       rewrapctl ceremony list OPTIONS\n"
    "       rewrapctl ceremony destroy --material-id HEX [--material-id HEX]... [--yes] OPTIONS\n"
    "\n"
    "Makes on a token what rewrapd needs and may not make itself, and takes it off again. Talks to the token "
    "directly.\n"
    "\n"
    "  init   makes the binding root and the audit key, and stocks sealed SYMMETRIC_DEFAULT keys until there are N\n"
    "         (default 8). Makes nothing twice: a run that was cut off is simply run again.\n"
    "  add    makes N more sealed keys for the stock, from which CreateKey and rotation draw.\n"
    "         SPEC is SYMMETRIC_DEFAULT, RSA_2048, RSA_3072 or RSA_4096; N is at most 10000.\n"
    "  list   shows the keys on the token, and what those lack that do not pass.\n"
    "  destroy\n"
    "         for the objects of deleted keys: shows which of ours have these ids (of rewrapctl doctor or list), at\n"
    "         most 100 of them, and with --yes destroys what the token lets the user destroy, and then the SO when his "
    "PIN is\n"
    "         given. For each it says what became of it. What is encrypted under a destroyed key is lost. Never the\n"
    "         binding root and the audit key.\n"
    "\n"
    "  --require sealed (default) makes keys only on a token that enforces the boundary itself. --require sensitive\n"
    "  makes them on one that does not, too, with the user PIN alone: whoever has that PIN, or takes a worker over, "
    "can\n"
    "  then bring every payload out. rewrapctl token probe shows the level of a token.\n"
    "\n"
    "Options, and the environment variables that stand in for them:\n"
    "  --module PATH          the PKCS#11 module                       REWRAP_MODULE\n"
    "  --token-uri URI        which token, as in RFC 7512              REWRAP_TOKEN_URI\n"
    "  --init-args TEXT       for modules that want it (NSS softokn)   REWRAP_INIT_ARGS\n"
    "  --user-pin-file FILE   the user PIN, on the first line          REWRAP_PIN_FILE\n"
    "  --pin-file FILE        the same\n"
    "  --so-pin-file FILE     the SO PIN; not for list, nor for a      REWRAP_SO_PIN_FILE\n"
    "                         token of level sensitive\n"
    "  --output text|json     default text\n"
    "  --help\n"
    "\n"
    "A PIN file may be read and written by nobody but its owner and group. A wrong PIN is tried once.\n"
    "Exit codes: 0; 252 wrong usage; 253 wrong configuration or PIN; 255 anything else.\n";

enum option_id {
    OPTION_MODULE,
    OPTION_TOKEN_URI,
    OPTION_INIT_ARGS,
    OPTION_USER_PIN_FILE,
    OPTION_SO_PIN_FILE,
    OPTION_OUTPUT,
    OPTION_KEY_SPEC,
    OPTION_COUNT,
    OPTION_SPARES,
    OPTION_REQUIRE,
    OPTION_MATERIAL_ID,
    OPTION_YES,
    OPTION_HELP,
    OPTIONS,
};

static const struct option long_options[] = {
    {"module", required_argument, NULL, OPTION_MODULE},
    {"token-uri", required_argument, NULL, OPTION_TOKEN_URI},
    {"init-args", required_argument, NULL, OPTION_INIT_ARGS},
    {"user-pin-file", required_argument, NULL, OPTION_USER_PIN_FILE},
    {"pin-file", required_argument, NULL, OPTION_USER_PIN_FILE},
    {"so-pin-file", required_argument, NULL, OPTION_SO_PIN_FILE},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"key-spec", required_argument, NULL, OPTION_KEY_SPEC},
    {"count", required_argument, NULL, OPTION_COUNT},
    {"spares", required_argument, NULL, OPTION_SPARES},
    {"require", required_argument, NULL, OPTION_REQUIRE},
    {"material-id", required_argument, NULL, OPTION_MATERIAL_ID},
    {"yes", no_argument, NULL, OPTION_YES},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

#define COMMON                                                                                                         \
    (1U << OPTION_MODULE | 1U << OPTION_TOKEN_URI | 1U << OPTION_INIT_ARGS | 1U << OPTION_USER_PIN_FILE |              \
     1U << OPTION_OUTPUT | 1U << OPTION_HELP)

static const struct action_row {
    const char *name;
    unsigned allowed;
} actions[] = {
    [CEREMONY_ACTION_INIT] = {"init", COMMON | 1U << OPTION_SO_PIN_FILE | 1U << OPTION_SPARES | 1U << OPTION_REQUIRE},
    [CEREMONY_ACTION_ADD] = {"add", COMMON | 1U << OPTION_SO_PIN_FILE | 1U << OPTION_KEY_SPEC | 1U << OPTION_COUNT |
                                        1U << OPTION_REQUIRE},
    /* The SO's PIN is not read by list, but a script may hand the same options to all three. */
    [CEREMONY_ACTION_LIST] = {"list", COMMON | 1U << OPTION_SO_PIN_FILE},
    [CEREMONY_ACTION_DESTROY] = {"destroy",
                                 COMMON | 1U << OPTION_SO_PIN_FILE | 1U << OPTION_MATERIAL_ID | 1U << OPTION_YES},
};
#define N_ACTIONS (sizeof actions / sizeof actions[0])

static const struct spec_row {
    enum hsm_spec spec;
    const char *name;
} specs[] = {
    {HSM_SPEC_AES_256, "SYMMETRIC_DEFAULT"},
    {HSM_SPEC_RSA_2048, "RSA_2048"},
    {HSM_SPEC_RSA_3072, "RSA_3072"},
    {HSM_SPEC_RSA_4096, "RSA_4096"},
};
#define N_SPECS (sizeof specs / sizeof specs[0])

const char *ceremony_spec_name(enum hsm_spec spec)
{
    for (size_t i = 0; i < N_SPECS; i++) {
        if (specs[i].spec == spec) {
            return specs[i].name;
        }
    }
    return "";
}

REWRAP_PRINTF(2, 3) static bool complain(const struct ceremony_options *options, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "rewrapctl ceremony%s%s: ", options->action_name == NULL ? "" : " ",
            options->action_name == NULL ? "" : options->action_name);
    vfprintf(stderr, format, arguments);
    fputs("\nrewrapctl ceremony --help shows the options.\n", stderr);
    va_end(arguments);
    return false;
}

static bool parse_spec(const char *text, enum hsm_spec *ret)
{
    for (size_t i = 0; i < N_SPECS; i++) {
        if (strcmp(specs[i].name, text) == 0) {
            *ret = specs[i].spec;
            return true;
        }
    }
    return false;
}

/* Plain decimal digits, from min to CEREMONY_MAX_SPARES. */
static bool parse_number(const char *text, size_t min, size_t *ret)
{
    if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text)) {
        return false;
    }
    errno = 0;
    const unsigned long number = strtoul(text, NULL, 10);
    if (errno != 0 || number < min || number > CEREMONY_MAX_SPARES) {
        return false;
    }
    *ret = number;
    return true;
}

static bool set_output(struct ceremony_options *options, const char *value)
{
    if (strcmp(value, "json") != 0 && strcmp(value, "text") != 0) {
        return complain(options, "--output is json or text, not '%s'", value);
    }
    options->json = strcmp(value, "json") == 0;
    return true;
}

static bool add_material_id(struct ceremony_options *options, const char *value)
{
    if (options->n_material_ids == CEREMONY_MAX_IDS) {
        return complain(options, "--material-id is given more than %d times", CEREMONY_MAX_IDS);
    }
    uint8_t *id = options->material_ids[options->n_material_ids];
    if (!hex_decode(value, id, CEREMONY_ID_BYTES)) {
        return complain(options, "--material-id is %d hexadecimal digits in lower case, not '%s'",
                        2 * CEREMONY_ID_BYTES, value);
    }
    for (size_t i = 0; i < options->n_material_ids; i++) {
        if (memcmp(options->material_ids[i], id, CEREMONY_ID_BYTES) == 0) {
            return complain(options, "--material-id %s is given twice", value);
        }
    }
    options->n_material_ids++;
    return true;
}

static bool set(struct ceremony_options *options, enum option_id id, const char *value)
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
    case OPTION_USER_PIN_FILE:
        options->user_pin_file = value;
        return true;
    case OPTION_SO_PIN_FILE:
        options->so_pin_file = value;
        return true;
    case OPTION_OUTPUT:
        return set_output(options, value);
    case OPTION_KEY_SPEC:
        return parse_spec(value, &options->spec) ||
               complain(options, "--key-spec is SYMMETRIC_DEFAULT, RSA_2048, RSA_3072 or RSA_4096, not '%s'", value);
    case OPTION_COUNT:
        return parse_number(value, 1, &options->count) ||
               complain(options, "--count is a number from 1 to %d, not '%s'", CEREMONY_MAX_SPARES, value);
    case OPTION_SPARES:
        return parse_number(value, 0, &options->spares) ||
               complain(options, "--spares is a number from 0 to %d, not '%s'", CEREMONY_MAX_SPARES, value);
    case OPTION_REQUIRE:
        return token_level_parse(value, &options->require) ||
               complain(options, "--require is sealed or sensitive, not '%s'", value);
    case OPTION_MATERIAL_ID:
        return add_material_id(options, value);
    case OPTION_YES:
        options->yes = true;
        return true;
    case OPTION_HELP:
    case OPTIONS:
        break;
    }
    return true;
}

static const char *from_environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* What is needed and was not given. A missing file name is configuration; a missing --count is usage. */
static bool complete(const struct ceremony_options *options, int *ret_exit)
{
    *ret_exit = EXIT_CODE_USAGE;
    if (options->action == CEREMONY_ACTION_ADD && options->spec == 0) {
        return complain(options, "--key-spec is missing");
    }
    if (options->action == CEREMONY_ACTION_ADD && options->count == 0) {
        return complain(options, "--count is missing");
    }
    if (options->action == CEREMONY_ACTION_DESTROY && options->n_material_ids == 0) {
        return complain(options, "--material-id is missing");
    }
    *ret_exit = EXIT_CODE_CONFIGURATION;
    if (options->token.module == NULL) {
        return complain(options, "no module: give --module or REWRAP_MODULE");
    }
    if (options->token.uri == NULL) {
        return complain(options, "no token: give --token-uri or REWRAP_TOKEN_URI");
    }
    /* It stands in the process list already; it is not repeated besides. */
    if (strstr(options->token.uri, "pin-value") != NULL || strstr(options->token.uri, "pin-source") != NULL) {
        return complain(options, "a PIN does not belong into the token's URI; --user-pin-file names the file that "
                                 "holds it");
    }
    if (options->user_pin_file == NULL) {
        return complain(options, "no user PIN: give --user-pin-file or REWRAP_PIN_FILE");
    }
    const bool needs_so =
        options->action == CEREMONY_ACTION_ADD || (options->action == CEREMONY_ACTION_INIT && options->spares > 0);
    /* Whether a token below sealed needs the SO is seen when it is probed. */
    if (needs_so && options->so_pin_file == NULL && options->require == HSM_LEVEL_SEALED) {
        return complain(options, "no SO PIN: give --so-pin-file or REWRAP_SO_PIN_FILE");
    }
    return true;
}

static bool find_action(int argc, char **argv, struct ceremony_options *options)
{
    if (argc < 2) {
        return complain(options, "init, add, list or destroy?");
    }
    for (size_t i = 0; i < N_ACTIONS; i++) {
        if (strcmp(argv[1], actions[i].name) == 0) {
            options->action = (enum ceremony_action)i;
            options->action_name = actions[i].name;
            return true;
        }
    }
    return complain(options, "init, add, list or destroy, not '%s'", argv[1]);
}

/* Sets *ret_help when help is asked for. argv[0] is the action. */
static bool parse(int argc, char **argv, struct ceremony_options *options, bool *ret_help)
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
            return complain(options, "%s needs a value", argv[at]);
        }
        if (id == '?' || (actions[options->action].allowed & 1U << id) == 0) {
            return complain(options, "%s is not an option of it", argv[at]);
        }
        if (id == OPTION_HELP) {
            *ret_help = true;
            return true;
        }
        if (!set(options, (enum option_id)id, optarg)) {
            return false;
        }
    }
    return optind == argc || complain(options, "'%s' is not an option", argv[optind]);
}

bool ceremony_options_parse(int argc, char **argv, struct ceremony_options *ret, int *ret_exit)
{
    struct ceremony_options options = {
        .token = {.module = from_environment("REWRAP_MODULE"),
                  .uri = from_environment("REWRAP_TOKEN_URI"),
                  .init_args = from_environment("REWRAP_INIT_ARGS")},
        .so_pin_file = from_environment("REWRAP_SO_PIN_FILE"),
        .user_pin_file = from_environment("REWRAP_PIN_FILE"),
        .spares = DEFAULT_SPARES,
        .require = HSM_LEVEL_SEALED,
    };
    bool help = argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0);
    help |= argc == 3 && strcmp(argv[2], "help") == 0;
    *ret_exit = EXIT_CODE_USAGE;
    if (!help && (!find_action(argc, argv, &options) || !parse(argc - 1, argv + 1, &options, &help))) {
        return false;
    }
    if (help) {
        fputs(help_text, stdout);
        *ret_exit = fflush(stdout) == 0 ? 0 : EXIT_CODE_OTHER;
        return false;
    }
    if (!complete(&options, ret_exit)) {
        return false;
    }
    *ret = options;
    return true;
}
