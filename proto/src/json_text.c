/* From JSON text to a json_t, within limits; see proto/json.h. */
#include "base/wipe.h"
#include "json_private.h"

#include <stdio.h>
#include <stdlib.h>

/* A pass over the text ahead of jansson: jansson has no limits to set, and forgets how numbers were spelled. */
struct scan {
    struct view rest;
    struct buffer *literals; /* where the text goes with its odd numbers marked; NULL when they need not be kept */
    unsigned depth;
    size_t values;
    enum json_code code;
};

/*
 * jansson 2.14 cannot parse with failing allocations: when the text of a token cannot grow it drops a byte, and then
 * writes past the end of the string that it makes of it. Dying is better than that.
 */
static bool parsing;

static void *malloc_for_jansson(size_t size)
{
    void *memory = wiping_malloc(size);
    if (memory == NULL && parsing) {
        abort();
    }
    return memory;
}

void json_use_wiping_memory(void)
{
    json_set_alloc_funcs(malloc_for_jansson, wiping_free);
}

/* Takes len bytes of the rest, as they are. */
static void scan_copy(struct scan *scan, size_t len)
{
    if (scan->literals != NULL && !buffer_append(scan->literals, scan->rest.data, len)) {
        scan->code = JSON_NO_MEMORY;
    }
    scan->rest = view_of(scan->rest.data + len, scan->rest.len - len);
}

static void scan_append(struct scan *scan, const char *text)
{
    if (!buffer_append(scan->literals, text, strlen(text))) {
        scan->code = JSON_NO_MEMORY;
    }
}

static void scan_string(struct scan *scan)
{
    static const char nul_escape[] = "\\u0000";
    size_t len = 1;
    while (len < scan->rest.len && scan->rest.data[len] != '"') {
        if (scan->rest.data[len] != '\\') {
            len++;
            continue;
        }
        size_t left = scan->rest.len - len;
        struct view escape = view_of(scan->rest.data + len, left < strlen(nul_escape) ? left : strlen(nul_escape));
        if (view_equal(escape, view_of_string(nul_escape))) {
            scan->code = JSON_NOT_JSON;
            return;
        }
        len += 2;
    }
    scan_copy(scan, len < scan->rest.len ? len + 1 : scan->rest.len);
}

static size_t digits(struct view text, size_t from)
{
    size_t i = from;
    while (i < text.len && text.data[i] >= '0' && text.data[i] <= '9') {
        i++;
    }
    return i - from;
}

static bool is_at(struct view text, size_t at, const char *one_of)
{
    return at < text.len && text.data[at] != '\0' && strchr(one_of, text.data[at]) != NULL;
}

/* How much of the front of text is a number (RFC 8259 section 6); *ret_plain: a json_t keeps its spelling. */
static size_t number_len(struct view text, bool *ret_plain)
{
    size_t len = is_at(text, 0, "-");
    size_t whole = digits(text, len);
    if (whole == 0 || (whole > 1 && text.data[len] == '0')) {
        return 0;
    }
    *ret_plain = whole < 19 && !(len == 1 && text.data[len] == '0'); /* 19 digits may not fit 64 bits; -0 becomes 0 */
    len += whole;
    if (is_at(text, len, ".")) {
        size_t fraction = digits(text, len + 1);
        if (fraction == 0) {
            return 0;
        }
        len += 1 + fraction;
        *ret_plain = false;
    }
    if (is_at(text, len, "eE")) {
        size_t sign = is_at(text, len + 1, "+-");
        size_t exponent = digits(text, len + 1 + sign);
        if (exponent == 0) {
            return 0;
        }
        len += 1 + sign + exponent;
        *ret_plain = false;
    }
    return len;
}

/* Whatever is not a number by the grammar is left for jansson to refuse. */
static void scan_number(struct scan *scan)
{
    bool plain = true;
    size_t len = number_len(scan->rest, &plain);
    size_t run = len;
    while (is_at(scan->rest, run, "0123456789+-.eE")) {
        run++;
    }
    if (run == 0 || run != len || plain || scan->literals == NULL) {
        scan_copy(scan, run == 0 ? 1 : run);
        return;
    }
    scan_append(scan, "\"\\u0000");
    scan_copy(scan, len);
    scan_append(scan, "\"");
}

static void scan_one(struct scan *scan)
{
    uint8_t byte = scan->rest.data[0];
    if (byte == '"') {
        scan_string(scan);
        return;
    }
    if (byte == '-' || (byte >= '0' && byte <= '9')) {
        scan_number(scan);
        return;
    }
    if (byte == '{' || byte == '[') {
        scan->depth++;
        scan->values++;
    } else if (byte == '}' || byte == ']') {
        scan->depth -= scan->depth > 0;
    } else if (byte == ',') {
        scan->values++;
    }
    if (scan->depth > JSON_MAX_DEPTH) {
        scan->code = JSON_NOT_JSON;
    } else if (scan->values > JSON_MAX_VALUES) {
        scan->code = JSON_TOO_LARGE;
    }
    scan_copy(scan, 1);
}

static enum json_code scan_text(struct view text, struct buffer *literals)
{
    if (text.len > JSON_MAX_BYTES) {
        return JSON_TOO_LARGE;
    }
    if (text.len != 0 && memchr(text.data, '\0', text.len) != NULL) {
        return JSON_NOT_JSON; /* jansson 2.14 passes over one that follows a number */
    }
    struct scan scan = {.rest = text, .literals = literals};
    while (scan.rest.len > 0 && scan.code == JSON_OK) {
        scan_one(&scan);
    }
    return scan.code;
}

/* Why there is no object. The place, and not jansson's own text: that quotes the input, which may be a secret. */
static struct json_result explain(const json_error_t *error)
{
    struct json_result result = {.code = JSON_NOT_JSON};
    if (json_error_code(error) == json_error_numeric_overflow) {
        result.code = JSON_OUT_OF_RANGE;
    } else {
        snprintf(result.value, sizeof result.value, "line %d, column %d", error->line, error->column);
    }
    return result;
}

static struct json_result load(struct view text, size_t flags, json_t **ret_object)
{
    json_error_t error;
    json_use_wiping_memory();
    parsing = true;
    json_t *object =
        json_loadb(text.len == 0 ? "" : (const char *)text.data, text.len, JSON_REJECT_DUPLICATES | flags, &error);
    parsing = false;
    if (object == NULL) {
        return explain(&error);
    }
    if (!json_is_object(object)) {
        json_decref(object);
        return (struct json_result){.code = JSON_NOT_JSON};
    }
    *ret_object = object;
    return (struct json_result){.code = JSON_OK};
}

struct json_result json_parse_object(struct view text, json_t **ret_object)
{
    enum json_code code = scan_text(text, NULL);
    if (code != JSON_OK) {
        return (struct json_result){.code = code};
    }
    return load(text, 0, ret_object);
}

struct json_result json_parse_message(const ProtobufCMessageDescriptor *type, struct view text, unsigned flags,
                                      ProtobufCMessage **ret_message)
{
    struct buffer marked =
        BUFFER_INIT(6 * JSON_MAX_BYTES); /* "0.0," is four bytes and becomes twelve: it always fits */
    json_t *object = NULL;
    struct json_result result = {.code = scan_text(text, &marked)};
    if (result.code == JSON_OK) {
        result = load(buffer_view(&marked), JSON_ALLOW_NUL, &object);
    }
    buffer_clear(&marked);
    if (result.code == JSON_OK) {
        result = json_to_message(type, object, flags, ret_message);
        json_decref(object);
    }
    return result;
}
