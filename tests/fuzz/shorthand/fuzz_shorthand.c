/* Shorthand: what is accepted, written out with every value quoted, reads as the same; and the checks after it hold. */
#include "base/buffer.h"
#include "operation/param_check.h"
#include "operation/shorthand.h"
#include "proto/service.h"

#include <stdlib.h>

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static void put(struct buffer *out, const char *text)
{
    require(buffer_append(out, text, strlen(text)));
}

static void write_value(struct buffer *out, const json_t *value);

static void write_members(struct buffer *out, const json_t *object)
{
    const char *key;
    json_t *value;
    const char *separator = "";
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        put(out, separator);
        put(out, key);
        put(out, "=");
        write_value(out, value);
        separator = ",";
    }
}

static void write_value(struct buffer *out, const json_t *value)
{
    if (json_is_object(value)) {
        put(out, "{");
        write_members(out, value);
        put(out, "}");
        return;
    }
    if (json_is_array(value)) {
        put(out, "[");
        for (size_t i = 0; i < json_array_size(value); i++) {
            put(out, i == 0 ? "" : ",");
            write_value(out, json_array_get(value, i));
        }
        put(out, "]");
        return;
    }
    require(json_is_string(value));
    put(out, "'");
    for (const char *at = json_string_value(value); *at != '\0'; at++) {
        if (*at == '\'' || *at == '\\') {
            put(out, "\\");
        }
        require(buffer_append(out, at, 1));
    }
    put(out, "'");
}

static void check_written(const json_t *object)
{
    struct buffer text = BUFFER_INIT(SHORTHAND_MAX_BYTES);
    write_members(&text, object);
    json_t *again = NULL;
    struct failure failure;
    require(shorthand_parse(buffer_view(&text), &again, &failure));
    require(json_equal((json_t *)(uintptr_t)object, again));
    json_decref(again);
    buffer_clear(&text);
}

/* As an option of each operation would take it; what is refused has a reason. */
static void check_as_request(json_t *object)
{
    const ProtobufCMethodDescriptor *method;
    for (size_t i = 0; (method = service_method_at(i)) != NULL; i++) {
        struct failure failure = {0};
        json_t *copy = json_deep_copy(object);
        require(param_coerce(method->input, copy, &failure));
        require(param_check(method->input, copy, "input", &failure) || failure.text[0] != '\0');
        json_decref(copy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > SHORTHAND_MAX_BYTES / 8) {
        return 0; /* quoting and escaping must still fit */
    }
    json_t *object = NULL;
    struct failure failure = {0};
    if (!shorthand_parse(view_of(data, size), &object, &failure)) {
        require(object == NULL);
        require(failure.text[0] != '\0' && memchr(failure.text, '\0', sizeof failure.text) != NULL);
        return 0;
    }
    check_written(object);
    check_as_request(object);
    json_decref(object);
    return 0;
}
