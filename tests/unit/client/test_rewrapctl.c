/* rewrapctl as scripts see it: what it sends, prints and exits with, against a daemon of the tests (KMS.md R-146 to
 * */
#include "fake_daemon.h"

#include "proto/message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_WORDS    12
#define OUTPUT_BYTES 65536

#define LONG_ERROR_CHARACTERS 20000 /* of two bytes each: more than anything is cut to */

/* ------------------------------------------------------------------ the daemon */

static void answer(int fd, uint64_t id, const ProtobufCMessage *body)
{
    struct buffer packed = BUFFER_INIT(65536);
    struct buffer out = BUFFER_INIT(65536 * 2);
    if (proto_pack(body, &packed).code == PROTO_OK) {
        fake_frame_body(&out, id, buffer_view(&packed));
        fake_write(fd, out.data, out.len);
    }
    buffer_clear(&packed);
    buffer_clear(&out);
}

static void answer_error(int fd, uint64_t id, const char *code, const char *message)
{
    struct buffer out = BUFFER_INIT(65536);
    fake_frame_error(&out, &id, code, message);
    fake_write(fd, out.data, out.len);
    buffer_clear(&out);
}

/* protobuf-c has no const strings. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

/* The blob comes back as it was sent, so that a test sees what arrived. */
static void answer_re_encrypt(int fd, const Rewrap__Request *frame, const Rewrap__ReEncryptRequest *request)
{
    Rewrap__ReEncryptResponse response = REWRAP__RE_ENCRYPT_RESPONSE__INIT;
    const char *destination = request->destination_key_id == NULL ? "" : request->destination_key_id;
    if (strcmp(destination, "alias/none") == 0) {
        answer_error(fd, frame->id, "NotFoundException",
                     "Alias arn:aws:kms:eu-central-1:111122223333:alias/none is not found.");
        return;
    }
    if (strcmp(destination, "silent-error") == 0) {
        answer_error(fd, frame->id, "InvalidCiphertextException", NULL);
        return;
    }
    if (strcmp(destination, "silent-internal") == 0) {
        answer_error(fd, frame->id, "KMSInternalException", NULL);
        return;
    }
    if (strcmp(destination, "hostile-error") == 0) {
        answer_error(fd, frame->id, "X\x1b[2J", "\x1b]0;title\x07\nb\xc2\x9b\xe2\x80\xae");
        return;
    }
    if (strcmp(destination, "long-error") == 0) {
        char message[2 * LONG_ERROR_CHARACTERS + 1] = "";
        for (size_t i = 0; i < LONG_ERROR_CHARACTERS; i++) {
            memcpy(message + 2 * i, "\xc3\xb6", sizeof "\xc3\xb6");
        }
        answer_error(fd, frame->id, "ValidationException", message);
        return;
    }
    if (strcmp(destination, "never") == 0) {
        return;
    }
    response.has_ciphertext_blob = request->has_ciphertext_blob;
    response.ciphertext_blob = request->ciphertext_blob;
    response.source_key_id = text("arn:s");
    response.key_id = text("arn:d");
    response.has_source_encryption_algorithm = 1;
    response.source_encryption_algorithm = REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SYMMETRIC_DEFAULT;
    answer(fd, frame->id, &response.base);
}

/* Five keys, two a page; the last marker is the number of the next one. */
static void answer_list_keys(int fd, const Rewrap__Request *frame, const Rewrap__ListKeysRequest *request)
{
    char ids[5][8];
    char marker[8];
    Rewrap__KeyListEntry entries[2] = {REWRAP__KEY_LIST_ENTRY__INIT, REWRAP__KEY_LIST_ENTRY__INIT};
    Rewrap__KeyListEntry *keys[2] = {&entries[0], &entries[1]};
    Rewrap__ListKeysResponse response = REWRAP__LIST_KEYS_RESPONSE__INIT;
    size_t first = request->marker == NULL ? 0 : (size_t)strtoul(request->marker, NULL, 10);
    for (size_t i = 0; i < 2 && first + i < 5; i++) {
        snprintf(ids[i], sizeof ids[i], "key-%zu", first + i);
        entries[i].key_id = ids[i];
        response.n_keys++;
    }
    response.keys = keys;
    response.has_truncated = 1;
    response.truncated = first + 2 < 5;
    snprintf(marker, sizeof marker, "%zu", first + 2);
    response.next_marker = response.truncated ? marker : NULL;
    answer(fd, frame->id, &response.base);
}

static void answer_describe_key(int fd, const Rewrap__Request *frame)
{
    Rewrap__DescribeKeyResponse response = REWRAP__DESCRIBE_KEY_RESPONSE__INIT;
    Rewrap__KeyMetadata metadata = REWRAP__KEY_METADATA__INIT;
    Rewrap__Timestamp created = REWRAP__TIMESTAMP__INIT;
    created.has_seconds = 1;
    created.seconds = 1714564800;
    metadata.aws_account_id = text("111122223333");
    metadata.key_id = text("k1");
    metadata.creation_date = &created;
    response.key_metadata = &metadata;
    answer(fd, frame->id, &response.base);
}

/* With a key, pages without an end; without, bytes that are no ListAliasesResponse. */
static void answer_list_aliases(int fd, const Rewrap__Request *frame, const Rewrap__ListAliasesRequest *request)
{
    Rewrap__ListAliasesResponse response = REWRAP__LIST_ALIASES_RESPONSE__INIT;
    response.has_truncated = 1;
    response.truncated = 1;
    response.next_marker = text("again");
    if (request->key_id != NULL) {
        answer(fd, frame->id, &response.base);
        return;
    }
    struct buffer out = BUFFER_INIT(64);
    fake_frame_body(&out, frame->id, view_of("\xff\xff", 2));
    fake_write(fd, out.data, out.len);
    buffer_clear(&out);
}

static void answer_request(int fd, const Rewrap__Request *frame)
{
    ProtobufCMessage *body = NULL;
    struct view bytes = view_of(frame->body.data, frame->body.len);
    if (strcmp(frame->operation, "ReEncrypt") == 0 &&
        proto_unpack(&rewrap__re_encrypt_request__descriptor, bytes, &body).code == PROTO_OK) {
        answer_re_encrypt(fd, frame, (const Rewrap__ReEncryptRequest *)body);
    } else if (strcmp(frame->operation, "ListKeys") == 0 &&
               proto_unpack(&rewrap__list_keys_request__descriptor, bytes, &body).code == PROTO_OK) {
        answer_list_keys(fd, frame, (const Rewrap__ListKeysRequest *)body);
    } else if (strcmp(frame->operation, "DescribeKey") == 0) {
        answer_describe_key(fd, frame);
    } else if (strcmp(frame->operation, "CreateAlias") == 0) {
        Rewrap__CreateAliasResponse response = REWRAP__CREATE_ALIAS_RESPONSE__INIT;
        answer(fd, frame->id, &response.base);
    } else if (strcmp(frame->operation, "ListAliases") == 0 &&
               proto_unpack(&rewrap__list_aliases_request__descriptor, bytes, &body).code == PROTO_OK) {
        answer_list_aliases(fd, frame, (const Rewrap__ListAliasesRequest *)body);
    } else {
        answer_error(fd, frame->id, "UnknownOperationException", NULL);
    }
    proto_free(body);
}

static void serve(int fd)
{
    for (Rewrap__Request *frame; (frame = fake_read_request(fd)) != NULL;) {
        answer_request(fd, frame);
        proto_free(&frame->base);
    }
}

/* ------------------------------------------------------------------ running the program */

static struct fake_daemon fake;

struct run {
    int exit_code;
    char out[OUTPUT_BYTES];
    char err[OUTPUT_BYTES];
};

/* Reads both pipes to their end, so that neither fills up. */
static void read_both(int out, int err, struct run *run)
{
    struct pollfd fds[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
    char *texts[2] = {run->out, run->err};
    size_t lens[2] = {0, 0};
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        assert_true(poll(fds, 2, 60000) > 0);
        for (int i = 0; i < 2; i++) {
            if (fds[i].fd < 0 || fds[i].revents == 0) {
                continue;
            }
            ssize_t got = read(fds[i].fd, texts[i] + lens[i], OUTPUT_BYTES - 1 - lens[i]);
            lens[i] += got > 0 ? (size_t)got : 0;
            if (got <= 0) {
                close(fds[i].fd);
                fds[i].fd = -1;
            }
        }
    }
    run->out[lens[0]] = '\0';
    run->err[lens[1]] = '\0';
}

static void make_pipe(int ends[2], const char *content)
{
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    if (content != NULL) {
        assert_int_equal(write(ends[1], content, strlen(content)), strlen(content));
        close(ends[1]);
    }
}

static pid_t start(const char *const *words, const char *const *environment, int in, int out, int err)
{
    char *argv[MAX_WORDS + 2] = {text("rewrapctl")};
    for (size_t i = 0; i < MAX_WORDS && words[i] != NULL; i++) {
        argv[i + 1] = text(words[i]);
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, err, 2);
    pid_t pid = -1;
    assert_int_equal(posix_spawn(&pid, REWRAPCTL, &actions, NULL, argv, (char *const *)(uintptr_t)environment), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/* Runs the program with `socket` in its environment (NULL: none) and `in` on its standard input. */
static struct run *run(const char *const *words, const char *socket, const char *in)
{
    static struct run run;
    char variable[128];
    snprintf(variable, sizeof variable, "REWRAP_SOCKET=%s", socket == NULL ? "" : socket);
    const char *const environment[] = {variable, NULL};
    int ins[2];
    int outs[2];
    int errs[2];
    make_pipe(ins, in);
    make_pipe(outs, NULL);
    make_pipe(errs, NULL);
    pid_t pid = start(words, environment, ins[0], outs[1], errs[1]);
    close(ins[0]);
    close(outs[1]);
    close(errs[1]);
    read_both(outs[0], errs[0], &run);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    run.exit_code = WEXITSTATUS(status);
    return &run;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL}, fake.endpoint, "")

/* ------------------------------------------------------------------ tests */

#define RE_ENCRYPTED                                                                                                   \
    "{\n    \"CiphertextBlob\": \"aGVsbG8=\",\n    \"SourceKeyId\": \"arn:s\",\n    \"KeyId\": \"arn:d\",\n"           \
    "    \"SourceEncryptionAlgorithm\": \"SYMMETRIC_DEFAULT\"\n}\n"

static void an_operation_prints_its_answer(void **state)
{
    (void)state;
    struct run *ran = RUN("re-encrypt", "--ciphertext-blob", "aGVsbG8=", "--destination-key-id", "k");
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
    struct run *ran = RUN("describe-key", "--key-id", "k1", "--query", "KeyMetadata.CreationDate", "--output", "text");
    assert_string_equal(ran->out, "2024-05-01T12:00:00+00:00\n");
}

static void the_socket_is_found(void **state)
{
    (void)state;
    static const char *const words[] = {"create-alias", NULL};
    assert_int_equal(run(words, fake.endpoint, "")->exit_code, 0);
    assert_int_equal(run(words, fake.endpoint + strlen("unix:"), "")->exit_code, 0);
    const char *const option[] = {"create-alias", "--endpoint", fake.endpoint, NULL};
    assert_int_equal(run(option, "/nonexistent", "")->exit_code, 0);
    struct run *ran = run(words, "relative", "");
    assert_int_equal(ran->exit_code, 253);
    assert_non_null(strstr(ran->err, "Bad value for REWRAP_SOCKET \"relative\""));
    ran = run(words, "/nonexistent", "");
    assert_int_equal(ran->exit_code, 255);
    assert_string_equal(ran->err,
                        "\nrewrapctl: error: Could not connect to the endpoint: \"/nonexistent\": No such file or "
                        "directory (is rewrapd running?)\n");
    ran = run(words, "/dev/null/x", "");
    assert_string_equal(ran->err,
                        "\nrewrapctl: error: Could not connect to the endpoint: \"/dev/null/x\": Not a directory\n");
    if (access("/run/rewrapd/rewrapd.sock", F_OK) != 0) { /* a machine that runs the service has an endpoint */
        assert_int_equal(run(words, NULL, "")->exit_code, 253);
    }
    ran = RUN("create-alias", "--endpoint", "tcp:x");
    assert_int_equal(ran->exit_code, 252);
}

static void blobs_from_the_standard_input(void **state)
{
    (void)state;
    static const char *const dash[] = {"re-encrypt", "--ciphertext-blob", "-", NULL};
    assert_string_equal(run(dash, fake.endpoint, "hello")->out, RE_ENCRYPTED);
    static const char *const device[] = {"re-encrypt", "--ciphertext-blob", "fileb:///dev/stdin", NULL};
    assert_string_equal(run(device, fake.endpoint, "hello")->out, RE_ENCRYPTED);
    static const char *const base64[] = {"re-encrypt", "--ciphertext-blob", "file:///dev/stdin", NULL};
    assert_string_equal(run(base64, fake.endpoint, "aGVsbG8=\n")->out, RE_ENCRYPTED);
}

static void errors_of_the_service(void **state)
{
    (void)state;
    struct run *ran = RUN("re-encrypt", "--destination-key-id", "alias/none");
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
    assert_int_equal(strlen(ran->err), strlen(before) + 2 * LONG_ERROR_CHARACTERS + 1);
    for (size_t i = 0; i < LONG_ERROR_CHARACTERS; i++) {
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
    struct run *ran = RUN("list-aliases");
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
    struct run *ran = RUN("list-keys", "--output", "text");
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

static void usage(void **state)
{
    (void)state;
    struct run *ran = RUN("nope");
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
    ran = RUN("list-keys", "--limit", "99999999999");
    assert_int_equal(ran->exit_code, 252);
    assert_non_null(strstr(ran->err, "a number out of range"));
}

static void help_and_version(void **state)
{
    (void)state;
    struct run *ran = RUN("--version");
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
        struct run *ran = run(versions[i], "/nonexistent", "");
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
        struct run *ran = run(helps[i], "/nonexistent", "");
        assert_int_equal(ran->exit_code, 0);
        assert_non_null(strstr(ran->out, "usage: rewrapctl create-alias [options]\n"));
        assert_string_equal(ran->err, "");
    }
    struct run *ran = RUN("create-alias", "help", "me");
    assert_int_equal(ran->exit_code, 252);
    static const char *const ceremonies[][3] = {
        {"ceremony", "init", "help"}, {"help", "ceremony"}, {"--help", "ceremony"}};
    for (size_t i = 0; i < sizeof ceremonies / sizeof ceremonies[0]; i++) {
        const char *const words[] = {ceremonies[i][0], ceremonies[i][1], ceremonies[i][2], NULL};
        ran = run(words, "/nonexistent", "");
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
        struct run *ran = run(print, "/nonexistent", "");
        assert_int_equal(ran->exit_code, 0);
        static char skeleton[OUTPUT_BYTES];
        memcpy(skeleton, ran->out, sizeof skeleton);
        const char *const use[] = {operations[i], "--cli-input-json", skeleton, NULL};
        ran = run(use, "/nonexistent", "");
        assert_int_equal(ran->exit_code, 255); /* as far as the connection */
        assert_non_null(strstr(ran->err, "Could not connect"));
    }
}

static void an_interrupt(void **state)
{
    (void)state;
    char variable[128];
    snprintf(variable, sizeof variable, "REWRAP_SOCKET=%s", fake.endpoint);
    const char *const environment[] = {variable, NULL};
    const char *const words[] = {"re-encrypt", "--ciphertext-blob", "-", NULL};
    int ins[2];
    make_pipe(ins, NULL);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    /* The program reads its standard input until we close it: first wait until it has taken a byte. */
    pid_t pid = start(words, environment, ins[0], null, null);
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
    pid_t pid = start(words, environment, null, full, null);
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
    fake_daemon_start(&fake, serve);
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
        cmocka_unit_test(usage),
        cmocka_unit_test(help_and_version),
        cmocka_unit_test(help_and_version_after_a_command),
        cmocka_unit_test(the_skeleton_is_an_input),
        cmocka_unit_test(an_interrupt),
        cmocka_unit_test(an_answer_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, start_daemon, stop_daemon);
}
