/* How answers are printed: what the formats share, and json; see output.h. */
#include "output.h"

#include "command/printable.h"
#include "operation/param_check.h"

#include "base/buffer.h"
#include "base/wipe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Longer than any scalar of an answer, four times over for escapes. */
#define SCALAR_MAX_BYTES ((size_t)4 * 1024 * 1024)

/* "2024-05-01T12:00:00+00:00", with microseconds only when there are some. NULL for a time outside of the calendar. */
static json_t *timestamp_string(double seconds)
{
    if (!(fabs(seconds) < 253402300800.0)) { /* the year 10000 */
        return NULL;
    }
    long long micros = llround(seconds * 1e6);
    long long fraction = (micros % 1000000 + 1000000) % 1000000;
    time_t whole = (time_t)((micros - fraction) / 1000000);
    struct tm utc;
    char date[32];
    if (gmtime_r(&whole, &utc) == NULL || strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc) == 0) {
        return NULL;
    }
    return fraction == 0 ? json_sprintf("%s+00:00", date) : json_sprintf("%s.%06lld+00:00", date, fraction);
}

static void timestamps_of_field(const ProtobufCFieldDescriptor *field, json_t *object, const char *name, json_t *value)
{
    enum json_kind kind = json_field_kind(field);
    if (kind == JSON_KIND_TIMESTAMP && json_is_number(value)) {
        json_t *string = timestamp_string(json_number_value(value));
        if (string != NULL && json_object_set_new(object, name, string) != 0) {
            return; /* out of memory: the number stays, which is right too */
        }
    }
    if (kind != JSON_KIND_OBJECT) {
        return;
    }
    if (json_is_object(value)) {
        output_timestamps(field->descriptor, value);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        output_timestamps(field->descriptor, json_array_get(value, i));
    }
}

void output_timestamps(const ProtobufCMessageDescriptor *type, json_t *object)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        char name[JSON_MAX_NAME];
        json_member_name(type->fields[i].name, name);
        json_t *value = json_object_get(object, name);
        if (value != NULL) {
            timestamps_of_field(&type->fields[i], object, name, value);
        }
    }
}

bool output_json(const json_t *value, FILE *file)
{
    if (value == NULL) {
        return fputs("null\n", file) >= 0;
    }
    char *text = json_dumps(value, JSON_INDENT(4) | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);
    /* Outside of strings there is nothing to escape, and in them JSON reads the escapes back. */
    bool printed = text != NULL && printable_write(text, PRINTABLE_LINES, file) && fputc('\n', file) != EOF;
    wiping_free(text);
    return printed;
}

bool output_finish(bool printed, const char *what, struct failure *failure)
{
    return (fflush(stdout) == 0 && !ferror(stdout) && printed) ||
           fail(failure, EXIT_CODE_OTHER, "The %s could not be written to the standard output", what);
}

int output_end(const char *what)
{
    struct failure failure;
    return output_finish(true, what, &failure) ? EXIT_CODE_OK : failure_print(&failure);
}

bool output_is_nested(const json_t *value)
{
    return json_is_object(value) || json_is_array(value);
}

static char *escaped(const char *text)
{
    struct buffer out = BUFFER_INIT(SCALAR_MAX_BYTES);
    bool room = printable_append(text, PRINTABLE_ONE_LINE, &out) && buffer_append_u8(&out, 0);
    char *copy = room ? strdup((const char *)out.data) : NULL;
    buffer_clear(&out);
    return copy;
}

char *output_scalar(const json_t *value)
{
    if (value == NULL || json_is_null(value)) {
        return strdup("None");
    }
    if (json_is_boolean(value)) {
        return strdup(json_is_true(value) ? "True" : "False");
    }
    if (json_is_string(value)) {
        return escaped(json_string_value(value));
    }
    return json_dumps(value, JSON_ENCODE_ANY);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **output_sorted_keys(const json_t *object)
{
    const char **keys = calloc(json_object_size(object) + 1, sizeof *keys);
    if (keys == NULL) {
        return NULL;
    }
    size_t n = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        keys[n++] = key;
    }
    qsort(keys, n, sizeof *keys, compare_keys);
    return keys;
}
