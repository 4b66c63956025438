/* Reading the options of `rewrapctl ceremony` (ceremony_options.h). */
#include "ceremony_options.h"

#include "base/hex.h"
#include "command/fail.h"

#include <errno.h>
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
    "  --timeout SECONDS      for each step at the token: to open it, to log in (at least 10), to probe it, to make a\n"
    "                         key, to rehearse one... (default 120); a module that hangs ends the command, with exit\n"
    "                         code 255. Time for which the command is stopped (Ctrl-Z) counts\n"
    "  --help\n"
    "\n"
    "A PIN file may be read and written by nobody but its owner and group. A wrong PIN is tried once.\n"
    "Exit codes: 0; 252 wrong usage; 253 wrong configuration or PIN; 255 anything else.\n";

/* ------------------------------------------------------------------ values */

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

static bool set_output(void *state, const char *value)
{
    struct ceremony_options *options = state;
    options->json = strcmp(value, "json") == 0;
    return options->json || strcmp(value, "text") == 0 ||
           token_access_complain(&options->access, "--output is json or text, not '%s'", value);
}

static bool set_spec(void *state, const char *value)
{
    struct ceremony_options *options = state;
    return parse_spec(value, &options->spec) ||
           token_access_complain(&options->access,
                                 "--key-spec is SYMMETRIC_DEFAULT, RSA_2048, RSA_3072 or RSA_4096, not '%s'", value);
}

static bool set_count(void *state, const char *value)
{
    struct ceremony_options *options = state;
    return parse_number(value, 1, &options->count) ||
           token_access_complain(&options->access, "--count is a number from 1 to %d, not '%s'", CEREMONY_MAX_SPARES,
                                 value);
}

static bool set_spares(void *state, const char *value)
{
    struct ceremony_options *options = state;
    return parse_number(value, 0, &options->spares) ||
           token_access_complain(&options->access, "--spares is a number from 0 to %d, not '%s'", CEREMONY_MAX_SPARES,
                                 value);
}

static bool add_material_id(void *state, const char *value)
{
    struct ceremony_options *options = state;
    if (options->n_material_ids == CEREMONY_MAX_IDS) {
        return token_access_complain(&options->access, "--material-id is given more than %d times", CEREMONY_MAX_IDS);
    }
    uint8_t *id = options->material_ids[options->n_material_ids];
    if (!hex_decode(value, id, CEREMONY_ID_BYTES)) {
        return token_access_complain(&options->access, "--material-id is %d hexadecimal digits in lower case, not '%s'",
                                     2 * CEREMONY_ID_BYTES, value);
    }
    for (size_t i = 0; i < options->n_material_ids; i++) {
        if (memcmp(options->material_ids[i], id, CEREMONY_ID_BYTES) == 0) {
            return token_access_complain(&options->access, "--material-id %s is given twice", value);
        }
    }
    options->n_material_ids++;
    return true;
}

static bool set_yes(void *state, const char *value)
{
    struct ceremony_options *options = state;
    (void)value;
    options->yes = true;
    return true;
}

/* ------------------------------------------------------------------ actions and their options */

static const char *const actions[] = {
    [CEREMONY_ACTION_INIT] = "init",
    [CEREMONY_ACTION_ADD] = "add",
    [CEREMONY_ACTION_LIST] = "list",
    [CEREMONY_ACTION_DESTROY] = "destroy",
};
#define N_ACTIONS (sizeof actions / sizeof actions[0])

#define INIT    (1U << CEREMONY_ACTION_INIT)
#define ADD     (1U << CEREMONY_ACTION_ADD)
#define LIST    (1U << CEREMONY_ACTION_LIST)
#define DESTROY (1U << CEREMONY_ACTION_DESTROY)

static const struct token_option rows[] = {
    /* The SO's PIN is not read by list, but a script may hand the same options to all. */
    {"so-pin-file", false, INIT | ADD | LIST | DESTROY, token_access_set_so_pin_file},
    {"output", false, INIT | ADD | LIST | DESTROY, set_output},
    {"timeout", false, INIT | ADD | LIST | DESTROY, token_access_set_timeout},
    {"require", false, INIT | ADD, token_access_set_require},
    {"spares", false, INIT, set_spares},
    {"key-spec", false, ADD, set_spec},
    {"count", false, ADD, set_count},
    {"material-id", false, DESTROY, add_material_id},
    {"yes", true, DESTROY, set_yes},
    {NULL, false, 0, NULL},
};

static bool find_action(int argc, char **argv, struct ceremony_options *options)
{
    if (argc < 2) {
        return token_access_complain(&options->access, "init, add, list or destroy?");
    }
    for (size_t i = 0; i < N_ACTIONS; i++) {
        if (strcmp(argv[1], actions[i]) == 0) {
            options->action = (enum ceremony_action)i;
            options->access.action = actions[i];
            return true;
        }
    }
    return token_access_complain(&options->access, "init, add, list or destroy, not '%s'", argv[1]);
}

/* ------------------------------------------------------------------ what is needed and was not given */

static bool needs_so(const struct ceremony_options *options)
{
    const bool makes_sealed =
        options->action == CEREMONY_ACTION_ADD || (options->action == CEREMONY_ACTION_INIT && options->spares > 0);
    /* Whether a token below sealed needs the SO is seen when it is probed. */
    return makes_sealed && options->access.require == HSM_LEVEL_SEALED;
}

/* A missing --count is usage. */
static bool has_operands(const struct ceremony_options *options)
{
    if (options->action == CEREMONY_ACTION_ADD && options->spec == 0) {
        return token_access_complain(&options->access, "--key-spec is missing");
    }
    if (options->action == CEREMONY_ACTION_ADD && options->count == 0) {
        return token_access_complain(&options->access, "--count is missing");
    }
    return options->action != CEREMONY_ACTION_DESTROY || options->n_material_ids != 0 ||
           token_access_complain(&options->access, "--material-id is missing");
}

/* A missing file name is configuration. */
static bool has_access(const struct ceremony_options *options)
{
    const struct token_access *access = &options->access;
    if (!token_access_is_complete(access, "--user-pin-file")) {
        return false;
    }
    /* It stands in the process list already; it is not repeated besides. */
    if (strstr(access->token.uri, "pin-value") != NULL || strstr(access->token.uri, "pin-source") != NULL) {
        return token_access_complain(access, "a PIN does not belong into the token's URI; --user-pin-file names the "
                                             "file that holds it");
    }
    return !needs_so(options) || access->so_pin_file != NULL ||
           token_access_complain(access, "no SO PIN: give --so-pin-file or REWRAP_SO_PIN_FILE");
}

bool ceremony_options_parse(int argc, char **argv, struct ceremony_options *ret, int *ret_exit)
{
    struct ceremony_options options = {.access = token_access_of_environment("ceremony"), .spares = DEFAULT_SPARES};
    bool help = token_access_asks_help(argc, argv);
    *ret_exit = EXIT_CODE_USAGE;
    if (!help && (!find_action(argc, argv, &options) ||
                  !token_access_parse(rows, options.action, argc - 1, argv + 1, &options.access, &help))) {
        return false;
    }
    if (help) {
        *ret_exit = token_access_help(help_text);
        return false;
    }
    if (!has_operands(&options)) {
        return false;
    }
    *ret_exit = EXIT_CODE_CONFIGURATION;
    if (!has_access(&options)) {
        return false;
    }
    *ret = options;
    return true;
}
