/* The shorthand syntax by its table of inputs (KMS.md R-143), and the limits of its parser. */
#include "operation/shorthand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* What is accepted, as JSON with sorted keys. */
static const struct {
    const char *text;
    const char *json;
} accepted[] = {
    {"A=1,B=2", "{\"A\":\"1\",\"B\":\"2\"}"},
    {"A=", "{\"A\":\"\"}"},
    {"A=,B=", "{\"A\":\"\",\"B\":\"\"}"},
    {"A=1,B='x,y'", "{\"A\":\"1\",\"B\":\"x,y\"}"},
    {"A=1,B=\"x,y\"", "{\"A\":\"1\",\"B\":\"x,y\"}"},
    {"my-key=v w,B=w", "{\"B\":\"w\",\"my-key\":\"v w\"}"},
    {"aws:s3:arn=arn:aws:s3:::b/k", "{\"aws:s3:arn\":\"arn:aws:s3:::b/k\"}"},
    {"a_b.c#d/e=1", "{\"a_b.c#d/e\":\"1\"}"},
    {"A=b=c,D=e", "{\"A\":\"b=c\",\"D\":\"e\"}"},
    {"A=1, B=2", "{\"A\":\"1\",\"B\":\"2\"}"},
    {"A = 1 ,B=2", "{\"A\":\"1\",\"B\":\"2\"}"},
    {"A=1\n", "{\"A\":\"1\"}"},
    {"A=x\\,y", "{\"A\":\"x,y\"}"},
    {"A=x\\y", "{\"A\":\"x\\\\y\"}"},
    {"A='it\\'s'", "{\"A\":\"it's\"}"},
    {"A='a\\\\b'", "{\"A\":\"a\\\\b\"}"},
    {"A='a\\nb'", "{\"A\":\"a\\\\nb\"}"},
    {"A=''", "{\"A\":\"\"}"},
    {"A='  '", "{\"A\":\"  \"}"},
    {"A=\xc3\xa4\xc3\xb6", "{\"A\":\"\xc3\xa4\xc3\xb6\"}"},
    {"A=1,2", "{\"A\":[\"1\",\"2\"]}"},
    {"A=1,2,B=3", "{\"A\":[\"1\",\"2\"],\"B\":\"3\"}"},
    {"A=1,'2,3',B=3", "{\"A\":[\"1\",\"2,3\"],\"B\":\"3\"}"},
    {"A=1,", "{\"A\":[\"1\",\"\"]}"},
    {"k=[a,b]", "{\"k\":[\"a\",\"b\"]}"},
    {"k=[ a , 'b,c' ]", "{\"k\":[\"a\",\"b,c\"]}"},
    {"k=[]", "{\"k\":[]}"},
    {"k={a=b}", "{\"k\":{\"a\":\"b\"}}"},
    {"k={a=b,c=[d,{e=f}]},g=h", "{\"g\":\"h\",\"k\":{\"a\":\"b\",\"c\":[\"d\",{\"e\":\"f\"}]}}"},
    {"TagKey=a,TagValue=b", "{\"TagKey\":\"a\",\"TagValue\":\"b\"}"},
};

/* What is refused, and with which words. */
static const struct {
    const char *text;
    const char *failure;
} refused[] = {
    {"A", "Expected: '=', received: 'EOF' for input:\nA\n ^"},
    {"", "Expected: '=', received: 'EOF' for input:\n\n^"},
    {"A=1,A=2", "Second instance of key \"A\" encountered for input:\nA=1,A=2\n    ^\n"
                "This is often because there is a preceding \",\" instead of a space."},
    {"my key=v", "Expected: '=', received: 'k' for input:\nmy key=v\n   ^"},
    {"\xc3\xa4=v", "Expected: '=', received: '\xc3\xa4' for input:\n\xc3\xa4=v\n^"},
    {"=v", "Expected a key for input:\n=v\n^"},
    {" =v", "Expected a key for input:\n =v\n^"},
    {"A==v", "Expected: ',', received: '=' for input:\nA==v\n  ^"},
    {"A='x", "Expected: ''', received: 'EOF' for input:\nA='x\n    ^"},
    {"A='x'y", "Expected: ',', received: 'y' for input:\nA='x'y\n     ^"},
    {"A=it's", "Expected: ',', received: ''' for input:\nA=it's\n    ^"},
    {"A=x]", "Expected: ',', received: ']' for input:\nA=x]\n   ^"},
    {"k=[a", "Expected: ',', received: 'EOF' for input:\nk=[a\n    ^"},
    {"k={a=b", "Expected: ',', received: 'EOF' for input:\nk={a=b\n      ^"},
    {"k={a=b,a=c}", "Second instance of key \"a\" encountered for input:\nk={a=b,a=c}\n       ^\n"
                    "This is often because there is a preceding \",\" instead of a space."},
    {"A=\xff", "Not valid UTF-8"},
    {"a=[[[[[[[[[1]]]]]]]]]", "Too deeply nested for input:\na=[[[[[[[[[1]]]]]]]]]\n          ^"},
};

static void inputs_that_are_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        json_t *object = NULL;
        struct failure failure = {0};
        if (!shorthand_parse(view_of_string(accepted[i].text), &object, &failure)) {
            fail_msg("%s: %s", accepted[i].text, failure.text);
        }
        char *json = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
        assert_string_equal(json, accepted[i].json);
        free(json);
        json_decref(object);
    }
}

static void inputs_that_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        json_t *object = NULL;
        struct failure failure = {0};
        assert_false(shorthand_parse(view_of_string(refused[i].text), &object, &failure));
        assert_string_equal(failure.text, refused[i].failure);
        assert_int_equal(failure.exit_code, EXIT_CODE_USAGE);
        assert_null(object);
    }
}

static void a_nul_byte(void **state)
{
    (void)state;
    json_t *object = NULL;
    struct failure failure = {0};
    assert_false(shorthand_parse(view_of("A=\0b", 4), &object, &failure));
    assert_null(object);
}

/* "A=x,x,…" or "k0=,k1=,…" with that many values. */
static bool parse_many(size_t values, bool keys)
{
    char *text = malloc(values * 12 + 3);
    assert_non_null(text);
    size_t len = 0;
    for (size_t i = 0; i < values; i++) {
        len += (size_t)snprintf(text + len, 12, keys ? "k%zu=" : i == 0 ? "A=x" : "x", i);
        text[len++] = ',';
    }
    json_t *object = NULL;
    struct failure failure = {0};
    bool parsed = shorthand_parse(view_of(text, len - 1), &object, &failure);
    if (parsed) {
        size_t n = keys ? json_object_size(object) : json_array_size(json_object_get(object, "A"));
        assert_int_equal(n, values);
    }
    json_decref(object);
    free(text);
    return parsed;
}

static void as_many_values_as_a_message_has(void **state)
{
    (void)state;
    assert_true(parse_many(SHORTHAND_MAX_VALUES, true));
    assert_false(parse_many(SHORTHAND_MAX_VALUES + 1, true));
    assert_true(parse_many(SHORTHAND_MAX_VALUES, false));
    assert_false(parse_many(SHORTHAND_MAX_VALUES + 1, false));
}

static void as_long_as_a_command_line_may_be(void **state)
{
    (void)state;
    char *text = malloc(SHORTHAND_MAX_BYTES + 1);
    assert_non_null(text);
    memset(text, 'v', SHORTHAND_MAX_BYTES + 1);
    text[0] = 'A';
    text[1] = '=';
    json_t *object = NULL;
    struct failure failure = {0};
    assert_true(shorthand_parse(view_of(text, SHORTHAND_MAX_BYTES), &object, &failure));
    assert_int_equal(json_string_length(json_object_get(object, "A")), SHORTHAND_MAX_BYTES - 2);
    json_decref(object);
    object = NULL;
    assert_false(shorthand_parse(view_of(text, SHORTHAND_MAX_BYTES + 1), &object, &failure));
    memset(text, 'k', SHORTHAND_MAX_BYTES);
    assert_false(shorthand_parse(view_of(text, SHORTHAND_MAX_BYTES), &object, &failure)); /* a key of a megabyte */
    assert_null(object);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_that_are_accepted),
        cmocka_unit_test(inputs_that_are_refused),
        cmocka_unit_test(a_nul_byte),
        cmocka_unit_test(as_many_values_as_a_message_has),
        cmocka_unit_test(as_long_as_a_command_line_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
