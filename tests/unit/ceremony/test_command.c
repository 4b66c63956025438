/* `rewrapctl ceremony` from outside: what it says, and its exit codes. */
#include "run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define ARGUMENTS(...)                                                                                                 \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

static int setup(void **state)
{
    fixture_setup_bare(state);
    run_files(*state);
    return 0;
}

static struct outcome outcome;

static void expect_exit(struct fixture *fixture, int exit_code, const char *says, const char *const *arguments)
{
    run(fixture, arguments, &outcome);
    const char *text = exit_code == 0 ? outcome.out : outcome.err;
    if (outcome.exit_code != exit_code || strstr(text, says) == NULL) {
        print_error("exit %d, wanted %d and '%s':\n%s%s", outcome.exit_code, exit_code, says, outcome.out, outcome.err);
    }
    assert_int_equal(outcome.exit_code, exit_code);
    assert_non_null(strstr(text, says));
    assert_null(strstr(outcome.err, FIXTURE_SO_PIN));
    assert_null(strstr(outcome.err, FIXTURE_USER_PIN));
}

static void test_usage(void **state)
{
    struct fixture *fixture = *state;
    expect_exit(fixture, 252, "init, add, list or destroy?", (const char *const[]){NULL});
    expect_exit(fixture, 252, "not 'remove'", ARGUMENTS("remove"));
    expect_exit(fixture, 252, "--frob is not an option", ARGUMENTS("init", "--frob"));
    expect_exit(fixture, 252, "--count is not an option", ARGUMENTS("init", "--count", "3"));
    expect_exit(fixture, 252, "--spares is not an option", ARGUMENTS("list", "--spares", "3"));
    expect_exit(fixture, 252, "--module needs a value", ARGUMENTS("init", "--module"));
    expect_exit(fixture, 252, "'stray' is not an option", ARGUMENTS("list", "stray"));
    expect_exit(fixture, 252, "--output is json or text", ARGUMENTS("list", "--output", "yaml"));
    expect_exit(fixture, 252, "--key-spec is missing", ARGUMENTS("add", "--count", "1"));
    expect_exit(fixture, 252, "--count is missing", ARGUMENTS("add", "--key-spec", "RSA_2048"));
    expect_exit(fixture, 252, "--key-spec is", ARGUMENTS("add", "--key-spec", "RSA_1024", "--count", "1"));
    static const char *const counts[] = {"0", "10001", "-1", "+1", "1x", "", " 1", "99999999999999999999", "0x10"};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        expect_exit(fixture, 252, "--count is a number",
                    ARGUMENTS("add", "--key-spec", "RSA_2048", "--count", counts[i]));
    }
    expect_exit(fixture, 252, "--yes is not an option", ARGUMENTS("list", "--yes"));
    expect_exit(fixture, 252, "--material-id is missing", ARGUMENTS("destroy", "--yes"));
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    const char *const ids[] = {"",
                               "00",
                               zeros + 1,
                               "0x",
                               "A000000000000000000000000000000000000000000000000000000000000000",
                               "00000000000000000000000000000000000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        expect_exit(fixture, 252, "--material-id is 64 hexadecimal", ARGUMENTS("destroy", "--material-id", ids[i]));
    }
    expect_exit(fixture, 252, "is given twice",
                ARGUMENTS("destroy", "--material-id", zeros, "--material-id", zeros, "--yes"));
    expect_exit(fixture, 0, "Usage:", ARGUMENTS("--help"));
    expect_exit(fixture, 0, "Usage:", ARGUMENTS("add", "--help"));
    expect_exit(fixture, 0, "\"Objects\": []",
                ARGUMENTS("list", "--output", "json")); /* and none of it made anything */
}

static void test_configuration(void **state)
{
    struct fixture *fixture = *state;
    char bad_pin[160];
    snprintf(bad_pin, sizeof bad_pin, "%s/bad-pin", fixture->dir);
    fixture_write_file(bad_pin, "not the PIN\n", 0600);
    expect_exit(fixture, 253, "did not load", ARGUMENTS("list", "--module", "/nonexistent.so"));
    expect_exit(fixture, 253,
                "ceremony list: module /nonexistent.so: ", ARGUMENTS("list", "--module", "/nonexistent.so"));
    expect_exit(fixture, 253, "No such file or directory", ARGUMENTS("list", "--module", "/nonexistent.so"));
    expect_exit(fixture, 253, "list: pkcs11:token=nobody: no token matches the URI\n",
                ARGUMENTS("list", "--token-uri", "pkcs11:token=nobody"));
    static const char *const with_pin[] = {
        "pkcs11:token=rewrapd-test?pin-value=" FIXTURE_USER_PIN, "pkcs11:token=x?pin-source=/" FIXTURE_USER_PIN,
        "pkcs11:token=nobody?x-pin=" FIXTURE_USER_PIN, "token=x?y=" FIXTURE_USER_PIN};
    for (size_t i = 0; i < sizeof with_pin / sizeof with_pin[0]; i++) {
        expect_exit(fixture, 253, "", ARGUMENTS("list", "--token-uri", with_pin[i]));
        assert_null(strstr(outcome.out, FIXTURE_USER_PIN)); /* of stderr expect_exit says so */
    }
    expect_exit(fixture, 253, "does not belong into", ARGUMENTS("list", "--token-uri", with_pin[0]));
    expect_exit(fixture, 253, "RFC 7512", ARGUMENTS("list", "--token-uri", "token=rewrapd-test"));
    expect_exit(fixture, 253, "/nonexistent", ARGUMENTS("list", "--user-pin-file", "/nonexistent"));
    expect_exit(fixture, 253, "/nonexistent", ARGUMENTS("init", "--so-pin-file", "/nonexistent"));
    expect_exit(fixture, 253, "user login, tried once: the PIN is wrong", ARGUMENTS("list", "--pin-file", bad_pin));
    expect_exit(fixture, 253, "SO login, tried once: the PIN is wrong",
                ARGUMENTS("add", "--key-spec", "SYMMETRIC_DEFAULT", "--count", "1", "--so-pin-file", bad_pin));
    fixture_write_file(bad_pin, FIXTURE_SO_PIN "\n", 0644);
    expect_exit(fixture, 253, "its mode 0644 lets others use it (chmod o=)",
                ARGUMENTS("init", "--so-pin-file", bad_pin));
    static const char *const variables[] = {"REWRAP_MODULE", "REWRAP_TOKEN_URI", "REWRAP_PIN_FILE",
                                            "REWRAP_SO_PIN_FILE"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        unsetenv(variables[i]);
        expect_exit(fixture, 253, variables[i], ARGUMENTS("init"));
        run_files(fixture);
    }
    /* The wrong PINs have not locked anything. */
    expect_exit(fixture, 0, "made", ARGUMENTS("init", "--spares", "1"));
}

static void test_wrong_so_pin_leaves_the_users_half(void **state)
{
    struct fixture *fixture = *state;
    char bad_pin[160];
    snprintf(bad_pin, sizeof bad_pin, "%s/bad-pin", fixture->dir);
    fixture_write_file(bad_pin, "not the PIN\n", 0600);
    expect_exit(fixture, 253, "SO login, tried once", ARGUMENTS("init", "--spares", "2", "--so-pin-file", bad_pin));
    assert_non_null(strstr(outcome.out, "made           binding root"));
    expect_exit(fixture, 0, "already there  binding root", ARGUMENTS("init", "--spares", "2"));
    assert_non_null(strstr(outcome.out, "2 sealed keys SYMMETRIC_DEFAULT"));
}

static size_t lines_with(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what)) {
        n++;
    }
    return n;
}

static void test_init_add_list(void **state)
{
    struct fixture *fixture = *state;
    expect_exit(fixture, 0, "rewrapctl ceremony init makes it", ARGUMENTS("list"));
    expect_exit(fixture, 0, "made           binding root", ARGUMENTS("init"));
    assert_int_equal(lines_with(outcome.out, "made           sealed key   SYMMETRIC_DEFAULT"), 8);
    char check[48];
    const char *at = strstr(outcome.out, ", check value ");
    assert_non_null(at);
    snprintf(check, sizeof check, "%.46s", at);
    assert_int_equal(strspn(check + strlen(", check value "), "0123456789abcdef"), 32);
    expect_exit(fixture, 0, "already there  binding root", ARGUMENTS("init"));
    assert_int_equal(lines_with(outcome.out, check), 1); /* it is the root's, not the run's */
    assert_int_equal(lines_with(outcome.out, "made "), 0);
    expect_exit(fixture, 0, "already there  audit key", ARGUMENTS("init", "--spares", "10"));
    assert_int_equal(lines_with(outcome.out, "made "), 2);
    expect_exit(fixture, 0, "\"Made\": [",
                ARGUMENTS("add", "--key-spec", "RSA_2048", "--count", "2", "--output", "json"));
    assert_int_equal(lines_with(outcome.out, "\"KeyMaterialId\""), 2);

    expect_exit(fixture, 0, "verified", ARGUMENTS("list"));
    assert_int_equal(lines_with(outcome.out, "verified "), 14);
    expect_exit(fixture, 0, "\"Objects\": [", ARGUMENTS("list", "--output", "json"));
    assert_int_equal(lines_with(outcome.out, "\"CheckValue\": \""), 1);
    assert_int_equal(run_count(&outcome, "BINDING_ROOT", NULL, "Verified"), 1);
    assert_int_equal(run_count(&outcome, "AUDIT_KEY", NULL, "Verified"), 1);
    assert_int_equal(run_count(&outcome, "SEALED_KEY", "SYMMETRIC_DEFAULT", "Verified"), 10);
    assert_int_equal(run_count(&outcome, "SEALED_KEY", "RSA_2048", "Verified"), 2);
    assert_int_equal(run_count(&outcome, "SEALED_KEY", NULL, "Refused"), 0);
}

static void test_every_spec(void **state)
{
    struct fixture *fixture = *state;
    static const char *const specs[] = {"SYMMETRIC_DEFAULT", "RSA_2048", "RSA_3072", "RSA_4096"};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        expect_exit(fixture, 0, specs[i], ARGUMENTS("add", "--key-spec", specs[i], "--count", "1"));
    }
    expect_exit(fixture, 0, "", ARGUMENTS("list", "--output", "json"));
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        assert_int_equal(run_count(&outcome, "SEALED_KEY", specs[i], "Verified"), 1);
    }
}

static void test_one_at_a_time(void **state)
{
    struct fixture *fixture = *state;
    const int fd = open(fixture->pin_file, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    expect_exit(fixture, 255, "another ceremony", ARGUMENTS("init"));
    close(fd);
    expect_exit(fixture, 0, "made", ARGUMENTS("init", "--spares", "0"));
}

#define ON_A_TOKEN(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_TOKEN(test_usage),
        ON_A_TOKEN(test_configuration),
        ON_A_TOKEN(test_wrong_so_pin_leaves_the_users_half),
        ON_A_TOKEN(test_init_add_list),
        ON_A_TOKEN(test_every_spec),
        ON_A_TOKEN(test_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
