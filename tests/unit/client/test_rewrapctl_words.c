/* What rewrapctl makes of words before it needs a daemon: commands that are none, help, version, skeletons (KMS.md
 * */
#include "rewrapctl_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RUN(...) rewrapctl_run((const char *const[]){__VA_ARGS__, NULL}, "/nonexistent", "")

static void usage(void **state)
{
    (void)state;
    struct rewrapctl_run *ran = RUN("nope");
    assert_int_equal(ran->exit_code, 252);
    assert_non_null(strstr(ran->err, "unknown command: nope"));
    assert_non_null(strstr(ran->err, "To see the commands: rewrapctl --help\n"));
    assert_null(strstr(ran->err, "did you mean"));
    assert_null(strstr(ran->err, "    re-encrypt\n")); /* the whole list would hide what is wrong */
    static const char *const meant[][2] = {{"reencrypt", "re-encrypt"},    {"list-key", "list-keys"},
                                           {"doctro", "doctor"},           {"ceremonies", "ceremony"},
                                           {"listkeys", "list-keys"},      {"generate-datakey", "generate-data-key"},
                                           {"crate-alias", "create-alias"}};
    for (size_t i = 0; i < sizeof meant / sizeof meant[0]; i++) {
        char wanted[128];
        snprintf(wanted, sizeof wanted, "unknown command: %s (did you mean %s?)\n", meant[i][0], meant[i][1]);
        ran = RUN(meant[i][0]);
        assert_int_equal(ran->exit_code, 252);
        assert_non_null(strstr(ran->err, wanted));
    }
    char longest[300];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    ran = RUN(longest);
    assert_int_equal(ran->exit_code, 252);
    assert_null(strstr(ran->err, "did you mean"));
    ran = RUN("--output", "json");
    assert_int_equal(ran->exit_code, 252);
    assert_non_null(strstr(ran->err, "a command is required"));
    ran = RUN("re-encrypt", "--bogus");
    assert_int_equal(ran->exit_code, 252);
    assert_non_null(strstr(ran->err, "rewrapctl: error: Unknown options: --bogus"));
    ran = RUN("list-keys", "--debug");
    assert_int_equal(ran->exit_code, 252);
    assert_non_null(strstr(ran->err, "argument --debug: not supported: with log-level = debug the daemon's log has a "
                                     "line for each request\n"));
    ran = RUN("--bogus", "re-encrypt");
    assert_int_equal(ran->exit_code, 252);
    ran = RUN("re-encrypt", "--timeout-ms", "0");
    assert_int_equal(ran->exit_code, 252);
    ran = RUN("re-encrypt", "--query", "Keys[0]");
    assert_int_equal(ran->exit_code, 252);
    ran = RUN("--output", "json", "ceremony", "list");
    assert_int_equal(ran->exit_code, 252);
}

static void help_and_version(void **state)
{
    (void)state;
    struct rewrapctl_run *ran = RUN("--version");
    assert_int_equal(ran->exit_code, 0);
    assert_string_equal(ran->out, "rewrapctl " REWRAP_VERSION "\n");
    ran = RUN("--help");
    assert_int_equal(ran->exit_code, 0);
    assert_non_null(strstr(ran->out, "    generate-data-key-without-plaintext\n"));
    ran = RUN("re-encrypt", "--help");
    assert_int_equal(ran->exit_code, 0);
    assert_string_equal(ran->err, "");
    static const char *const lines[] = {"Turns data under one key into data under another, inside the token.\n",
                                        "Needed: --ciphertext-blob and --destination-key-id. Optional: ",
                                        "Optional: --source-encryption-context if it was made with one.\n",
                                        "docs/operations.md\n",
                                        "    --ciphertext-blob <blob>\n",
                                        "    --source-encryption-context <map>\n",
                                        "    --dry-run | --no-dry-run\n",
                                        "    --grant-tokens <value> …\n",
                                        "RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256",
                                        "    --generate-cli-skeleton [input]",
                                        "    DestinationKeyMaterialId\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_non_null(strstr(ran->out, lines[i]));
    }
    ran = RUN("help");
    assert_int_equal(ran->exit_code, 0);
    assert_non_null(strstr(ran->out, "$REWRAP_SOCKET, or /run/rewrapd/rewrapd.sock\n"));
    static const char *const aligned[] = {"--output json|text|table ", "--cli-binary-format base64|raw-in-base64-out "};
    static const char *const texts[] = {"how the answer is printed", "what blobs in literals"};
    for (size_t i = 0; i < sizeof aligned / sizeof aligned[0]; i++) {
        const char *option = strstr(ran->out, aligned[i]);
        assert_non_null(option);
        assert_int_equal(strstr(option, texts[i]) - option, 45); /* every description begins in one column */
    }
    assert_non_null(strstr(ran->out, "    generate-data-key-without-plaintext\n"));
}

/* Who asks after a command gets the answer, and the command is not done. */
static void help_and_version_after_a_command(void **state)
{
    (void)state;
    static const char *const versions[][5] = {{"create-alias", "--version"},
                                              {"create-alias", "--alias-name", "x", "--version"},
                                              {"--version", "create-alias"}};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct rewrapctl_run *ran = rewrapctl_run(versions[i], "/nonexistent", "");
        assert_int_equal(ran->exit_code, 0);
        assert_string_equal(ran->out, "rewrapctl " REWRAP_VERSION "\n");
        assert_string_equal(ran->err, "");
    }
    static const char *const helps[][4] = {{"create-alias", "help"},
                                           {"create-alias", "--help"},
                                           {"--help", "create-alias"},
                                           {"help", "create-alias"},
                                           {"create-alias", "--version", "--help"}};
    for (size_t i = 0; i < sizeof helps / sizeof helps[0]; i++) {
        struct rewrapctl_run *ran = rewrapctl_run(helps[i], "/nonexistent", "");
        assert_int_equal(ran->exit_code, 0);
        assert_non_null(strstr(ran->out, "usage: rewrapctl create-alias [options]\n"));
        assert_string_equal(ran->err, "");
    }
    struct rewrapctl_run *ran = RUN("create-alias", "help", "me");
    assert_int_equal(ran->exit_code, 252);
    static const char *const ceremonies[][3] = {
        {"ceremony", "init", "help"}, {"help", "ceremony"}, {"--help", "ceremony"}};
    for (size_t i = 0; i < sizeof ceremonies / sizeof ceremonies[0]; i++) {
        const char *const words[] = {ceremonies[i][0], ceremonies[i][1], ceremonies[i][2], NULL};
        ran = rewrapctl_run(words, "/nonexistent", "");
        assert_int_equal(ran->exit_code, 0);
        assert_non_null(strstr(ran->out, "ceremony init"));
    }
    ran = RUN("help", "nope");
    assert_int_equal(ran->exit_code, 252);
    assert_non_null(strstr(ran->err, "unknown command: nope"));
    ran = RUN("help", "help");
    assert_int_equal(ran->exit_code, 0);
    assert_non_null(strstr(ran->out, "    create-alias\n"));
}

/* The skeleton needs no daemon, and is itself an input (every member has the right type). */
static void the_skeleton_is_an_input(void **state)
{
    (void)state;
    static const char *const operations[] = {"re-encrypt", "create-key", "list-keys", "create-alias"};
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const char *const print[] = {operations[i], "--generate-cli-skeleton", NULL};
        struct rewrapctl_run *ran = rewrapctl_run(print, "/nonexistent", "");
        assert_int_equal(ran->exit_code, 0);
        static char skeleton[REWRAPCTL_OUTPUT_BYTES];
        memcpy(skeleton, ran->out, sizeof skeleton);
        const char *const use[] = {operations[i], "--cli-input-json", skeleton, NULL};
        ran = rewrapctl_run(use, "/nonexistent", "");
        assert_int_equal(ran->exit_code, 255); /* as far as the connection */
        assert_non_null(strstr(ran->err, "Could not connect"));
    }
}

/* Who asks for a text into a file has to know when the file has not got it. */
static void texts_that_cannot_be_written(void **state)
{
    (void)state;
    static const char *const asked[][5] = {{"--help"},
                                           {"help"},
                                           {"--version"},
                                           {"create-alias", "--help"},
                                           {"create-alias", "--version"},
                                           {"doctor", "--help"},
                                           {"doctor", "--version"},
                                           {"policy", "--help"},
                                           {"policy", "lint", "--help"},
                                           {"policy", "explain", "--help"},
                                           {"policy", "explain", "re-encrypt", "--version"},
                                           {"token", "--help"},
                                           {"ceremony", "--help"}};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const struct rewrapctl_run *ran = rewrapctl_run_into("/dev/full", asked[i]);
        assert_int_equal(ran->exit_code, 255);
        assert_non_null(strstr(ran->err, "could not be written to the standard output\n"));
        ran = rewrapctl_run_into(NULL, asked[i]); /* a closed one */
        assert_int_equal(ran->exit_code, 255);
        assert_non_null(strstr(ran->err, "could not be written to the standard output\n"));
    }
}

/* The commands that are not operations answer these like operations. */
static void commands_have_help_and_version(void **state)
{
    (void)state;
    static const char *const versions[][5] = {{"doctor", "--version"},
                                              {"policy", "explain", "re-encrypt", "--version"}};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct rewrapctl_run *ran = rewrapctl_run(versions[i], "/nonexistent", "");
        assert_int_equal(ran->exit_code, 0);
        assert_string_equal(ran->out, "rewrapctl " REWRAP_VERSION "\n");
    }
    static const char *const helps[] = {"ceremony", "doctor", "policy", "token"};
    for (size_t i = 0; i < sizeof helps / sizeof helps[0]; i++) {
        struct rewrapctl_run *ran = RUN(helps[i], "help");
        assert_int_equal(ran->exit_code, 0);
        assert_string_equal(ran->err, "");
        assert_non_null(strcasestr(ran->out, "usage: rewrapctl "));
    }
}

/* An option that is taken and does nothing would mislead. */
static void options_that_a_command_has_not(void **state)
{
    (void)state;
    static const char *const words[][8] = {
        {"doctor", "--query", "Verdict"},
        {"doctor", "--generate-cli-skeleton"},
        {"doctor", "--cli-input-json", "{}"},
        {"doctor", "--output", "table"},
        {"policy", "explain", "re-encrypt", "--principal", "x", "--query", "Source"},
        {"policy", "explain", "re-encrypt", "--principal", "x", "--generate-cli-skeleton"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct rewrapctl_run *ran = rewrapctl_run(words[i], "/nonexistent", "");
        assert_int_equal(ran->exit_code, 252);
        assert_non_null(strstr(ran->err, "rewrapctl: error: argument --"));
        assert_string_equal(ran->out, "");
    }
}

static void words_that_are_no_text(void **state)
{
    (void)state;
    struct rewrapctl_run *ran =
        RUN("policy", "explain", "re-encrypt", "--principal", "\xff", "--destination-key-id", "k");
    assert_int_equal(ran->exit_code, 252);
    assert_non_null(strstr(ran->err, "argument --principal: Not valid UTF-8\n"));
    ran = RUN("doctor", "--config", "/nonexistent/\xff");
    assert_int_equal(ran->exit_code, 2);
    assert_non_null(strstr(ran->out, "configuration: /nonexistent/\xEF\xBF\xBD: "));
    ran = RUN("doctor", "--endpoint", "unix:/nonexistent/\xff", "--output", "json");
    assert_int_equal(ran->exit_code, 2);
    assert_non_null(strstr(ran->out, "/nonexistent/\xEF\xBF\xBD"));
    ran = RUN("ceremony", "list", "\x1b[2J\xff");
    assert_int_equal(ran->exit_code, 252);
    assert_non_null(strstr(ran->err, "rewrapctl ceremony list: '\\u001b[2J\xEF\xBF\xBD' is not an option\n"));
}

static void a_pin_file_is_named(void **state)
{
    (void)state;
    struct rewrapctl_run *ran =
        RUN("token", "probe", "--module", "/nonexistent", "--token-uri", "pkcs11:", "--pin-file", "/nonexistent/pin");
    assert_int_equal(ran->exit_code, 253);
    assert_string_equal(ran->err, "rewrapctl token probe: /nonexistent/pin: PIN file: it is not there\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage),
        cmocka_unit_test(help_and_version),
        cmocka_unit_test(help_and_version_after_a_command),
        cmocka_unit_test(the_skeleton_is_an_input),
        cmocka_unit_test(texts_that_cannot_be_written),
        cmocka_unit_test(commands_have_help_and_version),
        cmocka_unit_test(options_that_a_command_has_not),
        cmocka_unit_test(words_that_are_no_text),
        cmocka_unit_test(a_pin_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
