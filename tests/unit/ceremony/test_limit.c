/* A module that hangs or crashes: which step of `rewrapctl token probe` and `rewrapctl ceremony` it was is said, and
 * the command ends. */
#include "run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORDS(...)                                                                                                     \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

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

/* How often a probe calls that function. */
static unsigned long calls_of_a_probe(const struct fixture *fixture, const char *function)
{
    char name[64];
    char line[128];
    unsigned long calls = 0;
    run_with(fixture, "", "token", WORDS("probe"));
    assert_int_equal(outcome.exit_code, 0);
    FILE *file = fopen(counters, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%63s %*u %lu", name, &calls) == 2 && strcmp(name, function) == 0) {
            fclose(file);
            return calls;
        }
    }
    fclose(file);
    fail_msg("%s is not counted", function);
    return 0;
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
    static const char *const probe[] = {"probe", "--timeout", "1", NULL};
    static const char *const whole_probe[] = {"probe", "--timeout", "3", NULL};
    static const char *const init[] = {"init", "--spares", "1", "--timeout", "3", NULL};
    static const char *const list[] = {"list", "--timeout", "3", NULL};
    static const char *const destroy[] = {"destroy", "--material-id", id, "--timeout", "1", NULL};
    char audit_key[64];
    snprintf(audit_key, sizeof audit_key, "C_GenerateKeyPair %lu hang",
             1 + calls_of_a_probe(*state, "C_GenerateKeyPair"));
    const struct {
        const char *hangs;
        const char *command;
        const char *const *arguments;
        const char *says;
    } cases[] = {
        {"C_Initialize 1 hang", "token", probe, "rewrapctl token probe: opening the token"},
        {"C_UnwrapKey 2 hang", "token", probe, "rewrapctl token probe: probing: "},
        {"C_Finalize 1 hang", "token", whole_probe, "rewrapctl token probe: closing the token"},
        {"C_OpenSession 1 hang", "ceremony", destroy, "rewrapctl ceremony destroy: opening the token"},
        {"C_FindObjectsInit 1 hang", "ceremony", destroy, "rewrapctl ceremony destroy: looking at the token: "},
        {"C_WrapKey 2 hang", "ceremony", list, "rewrapctl ceremony list: probing the token: "},
        {"C_Logout 1 hang", "ceremony", list, "rewrapctl ceremony list: closing the token"},
        {audit_key, "ceremony", init, "rewrapctl ceremony init: making the binding root and the audit key: "},
        {"C_Logout 1 hang", "ceremony", init, "rewrapctl ceremony init: logout: "},
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
    run_with(*state, "C_CopyObject 1 hang", "token", WORDS("probe", "--timeout", "3"));
    assert_int_equal(outcome.exit_code, 255);
    assert_says(" did not answer within 3 s; the last that was tried before: ");
}

static void test_what_was_found_or_made_is_printed_before(void **state)
{
    run_with(*state, "C_Finalize 1 hang", "token", WORDS("probe", "--timeout", "3"));
    assert_int_equal(outcome.exit_code, 255);
    assert_non_null(strstr(outcome.out, "level        sealed\n"));

    run_with(*state, "C_Finalize 1 hang", "ceremony", WORDS("list", "--output", "json", "--timeout", "3"));
    assert_int_equal(outcome.exit_code, 255);
    assert_non_null(strstr(outcome.out, "\"Objects\""));

    run_with(*state, "C_Logout 1 hang", "ceremony", WORDS("init", "--spares", "1", "--timeout", "3"));
    assert_int_equal(outcome.exit_code, 255);
    assert_non_null(strstr(outcome.out, "made           binding root"));
    assert_non_null(strstr(outcome.out, "made           audit key"));
}

/* Or a ceremony of thousands could not be held. */
static void test_each_key_has_the_limit_anew(void **state)
{
    char slow[64];
    snprintf(slow, sizeof slow, "C_GenerateKey %lu+ slow=600ms", 1 + calls_of_a_probe(*state, "C_GenerateKey"));
    const long seconds = run_with(*state, slow, "ceremony",
                                  WORDS("add", "--key-spec", "SYMMETRIC_DEFAULT", "--count", "7", "--timeout", "3"));
    assert_int_equal(outcome.exit_code, 0);
    assert_true(seconds > 3);
}

/* Ending a process in the middle of C_Login can cost the token (docs/tokens.md). */
static void test_a_login_is_not_cut_short(void **state)
{
    run_with(*state, "C_Login 1 slow=2500ms", "ceremony", WORDS("list", "--timeout", "1"));
    assert_int_equal(outcome.exit_code, 0);
}

static void test_but_one_that_hangs_is_not_waited_for_for_ever(void **state)
{
    const long seconds = run_with(*state, "C_Login 1 hang", "token", WORDS("probe", "--timeout", "1"));
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
        cmocka_unit_test_setup_teardown(test_but_one_that_hangs_is_not_waited_for_for_ever, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_limit_holds_when_its_signal_is_blocked, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_module_that_crashes_is_named, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_limits_that_are_none, setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
