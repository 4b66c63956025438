/* policy: the limits of documents, and what a refusal leaves behind (KMS.md ). */
#include "policy/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct policy_result parse(enum policy_kind kind, const char *text, struct policy_document **ret)
{
    return policy_document_parse(kind, view_of_string(text), ret);
}

/* head, so many times middle with commas between, tail. */
static char *repeat(const char *head, const char *middle, size_t times, const char *tail)
{
    size_t size = strlen(head) + times * (strlen(middle) + 1) + strlen(tail) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    size_t len = (size_t)snprintf(text, size, "%s", head);
    for (size_t i = 0; i < times; i++) {
        len += (size_t)snprintf(text + len, size - len, "%s%s", i == 0 ? "" : ",", middle);
    }
    snprintf(text + len, size - len, "%s", tail);
    return text;
}

static enum policy_error parse_and_free(const char *text)
{
    struct policy_document *const untouched = (struct policy_document *)(void *)&untouched;
    struct policy_document *document = untouched;
    struct policy_result result = parse(POLICY_KIND_KEY, text, &document);
    if (result.code == POLICY_OK) {
        assert_null(result.reason);
        assert_string_equal(result.place, "");
        policy_document_free(document);
    } else {
        assert_non_null(result.reason);
        assert_ptr_equal(document, untouched);
    }
    return result.code;
}

#define HEAD "{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\"}"

static void a_document_ends_at_its_maximum(void **state)
{
    (void)state;
    char text[POLICY_DOCUMENT_MAX_BYTES + 2];
    memset(text, ' ', sizeof(text));
    memcpy(text, HEAD, sizeof(HEAD) - 1);
    text[POLICY_DOCUMENT_MAX_BYTES - 1] = '}';
    text[POLICY_DOCUMENT_MAX_BYTES] = '\0';
    assert_int_equal(parse_and_free(text), POLICY_OK);
    text[POLICY_DOCUMENT_MAX_BYTES] = ' ';
    text[POLICY_DOCUMENT_MAX_BYTES + 1] = '\0';
    assert_int_equal(parse_and_free(text), POLICY_TOO_LARGE);
    assert_int_equal(parse_and_free(""), POLICY_NOT_JSON);
}

static void a_text_ends_at_its_maximum(void **state)
{
    (void)state;
    char *text = repeat("{\"Id\":\"", "xxx", (POLICY_STRING_MAX_BYTES + 1) / 4,
                        "xxx\",\"Statement\":{\"Effect\":\"Deny\","
                        "\"Principal\":\"*\"}}");
    /* "xxx," 1024 times without the last comma, and three: two too many */
    assert_int_equal(parse_and_free(text), POLICY_TEXT_TOO_LONG);
    free(text);
    text = repeat("{\"Id\":\"", "xxx", POLICY_STRING_MAX_BYTES / 4,
                  "x\",\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\"}}");
    assert_int_equal(parse_and_free(text), POLICY_OK);
    free(text);
}

static void values_end_at_their_maximum(void **state)
{
    (void)state;
    static const char head[] =
        "{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Condition\":{\"StringEquals\":{\"a:b\":[";
    char *text = repeat(head, "1", POLICY_DOCUMENT_MAX_VALUES - 1, "]}}}}");
    assert_int_equal(parse_and_free(text), POLICY_OK);
    free(text);
    text = repeat(head, "1", POLICY_DOCUMENT_MAX_VALUES, "]}}}}");
    assert_int_equal(parse_and_free(text), POLICY_TOO_MANY_VALUES);
    free(text);
}

static void many_statements_fit(void **state)
{
    (void)state;
    char *text = repeat("{\"Statement\":[", "{\"Effect\":\"Deny\",\"Principal\":\"*\"}", 800, "]}");
    struct policy_document *document = NULL;
    assert_int_equal(parse(POLICY_KIND_KEY, text, &document).code, POLICY_OK);
    assert_int_equal(policy_document_statements(document), 800);
    struct policy_statement last = policy_document_statement(document, 799);
    assert_int_equal(last.effect, POLICY_DENY);
    assert_int_equal(last.principals, 1);
    assert_int_equal(policy_document_principal(document, 799, 0).kind, POLICY_PRINCIPAL_ANYONE);
    policy_document_free(document);
    free(text);
}

static void runs_that_are_slow_to_find_are_refused(void **state)
{
    (void)state;
    static const char head[] =
        "{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Condition\":{\"StringLike\":{\"a:b\":\"*";
    char run[POLICY_UNKNOWN_RUN_MAX_BYTES + 2];
    memset(run, 'x', sizeof(run));
    run[POLICY_UNKNOWN_RUN_MAX_BYTES + 1] = '\0';
    run[3] = '?';
    char *text = repeat(head, run, 1, "*\"}}}}");
    assert_int_equal(parse_and_free(text), POLICY_BAD_PATTERN);
    free(text);
    run[POLICY_UNKNOWN_RUN_MAX_BYTES] = '\0';
    text = repeat(head, run, 1, "*\"}}}}");
    assert_int_equal(parse_and_free(text), POLICY_OK);
    free(text);
}

static void a_long_place_is_cut(void **state)
{
    (void)state;
    char name[POLICY_PLACE_BYTES * 2];
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    char text[sizeof(name) + 100];
    snprintf(text, sizeof(text), "{\"%s\":1}", name);
    struct policy_document *document = NULL;
    struct policy_result result = parse(POLICY_KIND_KEY, text, &document);
    assert_int_equal(result.code, POLICY_UNKNOWN_ELEMENT);
    assert_int_equal(strlen(result.place), POLICY_PLACE_BYTES - 1);
    assert_null(document);
}

static void foreign_bytes_are_no_policy(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum policy_error code;
    } rows[] = {
        {"{\"Id\":\"\x01\"}", POLICY_FOREIGN_CHARACTER},
        {"{\"Id\":\"\x7f\",\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\"}}", POLICY_OK},
        {"{\"Id\":\"\xc2\"}", POLICY_FOREIGN_CHARACTER},
        {"{\"Id\":\"\xc3", POLICY_FOREIGN_CHARACTER},
        {"{\"Id\":\"\xff\"}", POLICY_FOREIGN_CHARACTER},
        {"{\"Id\":\"\xc0\x80\"}", POLICY_FOREIGN_CHARACTER},
        {"{\"Id\":\"\xe4\xb8\xad\"}", POLICY_FOREIGN_CHARACTER},
        {"{\"Id\":\"\\u4e2d\",\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\"}}", POLICY_OK},
        {"{\"Id\":\"\\u0000\"}", POLICY_NOT_JSON},
        {"\xef\xbb\xbf{}", POLICY_FOREIGN_CHARACTER},
        {"\t\r\n {\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\"}}\n", POLICY_OK},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (parse_and_free(rows[i].text) != rows[i].code) {
            fail_msg("row %zu", i);
        }
    }
    struct policy_document *document = NULL;
    struct policy_result result = policy_document_parse(POLICY_KIND_KEY, view_of("{}\0", 3), &document);
    assert_int_equal(result.code, POLICY_FOREIGN_CHARACTER);
    assert_null(document);
}

static void the_line_of_what_is_no_json_is_told(void **state)
{
    (void)state;
    struct policy_document *document = NULL;
    struct policy_result result = parse(POLICY_KIND_KEY, "{\n\"Statement\": [\n}", &document);
    assert_int_equal(result.code, POLICY_NOT_JSON);
    assert_string_equal(result.place, "line 3");
    result = parse(POLICY_KIND_KEY, "{\n\n\"Id\":\"\x02\"}", &document);
    assert_int_equal(result.code, POLICY_FOREIGN_CHARACTER);
    assert_string_equal(result.place, "line 3");
}

/* Each byte at each place among others that are allowed: eight at a time are looked at. */
static void every_byte_at_every_place(void **state)
{
    (void)state;
    uint8_t text[20];
    for (size_t at = 0; at < sizeof text; at++) {
        for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
            memset(text, at % 2 == 0 ? ' ' : 0x7f, sizeof text);
            text[at] = (uint8_t)byte;
            bool plain = byte < 0x80 && (byte >= 0x20 || (byte != 0 && strchr("\t\n\r", (int)byte) != NULL));
            struct view view = view_of(text, sizeof text);
            assert_int_equal(policy_document_has_its_characters(view), plain);
            if (at + 1 < sizeof text) {
                text[at + 1] = 0xbf; /* behind another, this is half a character */
                assert_int_equal(policy_document_has_its_characters(view), byte == 0xc2 || byte == 0xc3);
            }
        }
    }
}

static void nothing_is_freed_twice(void **state)
{
    (void)state;
    policy_document_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_ends_at_its_maximum),
        cmocka_unit_test(a_text_ends_at_its_maximum),
        cmocka_unit_test(values_end_at_their_maximum),
        cmocka_unit_test(many_statements_fit),
        cmocka_unit_test(runs_that_are_slow_to_find_are_refused),
        cmocka_unit_test(a_long_place_is_cut),
        cmocka_unit_test(foreign_bytes_are_no_policy),
        cmocka_unit_test(the_line_of_what_is_no_json_is_told),
        cmocka_unit_test(every_byte_at_every_place),
        cmocka_unit_test(nothing_is_freed_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
