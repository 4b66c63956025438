/*
 * Every message of the service as another encoder wrote it, in protobuf and in JSON, each field set: both are read, are
 * the same message, and are written as that encoder wrote them.
 */
#include "proto/json.h"
#include "proto/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* A seed without its first byte, which only the fuzz target reads. */
static struct view load(const char *target, const char *name, uint8_t *out, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, CORPORA "/%s/corpus/%s", target, name);
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        fail_msg("no seed %s: run tests/fuzz/make_seeds.py", path);
    }
    size_t len = fread(out, 1, size, file);
    fclose(file);
    assert_in_range(len, 1, size - 1);
    return view_of(out + 1, len - 1);
}

static void check_pack(const ProtobufCMessage *message, struct view expected)
{
    struct buffer packed = BUFFER_INIT(65536);
    assert_int_equal(proto_pack(message, &packed).code, PROTO_OK);
    assert_int_equal(packed.len, expected.len);
    if (expected.len != 0) {
        assert_memory_equal(packed.data, expected.data, expected.len);
    }
    buffer_clear(&packed);
}

static void check_json(const ProtobufCMessage *message, struct view text)
{
    json_t *written = json_from_message(message);
    json_t *expected = NULL;
    assert_non_null(written);
    assert_int_equal(json_parse_object(text, &expected).code, JSON_OK);
    assert_true(json_equal(written, expected));
    json_decref(written);
    json_decref(expected);
}

static void check_type(const ProtobufCMessageDescriptor *type)
{
    uint8_t wire_bytes[8192];
    uint8_t text_bytes[8192];
    struct view wire = load("messages", type->name, wire_bytes, sizeof wire_bytes);
    struct view text = load("json", type->short_name, text_bytes, sizeof text_bytes);

    ProtobufCMessage *message = NULL;
    assert_int_equal(proto_unpack(type, wire, &message).code, PROTO_OK);
    check_pack(message, wire);
    check_json(message, text);
    proto_free(message);

    struct json_result result = json_parse_message(type, text, JSON_STRICT_MEMBERS, &message);
    assert_string_equal(result.path, "");
    assert_int_equal(result.code, JSON_OK);
    check_pack(message, wire);
    proto_free(message);
}

static void test_every_message_of_the_service(void **state)
{
    (void)state;
    const ProtobufCMethodDescriptor *method;
    for (size_t i = 0; (method = service_method_at(i)) != NULL; i++) {
        check_type(method->input);
        check_type(method->output);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_message_of_the_service)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
