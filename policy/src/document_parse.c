/* From the text of a policy to its compiled form (KMS.md ). */
#include "build.h"

#include <stdio.h>

/* ---------------------------------------------------------------- before it is JSON */

/* Tab, LF, CR and U+0020 to U+00FF, which in UTF-8 are C2 or C3 and another byte. */
static bool is_allowed(struct view text, size_t at, size_t *ret_len)
{
    uint8_t c = text.data[at];
    *ret_len = c < 0x80 ? 1 : 2;
    if (c < 0x80) {
        return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
    }
    return (c == 0xc2 || c == 0xc3) && at + 1 < text.len && (text.data[at + 1] & 0xc0) == 0x80;
}

/* Whether all of eight bytes are in U+0020 to U+007F, as nearly all are: a start looks at every policy there is. A byte
 * below 0x20 borrows its high bit. */
static bool are_plain(const uint8_t *bytes)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t eight;
    memcpy(&eight, bytes, sizeof(eight));
    return (((eight - 0x20 * each) | eight) & 0x80 * each) == 0;
}

/* The first that is not allowed; the length when all are. */
static size_t first_foreign(struct view text)
{
    size_t len;
    for (size_t i = 0; i < text.len; i += len) {
        if (text.len - i >= 8 && are_plain(text.data + i)) {
            len = 8;
        } else if (!is_allowed(text, i, &len)) {
            return i;
        }
    }
    return text.len;
}

bool policy_document_has_its_characters(struct view text)
{
    return first_foreign(text) == text.len;
}

static void place_line(struct policy_build *build, int line)
{
    rewrap_ignore(snprintf(build->place, sizeof(build->place), "line %d", line), "a number fits");
    build->place_len = strlen(build->place);
}

static bool check_characters(struct policy_build *build, struct view text)
{
    size_t foreign = first_foreign(text);
    if (foreign == text.len) {
        return true;
    }
    int line = 1;
    for (size_t i = 0; i < foreign; i++) {
        line += text.data[i] == '\n';
    }
    place_line(build, line);
    return policy_build_fail(build, POLICY_FOREIGN_CHARACTER,
                             "a policy holds tab, newline, carriage return and U+0020 to U+00FF in UTF-8");
}

/* Brackets outside of strings; jansson, which recurses, finds out whether they match. */
static bool check_depth(struct policy_build *build, struct view text)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
        if (depth > POLICY_DOCUMENT_MAX_DEPTH) {
            return policy_build_fail(build, POLICY_TOO_DEEP, "the policy is nested too deeply");
        }
    }
    return true;
}

static json_t *load(struct policy_build *build, struct view text)
{
    json_error_t error;
    json_t *json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (json != NULL) {
        return json;
    }
    enum json_error_code code = json_error_code(&error);
    if (code == json_error_out_of_memory) {
        rewrap_ignore(policy_build_fail(build, POLICY_NO_MEMORY, "there is no memory for the policy"), "is failing");
        return NULL;
    }
    place_line(build, error.line);
    const char *reason = code == json_error_duplicate_key ? "a name occurs twice in an object" : "this is not JSON";
    rewrap_ignore(policy_build_fail(build, POLICY_NOT_JSON, reason), "is failing");
    return NULL;
}

/* ---------------------------------------------------------------- the document's own members */

static bool read_version(struct policy_build *build, json_t *json)
{
    const char *version = json_string_value(json);
    build->has_variables = version != NULL && strcmp(version, "2012-10-17") == 0;
    if (!build->has_variables && (version == NULL || strcmp(version, "2008-10-17") != 0)) {
        return policy_build_fail(build, POLICY_BAD_VERSION, "a Version is \"2012-10-17\" or \"2008-10-17\"");
    }
    return true;
}

static bool read_id(struct policy_build *build, json_t *json)
{
    if (!json_is_string(json)) {
        return policy_build_fail(build, POLICY_WRONG_TYPE, "an Id is a string");
    }
    struct view id = view_of(json_string_value(json), json_string_length(json));
    return policy_build_text(build, id, (struct policy_encoding){0}, &build->id);
}

static bool read_statements(struct policy_build *build, json_t *json)
{
    if (!json_is_array(json)) {
        return policy_build_statement(build, json);
    }
    if (json_array_size(json) == 0) {
        return policy_build_fail(build, POLICY_MISSING_ELEMENT, "a policy needs a statement");
    }
    for (size_t i = 0; i < json_array_size(json); i++) {
        size_t place = policy_build_enter_index(build, i);
        if (!policy_build_statement(build, json_array_get(json, i))) {
            return false;
        }
        policy_build_leave(build, place);
    }
    return true;
}

/* In this order: how statements are read depends on the version. */
static const struct member {
    const char *name;
    bool (*read)(struct policy_build *build, json_t *json);
} members[] = {
    {"Version", read_version},
    {"Id", read_id},
    {"Statement", read_statements},
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static bool check_names(struct policy_build *build, json_t *json)
{
    const char *name;
    json_t *value;
    json_object_foreach(json, name, value)
    {
        size_t i = 0;
        while (i < MEMBERS && strcmp(name, members[i].name) != 0) {
            i++;
        }
        if (i == MEMBERS) {
            rewrap_ignore(policy_build_enter(build, name), "the reading ends here");
            return policy_build_fail(build, POLICY_UNKNOWN_ELEMENT,
                                     "a policy has no such element (names are in exact case)");
        }
    }
    return true;
}

static bool read_document(struct policy_build *build, json_t *json)
{
    if (!json_is_object(json)) {
        return policy_build_fail(build, POLICY_NOT_JSON, "a policy is one JSON object");
    }
    if (!check_names(build, json)) {
        return false;
    }
    for (size_t i = 0; i < MEMBERS; i++) {
        json_t *value = json_object_get(json, members[i].name);
        if (value == NULL) {
            continue;
        }
        size_t place = policy_build_enter(build, members[i].name);
        if (!members[i].read(build, value)) {
            return false;
        }
        policy_build_leave(build, place);
    }
    if (json_object_get(json, "Statement") == NULL) {
        return policy_build_fail(build, POLICY_MISSING_ELEMENT, "a policy needs a Statement");
    }
    return true;
}

static bool compile(struct policy_build *build, struct view text)
{
    if (text.len > POLICY_DOCUMENT_MAX_BYTES) {
        return policy_build_fail(build, POLICY_TOO_LARGE, "the policy is longer than 32768 bytes");
    }
    if (text.len == 0) {
        return policy_build_fail(build, POLICY_NOT_JSON, "the policy is empty");
    }
    if (!check_characters(build, text) || !check_depth(build, text)) {
        return false;
    }
    json_t *json = load(build, text);
    bool done = json != NULL && read_document(build, json);
    json_decref(json);
    return done;
}

struct policy_result policy_document_parse(enum policy_kind kind, struct view text, struct policy_document **ret)
{
    struct policy_result result = {.code = POLICY_OK};
    struct policy_build build = {
        .kind = kind,
        .bytes = BUFFER_INIT(POLICY_BUILD_MAX_BYTES),
        .items = BUFFER_INIT(POLICY_DOCUMENT_MAX_VALUES * sizeof(struct policy_item)),
        .clauses = BUFFER_INIT(POLICY_DOCUMENT_MAX_VALUES * sizeof(struct policy_clause)),
        .rules = BUFFER_INIT(POLICY_DOCUMENT_MAX_VALUES * sizeof(struct policy_rule)),
        .result = &result,
    };
    if (compile(&build, text)) {
        struct policy_document *document = policy_build_finish(&build);
        if (document == NULL) {
            build.place_len = 0;
            rewrap_ignore(policy_build_fail(&build, POLICY_NO_MEMORY, "there is no memory for the policy"),
                          "is failing");
        } else {
            *ret = document;
        }
    }
    policy_build_clear(&build);
    return result;
}
