/* From options and --cli-input-json to the request (KMS.md ), by tables. */
#include "operation/operation.h"
#include "operation/operation_request.h"
#include "operation/param.h"

#include "proto/json.h"
#include "proto/service.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_WORDS 12

/* A folder with the files that the tables name; the tests run inside it. */
static char folder[] = "/tmp/rewrap-request-XXXXXX";

#define CONTENT(name, literal)                                                                                         \
    {                                                                                                                  \
        name, literal, sizeof literal - 1                                                                              \
    }

static const struct {
    const char *name;
    const char *content;
    size_t len;
} files[] = {
    CONTENT("text", "hello"),
    CONTENT("base64", "aGVs\nbG8=\n"),
    CONTENT("bytes", "\x00\xff\n"),
    CONTENT("empty", ""),
    CONTENT("context.json", "{\"C\":\"3,4=5\"}\n"),
    CONTENT("shorthand", "A=1,B=2\n"),
    CONTENT("tags.json", "[{\"TagKey\":\"a\",\"TagValue\":\"b\"}]"),
    CONTENT("input.json", "{\"CiphertextBlob\":\"aGVsbG8=\",\"DestinationKeyId\":\"k\"}"),
    CONTENT("bad-utf8", "\xff\xfe"),
};

/* What each command line makes: JSON with sorted keys. */
static const struct {
    const char *words[MAX_WORDS];
    const char *json;
} good[] = {
    {{"re-encrypt"}, "{}"},
    {{"re-encrypt", "--destination-key-id", "alias/x"}, "{\"DestinationKeyId\":\"alias/x\"}"},
    {{"re-encrypt", "--destination-key-id=alias/x"}, "{\"DestinationKeyId\":\"alias/x\"}"},
    {{"re-encrypt", "--destination-key-id="}, "{\"DestinationKeyId\":\"\"}"},
    {{"re-encrypt", "--destination-key-id", "a", "--destination-key-id", "b"}, "{\"DestinationKeyId\":\"b\"}"},
    /* blobs */
    {{"re-encrypt", "--ciphertext-blob", "aGVsbG8="}, "{\"CiphertextBlob\":\"aGVsbG8=\"}"},
    {{"re-encrypt", "--ciphertext-blob", ""}, "{\"CiphertextBlob\":\"\"}"},
    {{"re-encrypt", "--ciphertext-blob", "file://base64"}, "{\"CiphertextBlob\":\"aGVsbG8=\"}"},
    {{"re-encrypt", "--ciphertext-blob", "fileb://bytes"}, "{\"CiphertextBlob\":\"AP8K\"}"},
    {{"re-encrypt", "--ciphertext-blob", "fileb://empty"}, "{\"CiphertextBlob\":\"\"}"},
    {{"re-encrypt", "--ciphertext-blob", "hello", "--cli-binary-format", "raw-in-base64-out"},
     "{\"CiphertextBlob\":\"aGVsbG8=\"}"},
    {{"re-encrypt", "--ciphertext-blob", "file://text", "--cli-binary-format", "raw-in-base64-out"},
     "{\"CiphertextBlob\":\"aGVsbG8=\"}"},
    {{"re-encrypt", "--ciphertext-blob", "fileb://bytes", "--cli-binary-format", "raw-in-base64-out"},
     "{\"CiphertextBlob\":\"AP8K\"}"},
    {{"re-encrypt", "--cli-binary-format", "base64", "--ciphertext-blob", "aGVsbG8="},
     "{\"CiphertextBlob\":\"aGVsbG8=\"}"},
    /* maps */
    {{"re-encrypt", "--source-encryption-context", "A=1,B='x,y'"},
     "{\"SourceEncryptionContext\":{\"A\":\"1\",\"B\":\"x,y\"}}"},
    {{"re-encrypt", "--source-encryption-context", "{\"C\":\"3,4=5\"}"},
     "{\"SourceEncryptionContext\":{\"C\":\"3,4=5\"}}"},
    {{"re-encrypt", "--source-encryption-context", " { } "}, "{\"SourceEncryptionContext\":{}}"},
    {{"re-encrypt", "--source-encryption-context", "file://context.json"},
     "{\"SourceEncryptionContext\":{\"C\":\"3,4=5\"}}"},
    {{"re-encrypt", "--source-encryption-context", "file://shorthand"},
     "{\"SourceEncryptionContext\":{\"A\":\"1\",\"B\":\"2\"}}"},
    /* lists */
    {{"re-encrypt", "--grant-tokens", "t1", "t2", "--dry-run"}, "{\"DryRun\":true,\"GrantTokens\":[\"t1\",\"t2\"]}"},
    {{"re-encrypt", "--grant-tokens", "[\"a\",\"b\"]"}, "{\"GrantTokens\":[\"a\",\"b\"]}"},
    {{"re-encrypt", "--grant-tokens", "a,b"}, "{\"GrantTokens\":[\"a,b\"]}"},
    {{"re-encrypt", "--grant-tokens", "{x}"}, "{\"GrantTokens\":[\"{x}\"]}"},
    {{"re-encrypt", "--grant-tokens"}, "{\"GrantTokens\":[]}"},
    {{"re-encrypt", "--dry-run-modifiers", "IGNORE_CIPHERTEXT"}, "{\"DryRunModifiers\":[\"IGNORE_CIPHERTEXT\"]}"},
    {{"create-key", "--tags", "TagKey=a,TagValue=b", "TagKey=c,TagValue="},
     "{\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"b\"},{\"TagKey\":\"c\",\"TagValue\":\"\"}]}"},
    {{"create-key", "--tags", "{\"TagKey\":\"a\"}", "TagKey=b"}, "{\"Tags\":[{\"TagKey\":\"a\"},{\"TagKey\":\"b\"}]}"},
    {{"create-key", "--tags", "{\"TagKey\":\"a\"}"}, "{\"Tags\":[{\"TagKey\":\"a\"}]}"},
    {{"create-key", "--tags", "file://tags.json"}, "{\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"b\"}]}"},
    /* booleans, integers, enumerations, text files */
    {{"re-encrypt", "--no-dry-run"}, "{\"DryRun\":false}"},
    {{"re-encrypt", "--dry-run", "--no-dry-run"}, "{\"DryRun\":false}"},
    {{"list-keys", "--limit", "10"}, "{\"Limit\":10}"},
    {{"list-keys", "--limit", "-1"}, "{\"Limit\":-1}"},
    {{"create-key", "--key-spec", "RSA_2048"}, "{\"KeySpec\":\"RSA_2048\"}"},
    {{"create-key", "--description", "file://text"}, "{\"Description\":\"hello\"}"},
    {{"create-key", "--description", "-"}, "{\"Description\":\"-\"}"},
    /* --cli-input-json */
    {{"re-encrypt", "--cli-input-json", "{\"SourceKeyId\":\"a\",\"DryRun\":true}"},
     "{\"DryRun\":true,\"SourceKeyId\":\"a\"}"},
    {{"re-encrypt", "--cli-input-json", "{\"SourceKeyId\":\"a\"}", "--source-key-id", "b"}, "{\"SourceKeyId\":\"b\"}"},
    {{"re-encrypt", "--cli-input-json", "file://input.json"},
     "{\"CiphertextBlob\":\"aGVsbG8=\",\"DestinationKeyId\":\"k\"}"},
    {{"re-encrypt", "--cli-input-json", "fileb://input.json"},
     "{\"CiphertextBlob\":\"aGVsbG8=\",\"DestinationKeyId\":\"k\"}"},
    {{"re-encrypt", "--cli-input-json", "{\"CiphertextBlob\":\"hello\"}", "--cli-binary-format", "raw-in-base64-out"},
     "{\"CiphertextBlob\":\"aGVsbG8=\"}"},
    /* null is not given */
    {{"re-encrypt", "--cli-input-json", "{\"CiphertextBlob\":null,\"DryRun\":null,\"GrantTokens\":null}"}, "{}"},
    {{"list-keys", "--cli-input-json", "{\"Limit\":null}"}, "{}"},
    {{"list-keys", "--cli-input-json", "{\"Limit\":null}", "--limit", "3"}, "{\"Limit\":3}"},
    {{"create-key", "--cli-input-json", "{\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":null}]}"},
     "{\"Tags\":[{\"TagKey\":\"a\"}]}"},
};

/* What each command line is refused with. */
static const struct {
    const char *words[MAX_WORDS];
    enum exit_code exit_code;
    const char *failure;
} bad[] = {
    {{"re-encrypt", "--bogus"}, EXIT_CODE_USAGE, "Unknown options: --bogus"},
    {{"re-encrypt", "--bogus=secret"}, EXIT_CODE_USAGE, "Unknown options: --bogus"},
    {{"re-encrypt", "--destination-key", "k"},
     EXIT_CODE_USAGE,
     "Unknown options: --destination-key (did you mean --destination-key-id?)"},
    {{"list-keys", "--ouput=text"}, EXIT_CODE_USAGE, "Unknown options: --ouput (did you mean --output?)"},
    {{"list-keys", "--regions=x"}, EXIT_CODE_USAGE, "Unknown options: --regions"},
    {{"re-encrypt", "--=x"}, EXIT_CODE_USAGE, "Unknown options: --"},
    {{"re-encrypt", "word"}, EXIT_CODE_USAGE, "Unknown options: word"},
    {{"re-encrypt", "--source-encryption-context", "A=1", "B=2"}, EXIT_CODE_USAGE, "Unknown options: B=2"},
    {{"encrypt", "--plaintext", "my", "secret"}, EXIT_CODE_USAGE, "Unknown options: a word after the value of a blob"},
    {{"re-encrypt", "--destination-key-id"}, EXIT_CODE_USAGE, "argument --destination-key-id: expected one argument"},
    {{"re-encrypt", "--destination-key-id", "--dry-run"},
     EXIT_CODE_USAGE,
     "argument --destination-key-id: expected one argument"},
    {{"re-encrypt", "--dry-run=true"}, EXIT_CODE_USAGE, "argument --dry-run=true: takes no value"},
    {{"re-encrypt", "--no-destination-key-id"},
     EXIT_CODE_USAGE,
     "Unknown options: --no-destination-key-id (did you mean --destination-key-id?)"},
    {{"re-encrypt", "--output", "yaml"},
     EXIT_CODE_USAGE,
     "argument --output: Invalid choice, valid choices are:\n\njson\ntext\ntable"},
    {{"re-encrypt", "--output"}, EXIT_CODE_USAGE, "argument --output: expected one argument"},
    {{"re-encrypt", "--generate-cli-skeleton", "yaml-input"},
     EXIT_CODE_USAGE,
     "argument --generate-cli-skeleton: Invalid choice, valid choices are:\n\ninput"},
    {{"re-encrypt", "--region", "eu-central-1"},
     EXIT_CODE_USAGE,
     "argument --region: not supported: the daemon's configuration says which region and account it serves"},
    {{"re-encrypt", "--cli-input-yaml", "x"},
     EXIT_CODE_USAGE,
     "argument --cli-input-yaml: not supported: use --cli-input-json"},
    /* blobs */
    {{"encrypt", "--plaintext", "secret!"},
     EXIT_CODE_OTHER,
     "Error parsing parameter '--plaintext': Invalid base64 (fileb://FILE takes bytes as they are)"},
    {{"encrypt", "--plaintext", "c2VjcmV0c"},
     EXIT_CODE_OTHER,
     "Error parsing parameter '--plaintext': Invalid base64 (fileb://FILE takes bytes as they are)"},
    {{"encrypt", "--plaintext", "fileb://x"},
     EXIT_CODE_USAGE,
     "Error parsing parameter '--plaintext': Unable to load paramfile fileb://x: [Errno 2] No such file or directory: "
     "'x'"},
    {{"encrypt", "--plaintext", "fileb://."},
     EXIT_CODE_USAGE,
     "Error parsing parameter '--plaintext': Unable to load paramfile fileb://.: [Errno 21] Is a directory: '.'"},
    {{"encrypt", "--plaintext", "fileb:///dev/zero"},
     EXIT_CODE_USAGE,
     "Error parsing parameter '--plaintext': Unable to load paramfile fileb:///dev/zero: longer than 393216 bytes"},
    /* maps, lists, scalars */
    {{"re-encrypt", "--source-encryption-context", "A"},
     EXIT_CODE_USAGE,
     "Error parsing parameter '--source-encryption-context': Expected: '=', received: 'EOF' for input:\nA\n ^"},
    {{"re-encrypt", "--source-encryption-context", "k=[a,b]"},
     EXIT_CODE_USAGE,
     "Parameter validation failed:\nInvalid type for parameter SourceEncryptionContext.k, value: ['a', 'b'], type: "
     "<class "
     "'list'>, valid types: <class 'str'>"},
    {{"re-encrypt", "--source-encryption-context", "{\"A\":1}"},
     EXIT_CODE_USAGE,
     "Parameter validation failed:\nInvalid type for parameter SourceEncryptionContext.A, value: 1, type: <class "
     "'int'>, valid "
     "types: <class 'str'>"},
    {{"re-encrypt", "--source-encryption-context", "[\"A\"]"},
     EXIT_CODE_USAGE,
     "Parameter validation failed:\nInvalid type for parameter SourceEncryptionContext, value: ['A'], type: <class "
     "'list'>, "
     "valid types: <class 'dict'>"},
    {{"re-encrypt", "--source-encryption-context", "{bad"},
     EXIT_CODE_USAGE,
     "Error parsing parameter '--source-encryption-context': Invalid JSON: string or '}' expected near 'bad': line 1 "
     "column "
     "4\nJSON received: {bad"},
    {{"re-encrypt", "--source-encryption-context", "{\"A\":\"1\",\"A\":\"2\"}"},
     EXIT_CODE_USAGE,
     "Error parsing parameter '--source-encryption-context': Invalid JSON: duplicate object key near '\"A\"': line 1 "
     "column "
     "12\nJSON received: {\"A\":\"1\",\"A\":\"2\"}"},
    {{"re-encrypt", "--source-encryption-context", "fileb://context.json"},
     EXIT_CODE_USAGE,
     "Error parsing parameter '--source-encryption-context': fileb:// is for blobs: use file://"},
    {{"re-encrypt", "--grant-tokens", "[1]"},
     EXIT_CODE_USAGE,
     "Parameter validation failed:\nInvalid type for parameter GrantTokens[0], value: 1, type: <class 'int'>, valid "
     "types: "
     "<class 'str'>"},
    {{"create-key", "--tags", "TagKey=a,Nope=b"},
     EXIT_CODE_USAGE,
     "Parameter validation failed:\nUnknown parameter in Tags[0]: \"Nope\", must be one of: TagKey, TagValue"},
    {{"list-keys", "--limit", "ten"}, EXIT_CODE_USAGE, "Error parsing parameter '--limit': Invalid integer: ten"},
    {{"list-keys", "--limit", ""}, EXIT_CODE_USAGE, "Error parsing parameter '--limit': Invalid integer: "},
    {{"list-keys", "--limit", "file://empty"}, EXIT_CODE_USAGE, "Error parsing parameter '--limit': Invalid integer: "},
    {{"re-encrypt", "--source-encryption-context", "file://empty"},
     EXIT_CODE_USAGE,
     "Error parsing parameter '--source-encryption-context': Expected: '=', received: 'EOF' for input:\n\n^"},
    {{"re-encrypt", "--cli-input-json", ""},
     EXIT_CODE_USAGE,
     "Error parsing parameter 'cli-input-json': Invalid JSON received. (line 1 column 0)"},
    {{"list-keys", "--limit", "1x"}, EXIT_CODE_USAGE, "Error parsing parameter '--limit': Invalid integer: 1x"},
    {{"list-keys", "--limit", "99999999999999999999"},
     EXIT_CODE_USAGE,
     "Error parsing parameter '--limit': Invalid integer: 99999999999999999999"},
    {{"re-encrypt", "--source-encryption-algorithm", "FOO"},
     EXIT_CODE_USAGE,
     "Parameter validation failed:\nInvalid value for parameter SourceEncryptionAlgorithm, value: FOO, valid values: "
     "RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT"},
    {{"create-key", "--description", "file://bad-utf8"},
     EXIT_CODE_USAGE,
     "Error parsing parameter '--description': Not valid UTF-8"},
    {{"create-key", "--description", "file:///dev/zero"},
     EXIT_CODE_USAGE,
     "Error parsing parameter '--description': Unable to load paramfile file:///dev/zero: longer than 1048576 bytes"},
    {{"create-key", "--description", "file://bytes"},
     EXIT_CODE_USAGE,
     "Error parsing parameter '--description': Not valid UTF-8"},
    /* --cli-input-json */
    {{"re-encrypt", "--cli-input-json", "{bad"},
     EXIT_CODE_USAGE,
     "Error parsing parameter 'cli-input-json': Invalid JSON received. (line 1 column 4)"},
    {{"re-encrypt", "--cli-input-json", "[]"},
     EXIT_CODE_USAGE,
     "Error parsing parameter 'cli-input-json': Invalid type: expecting map, received <class 'list'>"},
    {{"re-encrypt", "--cli-input-json", "3"},
     EXIT_CODE_USAGE,
     "Error parsing parameter 'cli-input-json': Invalid type: expecting map, received <class 'int'>"},
    {{"re-encrypt", "--cli-input-json", "\"x\""},
     EXIT_CODE_USAGE,
     "Error parsing parameter 'cli-input-json': Invalid type: expecting map, received <class 'str'>"},
    {{"re-encrypt", "--cli-input-json", "null"},
     EXIT_CODE_USAGE,
     "Error parsing parameter 'cli-input-json': Invalid type: expecting map, received <class 'NoneType'>"},
    {{"re-encrypt", "--cli-input-json", "{}", "--cli-input-yaml", "x"},
     EXIT_CODE_USAGE,
     "Only one --cli-input- parameter may be specified."},
    {{"re-encrypt", "--cli-input-yaml", "x", "--dry-run", "--cli-input-json", "{}"},
     EXIT_CODE_USAGE,
     "Only one --cli-input- parameter may be specified."},
    {{"re-encrypt", "--cli-input-yaml"}, EXIT_CODE_USAGE, "argument --cli-input-yaml: expected one argument"},
    /* values as Python shows them */
    {{"re-encrypt", "--source-encryption-context", "{\"A\":null}"},
     EXIT_CODE_USAGE,
     "Parameter validation failed:\nInvalid type for parameter SourceEncryptionContext.A, value: None, type: <class "
     "'NoneType'>, valid types: <class 'str'>"},
    {{"re-encrypt", "--grant-tokens", "[[\"a\",null,true,1,{\"b\":[]}]]"},
     EXIT_CODE_USAGE,
     "Parameter validation failed:\nInvalid type for parameter GrantTokens[0], value: ['a', None, True, 1, {'b': []}], "
     "type: <class 'list'>, valid types: <class 'str'>"},
    {{"create-key", "--cli-input-json",
      "{\"Description\":{\"z\":\"it's\",\"a\":\"\\\\\\n\\u001b\\u0085\xc3\xa4\",\"q\":\"'\\\"\"}}"},
     EXIT_CODE_USAGE,
     "Parameter validation failed:\nInvalid type for parameter Description, value: {'z': \"it's\", 'a': "
     "'\\\\\\n\\x1b\\x85\xc3\xa4', 'q': '\\'\"'}, type: <class 'dict'>, valid types: <class 'str'>"},
    {{"list-aliases", "--cli-input-json", "{\"Nope\":1}"},
     EXIT_CODE_USAGE,
     "Parameter validation failed:\nUnknown parameter in input: \"Nope\", must be one of: KeyId, Limit, Marker"},
    {{"encrypt", "--cli-input-json", "{\"Plaintext\":\"secret!\"}"},
     EXIT_CODE_OTHER,
     "Error parsing parameter 'cli-input-json': Plaintext: Invalid base64 (fileb://FILE takes bytes as they are)"},
    {{"encrypt", "--cli-input-json", "{\"Plaintext\":[\"secret\"]}"},
     EXIT_CODE_USAGE,
     "Parameter validation failed:\nInvalid type for parameter Plaintext, type: <class 'list'>, valid types: <class "
     "'bytes'>, "
     "<class 'bytearray'>, file-like object"},
    {{"list-keys", "--cli-input-json", "{\"Limit\":true}"},
     EXIT_CODE_USAGE,
     "Parameter validation failed:\nInvalid type for parameter Limit, value: True, type: <class 'bool'>, valid types: "
     "<class "
     "'int'>"},
    {{"create-key", "--cli-input-json", "{\"Tags\":{}}"},
     EXIT_CODE_USAGE,
     "Parameter validation failed:\nInvalid type for parameter Tags, value: {}, type: <class 'dict'>, valid types: "
     "<class "
     "'list'>, <class 'tuple'>"},
    {{"create-key", "--cli-input-json", "{\"Description\":\"a\\u0000b\"}"},
     EXIT_CODE_USAGE,
     "Error parsing parameter 'cli-input-json': Invalid JSON received. (line 1 column 25)"},
};

static bool make(const char *const *words, json_t **ret, struct failure *failure)
{
    char *argv[MAX_WORDS];
    int argc = 0;
    for (; argc + 1 < MAX_WORDS && words[argc + 1] != NULL; argc++) {
        argv[argc] = strdup(words[argc + 1]);
    }
    const ProtobufCMethodDescriptor *method = operation_find(words[0]);
    assert_non_null(method);
    struct command_line line = {0};
    bool made =
        command_line_parse(method->input, argc, argv, &line, failure) && operation_request(method, &line, ret, failure);
    command_line_clear(&line);
    while (argc > 0) {
        free(argv[--argc]);
    }
    return made;
}

static void requests_that_are_made(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        json_t *request = NULL;
        struct failure failure = {0};
        if (!make(good[i].words, &request, &failure)) {
            fail_msg("%s %s %s: %s", good[i].words[0], good[i].words[1], good[i].words[2], failure.text);
        }
        char *json = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
        assert_string_equal(json, good[i].json);
        free(json);
        json_decref(request);
    }
}

static void requests_that_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_t *request = NULL;
        struct failure failure = {0};
        assert_false(make(bad[i].words, &request, &failure));
        assert_string_equal(failure.text, bad[i].failure);
        assert_int_equal(failure.exit_code, bad[i].exit_code);
        assert_null(request);
    }
}

static void integers_within_a_range(void **state)
{
    (void)state;
    long long number = 7;
    assert_true(param_integer("1", 1, 10, &number) && number == 1);
    assert_true(param_integer("-5", -5, 10, &number) && number == -5);
    const char *const refused[] = {"", "-", "+1", " 1", "1 ", "0x1", "11", "0"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_false(param_integer(refused[i], 1, 10, &number));
    }
    assert_int_equal(number, -5);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        int fd = open(files[i].name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, files[i].content, files[i].len) != (ssize_t)files[i].len) {
            return -1;
        }
        close(fd);
    }
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        unlink(files[i].name);
    }
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_are_made),
        cmocka_unit_test(requests_that_are_refused),
        cmocka_unit_test(integers_within_a_range),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
