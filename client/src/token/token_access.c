/* What the commands that go straight to a token share (token_access.h). */
#include "token_access.h"

#include "command/fail.h"
#include "command/printable.h"
#include "output/output.h"
#include "token_watch.h"

#include <assert.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ complaints and failures */

void token_access_name(const struct token_access *access, char out[TOKEN_ACCESS_NAME_BYTES])
{
    snprintf(out, TOKEN_ACCESS_NAME_BYTES, "rewrapctl %s%s%s", access->command, access->action == NULL ? "" : " ",
             access->action == NULL ? "" : access->action);
}

REWRAP_PRINTF(2, 0)
static void say(const struct token_access *access, const char *format, va_list arguments)
{
    char text[FAILURE_TEXT_BYTES];
    char name[TOKEN_ACCESS_NAME_BYTES];
    vsnprintf(text, sizeof text, format, arguments);
    token_access_name(access, name);
    fprintf(stderr, "%s: ", name);
    /* Words are echoed, and may have been cut inside a character. */
    rewrap_ignore(printable_write(text, PRINTABLE_ONE_LINE, stderr), "there is nowhere else to say it");
    fputc('\n', stderr);
}

void token_access_say(const struct token_access *access, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(access, format, arguments);
    va_end(arguments);
}

bool token_access_complain(const struct token_access *access, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(access, format, arguments);
    va_end(arguments);
    fprintf(stderr, "rewrapctl %s --help shows the options.\n", access->command);
    return false;
}

static enum exit_code exit_code_of(enum hsm_code code)
{
    static const enum hsm_code configuration[] = {HSM_MODULE, HSM_TOKEN_ABSENT, HSM_PIN_UNREADABLE, HSM_PIN_WRONG,
                                                  HSM_PIN_LOCKED};
    for (size_t i = 0; i < sizeof configuration / sizeof configuration[0]; i++) {
        if (configuration[i] == code) {
            return EXIT_CODE_CONFIGURATION;
        }
    }
    return EXIT_CODE_OTHER;
}

int token_access_failed(const struct token_access *access, const char *doing, struct hsm_result result)
{
    char text[512];
    hsm_result_text(result, text, sizeof text);
    token_access_say(access, "%s: %s", doing, text);
    return (int)exit_code_of(result.code);
}

int token_access_open(const struct token_access *access, struct hsm_token **ret)
{
    rewrap_ignore(signal(SIGPIPE, SIG_IGN), "it can be set");
    token_watch_begin(access, "opening the token (C_Initialize to C_OpenSession)", NULL);
    const struct hsm_result result = hsm_token_open(&access->token, ret);
    token_watch_end();
    if (result.code == HSM_OK) {
        return 0;
    }
    char asked_for[512];
    const bool is_module = result.code == HSM_MODULE;
    const char *text = is_module ? access->token.module : access->token.uri;
    const size_t len = is_module ? strlen(text) : strcspn(text, "?");
    snprintf(asked_for, sizeof asked_for, "%s%.*s", is_module ? "module " : "", (int)(len < 400 ? len : 400), text);
    return token_access_failed(access, asked_for, result);
}

int token_access_login(const struct token_access *access, struct hsm_token *token, enum hsm_user user,
                       const struct secbuf *pin)
{
    static const char *const doing[][3] = {
        [HSM_USER] = {"user login", "user login, tried once", "user login (C_Login)"},
        [HSM_SO] = {"SO login", "SO login, tried once", "SO login (C_Login)"},
    };
    /* What ends the process; and what stops it, for the limit goes on meanwhile and would end it. */
    static const int kept_waiting[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    struct token_access patient = *access;
    patient.timeout_s = access->timeout_s < TOKEN_ACCESS_LOGIN_S ? TOKEN_ACCESS_LOGIN_S : access->timeout_s;
    sigset_t waiting;
    sigset_t before;
    sigemptyset(&waiting);
    for (size_t i = 0; i < sizeof kept_waiting / sizeof kept_waiting[0]; i++) {
        sigaddset(&waiting, kept_waiting[i]);
    }
    sigprocmask(SIG_BLOCK, &waiting, &before);
    token_watch_begin(&patient, doing[user][2], NULL);
    const struct hsm_result result = hsm_token_login(token, user, pin);
    token_watch_end();
    sigprocmask(SIG_SETMASK, &before, NULL);
    return result.code == HSM_OK ? 0 : token_access_failed(access, doing[user][result.code == HSM_PIN_WRONG], result);
}

void token_access_close(const struct token_access *access, struct hsm_token *token)
{
    token_watch_begin(access, "closing the token (C_Logout to C_Finalize)", NULL);
    hsm_token_close(token);
    token_watch_end();
}

int token_access_read_pin(const struct token_access *access, const char *path, struct secbuf **ret)
{
    const struct hsm_result result = hsm_pin_read(path, ret);
    return result.code == HSM_OK ? 0 : token_access_failed(access, path, result);
}

/* ------------------------------------------------------------------ options */

#define MEMBER(name) offsetof(struct token_access, name)

/* The options of every such command, and the environment variables that stand in for them. */
static const struct access_row {
    const char *option;
    const char *variable;
    size_t member; /* const char * */
} rows[] = {
    {"module", "REWRAP_MODULE", MEMBER(token.module)},
    {"token-uri", "REWRAP_TOKEN_URI", MEMBER(token.uri)},
    {"init-args", "REWRAP_INIT_ARGS", MEMBER(token.init_args)},
    {"user-pin-file", "REWRAP_PIN_FILE", MEMBER(user_pin_file)},
    {"pin-file", "REWRAP_PIN_FILE", MEMBER(user_pin_file)},
};
#define N_ROWS (sizeof rows / sizeof rows[0])

/* What getopt answers: the number of a row, HELP, or OWN and the number of one of the command's own. */
enum { HELP = N_ROWS, OWN };

static const char *from_environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static void put(struct token_access *access, const struct access_row *row, const char *value)
{
    memcpy((char *)access + row->member, &value, sizeof value);
}

struct token_access token_access_of_environment(const char *command)
{
    struct token_access access = {
        .command = command,
        .so_pin_file = from_environment("REWRAP_SO_PIN_FILE"),
        .require = HSM_LEVEL_SEALED,
        .timeout_s = TOKEN_ACCESS_TIMEOUT_S,
    };
    for (size_t i = 0; i < N_ROWS; i++) {
        put(&access, &rows[i], from_environment(rows[i].variable));
    }
    return access;
}

static void list_options(const struct token_option *own, struct option out[TOKEN_OPTIONS_MAX + 1])
{
    size_t n = 0;
    for (; n < N_ROWS; n++) {
        out[n] = (struct option){rows[n].option, required_argument, NULL, (int)n};
    }
    out[n++] = (struct option){"help", no_argument, NULL, HELP};
    for (; own->name != NULL; own++, n++) {
        assert(n < TOKEN_OPTIONS_MAX);
        out[n] = (struct option){own->name, own->is_flag ? no_argument : required_argument, NULL, (int)n};
    }
    out[n] = (struct option){0};
}

static bool set_option(const struct token_option *own, int id, struct token_access *access, const char *value)
{
    if (id >= OWN) {
        return own[id - OWN].set(access, value);
    }
    put(access, &rows[id], value);
    return true;
}

bool token_access_parse(const struct token_option *own, unsigned action, int argc, char **argv,
                        struct token_access *access, bool *ret_help)
{
    struct option options[TOKEN_OPTIONS_MAX + 1];
    list_options(own, options);
    opterr = 0;
    optind = 0; /* glibc: start afresh, the caller may have used getopt too */
    for (;;) {
        const int at = optind == 0 ? 1 : optind;
        const int id = getopt_long(argc, argv, "+:", options, NULL);
        if (id == -1) {
            break;
        }
        if (id == ':') {
            return token_access_complain(access, "%s needs a value", argv[at]);
        }
        if (id == '?' || (id >= OWN && (own[id - OWN].actions & 1U << action) == 0)) {
            return token_access_complain(access, "%s is not an option of it", argv[at]);
        }
        if (id == HELP) {
            *ret_help = true;
            return true;
        }
        if (!set_option(own, id, access, optarg)) {
            return false;
        }
    }
    return optind == argc || token_access_complain(access, "'%s' is not an option", argv[optind]);
}

bool token_access_is_complete(const struct token_access *access, const char *pin_option)
{
    if (access->token.module == NULL) {
        return token_access_complain(access, "no module: give --module or REWRAP_MODULE");
    }
    if (access->token.uri == NULL) {
        return token_access_complain(access, "no token: give --token-uri or REWRAP_TOKEN_URI");
    }
    return access->user_pin_file != NULL ||
           token_access_complain(access, "no user PIN: give %s or REWRAP_PIN_FILE", pin_option);
}

bool token_access_set_so_pin_file(void *options, const char *value)
{
    struct token_access *access = options;
    access->so_pin_file = value;
    return true;
}

bool token_access_set_timeout(void *options, const char *value)
{
    struct token_access *access = options;
    const size_t digits = strspn(value, "0123456789");
    const unsigned long seconds = digits > 0 && digits < 10 && value[digits] == '\0' ? strtoul(value, NULL, 10) : 0;
    if (seconds < 1 || seconds > TOKEN_ACCESS_MAX_TIMEOUT_S) {
        return token_access_complain(access, "--timeout is a number of seconds from 1 to %d, not '%s'",
                                     TOKEN_ACCESS_MAX_TIMEOUT_S, value);
    }
    access->timeout_s = (unsigned)seconds;
    return true;
}

/* ------------------------------------------------------------------ levels */

static const char *const level_names[] = {
    [HSM_LEVEL_SENSITIVE] = "sensitive",
    [HSM_LEVEL_SEALED] = "sealed",
};

const char *token_level_name(enum hsm_level level)
{
    return level_names[level];
}

bool token_access_set_require(void *options, const char *value)
{
    struct token_access *access = options;
    for (int level = HSM_LEVEL_SENSITIVE; level <= HSM_LEVEL_SEALED; level++) {
        if (strcmp(value, level_names[level]) == 0) {
            access->require = (enum hsm_level)level;
            return true;
        }
    }
    return token_access_complain(access, "--require is sealed or sensitive, not '%s'", value);
}

/* ------------------------------------------------------------------ help */

bool token_access_asks_help(int argc, char **argv)
{
    const bool first = argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0);
    return first || (argc == 3 && strcmp(argv[2], "help") == 0);
}

int token_access_help(const char *text)
{
    fputs(text, stdout);
    return output_end("help");
}
