/* The configuration: what is accepted, and that everything else is refused with its line. */
#include "settings.h"
#include "settings_keys.h"

#include "workers/workers.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#define SERVICE                                                                                                        \
    "[service]\nregion = eu-central-1\nstate-dir = /var/lib/rewrapd\nworker = /usr/libexec/rewrapd/rewrapd-hsm\n"
#define ACCOUNT     "[account 111122223333]\n"
#define LISTEN_PATH "[listen main]\npath = /run/rewrapd/rewrapd.sock\n"
#define LISTEN      LISTEN_PATH "principal = arn:aws:iam::111122223333:root\n"
#define TOKEN                                                                                                          \
    "[token main]\nmodule = /usr/lib/softhsm/libsofthsm2.so\nuri = pkcs11:token=rewrapd\npin-source = "                \
    "/etc/rewrapd/pin\n"
#define GOOD SERVICE ACCOUNT LISTEN TOKEN

static struct settings *parse(const char *text, char *error, size_t size)
{
    struct settings *settings = NULL;
    error[0] = '\0';
    bool good = settings_parse("t.conf", view_of_string(text), &settings, error, size);
    assert_true(good == (settings != NULL));
    assert_true(good == (error[0] == '\0'));
    return settings;
}

static void smallest_file_has_the_defaults(void **state)
{
    (void)state;
    char error[512];
    struct settings *settings = parse(GOOD, error, sizeof error);
    assert_string_equal(error, "");
    assert_string_equal(settings->partition, "aws");
    assert_string_equal(settings->region, "eu-central-1");
    assert_int_equal(settings->max_connections, 16384);
    assert_int_equal(settings->max_in_flight, 64);
    assert_int_equal(settings->log_level, LOG_INFO);
    assert_int_equal(settings->n_accounts, 1);
    assert_string_equal(settings->accounts[0], "111122223333");
    assert_int_equal(settings->n_listeners, 1);
    assert_int_equal(settings->listeners[0].mode, 0600);
    assert_string_equal(settings->listeners[0].principal, "arn:aws:iam::111122223333:root");
    assert_int_equal(settings->stall_timeout_ms, 30000);
    assert_int_equal(settings->n_tokens, 1);
    assert_int_equal(settings->tokens[0].require, HSM__LEVEL__LEVEL_SEALED);
    assert_int_equal(settings->tokens[0].workers, 1);
    assert_string_equal(settings->tokens[0].pin_file, "/etc/rewrapd/pin");
    settings_free(settings);
}

static void every_key_is_read(void **state)
{
    (void)state;
    char error[512];
    struct settings *settings = parse(
        "# a comment\n; another\n" SERVICE "partition = aws-cn\nmax-connections = 7\nmax-in-flight = 8\n"
        "default-timeout-ms = 9\nmax-timeout-ms = 10\nmax-keys-per-account = 11\nlog-level = debug\nstall-timeout-ms = "
        "12\n" ACCOUNT LISTEN_PATH
        "mode = 0660\ngroup = rewrapd\nprincipal = arn:aws-cn:iam::111122223333:user/payroll\n"
        "[peer one]\nuid = 0\ngid = 12\nprincipal = arn:aws-cn:iam::111122223333:root\n" TOKEN
        "init-args = configdir=/x flags=readOnly\nrequire = sensitive\nworkers = 3\nmax-queue = 14\ndeadline-ms = 15\n"
        "start-deadline-ms = 160\nmax-objects = 17\nbinding-root = 000102030405060708090a0b0c0d0e0f\n",
        error, sizeof error);
    assert_string_equal(error, "");
    assert_string_equal(settings->partition, "aws-cn");
    assert_int_equal(settings->max_connections, 7);
    assert_int_equal(settings->max_in_flight, 8);
    assert_int_equal(settings->default_timeout_ms, 9);
    assert_int_equal(settings->max_timeout_ms, 10);
    assert_int_equal(settings->max_keys_per_account, 11);
    assert_int_equal(settings->log_level, LOG_DEBUG);
    assert_int_equal(settings->stall_timeout_ms, 12);
    assert_int_equal(settings->listeners[0].mode, 0660);
    assert_string_equal(settings->listeners[0].group, "rewrapd");
    assert_string_equal(settings->listeners[0].principal, "arn:aws-cn:iam::111122223333:user/payroll");
    assert_true(settings->peers[0].has_uid && settings->peers[0].has_gid);
    assert_int_equal(settings->peers[0].gid, 12);
    assert_string_equal(settings->tokens[0].init_args, "configdir=/x flags=readOnly");
    assert_int_equal(settings->tokens[0].require, HSM__LEVEL__LEVEL_SENSITIVE);
    assert_int_equal(settings->tokens[0].workers, 3);
    assert_int_equal(settings->tokens[0].max_queue, 14);
    assert_int_equal(settings->tokens[0].deadline_ms, 15);
    assert_int_equal(settings->tokens[0].start_deadline_ms, 160);
    assert_int_equal(settings->tokens[0].max_objects, 17);
    assert_true(settings->tokens[0].has_binding_root);
    for (size_t i = 0; i < sizeof settings->tokens[0].binding_root; i++) {
        assert_int_equal(settings->tokens[0].binding_root[i], i);
    }
    settings_free(settings);
}

static void pin_sources(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *path; /* NULL: refused */
    } rows[] = {
        {"/a/pin", "/a/pin"},
        {"file:/a/pin", "/a/pin"},
        {"credential:pin", "/run/credentials/x/pin"},
        {"file:a/pin", NULL},
        {"credential:", NULL},
        {"credential:../pin", NULL},
        {"|/bin/cat pin", NULL},
        {"pin", NULL},
    };
    setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024];
        char error[512];
        snprintf(text, sizeof text,
                 SERVICE ACCOUNT LISTEN "[token main]\nmodule = m\nuri = pkcs11:token=x\npin-source = %s\n",
                 rows[i].value);
        struct settings *settings = parse(text, error, sizeof error);
        if (rows[i].path == NULL) {
            assert_null(settings);
            assert_non_null(strstr(error, "t.conf:12: [token main] pin-source: "));
        } else {
            assert_string_equal(settings->tokens[0].pin_file, rows[i].path);
        }
        settings_free(settings);
    }
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void bad_files_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"", "t.conf: [service] region is not set"},
        {"region = x\n", "t.conf:1: 'region' stands before the first section"},
        {"[service]\ncolour = red\n", "t.conf:2: [service] has no key 'colour'"},
        {"[colours]\n", "t.conf:1: there is no section [colours]"},
        {GOOD "[colours]\nred = 1\n", "t.conf:13: there is no section [colours]"},
        {"[service]\nregion = eu-central-1\nregion = eu-central-1\n", "t.conf:3: [service] region is given twice"},
        {"[service]\nregion = eu-central-1\n eu-central-2\n", "t.conf:3: [service] region is given twice"},
        {"[service]\nregion = Europe\n", "t.conf:2: [service] region: it is not a region such as eu-central-1"},
        {"[service]\nregion = eu-central-1  # home\n",
         "t.conf:2: [service] region: it is not a region such as eu-central-1 (a comment stands on a line of its own)"},
        {"[service]\nmax-in-flight = 3\t# few\n",
         "t.conf:2: [service] max-in-flight: it is not a number (a comment stands on a line of its own)"},
        {"[token]\n", "t.conf:1: [token] needs a name"},
        {"[account]\n", "t.conf:1: [account] needs a name"},
        {"[account 4444]\n", "t.conf:1: [account 4444] is not an account: that is 12 digits"},
        {"[token a]\n[token a]\n", "t.conf:2: [token a] is given twice"},
        {"[service]\nstate-dir = lib\n", "t.conf:2: [service] state-dir: it is not an absolute path"},
        {"[service]\nmax-in-flight = 0\n", "t.conf:2: [service] max-in-flight: it is not between 1 and 10000"},
        {"[service]\nmax-in-flight = -1\n", "t.conf:2: [service] max-in-flight: it is not a number"},
        {"[service]\nmax-in-flight = 1x\n", "t.conf:2: [service] max-in-flight: it is not a number"},
        {"[service]\nmax-in-flight = 99999999999999999999\n", "t.conf:2: [service] max-in-flight: it is not a number"},
        {"[service]\nlog-level = loud\n",
         "t.conf:2: [service] log-level: it is not error, warning, notice, info or debug"},
        {"[service]\nnonsense\n", "t.conf:2: this is neither [section] nor key = value"},
        {"[service\n", "t.conf:1: this is neither [section] nor key = value"},
        {SERVICE SERVICE, "t.conf:5: [service] is given twice"},
        {"[service x]\n", "t.conf:1: [service x] takes no name"},
        {"[account 11112222333]\n", "t.conf:1: [account 11112222333] is not an account: that is 12 digits"},
        {ACCOUNT ACCOUNT, "t.conf:2: [account 111122223333] is given twice"},
        {"[account 111122223333]\nx = 1\n", "t.conf:2: [account 111122223333] has no key 'x'"},
        {"[listen]\n", "t.conf:1: [listen] needs a name"},
        {"[listen a/b]\n",
         "t.conf:1: [listen a/b] has a name that cannot be: letters, digits, and . - _ are, at most 63 of them"},
        {"[listen a]\nmode = 0999\n", "t.conf:2: [listen a] mode: it is not an octal number"},
        {"[listen a]\nmode = 7777\n", "t.conf:2: [listen a] mode: it is not between 0 and 777"},
        {"[token a]\nbinding-root = 000102030405060708090A0B0C0D0E0F\n",
         "t.conf:2: [token a] binding-root: it is not a check value: 32 hexadecimal digits in lower case, as rewrapctl "
         "ceremony list shows them"},
        {"[token a]\nrequire = yes\n", "t.conf:2: [token a] require: it is neither sealed nor sensitive"},
        {"[token a]\nuri = SECRET1234\n", "t.conf:2: [token a] uri: it is not a URI of RFC 7512 (pkcs11:…)"},
        {"[token a]\nuri = pkcs11:token=x;pin-value=SECRET1234\n",
         "t.conf:2: [token a] uri: a PIN does not belong here; pin-source names the file that holds it"},
        {"[token a]\nuri = pkcs11:token=x?pin-source=file:/p\n",
         "t.conf:2: [token a] uri: pin-source is a key of its own"},
        {"[listen a]\npath = /run//x\n", "t.conf:2: [listen a] path: it has an empty, . or .. part"},
        {"[listen a]\npath = /run/../x\n", "t.conf:2: [listen a] path: it has an empty, . or .. part"},
        {SERVICE ACCOUNT LISTEN_PATH TOKEN,
         "t.conf:6: [listen main] has no principal, and there is no [peer …] section"},
        {GOOD "[peer x]\nuid = 1\nprincipal = arn:aws:iam::111122223333:root\n"
              "[peer y]\nuid = 1\ngid = 2\nprincipal = arn:aws:iam::111122223333:root\n",
         "t.conf:16: [peer y] is never looked at: [peer x] comes first"},
        {SERVICE "default-timeout-ms = 100000\n" ACCOUNT LISTEN TOKEN,
         "t.conf: [service] default-timeout-ms is more than max-timeout-ms"},
        {SERVICE LISTEN TOKEN, "t.conf: there is no [account …] section"},
        {SERVICE ACCOUNT TOKEN, "t.conf: there is no [listen …] section"},
        {SERVICE ACCOUNT LISTEN, "t.conf: there is no [token …] section"},
        {GOOD "[listen two]\nmode = 0600\n", "t.conf:13: [listen two] has no path"},
        {GOOD "[listen two]\npath = /run/rewrapd/rewrapd.sock\n",
         "t.conf:13: [listen two] has the path of [listen main]"},
        {GOOD "[peer x]\nprincipal = arn:aws:iam::111122223333:root\n", "t.conf:13: [peer x] has neither uid nor gid"},
        {GOOD "[peer x]\nuid = 1\n", "t.conf:13: [peer x] has no principal"},
        {GOOD "[peer x]\nuid = 4294967295\n", "t.conf:14: [peer x] uid: it is not between 0 and 4294967294"},
        {GOOD "[peer x]\nuid = 1\nprincipal = root\n",
         "t.conf:13: [peer x] principal: 'root' is not the ARN of a principal"},
        {GOOD "[peer x]\nuid = 1\nprincipal = arn:aws:iam::444455556666:root\n",
         "t.conf:13: [peer x] principal: 'arn:aws:iam::444455556666:root' is of an account without a section [account "
         "444455556666]"},
        {GOOD "[peer x]\nuid = 1\nprincipal = arn:aws-cn:iam::111122223333:root\n",
         "t.conf:13: [peer x] principal: 'arn:aws-cn:iam::111122223333:root' is not of partition aws"},
        {SERVICE ACCOUNT LISTEN "[token main]\nmodule = m\nuri = pkcs11:token=u\n",
         "t.conf:9: [token main] has no pin-source"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char error[512];
        struct settings *settings = parse(rows[i].text, error, sizeof error);
        assert_null(settings);
        assert_string_equal(error, rows[i].error);
    }
}

static void long_lines_and_nul_bytes_are_refused(void **state)
{
    (void)state;
    char text[1024] = "[service]\nworker = /";
    char error[512];
    memset(text + strlen(text), 'x', SETTINGS_LINE_BYTES);
    assert_null(parse(text, error, sizeof error));
    assert_string_equal(error, "t.conf:2: the line is longer than 198 bytes");

    struct settings *settings = NULL;
    static const char nul[] = "[service]\nworker = /a\0b\n";
    assert_false(settings_parse("t.conf", view_of(nul, sizeof nul - 1), &settings, error, sizeof error));
    assert_string_equal(error, "t.conf:2: there is a NUL byte");
}

static void the_longest_line_is_read_whole(void **state)
{
    (void)state;
    char text[2048] = SERVICE ACCOUNT LISTEN "[token main]\nmodule = m\npin-source = /p\nuri = pkcs11:token=";
    size_t line = strlen("uri = pkcs11:token=");
    memset(text + strlen(text), 'x', SETTINGS_LINE_BYTES - line);
    char error[512];
    struct settings *settings = parse(text, error, sizeof error);
    assert_string_equal(error, "");
    assert_int_equal(strlen(settings->tokens[0].uri), SETTINGS_LINE_BYTES - strlen("uri = "));
    settings_free(settings);
}

static void a_reload_tells_what_takes_a_restart(void **state)
{
    (void)state;
    char error[512];
    struct settings *old = parse(GOOD, error, sizeof error);
    static const struct {
        const char *text;
        const char *difference;
    } rows[] = {
        {GOOD, NULL},
        {GOOD "workers = 2\n", "[token main] workers"},
        {GOOD "binding-root = 000102030405060708090a0b0c0d0e0f\n", "[token main] binding-root"},
        {GOOD "[token b]\nmodule = m\nuri = pkcs11:token=u\npin-source = /p\n", "the number of [token …] sections"},
        {SERVICE "partition = aws-cn\n" ACCOUNT LISTEN_PATH "principal = arn:aws-cn:iam::111122223333:root\n" TOKEN,
         "[service] partition"},
        {SERVICE "max-in-flight = 3\n" ACCOUNT "[account 444455556666]\n" LISTEN "mode = 0666\n" TOKEN, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct settings *fresh = parse(rows[i].text, error, sizeof error);
        assert_non_null(fresh);
        const char *difference = settings_fixed_difference(old, fresh);
        if (rows[i].difference == NULL) {
            assert_null(difference);
        } else {
            assert_string_equal(difference, rows[i].difference);
        }
        settings_free(fresh);
    }
    settings_free(old);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    char error[512];
    struct settings *settings = NULL;
    assert_false(settings_read("/nonexistent/rewrapd.conf", &settings, error, sizeof error));
    assert_string_equal(error, "/nonexistent/rewrapd.conf: No such file or directory");
    assert_false(settings_read("/dev/null", &settings, error, sizeof error));
    assert_string_equal(error, "/dev/null: not a regular file of at most 1048576 bytes");
    assert_null(settings);
}

/* packaging/rewrapd.conf: read whole, and every key of every table stands in it, if only in a comment. */
static void the_example_is_good_and_complete(void **state)
{
    (void)state;
    static const struct key_row *const tables[] = {settings_service_keys, settings_listen_keys, settings_peer_keys,
                                                   settings_token_keys};
    char error[512] = "";
    struct settings *settings = NULL;
    setenv("CREDENTIALS_DIRECTORY", "/run/credentials/rewrapd.service", 1);
    assert_true(settings_read(EXAMPLE_CONFIGURATION, &settings, error, sizeof error));
    unsetenv("CREDENTIALS_DIRECTORY");
    settings_free(settings);

    char text[16384] = "\n";
    int fd = open(EXAMPLE_CONFIGURATION, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, text + 1, sizeof text - 2) > 0);
    close(fd);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const struct key_row *row = tables[i]; row->key != NULL; row++) {
            char line[64];
            char comment[64];
            snprintf(line, sizeof line, "\n%s =", row->key);
            snprintf(comment, sizeof comment, "\n#%s =", row->key);
            if (strstr(text, line) == NULL && strstr(text, comment) == NULL) {
                fail_msg("the example does not show %s", row->key);
            }
        }
    }
}

/* A file of that mode with a text in it, in a folder that is made for the test. */
static void make_file(const char *folder, const char *name, mode_t mode, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", folder, name);
    int fd = open(out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* Everything that is named, one at a time. */
static void what_is_named_must_be_there(void **state)
{
    (void)state;
    char folder[] = "/tmp/rewrap-settings-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char pin[64];
    char open_pin[64];
    make_file(folder, "pin", 0640, pin, sizeof pin);
    make_file(folder, "open", 0644, open_pin, sizeof open_pin);
    const struct {
        const char *worker;
        const char *state_dir;
        const char *module;
        const char *pin;
        const char *socket;
        const char *group;
        const char *error; /* how it ends; NULL: good */
    } rows[] = {
        {"/bin/sh", "/tmp", "name", pin, "/tmp/s", "root", NULL},
        {"/bin/sh", "/tmp", "/bin/sh", pin, "/s", "root", NULL},
        {"/bin/no-such", "/tmp", "name", pin, "/tmp/s", "root", "worker: /bin/no-such: No such file or directory"},
        {pin, "/tmp", "name", pin, "/tmp/s", "root", "/pin: is not a program"},
        {"/bin/sh", pin, "name", pin, "/tmp/s", "root", "/pin: is not a folder"},
        {"/bin/sh", "/tmp", "/no-such.so", pin, "/tmp/s", "root",
         "[token main] module: /no-such.so: No such file or directory"},
        {"/bin/sh", "/tmp", "name", "/tmp", "/tmp/s", "root", "[token main] pin-source: /tmp: is not a regular file"},
        {"/bin/sh", "/tmp", "name", open_pin, "/tmp/s", "root", "/open: its mode 0644 lets others use it (chmod o=)"},
        {"/bin/sh", "/tmp", "name", pin, "/no-such/s", "root",
         "[listen main] folder of path: /no-such: No such file or directory"},
        {"/bin/sh", "/tmp", "name", pin, pin, "root", "/pin is there and is no socket"},
        {"/bin/sh", "/tmp", "name", pin, "/tmp/s", "no-such-group",
         "[listen main] group: there is no group 'no-such-group'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024];
        char error[512];
        snprintf(text, sizeof text,
                 "[service]\nregion = eu-central-1\nstate-dir = %s\nworker = %s\n" ACCOUNT
                 "[listen main]\npath = %s\ngroup = %s\nprincipal = arn:aws:iam::111122223333:root\n"
                 "[token main]\nmodule = %s\nuri = pkcs11:token=x\npin-source = %s\n",
                 rows[i].state_dir, rows[i].worker, rows[i].socket, rows[i].group, rows[i].module, rows[i].pin);
        struct settings *settings = parse(text, error, sizeof error);
        assert_string_equal(error, "");
        bool good = settings_check_system(settings, error, sizeof error);
        settings_free(settings);
        assert_int_equal(good, rows[i].error == NULL);
        if (!good) {
            assert_true(strlen(error) >= strlen(rows[i].error));
            assert_string_equal(error + strlen(error) - strlen(rows[i].error), rows[i].error);
        }
    }
    unlink(pin);
    unlink(open_pin);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_file_has_the_defaults),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(pin_sources),
        cmocka_unit_test(bad_files_are_refused_with_their_line),
        cmocka_unit_test(long_lines_and_nul_bytes_are_refused),
        cmocka_unit_test(the_longest_line_is_read_whole),
        cmocka_unit_test(a_reload_tells_what_takes_a_restart),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(what_is_named_must_be_there),
        cmocka_unit_test(the_example_is_good_and_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
