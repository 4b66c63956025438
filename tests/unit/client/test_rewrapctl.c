/* rewrapctl as scripts see it: what it sends, prints and exits with, against a daemon of the tests (KMS.md R-146 to
 * */
#include "fake_daemon.h"
#include "fake_service.h"
#include "rewrapctl_run.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct fake_daemon fake;

#define RUN(...) rewrapctl_run((const char *const[]){__VA_ARGS__, NULL}, fake.endpoint, "")

#define RE_ENCRYPTED                                                                                                   \
    "{\n    \"CiphertextBlob\": \"aGVsbG8=\",\n    \"SourceKeyId\": \"arn:s\",\n    \"KeyId\": \"arn:d\",\n"           \
    "    \"SourceEncryptionAlgorithm\": \"SYMMETRIC_DEFAULT\"\n}\n"

static void an_operation_prints_its_answer(void **state)
{
    (void)state;
    struct rewrapctl_run *ran = RUN("re-encrypt", "--ciphertext-blob", "aGVsbG8=", "--destination-key-id", "k");
    assert_int_equal(ran->exit_code, 0);
    assert_string_equal(ran->out, RE_ENCRYPTED);
    assert_string_equal(ran->err, "");
    ran = RUN("re-encrypt", "--ciphertext-blob", "aGVsbG8=", "--output", "text");
    assert_string_equal(ran->out, "aGVsbG8=\tarn:d\tSYMMETRIC_DEFAULT\tarn:s\n");
    ran = RUN("--output", "text", "re-encrypt", "--ciphertext-blob", "aGVsbG8=", "--query", "CiphertextBlob");
    assert_string_equal(ran->out, "aGVsbG8=\n");
    ran = RUN("re-encrypt", "--query", "Nope");
    assert_string_equal(ran->out, "null\n");
    ran = RUN("create-alias", "--alias-name", "alias/x", "--target-key-id", "k");
    assert_int_equal(ran->exit_code, 0);
    assert_string_equal(ran->out, "");
}

static void timestamps_are_iso_8601(void **state)
{
    (void)state;
    struct rewrapctl_run *ran =
        RUN("describe-key", "--key-id", "k1", "--query", "KeyMetadata.CreationDate", "--output", "text");
    assert_string_equal(ran->out, "2024-05-01T12:00:00+00:00\n");
}

static void the_socket_is_found(void **state)
{
    (void)state;
    static const char *const words[] = {"create-alias", NULL};
    assert_int_equal(rewrapctl_run(words, fake.endpoint, "")->exit_code, 0);
    assert_int_equal(rewrapctl_run(words, fake.endpoint + strlen("unix:"), "")->exit_code, 0);
    const char *const option[] = {"create-alias", "--endpoint", fake.endpoint, NULL};
    assert_int_equal(rewrapctl_run(option, "/nonexistent", "")->exit_code, 0);
    struct rewrapctl_run *ran = rewrapctl_run(words, "relative", "");
    assert_int_equal(ran->exit_code, 253);
    assert_non_null(strstr(ran->err, "Bad value for REWRAP_SOCKET \"relative\""));
    ran = rewrapctl_run(words, "/nonexistent", "");
    assert_int_equal(ran->exit_code, 255);
    assert_string_equal(ran->err,
                        "\nrewrapctl: error: Could not connect to the endpoint: \"/nonexistent\": No such file or "
                        "directory (is rewrapd running?)\n");
    ran = rewrapctl_run(words, "/dev/null/x", "");
    assert_string_equal(ran->err,
                        "\nrewrapctl: error: Could not connect to the endpoint: \"/dev/null/x\": Not a directory\n");
    if (access("/run/rewrapd/rewrapd.sock", F_OK) != 0) { /* a machine that runs the service has an endpoint */
        assert_int_equal(rewrapctl_run(words, NULL, "")->exit_code, 253);
    }
    ran = RUN("create-alias", "--endpoint", "tcp:x");
    assert_int_equal(ran->exit_code, 252);
}

static void blobs_from_the_standard_input(void **state)
{
    (void)state;
    static const char *const dash[] = {"re-encrypt", "--ciphertext-blob", "-", NULL};
    assert_string_equal(rewrapctl_run(dash, fake.endpoint, "hello")->out, RE_ENCRYPTED);
    static const char *const device[] = {"re-encrypt", "--ciphertext-blob", "fileb:///dev/stdin", NULL};
    assert_string_equal(rewrapctl_run(device, fake.endpoint, "hello")->out, RE_ENCRYPTED);
    static const char *const base64[] = {"re-encrypt", "--ciphertext-blob", "file:///dev/stdin", NULL};
    assert_string_equal(rewrapctl_run(base64, fake.endpoint, "aGVsbG8=\n")->out, RE_ENCRYPTED);
}

static void errors_of_the_service(void **state)
{
    (void)state;
    struct rewrapctl_run *ran = RUN("re-encrypt", "--destination-key-id", "alias/none");
    assert_int_equal(ran->exit_code, 254);
    assert_string_equal(ran->out, "");
    assert_string_equal(ran->err, "\nAn error occurred (NotFoundException) when calling the ReEncrypt operation: Alias "
                                  "arn:aws:kms:eu-central-1:111122223333:alias/none is not found.\n");
    ran = RUN("re-encrypt", "--destination-key-id", "silent-error");
    assert_int_equal(ran->exit_code, 254);
    assert_string_equal(ran->err,
                        "\nAn error occurred (InvalidCiphertextException) when calling the ReEncrypt operation: \n"
                        "rewrapctl: the ciphertext is damaged or of another key, or the encryption context is not the "
                        "one it was made with, or it is an RSA ciphertext, which needs --source-encryption-algorithm "
                        "and --source-key-id\n");
    ran = RUN("re-encrypt", "--destination-key-id", "silent-internal");
    assert_string_equal(ran->err,
                        "\nAn error occurred (KMSInternalException) when calling the ReEncrypt operation: \n");
    ran = RUN("re-encrypt", "--destination-key-id", "hostile-error");
    assert_string_equal(ran->err, "\nAn error occurred (X\\u001b[2J) when calling the ReEncrypt operation: "
                                  "\\u001b]0;title\\u0007\nb\\u009b\\u202e\n");
    ran = RUN("re-encrypt", "--destination-key-id", "long-error");
    assert_int_equal(ran->exit_code, 254);
    static const char before[] = "\nAn error occurred (ValidationException) when calling the ReEncrypt operation: ";
    assert_int_equal(strncmp(ran->err, before, strlen(before)), 0);
    assert_int_equal(strlen(ran->err), strlen(before) + 2 * FAKE_LONG_ERROR_CHARACTERS + 1);
    for (size_t i = 0; i < FAKE_LONG_ERROR_CHARACTERS; i++) {
        assert_memory_equal(ran->err + strlen(before) + 2 * i, "\xc3\xb6", 2);
    }
    /* Our own errors echo words and files. */
    ran = RUN("re-encrypt", "--bo\x1b[2Jgus\xc2\x9b");
    assert_non_null(strstr(ran->err, "Unknown options: --bo\\u001b[2Jgus\\u009b\n"));
    ran = RUN("re-encrypt", "--source-encryption-context", "\xe2\x80\xae");
    assert_null(strstr(ran->err, "\xe2\x80\xae"));
}

static void answers_that_are_none(void **state)
{
    (void)state;
    struct rewrapctl_run *ran = RUN("list-aliases");
    assert_int_equal(ran->exit_code, 255);
    assert_non_null(strstr(ran->err, "rewrapctl: error: The answer is not a ListAliasesResponse"));
    ran = RUN("list-aliases", "--key-id", "k");
    assert_int_equal(ran->exit_code, 255);
    assert_non_null(strstr(ran->err, "The daemon says that more pages follow, and not where"));
    ran = RUN("re-encrypt", "--destination-key-id", "never", "--timeout-ms", "1");
    assert_int_equal(ran->exit_code, 255);
    assert_string_equal(ran->err, "\nrewrapctl: error: No answer from the endpoint: no answer in time\n");
}

static void all_pages_or_one(void **state)
{
    (void)state;
    struct rewrapctl_run *ran = RUN("list-keys", "--output", "text");
    assert_string_equal(ran->out, "KEYS\tkey-0\nKEYS\tkey-1\nKEYS\tkey-2\nKEYS\tkey-3\nKEYS\tkey-4\n");
    ran = RUN("list-keys", "--output", "text", "--no-paginate");
    assert_string_equal(ran->out, "2\tTrue\nKEYS\tkey-0\nKEYS\tkey-1\n");
    ran = RUN("list-keys", "--output", "text", "--marker", "4");
    assert_string_equal(ran->out, "False\nKEYS\tkey-4\n");
    ran = RUN("list-keys", "--output", "text", "--cli-input-json", "{\"Limit\":null,\"Marker\":null}");
    assert_string_equal(ran->out, "KEYS\tkey-0\nKEYS\tkey-1\nKEYS\tkey-2\nKEYS\tkey-3\nKEYS\tkey-4\n");
    ran = RUN("list-keys", "--output", "text", "--limit", "2");
    assert_string_equal(ran->out, "2\tTrue\nKEYS\tkey-0\nKEYS\tkey-1\n");
}

static void a_number_that_does_not_fit(void **state)
{
    (void)state;
    struct rewrapctl_run *ran = RUN("list-keys", "--limit", "99999999999");
    assert_int_equal(ran->exit_code, 252);
    assert_non_null(strstr(ran->err, "a number out of range"));
}

/* What is said must not go into the connection, which would have the number of an output that is closed. */
static void closed_outputs_stay_closed(void **state)
{
    (void)state;
    char variable[128];
    snprintf(variable, sizeof variable, "REWRAP_SOCKET=%s", fake.endpoint);
    const char *const environment[] = {variable, NULL};
    const char *const words[] = {"re-encrypt", "--destination-key-id", "never", NULL};
    const pid_t pid = rewrapctl_start(words, environment, -1, -1, -1);
    char link[64];
    char target[64] = "";
    const time_t deadline = time(NULL) + 60;
    for (int fd = 0; strncmp(target, "socket:", 7) != 0; fd = (fd + 1) % 16) { /* until it has connected */
        assert_true(time(NULL) < deadline);
        snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)pid, fd);
        const ssize_t len = readlink(link, target, sizeof target - 1);
        target[len < 0 ? 0 : len] = '\0';
    }
    for (int fd = 0; fd <= 2; fd++) {
        snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)pid, fd);
        const ssize_t len = readlink(link, target, sizeof target - 1);
        target[len < 0 ? 0 : len] = '\0';
        assert_string_equal(target, "/dev/null");
    }
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void an_interrupt(void **state)
{
    (void)state;
    char variable[128];
    snprintf(variable, sizeof variable, "REWRAP_SOCKET=%s", fake.endpoint);
    const char *const environment[] = {variable, NULL};
    const char *const words[] = {"re-encrypt", "--ciphertext-blob", "-", NULL};
    int ins[2];
    rewrapctl_pipe(ins, NULL);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    /* The program reads its standard input until we close it: first wait until it has taken a byte. */
    pid_t pid = rewrapctl_start(words, environment, ins[0], null, null);
    close(ins[0]);
    size_t page = 4096;
    char bytes[4096] = {0};
    for (size_t written = 0; written < 32 * page; written += page) { /* more than a pipe holds: it is being read */
        assert_int_equal(write(ins[1], bytes, page), (ssize_t)page);
    }
    kill(pid, SIGINT);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 130);
    close(ins[1]);
    close(null);
}

static void an_answer_that_cannot_be_written(void **state)
{
    (void)state;
    char variable[128];
    snprintf(variable, sizeof variable, "REWRAP_SOCKET=%s", fake.endpoint);
    const char *const environment[] = {variable, NULL};
    const char *const words[] = {"re-encrypt", "--ciphertext-blob", "aGVsbG8=", NULL};
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t pid = rewrapctl_start(words, environment, null, full, null);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 255);
    close(full);
    close(null);
}

static int start_daemon(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    fake_daemon_start(&fake, fake_service_serve);
    return 0;
}

static int stop_daemon(void **state)
{
    (void)state;
    fake_daemon_stop(&fake);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operation_prints_its_answer),
        cmocka_unit_test(timestamps_are_iso_8601),
        cmocka_unit_test(the_socket_is_found),
        cmocka_unit_test(blobs_from_the_standard_input),
        cmocka_unit_test(errors_of_the_service),
        cmocka_unit_test(answers_that_are_none),
        cmocka_unit_test(all_pages_or_one),
        cmocka_unit_test(a_number_that_does_not_fit),
        cmocka_unit_test(closed_outputs_stay_closed),
        cmocka_unit_test(an_interrupt),
        cmocka_unit_test(an_answer_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, start_daemon, stop_daemon);
}
