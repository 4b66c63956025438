/* What the commands that go straight to a token share: how they are told which token, and how they read options,
 * complain and fail. */
#pragma once

#include "base/attr.h"
#include "base/secbuf.h"
#include "hsm/probe.h"
#include "hsm/token.h"

/* Which token, and who logs in. Strings are borrowed from argv and the environment. */
struct token_access {
    const char *command; /* "ceremony" */
    const char *action;  /* "add"; NULL while it is not known: then complaints are of the command */
    struct hsm_token_config token;
    const char *user_pin_file; /* NULL: none given */
    const char *so_pin_file;
    enum hsm_level require; /* below it a token is refused */
    unsigned timeout_s;     /* for a step at the token (token_watch.h) */
};

/* The access that the environment describes, for a command that has yet to be told its action. */
struct token_access token_access_of_environment(const char *command);

/*
 * An option that a command has besides those of every such command (--module, --token-uri, --init-args,
 * --user-pin-file, --pin-file, --help). set puts its value (NULL for a flag) into the options of the command, which
 * begin with a struct token_access; false after a complaint.
 */
struct token_option {
    const char *name; /* NULL ends a table */
    bool is_flag;
    unsigned actions; /* a bit for each action that has it: 1U << number */
    bool (*set)(void *options, const char *value);
};

#define TOKEN_ACCESS_TIMEOUT_S     120   /* the default: RSA_4096 pairs take an appliance tens of seconds */
#define TOKEN_ACCESS_MAX_TIMEOUT_S 86400 /* a day, which is as good as none */
#define TOKEN_ACCESS_LOGIN_S       10    /* thousands of times what a login takes where it must not be cut short */

#define TOKEN_OPTIONS_MAX 16 /* of a command, with those of every command */

/*
 * Reads the words behind the action, which is argv[0] and has that number, into *access and the options that begin with
 * it. False after a complaint. *ret_help is set, and nothing behind it is read, when help is asked for.
 */
REWRAP_MUST_USE bool token_access_parse(const struct token_option *own, unsigned action, int argc, char **argv,
                                        struct token_access *access, bool *ret_help);

/* `COMMAND --help`, `COMMAND help` and `COMMAND ACTION help`; argv[0] is the command. */
bool token_access_asks_help(int argc, char **argv);
/* Prints the help; the exit code. */
int token_access_help(const char *text);

/* Values of options; each false after a complaint. */
REWRAP_MUST_USE bool token_access_set_require(void *options, const char *value);
REWRAP_MUST_USE bool token_access_set_so_pin_file(void *options, const char *value);
REWRAP_MUST_USE bool token_access_set_timeout(void *options, const char *value);
/* Complains when the module, the token, or the user's PIN file is missing; pin_option is what the last is called. */
REWRAP_MUST_USE bool token_access_is_complete(const struct token_access *access, const char *pin_option);

/* Who speaks: "rewrapctl ceremony add". */
#define TOKEN_ACCESS_NAME_BYTES 32
void token_access_name(const struct token_access *access, char out[TOKEN_ACCESS_NAME_BYTES]);

/* A line on stderr: "rewrapctl ceremony add: …". */
REWRAP_PRINTF(2, 3) void token_access_say(const struct token_access *access, const char *format, ...);
/* The same for what was typed, and a line that names the help. Always false. */
REWRAP_PRINTF(2, 3) bool token_access_complain(const struct token_access *access, const char *format, ...);

/* Says what was being done, and why the token or its PIN file failed: "user login: the PIN is wrong (C_Login:
 * CKR_PIN_INCORRECT)". The exit code: configuration for what other options or files can mend. */
int token_access_failed(const struct token_access *access, const char *doing, struct hsm_result result);
/*
 * Opens the token: 0, or the exit code after saying why, with what was asked for: the path of the module, or the URI
 * without its query, where PINs stand under whatever name. The caller closes *ret with token_access_close. From then on
 * SIGPIPE is ignored: modules of remote tokens write to sockets, whose other end may go away at any time, and that is
 * to be an answer of theirs and not the end of a ceremony. A standard output that was closed is a failed write.
 */
REWRAP_MUST_USE int token_access_open(const struct token_access *access, struct hsm_token **ret);

/*
 * Logs in, once: 0, or the exit code after saying why. SoftHSM's token would not survive a process that ends in the
 * middle of its C_Login (docs/tokens.md), so SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP wait until that is done, and
 * it has at least TOKEN_ACCESS_LOGIN_S, whatever the limit.
 */
REWRAP_MUST_USE int token_access_login(const struct token_access *access, struct hsm_token *token, enum hsm_user user,
                                       const struct secbuf *pin);

/* Logs out and closes the token, if it is open. What is to be printed must have been: a module may hang at it. */
void token_access_close(const struct token_access *access, struct hsm_token *token);

/* Reads a PIN file: 0, or the exit code after saying which and why. The caller frees *ret with secbuf_free. */
REWRAP_MUST_USE int token_access_read_pin(const struct token_access *access, const char *path, struct secbuf **ret);

/* "sealed" or "sensitive", as in [token] require. */
const char *token_level_name(enum hsm_level level);
