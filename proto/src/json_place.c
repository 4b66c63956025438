/* Where in the JSON a failure was; see json_place.h. */
#include "json_place.h"

#include "utf8.h"

#include <stdio.h>
#include <string.h>

/* Writes the path of place into out and returns its length, or size - 1 when it was cut. */
static size_t spell(const struct json_place *place, char *out, size_t size)
{
    size_t len = place->outer == NULL ? 0 : spell(place->outer, out, size);
    char name[JSON_MAX_NAME];
    int more;
    if (place->field_name == NULL) {
        more = snprintf(out + len, size - len, ".%zu.member", place->index);
    } else {
        json_camel_name(place->field_name, name);
        more = snprintf(out + len, size - len, "%s%s", len == 0 ? "" : ".", name);
    }
    len += more < 0 ? 0 : (size_t)more;
    return len < size ? len : size - 1;
}

struct json_result json_refuse(enum json_code code, const struct json_place *place)
{
    struct json_result result = {.code = code};
    if (place != NULL) {
        spell(place, result.path, sizeof result.path);
    }
    return result;
}

struct json_result json_refuse_given(enum json_code code, const struct json_place *place, const char *given)
{
    struct json_result result = json_refuse(code, place);
    size_t len = utf8_cut(view_of_string(given), sizeof result.value - 1);
    memcpy(result.value, given, len);
    result.value[len] = '\0';
    return result;
}
