/* What answers look like: golden texts of json, text and table, timestamps, and --query (KMS.md ). */
#include "command/printable.h"
#include "output/output.h"
#include "output/query.h"

#include "proto/rewrap.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RE_ENCRYPT                                                                                                     \
    "{\"CiphertextBlob\":\"AQI=\",\"SourceKeyId\":\"arn:s\",\"KeyId\":\"arn:d\","                                      \
    "\"SourceEncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\",\"DestinationEncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\"}"

#define DESCRIBE_KEY                                                                                                   \
    "{\"KeyMetadata\":{\"KeyId\":\"k1\",\"Arn\":\"arn:k1\",\"Enabled\":true,\"Description\":\"a\\tb\\u001b[31m\\n\","  \
    "\"EncryptionAlgorithms\":[\"SYMMETRIC_DEFAULT\",\"X\"],\"MultiRegion\":false}}"

#define LIST_ALIASES                                                                                                   \
    "{\"Aliases\":[{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"k1\"},{\"AliasName\":\"alias/"                         \
    "b\"}],\"Truncated\":false}"

#define HOSTILE                                                                                                        \
    "a\x7f\xc2\x80\xc2\x9b"                                                                                            \
    "b\xc2\x9f\xd8\x9c\xe2\x80\x8e\xe2\x80\xa8\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9"                        \
    "c"
#define HOSTILE_SHOWN                                                                                                  \
    "a\\u007f\\u0080\\u009bb\\u009f\\u061c\\u200e\\u2028\\u202a\\u202e\\u2066\\u2069"                                  \
    "c"
/* U+00A0, U+061B, U+200D, U+202F, U+2065, U+206A, a key */
#define HARMLESS "\xc2\xa0\xd8\x9b\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa\xf0\x9f\x94\x91"

enum format { JSON, TEXT, TABLE };

static const struct {
    const char *title;
    const char *json; /* "" is no value */
    enum format format;
    const char *printed;
} golden[] = {
    {"ReEncrypt", RE_ENCRYPT, JSON,
     "{\n"
     "    \"CiphertextBlob\": \"AQI=\",\n"
     "    \"SourceKeyId\": \"arn:s\",\n"
     "    \"KeyId\": \"arn:d\",\n"
     "    \"SourceEncryptionAlgorithm\": \"SYMMETRIC_DEFAULT\",\n"
     "    \"DestinationEncryptionAlgorithm\": \"SYMMETRIC_DEFAULT\"\n"
     "}\n"},
    {"ReEncrypt", RE_ENCRYPT, TEXT, "AQI=\tSYMMETRIC_DEFAULT\tarn:d\tSYMMETRIC_DEFAULT\tarn:s\n"},
    {"ReEncrypt", RE_ENCRYPT, TABLE,
     "----------------------------------------------------------\n"
     "|                       ReEncrypt                        |\n"
     "+----------------------------------+---------------------+\n"
     "|  CiphertextBlob                  |  AQI=               |\n"
     "|  DestinationEncryptionAlgorithm  |  SYMMETRIC_DEFAULT  |\n"
     "|  KeyId                           |  arn:d              |\n"
     "|  SourceEncryptionAlgorithm       |  SYMMETRIC_DEFAULT  |\n"
     "|  SourceKeyId                     |  arn:s              |\n"
     "+----------------------------------+---------------------+\n"},
    {"DescribeKey", DESCRIBE_KEY, TEXT,
     "KEYMETADATA\tarn:k1\ta\\tb\\u001b[31m\\n\tTrue\tk1\tFalse\n"
     "ENCRYPTIONALGORITHMS\tSYMMETRIC_DEFAULT\n"
     "ENCRYPTIONALGORITHMS\tX\n"},
    {"DescribeKey", DESCRIBE_KEY, TABLE,
     "--------------------------------------\n"
     "|            DescribeKey             |\n"
     "+------------------------------------+\n"
     "|            KeyMetadata             |\n"
     "+---------------+--------------------+\n"
     "|  Arn          |  arn:k1            |\n"
     "|  Description  |  a\\tb\\u001b[31m\\n  |\n"
     "|  Enabled      |  True              |\n"
     "|  KeyId        |  k1                |\n"
     "|  MultiRegion  |  False             |\n"
     "+---------------+--------------------+\n"
     "|        EncryptionAlgorithms        |\n"
     "+------------------------------------+\n"
     "|  SYMMETRIC_DEFAULT                 |\n"
     "|  X                                 |\n"
     "+------------------------------------+\n"},
    {"ListAliases", LIST_ALIASES, TEXT,
     "False\n"
     "ALIASES\talias/a\tk1\n"
     "ALIASES\talias/b\t\n"},
    {"ListAliases", LIST_ALIASES, TABLE,
     "-----------------------------\n"
     "|        ListAliases        |\n"
     "+---------------+-----------+\n"
     "|  Truncated    |  False    |\n"
     "+---------------+-----------+\n"
     "|          Aliases          |\n"
     "+---------------+-----------+\n"
     "|  AliasName    |  alias/a  |\n"
     "|  TargetKeyId  |  k1       |\n"
     "+---------------+-----------+\n"
     "|          Aliases          |\n"
     "+---------------+-----------+\n"
     "|  AliasName    |  alias/b  |\n"
     "+---------------+-----------+\n"},
    {"ListKeys", "{\"Keys\":[]}", JSON, "{\n    \"Keys\": []\n}\n"},
    {"ListKeys", "{\"Keys\":[]}", TEXT, ""},
    {"ListKeys", "{\"Keys\":[]}", TABLE,
     "--------------\n|  ListKeys  |\n+------------+\n|    Keys    |\n+------------+\n"},
    {"Q", "\"AQI=\"", JSON, "\"AQI=\"\n"},
    {"Q", "\"AQI=\"", TEXT, "AQI=\n"},
    {"Q", "\"AQI=\"", TABLE, "----------\n|   Q    |\n+--------+\n|  AQI=  |\n+--------+\n"},
    {"Q", "", JSON, "null\n"},
    {"Q", "", TEXT, "None\n"},
    {"Q", "", TABLE, "----------\n|   Q    |\n+--------+\n|  None  |\n+--------+\n"},
    {"Q", "[\"a\",\"b\"]", TEXT, "a\tb\n"},
    {"Q", "[{\"B\":\"2\",\"A\":\"1\"},{\"A\":\"3\"}]", TEXT, "1\t2\n3\t\n"},
    {"Q", "{\"A\":\"\xc3\xa4\"}", JSON, "{\n    \"A\": \"\xc3\xa4\"\n}\n"},
    {"Q", "{\"A\":\"\xc3\xa4\"}", TABLE,
     "-------------\n|     Q     |\n+-----+-----+\n|  A  |  \xc3\xa4  |\n+-----+-----+\n"},
    /* What drives a terminal or turns a line around: DEL, C1, line separators, Bidi_Control. Their neighbours stay. */
    {"Q", "{\"A\":\"" HOSTILE "\"}", JSON, "{\n    \"A\": \"" HOSTILE_SHOWN "\"\n}\n"},
    {"Q", "\"" HOSTILE "\"", TEXT, HOSTILE_SHOWN "\n"},
    {"Q", "[\"\xc2\x80\",\"\xe2\x81\xa9\"]", TABLE,
     "------------\n|    Q     |\n+----------+\n|  \\u0080  |\n|  \\u2069  |\n+----------+\n"},
    {"Q", "\"" HARMLESS "\"", JSON, "\"" HARMLESS "\"\n"},
    {"Q", "\"" HARMLESS "\"", TEXT, HARMLESS "\n"},
    {"Q", "17", TEXT, "17\n"},
    /* One text alone has no columns that it could forge: what --query picks goes into a file as it was put. */
    {"Q", "\"{\\n\\t\\\"Version\\\": \\\"\\u001b\\r\\\"}\\n\"", TEXT, "{\n\t\"Version\": \"\\u001b\\u000d\"}\n\n"},
    {"Q", "[\"a\\nb\",\"c\\td\"]", TEXT, "a\\nb\tc\\td\n"},
};

/* Bytes as no JSON can have them: what errors and echoed words may be. */
static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
#define REPLACED "\xef\xbf\xbd"
    static const struct {
        const char *given;
        enum printable_lines lines;
        const char *shown;
    } rows[] = {
        {"", PRINTABLE_LINES, ""},
        {"a\nb\tc\x1b", PRINTABLE_LINES, "a\nb\\tc\\u001b"},
        {"a\nb\tc\x1b", PRINTABLE_ONE_LINE, "a\\nb\\tc\\u001b"},
        {"a\nb\tc\x1b\r", PRINTABLE_TEXT, "a\nb\tc\\u001b\\u000d"},
        {"\x80", PRINTABLE_LINES, REPLACED},
        {"a\xc3", PRINTABLE_LINES, "a" REPLACED},
        {"\xe2\x82", PRINTABLE_LINES, REPLACED REPLACED},
        {"\xf0\x9f\x94\x91", PRINTABLE_LINES, "\xf0\x9f\x94\x91"},
        {"\xc0\x9b", PRINTABLE_LINES, REPLACED REPLACED},              /* ESC, overlong */
        {"\xe0\x82\x9b", PRINTABLE_LINES, REPLACED REPLACED REPLACED}, /* CSI, overlong */
        {"\xed\xa0\x80", PRINTABLE_LINES, REPLACED REPLACED REPLACED},
        {"\xf4\x90\x80\x80", PRINTABLE_LINES, REPLACED REPLACED REPLACED REPLACED},
        {"\xf8\xff", PRINTABLE_LINES, REPLACED REPLACED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer out = BUFFER_INIT(256);
        assert_true(printable_append(rows[i].given, rows[i].lines, &out));
        assert_int_equal(out.len, strlen(rows[i].shown));
        assert_true(out.len == 0 || memcmp(out.data, rows[i].shown, out.len) == 0);
        buffer_clear(&out);
    }
    struct buffer small = BUFFER_INIT(5);
    assert_false(printable_append("\x1b", PRINTABLE_LINES, &small));
    buffer_clear(&small);
}

static json_t *value_of(const char *json)
{
    return *json == '\0' ? NULL : json_loads(json, JSON_DECODE_ANY, NULL);
}

static void texts_are_as_they_were(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        char *printed = NULL;
        size_t len = 0;
        FILE *file = open_memstream(&printed, &len);
        assert_non_null(file);
        json_t *value = value_of(golden[i].json);
        bool done = golden[i].format == JSON   ? output_json(value, file)
                    : golden[i].format == TEXT ? output_text(value, file)
                                               : output_table(golden[i].title, value, file);
        assert_true(done);
        fclose(file);
        assert_string_equal(printed, golden[i].printed);
        free(printed);
        json_decref(value);
    }
}

static void a_full_disk_is_noticed(void **state)
{
    (void)state;
    json_t *value = json_loads(RE_ENCRYPT, 0, NULL);
    for (enum format format = JSON; format <= TABLE; format++) {
        FILE *file = fopen("/dev/full", "w");
        assert_non_null(file);
        setvbuf(file, NULL, _IONBF, 0);
        assert_false(format == JSON   ? output_json(value, file)
                     : format == TEXT ? output_text(value, file)
                                      : output_table("T", value, file));
        fclose(file);
    }
    json_decref(value);
}

static void timestamps_are_dates(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text; /* NULL: left as it is */
    } times[] = {
        {0, "1970-01-01T00:00:00+00:00"},
        {1714564800, "2024-05-01T12:00:00+00:00"},
        {1714564800.5, "2024-05-01T12:00:00.500000+00:00"},
        {1714564800.123, "2024-05-01T12:00:00.123000+00:00"},
        {-0.25, "1969-12-31T23:59:59.750000+00:00"},
        {253402300799, "9999-12-31T23:59:59+00:00"},
        {253402300800, NULL},
        {1e300, NULL},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        json_t *answer = json_pack("{s:{s:f,s:s}}", "KeyMetadata", "CreationDate", times[i].seconds, "KeyId", "k");
        output_timestamps(&rewrap__describe_key_response__descriptor, answer);
        json_t *date = json_object_get(json_object_get(answer, "KeyMetadata"), "CreationDate");
        if (times[i].text == NULL) {
            assert_true(json_is_real(date));
        } else {
            assert_string_equal(json_string_value(date), times[i].text);
        }
        json_decref(answer);
    }
    json_t *list = json_loads("{\"Aliases\":[{\"CreationDate\":1},{\"LastUpdatedDate\":2.5}]}", 0, NULL);
    output_timestamps(&rewrap__list_aliases_response__descriptor, list);
    char *text = json_dumps(list, JSON_COMPACT);
    assert_string_equal(text, "{\"Aliases\":[{\"CreationDate\":\"1970-01-01T00:00:01+00:00\"},"
                              "{\"LastUpdatedDate\":\"1970-01-01T00:00:02.500000+00:00\"}]}");
    free(text);
    json_decref(list);
}

static void queries_that_select(void **state)
{
    (void)state;
    json_t *value = json_loads("{\"A\":{\"B\":{\"C\":\"x\"}},\"AB\":\"y\",\"L\":[{\"B\":1}]}", 0, NULL);
    static const char *const queries[][2] = {{"AB", "\"y\""}, {"A.B.C", "\"x\""}, {"A.B", "{\"C\":\"x\"}"},
                                             {"A.C", NULL},   {"B", NULL},        {"AB.C", NULL},
                                             {"L.B", NULL}};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct failure failure = {0};
        assert_true(query_check(queries[i][0], &failure));
        const json_t *selected = query_select(queries[i][0], value);
        char *text = selected == NULL ? NULL : json_dumps(selected, JSON_COMPACT | JSON_ENCODE_ANY);
        if (queries[i][1] == NULL) {
            assert_null(text);
        } else {
            assert_string_equal(text, queries[i][1]);
        }
        free(text);
    }
    json_decref(value);
}

static void queries_that_are_refused(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "",   ".",   "A.",    ".A",     "A..B", "Keys[0]", "Keys[*].KeyId", "length(Keys)", "a[", "A | B",
        "1A", "A.1", "\"A\"", "{A: B}", "*",    "A "};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct failure failure = {0};
        assert_false(query_check(queries[i], &failure));
        assert_int_equal(failure.exit_code, EXIT_CODE_USAGE);
        assert_non_null(strstr(failure.text, "Bad value for --query"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(texts_are_as_they_were),
        cmocka_unit_test(a_full_disk_is_noticed),
        cmocka_unit_test(timestamps_are_dates),
        cmocka_unit_test(queries_that_select),
        cmocka_unit_test(queries_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
