/* A module that hangs or crashes: which step of `rewrapctl token probe` and `rewrapctl ceremony` it was is said, and
 * the command ends. */
#include "run.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS(...)                                                                                                     \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

/* Hangs, and the limit for that step, which a loaded machine keeps, is over in a second. */
#define HANGS " spend=86400"

static char script[160];
static char counters[160];
static struct outcome outcome;

static int setup(void **state)
{
    fixture_setup_bare(state);
    const struct fixture *fixture = *state;
    run_files(*state);
    snprintf(script, sizeof script, "%s/script", fixture->dir);
    snprintf(counters, sizeof counters, "%s/counters", fixture->dir);
    assert_int_equal(setenv("REWRAP_MODULE", LIBFAULTY, 1), 0);
    assert_int_equal(setenv("FAULTY_CONTROL", script, 1), 0);
    assert_int_equal(setenv("FAULTY_STATE", counters, 1), 0);
    return 0;
}

/* Runs it with a module that misbehaves so; the seconds that it took, rounded down. */
static long run_with(const struct fixture *fixture, const char *misbehaves, const char *command,
                     const char *const *arguments)
{
    static unsigned scripts;
    struct timespec begin;
    struct timespec end;
    char text[128];
    /* Another text is another script, whose calls are counted anew. */
    snprintf(text, sizeof text, "%s\n# %u\n", misbehaves, ++scripts);
    fixture_write_file(script, text, 0600);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    run_command(fixture, command, arguments, &outcome);
    clock_gettime(CLOCK_MONOTONIC, &end);
    assert_null(strstr(outcome.err, FIXTURE_USER_PIN));
    assert_null(strstr(outcome.err, FIXTURE_SO_PIN));
    return end.tv_sec - begin.tv_sec - (end.tv_nsec < begin.tv_nsec ? 1 : 0);
}

/* How often that function was called with the present script. */
static unsigned long calls_of(const char *function)
{
    char name[64];
    char line[128];
    unsigned long calls = 0;
    unsigned long found = 0;
    FILE *file = fopen(counters, "re");
    if (file == NULL) {
        return 0;
    }
    assert_int_equal(flock(fileno(file), LOCK_SH), 0);
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%63s %*u %lu", name, &calls) == 2 && strcmp(name, function) == 0) {
            found = calls;
        }
    }
    fclose(file);
    return found;
}

static unsigned long calls_of_a_probe(const struct fixture *fixture, const char *function)
{
    run_with(fixture, "", "token", WORDS("probe"));
    assert_int_equal(outcome.exit_code, 0);
    assert_true(calls_of(function) > 0);
    return calls_of(function);
}

static void assert_says(const char *text)
{
    if (strstr(outcome.err, text) == NULL) {
        print_error("exit %d, wanted '%s':\n%s", outcome.exit_code, text, outcome.err);
    }
    assert_non_null(strstr(outcome.err, text));
}

/* Everything a run does at the token is in one of these steps. Where others come before it, they have their time. */
static void test_a_step_that_hangs_ends_the_command(void **state)
{
    static const char id[] = "0000000000000000000000000000000000000000000000000000000000000000";
    static const char *const short_probe[] = {"probe", "--timeout", "1", NULL};
    static const char *const probe[] = {"probe", NULL};
    static const char *const init[] = {"init", "--spares", "1", NULL};
    static const char *const list[] = {"list", NULL};
    static const char *const destroy[] = {"destroy", "--material-id", id, NULL};
    char audit_key[64];
    snprintf(audit_key, sizeof audit_key, "C_GenerateKeyPair %lu" HANGS,
             1 + calls_of_a_probe(*state, "C_GenerateKeyPair"));
    const struct {
        const char *hangs;
        const char *command;
        const char *const *arguments;
        const char *says;
    } cases[] = {
        {"C_Initialize 1 hang", "token", short_probe, "rewrapctl token probe: opening the token"},
        {"C_UnwrapKey 2" HANGS, "token", probe, "rewrapctl token probe: probing: "},
        {"C_Finalize 1" HANGS, "token", probe, "rewrapctl token probe: closing the token"},
        {"C_OpenSession 1" HANGS, "ceremony", destroy, "rewrapctl ceremony destroy: opening the token"},
        {"C_FindObjectsInit 1" HANGS, "ceremony", destroy, "rewrapctl ceremony destroy: looking at the token: "},
        {"C_WrapKey 2" HANGS, "ceremony", list, "rewrapctl ceremony list: probing the token: "},
        {"C_Logout 1" HANGS, "ceremony", list, "rewrapctl ceremony list: closing the token"},
        {audit_key, "ceremony", init, "rewrapctl ceremony init: making the binding root and the audit key: "},
        {"C_Logout 1" HANGS, "ceremony", init, "rewrapctl ceremony init: logout: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const long seconds = run_with(*state, cases[i].hangs, cases[i].command, cases[i].arguments);
        assert_says(cases[i].says);
        assert_says("libfaulty.so did not answer within ");
        assert_says("--timeout SECONDS gives it longer\n");
        assert_int_equal(outcome.exit_code, 255);
        assert_in_range(seconds, 1, 60);
    }
}

static void test_how_far_a_probe_came_is_said(void **state)
{
    run_with(*state, "C_CopyObject 1" HANGS, "token", WORDS("probe", "--timeout", "30"));
    assert_int_equal(outcome.exit_code, 255);
    assert_says(" did not answer within 30 s; the last that was tried before: ");
}

static void test_what_was_found_or_made_is_printed_before(void **state)
{
    run_with(*state, "C_Finalize 1" HANGS, "token", WORDS("probe"));
    assert_int_equal(outcome.exit_code, 255);
    assert_non_null(strstr(outcome.out, "level        sealed\n"));

    run_with(*state, "C_Finalize 1" HANGS, "ceremony", WORDS("list", "--output", "json"));
    assert_int_equal(outcome.exit_code, 255);
    assert_non_null(strstr(outcome.out, "\"Objects\""));

    run_with(*state, "C_Logout 1" HANGS, "ceremony", WORDS("init", "--spares", "1"));
    assert_int_equal(outcome.exit_code, 255);
    assert_non_null(strstr(outcome.out, "made           binding root"));
    assert_non_null(strstr(outcome.out, "made           audit key"));
}

/* Or a ceremony of thousands could not be held. The first, too: before it comes its rehearsal, which makes a key. */
static void test_each_key_has_the_limit_anew(void **state)
{
    char slow[128];
    const unsigned long keys = 1 + calls_of_a_probe(*state, "C_GenerateKey");
    const unsigned long pairs = 1 + calls_of_a_probe(*state, "C_GenerateKeyPair");
    snprintf(slow, sizeof slow, "C_GenerateKey %lu+ spend=70\nC_GenerateKeyPair %lu+ spend=70", keys, pairs);
    run_with(*state, slow, "ceremony", WORDS("add", "--key-spec", "SYMMETRIC_DEFAULT", "--count", "2"));
    assert_int_equal(outcome.exit_code, 0);
    run_with(*state, slow, "ceremony", WORDS("add", "--key-spec", "RSA_2048", "--count", "2"));
    assert_int_equal(outcome.exit_code, 0);
    run_with(*state, slow, "ceremony", WORDS("init", "--spares", "1"));
    assert_int_equal(outcome.exit_code, 0);
}

/* Ending a process in the middle of C_Login can cost the token (docs/tokens.md). */
static void test_a_login_is_not_cut_short(void **state)
{
    run_with(*state, "C_Login 1 spend=8", "ceremony", WORDS("list", "--timeout", "7"));
    assert_int_equal(outcome.exit_code, 0);
}

/* Starts a list whose login, or whatever function it is, misbehaves, and waits until it is at that. */
static pid_t start_until(const struct fixture *fixture, const char *function, const char *misbehaves)
{
    char text[128];
    snprintf(text, sizeof text, "%s 1 %s", function, misbehaves);
    rewrap_ignore(unlink(counters), "there may be none yet");
    fixture_write_file(script, text, 0600);
    const pid_t pid = run_start(fixture, WORDS("list"), false);
    for (int i = 0; i < 3000 && calls_of(function) == 0; i++) {
        poll(NULL, 0, 10);
    }
    assert_int_equal(calls_of(function), 1);
    return pid;
}

/* What ends it does so after the login; and what stops it, for the limit would be over when it goes on. */
static void test_nor_by_a_signal(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct timespec begin;
        struct timespec end;
        int status = 0;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        const pid_t pid = start_until(*state, "C_Login", "slow=1000ms");
        assert_int_equal(kill(pid, signals[i]), 0);
        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
        clock_gettime(CLOCK_MONOTONIC, &end);
        const bool waited = end.tv_sec - begin.tv_sec - (end.tv_nsec < begin.tv_nsec) >= 1;
        if (WIFSTOPPED(status)) {
            assert_int_equal(kill(pid, SIGCONT), 0);
            run_finish(*state, pid, &outcome);
            assert_int_equal(WSTOPSIG(status), SIGTSTP);
            assert_int_equal(outcome.exit_code, 0);
        } else if (signals[i] == SIGTSTP) {
            assert_int_equal(status, 0); /* a group of processes without a shell cannot be stopped so */
        } else {
            assert_true(WIFSIGNALED(status));
            assert_int_equal(WTERMSIG(status), signals[i]);
        }
        assert_true(waited);
    }
}

static void test_but_one_that_hangs_is_not_waited_for_for_ever(void **state)
{
    const long seconds = run_with(*state, "C_Login 1 hang", "token", WORDS("probe", "--timeout", "9"));
    assert_int_equal(outcome.exit_code, 255);
    assert_says("rewrapctl token probe: user login (C_Login): ");
    assert_says("did not answer within 10 s");
    assert_in_range(seconds, 10, 30);
}

/* Whoever started it may have blocked the signal, which a process inherits. */
static void test_the_limit_holds_when_its_signal_is_blocked(void **state)
{
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &alarms, NULL), 0);
    run_with(*state, "C_GetSlotList 1 hang", "token", WORDS("probe", "--timeout", "1"));
    assert_int_equal(sigprocmask(SIG_UNBLOCK, &alarms, NULL), 0);
    assert_int_equal(outcome.exit_code, 255);
}

static void test_a_module_that_crashes_is_named(void **state)
{
    run_command(*state, "token", WORDS("probe", "--module", LIBNOLIST), &outcome);
    assert_int_not_equal(outcome.exit_code, 0);
    assert_says("rewrapctl token probe: opening the token (C_Initialize to C_OpenSession): " LIBNOLIST
                " crashed (SIGSEGV)\n");
}

/* Then nothing crashes anew when the handler is through. */
static void test_a_signal_of_a_crash_that_was_sent_ends_it_too(void **state)
{
    const pid_t pid = start_until(*state, "C_GetSlotList", "hang");
    assert_int_equal(kill(pid, SIGSEGV), 0);
    run_finish(*state, pid, &outcome);
    assert_int_not_equal(outcome.exit_code, 0);
    assert_int_not_equal(outcome.exit_code, 255);
    assert_says("libfaulty.so crashed (SIGSEGV)\n");
}

static void test_limits_that_are_none(void **state)
{
    static const char *const wrong[] = {"0", "86401", "-1", "+1", "1x", "", " 1", "4294967297", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        run_command(*state, "token", WORDS("probe", "--timeout", wrong[i]), &outcome);
        assert_int_equal(outcome.exit_code, 252);
        assert_says("--timeout is a number of seconds from 1 to 86400");
        run_command(*state, "ceremony", WORDS("list", "--timeout", wrong[i]), &outcome);
        assert_int_equal(outcome.exit_code, 252);
        assert_says("--timeout is a number of seconds from 1 to 86400");
    }
    run_with(*state, "# it behaves", "ceremony", WORDS("list", "--timeout", "86400"));
    assert_int_equal(outcome.exit_code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_step_that_hangs_ends_the_command, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_how_far_a_probe_came_is_said, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_was_found_or_made_is_printed_before, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_each_key_has_the_limit_anew, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_login_is_not_cut_short, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_nor_by_a_signal, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_but_one_that_hangs_is_not_waited_for_for_ever, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_limit_holds_when_its_signal_is_blocked, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_module_that_crashes_is_named, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_signal_of_a_crash_that_was_sent_ends_it_too, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_limits_that_are_none, setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
