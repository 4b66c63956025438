/* Documents in a stream: where they end, what a broken line costs, and that nothing waits for more than it needs. */
#include "policy/policy_framing.h"
#include "policy/policy_reader.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---------------------------------------------------------------- where a document ends */

/* What is told of the byte behind which nothing more is MORE, or of the last. */
static const struct {
    const char *text;
    enum policy_framing_code code;
    size_t taken;
} framings[] = {
    {"{}", POLICY_FRAMING_COMPLETE, 2},
    {" \t\r\n{ }", POLICY_FRAMING_COMPLETE, 7},
    {"{\"a\":1}x", POLICY_FRAMING_COMPLETE, 7},
    {"{\"a\":[{}, [] ,\"}\\\"{\",-1.5e+9,true,null],\"b\":{\"c\":{}}}", POLICY_FRAMING_COMPLETE, 53},
    {"{\"a\":\"\\u007b\"}", POLICY_FRAMING_COMPLETE, 14},
    {"{\"a\":\n1\n}", POLICY_FRAMING_COMPLETE, 9},
    {"", POLICY_FRAMING_MORE, 0},
    {"{", POLICY_FRAMING_MORE, 1},
    {"{\"a\":[", POLICY_FRAMING_MORE, 6},
    {"{\"a\\", POLICY_FRAMING_MORE, 4},
    {"[", POLICY_FRAMING_BROKEN, 1},
    {"1", POLICY_FRAMING_BROKEN, 1},
    {"\"a\"", POLICY_FRAMING_BROKEN, 1},
    {"}", POLICY_FRAMING_BROKEN, 1},
    {"{,", POLICY_FRAMING_BROKEN, 2},
    {"{1", POLICY_FRAMING_BROKEN, 2},
    {"{]", POLICY_FRAMING_BROKEN, 2},
    {"{\"a\"}", POLICY_FRAMING_BROKEN, 5},
    {"{\"a\":}", POLICY_FRAMING_BROKEN, 6},
    {"{\"a\":1,}", POLICY_FRAMING_BROKEN, 8},
    {"{\"a\":1]", POLICY_FRAMING_BROKEN, 7},
    {"{\"a\":1 2", POLICY_FRAMING_BROKEN, 8},
    {"{\"a\":[1,]", POLICY_FRAMING_BROKEN, 9},
    {"{\"a\":[1}", POLICY_FRAMING_BROKEN, 8},
    {"{\"a\":[}", POLICY_FRAMING_BROKEN, 7},
    {"{\"a\":\"x\ny\"", POLICY_FRAMING_BROKEN, 8},
    {"{\"a\":\"x\\\n", POLICY_FRAMING_BROKEN, 9},
    {"{\"a\"\"b\"", POLICY_FRAMING_BROKEN, 5},
    {"{\"a\":'x'}", POLICY_FRAMING_BROKEN, 6},
};

static enum policy_framing_code take_all(struct policy_framing *framing, const char *text, size_t *ret_taken)
{
    enum policy_framing_code code = POLICY_FRAMING_MORE;
    *ret_taken = 0;
    while (text[*ret_taken] != '\0' && code == POLICY_FRAMING_MORE) {
        code = policy_framing_take(framing, (uint8_t)text[(*ret_taken)++]);
    }
    return code;
}

static void test_framing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof framings / sizeof framings[0]; i++) {
        struct policy_framing framing = {0};
        size_t taken;
        enum policy_framing_code code = take_all(&framing, framings[i].text, &taken);
        if (code != framings[i].code || taken != framings[i].taken) {
            fail_msg("%s: %d behind %zu", framings[i].text, (int)code, taken);
        }
    }
}

static void test_framing_depth(void **state)
{
    (void)state;
    struct policy_framing framing = {0};
    assert_int_equal(policy_framing_take(&framing, '{'), POLICY_FRAMING_MORE);
    size_t taken;
    assert_int_equal(take_all(&framing, "\"a\":", &taken), POLICY_FRAMING_MORE);
    for (size_t i = 1; i < POLICY_FRAMING_MAX_DEPTH; i++) {
        assert_int_equal(policy_framing_take(&framing, '['), POLICY_FRAMING_MORE);
    }
    struct policy_framing deeper = framing;
    assert_int_equal(policy_framing_take(&deeper, '['), POLICY_FRAMING_TOO_DEEP);
    for (size_t i = 1; i < POLICY_FRAMING_MAX_DEPTH; i++) {
        assert_int_equal(policy_framing_take(&framing, ']'), POLICY_FRAMING_MORE);
    }
    assert_int_equal(policy_framing_take(&framing, '}'), POLICY_FRAMING_COMPLETE);
}

static void test_framing_values(void **state)
{
    (void)state;
    struct policy_framing framing = {0};
    size_t taken;
    assert_int_equal(take_all(&framing, "{\"a\":[", &taken), POLICY_FRAMING_MORE);
    for (size_t i = 3; i < POLICY_FRAMING_MAX_VALUES; i++) {
        assert_int_equal(policy_framing_take(&framing, '0'), POLICY_FRAMING_MORE);
        assert_int_equal(policy_framing_take(&framing, ','), POLICY_FRAMING_MORE);
    }
    assert_int_equal(policy_framing_take(&framing, '0'), POLICY_FRAMING_TOO_MANY);
}

/* ---------------------------------------------------------------- what is given out */

#define R "{\"request\":1}"

/* "D1" is a document that begins on line 1, "X3" one that is broken on line 3. */
static const struct {
    const char *text;
    const char *reads;
} streams[] = {
    {"", ""},
    {"\n \n\r\n", ""},
    {R, "D1"},
    {R "\n\n" R "\n", "D1 D3"},
    {"\xef\xbb\xbf" R "\n\xef\xbb\xbf" R, "D1 X2"},
    {"{\n}\n{\n\"a\":\n1}\n", "D1 D3"},
    {R "\n{\n}\n" R, "D1 D2 D4"},
    {"x\ny\n" R, "X1 X2 D3"},
    {R "\n{\"a\":\n}\n" R, "D1 X2 X3 D4"},
    {"{\"a\":\n" R "\n" R, "X2 D2 D3"},
    {"{\"a\":\n{\"b\":1}\n}\n", "D1"},
    {"{\n]\n1\n2\n" R, "X2 D5"},
    {"{\n{\n}\n", "X2 D2"},
    {"{\n\"a\":1", "X2"},
    {R R "\n" R "x\n" R, "X1 X2 D3"},
    {"{\n} x\n" R, "X2 D3"},
};

static int open_text(const char *text, size_t len)
{
    char path[] = "/tmp/rewrap-reader-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(write(fd, text, len), len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void read_all(struct policy_reader *reader, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (;;) {
        struct policy_read read = policy_reader_next(reader);
        if (read.code == POLICY_READ_END) {
            return;
        }
        bool broken = read.code == POLICY_READ_BROKEN;
        assert_true(broken || read.code == POLICY_READ_DOCUMENT);
        assert_true(broken == (read.reason != NULL) && broken == (read.text.data == NULL));
        len += (size_t)snprintf(out + len, cap - len, "%s%c%zu", len == 0 ? "" : " ", broken ? 'X' : 'D',
                                broken ? read.fault_line : read.line);
        assert_true(len < cap);
    }
}

static void test_streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        int fd = open_text(streams[i].text, strlen(streams[i].text));
        struct policy_reader reader;
        policy_reader_init(&reader, fd, stdout);
        char reads[256];
        read_all(&reader, reads, sizeof reads);
        if (strcmp(reads, streams[i].reads) != 0) {
            fail_msg("%s: %s", streams[i].text, reads);
        }
        assert_int_equal(policy_reader_next(&reader).code, POLICY_READ_END); /* and stays there */
        policy_reader_clear(&reader);
        close(fd);
    }
}

/* Lines of many lengths, so that reads end everywhere in them. */
static void test_long_stream(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    const size_t count = 3000;
    for (size_t i = 0; i < count; i++) {
        fprintf(file, i % 5 == 0 ? "{\n\"a\":\n\"%*s\"}\n" : "{\"a\": \"%*s\"}\n", (int)(i * 7919 % 1500), "x");
    }
    assert_int_equal(fflush(file), 0);
    assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
    struct policy_reader reader;
    policy_reader_init(&reader, fileno(file), stdout);
    for (size_t i = 0; i < count; i++) {
        struct policy_read read = policy_reader_next(&reader);
        assert_int_equal(read.code, POLICY_READ_DOCUMENT);
        assert_memory_equal(read.text.data + read.text.len - (i % 5 == 0 ? 4 : 3), "x\"}", 3);
    }
    assert_int_equal(policy_reader_next(&reader).code, POLICY_READ_END);
    policy_reader_clear(&reader);
    fclose(file);
}

/* A document is there as soon as its line is, in pieces or not, and what was answered goes out before the next wait. */
static void test_pipe(void **state)
{
    (void)state;
    int questions[2];
    assert_int_equal(pipe2(questions, O_CLOEXEC), 0);
    char *answers = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&answers, &len);
    assert_non_null(out);
    struct policy_reader reader;
    policy_reader_init(&reader, questions[0], out);
    for (int i = 0; i < 3; i++) {
        fputs("answer\n", out);
        assert_int_equal(write(questions[1], R "\n", strlen(R) + 1), strlen(R) + 1);
        assert_int_equal(policy_reader_next(&reader).code, POLICY_READ_DOCUMENT);
        assert_int_equal(len, (size_t)(i + 1) * strlen("answer\n"));
    }
    assert_int_equal(write(questions[1], R "\n{\n", strlen(R) + 3), strlen(R) + 3);
    assert_int_equal(policy_reader_next(&reader).code, POLICY_READ_DOCUMENT);
    assert_int_equal(write(questions[1], "}\n", 2), 2);
    assert_int_equal(policy_reader_next(&reader).code, POLICY_READ_DOCUMENT);
    close(questions[1]);
    assert_int_equal(policy_reader_next(&reader).code, POLICY_READ_END);
    policy_reader_clear(&reader);
    close(questions[0]);
    fclose(out);
    free(answers);
}

static void test_read_error(void **state)
{
    (void)state;
    int fd = open("/", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    assert_true(fd >= 0);
    struct policy_reader reader;
    policy_reader_init(&reader, fd, stdout);
    assert_int_equal(policy_reader_next(&reader).code, POLICY_READ_FAILED);
    policy_reader_clear(&reader);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framing),    cmocka_unit_test(test_framing_depth), cmocka_unit_test(test_framing_values),
        cmocka_unit_test(test_streams),    cmocka_unit_test(test_long_stream),   cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_read_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
