/* rewrapctl ceremony init|add|list|destroy (ceremony_command.h): who logs in when, and what the custodian is told. */
#include "ceremony_command.h"

#include "ceremony_run.h"
#include "command/fail.h"
#include "hsm/probe.h"
#include "token_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Each key is a step at the token of its own, and so is its rehearsal. */
static void went_on(void *state)
{
    struct ceremony_run *run = state;
    token_watch_end();
    ceremony_run_begin(run, run->doing);
}

/* Whoever reads the output takes his time. */
static void saw(void *state, const struct ceremony_object *object, bool made)
{
    struct ceremony_run *run = state;
    token_watch_end();
    ceremony_output_saw(run->output, object, made);
    ceremony_run_begin(run, run->doing);
}

/* No more than this can be had from the token, whoever makes the keys. */
static bool is_weak(const struct ceremony_run *run)
{
    return run->profile.level == HSM_LEVEL_SENSITIVE;
}

/*
 * The SO's half: the keys that only he can make trusted. On a token where nothing is trusted the user makes them, who
 * is logged in.
 */
static int stock(struct ceremony_run *run, enum hsm_spec spec, size_t count)
{
    int exit_code = is_weak(run) ? 0 : ceremony_run_logout(run);
    if (exit_code == 0 && !is_weak(run)) {
        exit_code = ceremony_run_login(run, HSM_SO, run->so_pin);
    }
    if (exit_code != 0) {
        return exit_code;
    }
    ceremony_run_begin(run, "making sealed keys");
    exit_code = ceremony_run_end(run, ceremony_add(run->token, spec, count, run->profile.kwp, &run->watch));
    return exit_code == 0 ? ceremony_run_logout(run) : exit_code;
}

static int survey_take(struct ceremony_run *run, struct ceremony_survey *ret)
{
    ceremony_run_begin(run, "looking at the token");
    return ceremony_run_end(run, ceremony_survey(run->token, ret));
}

/* How many sealed keys of that spec the token has; those that rewrapd uses already are among them. */
static int count_stock(struct ceremony_run *run, enum hsm_spec spec, size_t *ret)
{
    struct ceremony_survey survey;
    const int exit_code = survey_take(run, &survey);
    if (exit_code != 0) {
        return exit_code;
    }
    *ret = ceremony_survey_count(&survey, CEREMONY_SEALED_KEY, spec, true);
    ceremony_survey_clear(&survey);
    return 0;
}

/* What the token does. A token that cannot do what suite 1 needs may still have RSA pairs. */
static int probe(struct ceremony_run *run)
{
    ceremony_run_begin(run, "probing the token");
    const struct hsm_result result = hsm_probe(run->token, &run->profile);
    const bool needs_suite = run->options->action == CEREMONY_ACTION_INIT || run->options->spec == HSM_SPEC_AES_256;
    const bool will_do = result.code == HSM_UNSUPPORTED && !needs_suite;
    return ceremony_run_end(run, will_do ? HSM_SUCCESS : result);
}

/* Before a key is made: is the token what the custodian requires, and does he know what he makes on a weaker one? */
static int check_level(struct ceremony_run *run)
{
    const struct ceremony_options *options = run->options;
    if (!is_weak(run)) {
        if (run->so_pin == NULL && (options->action == CEREMONY_ACTION_ADD || options->spares > 0)) {
            token_access_say(&options->access, "this token can be sealed, so the SO makes its keys: give --so-pin-file "
                                               "or REWRAP_SO_PIN_FILE");
            return EXIT_CODE_CONFIGURATION;
        }
        return 0;
    }
    if (options->access.require > run->profile.level) {
        token_access_say(&options->access,
                         "nothing was made: this token's level is %s, since %s is not enforced (rewrapctl "
                         "token probe shows all). --require sensitive makes keys on it all the same",
                         token_level_name(run->profile.level), run->profile.level_reason);
        return EXIT_CODE_OTHER;
    }
    fprintf(
        stderr,
        "WARNING: this token's level is sensitive, since %s is not enforced. Keys made on it keep payloads from being "
        "read, but whoever has the user PIN, or takes a worker over, can wrap every payload out and read it. rewrapd "
        "serves such a token only with `require = sensitive` in its section.\n",
        run->profile.level_reason);
    return 0;
}

/* The user's half, with which a run begins: what the token does, and what is there. */
static int look(struct ceremony_run *run, enum hsm_spec spec, size_t *ret_have)
{
    int exit_code = probe(run);
    if (exit_code == 0) {
        exit_code = check_level(run);
    }
    return exit_code == 0 ? count_stock(run, spec, ret_have) : exit_code;
}

static int run_init(struct ceremony_run *run)
{
    size_t have = 0;
    int exit_code = look(run, HSM_SPEC_AES_256, &have);
    if (exit_code != 0) {
        return exit_code;
    }
    ceremony_run_begin(run, "making the binding root and the audit key");
    exit_code = ceremony_run_end(run, ceremony_init(run->token, &run->watch));
    if (exit_code == 0 && have < run->options->spares) {
        exit_code = stock(run, HSM_SPEC_AES_256, run->options->spares - have);
        have = run->options->spares;
    }
    if (exit_code != 0) {
        return exit_code;
    }
    ceremony_output_stock(run->output, HSM_SPEC_AES_256, have);
    ceremony_output_next(run->output,
                         is_weak(run)
                             ? "write down the check value of the binding root, name module, token and user PIN "
                               "(and the check value, as binding-root) with require = sensitive in the [token] section "
                               "of rewrapd's configuration, and start rewrapd."
                             : "write down the check value of the binding root, put the SO PIN away, name module, "
                               "token and user PIN (and the check value, as binding-root) in the [token] section of "
                               "rewrapd's configuration, and start rewrapd.");
    ceremony_output_next(run->output, "More keys, of RSA specs too: rewrapctl ceremony add --key-spec SPEC --count N");
    return 0;
}

static int run_add(struct ceremony_run *run)
{
    const struct ceremony_options *options = run->options;
    size_t have = 0;
    int exit_code = look(run, options->spec, &have);
    if (exit_code == 0) {
        exit_code = stock(run, options->spec, options->count);
    }
    if (exit_code != 0) {
        return exit_code;
    }
    ceremony_output_stock(run->output, options->spec, have + options->count);
    ceremony_output_next(run->output, is_weak(run) ? "nothing; rewrapd finds the new keys by itself."
                                                   : "nothing; rewrapd finds the new keys by itself. Put the SO "
                                                     "PIN away.");
    return 0;
}

static int run_list(struct ceremony_run *run)
{
    struct ceremony_survey survey;
    int exit_code = probe(run); /* what a key must be like depends on the token's level */
    if (exit_code == 0) {
        exit_code = survey_take(run, &survey);
    }
    if (exit_code != 0) {
        return exit_code;
    }
    if (is_weak(run)) {
        ceremony_output_level(run->output, &run->profile);
    }
    ceremony_output_survey(run->output, &survey);
    if (ceremony_survey_count(&survey, CEREMONY_BINDING_ROOT, 0, true) == 0) {
        ceremony_output_next(run->output, "this token has no binding root; rewrapctl ceremony init makes it.");
    }
    if (ceremony_survey_count(&survey, CEREMONY_BINDING_ROOT, 0, true) > 1) {
        ceremony_output_next(run->output, "this token has more than one binding root; rewrapd starts only when "
                                          "binding-root in its configuration names the check value of the right one.");
    }
    ceremony_survey_clear(&survey);
    return 0;
}

static int (*const actions[])(struct ceremony_run *run) = {
    [CEREMONY_ACTION_INIT] = run_init,
    [CEREMONY_ACTION_ADD] = run_add,
    [CEREMONY_ACTION_LIST] = run_list,
    [CEREMONY_ACTION_DESTROY] = ceremony_run_destroy,
};

/* Both PINs are read before the token is touched: half a run for want of a file would be odd. */
static int prepare(struct ceremony_run *run)
{
    const struct token_access *access = &run->options->access;
    int exit_code = token_access_read_pin(access, access->user_pin_file, &run->user_pin);
    if (exit_code == 0 && run->options->action != CEREMONY_ACTION_LIST && access->so_pin_file != NULL) {
        exit_code = token_access_read_pin(access, access->so_pin_file, &run->so_pin);
    }
    if (exit_code != 0) {
        return exit_code;
    }
    exit_code = token_access_open(access, &run->token);
    if (exit_code != 0) {
        return exit_code;
    }
    ceremony_output_token(run->output, hsm_token_info(run->token));
    return ceremony_run_login(run, HSM_USER, run->user_pin);
}

/*
 * Two runs at once could each make a binding root, which nobody can destroy. The lock is on the file of the user PIN,
 * which every run on this token needs. *ret_fd is closed by the caller to unlock.
 */
static int lock(const struct token_access *access, int *ret_fd)
{
    const int fd = open(access->user_pin_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *ret_fd = fd;
        return 0;
    }
    const int error = errno;
    if (fd >= 0) {
        rewrap_ignore(close(fd), "it was only read");
    }
    const bool is_busy = error == EWOULDBLOCK;
    token_access_say(access, "%s: %s", access->user_pin_file,
                     is_busy ? "another ceremony with this file is running" : strerror(error));
    return is_busy ? EXIT_CODE_OTHER : EXIT_CODE_CONFIGURATION;
}

static int run_locked(struct ceremony_run *run)
{
    int exit_code = prepare(run);
    if (exit_code == 0) {
        exit_code = actions[run->options->action](run);
    }
    secbuf_free(run->user_pin);
    secbuf_free(run->so_pin);
    /* What was made before a failure is reported too, and before the token is closed, at which its module may hang. */
    if (!ceremony_output_finish(run->output) && exit_code == 0) {
        token_access_say(&run->options->access, "the output could not be written");
        exit_code = EXIT_CODE_OTHER;
    }
    token_access_close(&run->options->access, run->token);
    return exit_code;
}

int ceremony_command(int argc, char **argv)
{
    struct ceremony_options options;
    int exit_code;
    if (!ceremony_options_parse(argc, argv, &options, &exit_code)) {
        return exit_code;
    }
    struct ceremony_run run = {.options = &options, .output = ceremony_output_new(options.json)};
    if (run.output == NULL) {
        return ceremony_run_failed(&run, "output", (struct hsm_result){.code = HSM_NO_MEMORY});
    }
    run.watch = (struct ceremony_watch){.saw = saw, .went_on = went_on, .state = &run};
    int fd = -1;
    exit_code = lock(&options.access, &fd);
    if (exit_code == 0) {
        exit_code = run_locked(&run);
        rewrap_ignore(close(fd), "it was only read");
    }
    ceremony_output_free(run.output);
    return exit_code;
}
