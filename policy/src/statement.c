/* Reading a statement (KMS.md ). */
#include "build.h"

#include "grant_private.h"
#include "pattern.h"

/* A statement being read: which of its members there were. */
struct reading {
    struct policy_build *build;
    struct policy_rule rule;
    bool has_effect;
    bool has_principal;
    bool has_action;
    bool has_resource;
};

static bool fail(struct reading *reading, enum policy_error code, const char *reason)
{
    return policy_build_fail(reading->build, code, reason);
}

/* ---------------------------------------------------------------- Sid and Effect */

static bool is_alphanumeric(uint8_t c)
{
    return (c >= '0' && c <= '9') || (policy_lower(c) >= 'a' && policy_lower(c) <= 'z');
}

static bool sid_is_taken(const struct policy_build *build, struct view sid)
{
    const struct policy_rule *rules = (const struct policy_rule *)(const void *)build->rules.data;
    for (size_t i = 0; i < build->rules.len / sizeof(*rules); i++) {
        if (view_equal(view_of(build->bytes.data + rules[i].sid.at, rules[i].sid.len), sid)) {
            return true;
        }
    }
    return false;
}

static bool read_sid(struct reading *reading, json_t *json)
{
    if (!json_is_string(json)) {
        return fail(reading, POLICY_WRONG_TYPE, "a Sid is a string");
    }
    struct view sid = view_of(json_string_value(json), json_string_length(json));
    for (size_t i = 0; i < sid.len; i++) {
        /* Key policies allow more: the console's own have spaces. */
        if (reading->build->kind == POLICY_KIND_IDENTITY && !is_alphanumeric(sid.data[i])) {
            return fail(reading, POLICY_BAD_SID, "a Sid of an identity policy is made of letters and digits");
        }
    }
    if (sid.len != 0 && sid_is_taken(reading->build, sid)) {
        return fail(reading, POLICY_DUPLICATE_SID, "another statement has this Sid");
    }
    return policy_build_text(reading->build, sid, (struct policy_encoding){0}, &reading->rule.sid);
}

static bool read_effect(struct reading *reading, json_t *json)
{
    const char *effect = json_string_value(json);
    bool allow = effect != NULL && strcmp(effect, "Allow") == 0;
    if (!allow && (effect == NULL || strcmp(effect, "Deny") != 0)) {
        return fail(reading, POLICY_BAD_EFFECT, "an Effect is \"Allow\" or \"Deny\"");
    }
    reading->rule.effect = allow ? POLICY_ALLOW : POLICY_DENY;
    reading->has_effect = true;
    return true;
}

/* ---------------------------------------------------------------- Principal */

static bool read_any_principal(struct reading *reading, json_t *json, bool negated)
{
    if (reading->build->kind == POLICY_KIND_IDENTITY) {
        return fail(reading, POLICY_CLASHING_ELEMENTS, "a statement of an identity policy has no principal");
    }
    if (reading->has_principal) {
        return fail(reading, POLICY_CLASHING_ELEMENTS, "a statement has either Principal or NotPrincipal");
    }
    reading->has_principal = true;
    reading->rule.not_principal = negated;
    return policy_build_principals(reading->build, json, &reading->rule.principals);
}

static bool read_principal(struct reading *reading, json_t *json)
{
    return read_any_principal(reading, json, false);
}

static bool read_not_principal(struct reading *reading, json_t *json)
{
    return read_any_principal(reading, json, true);
}

/* ---------------------------------------------------------------- Action */

static bool is_stars(struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '*') {
            return false;
        }
    }
    return text.len != 0;
}

/* "*", or service:name with wildcards in the name. */
static bool is_action(struct view text)
{
    const uint8_t *colon = text.len == 0 ? NULL : memchr(text.data, ':', text.len);
    if (colon == NULL) {
        return is_stars(text);
    }
    size_t service = (size_t)(colon - text.data);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool allowed = i < service ? is_alphanumeric(c) || c == '-' || is_stars(view_of(text.data, service))
                                   : i == service || is_alphanumeric(c) || (c != '\0' && strchr("*?-_", c) != NULL);
        if (!allowed) {
            return false;
        }
    }
    return service != 0 && service + 1 < text.len;
}

static bool add_action(struct policy_build *build, struct view text, void *argument)
{
    (void)argument;
    if (!is_action(text)) {
        return policy_build_fail(build, POLICY_BAD_ACTION, "an action is \"*\" or like \"kms:ReEncrypt*\"");
    }
    struct policy_item item;
    return policy_build_text(build, text, (struct policy_encoding){.wildcards = true, .fold = true}, &item) &&
           policy_build_item(build, item);
}

static bool read_any_action(struct reading *reading, json_t *json, bool negated)
{
    if (reading->has_action) {
        return fail(reading, POLICY_CLASHING_ELEMENTS, "a statement has either Action or NotAction");
    }
    reading->has_action = true;
    reading->rule.not_action = negated;
    return policy_build_texts(reading->build, json, false, add_action, NULL, &reading->rule.actions);
}

static bool read_action(struct reading *reading, json_t *json)
{
    return read_any_action(reading, json, false);
}

static bool read_not_action(struct reading *reading, json_t *json)
{
    return read_any_action(reading, json, true);
}

/* ---------------------------------------------------------------- Resource */

static bool add_resource(struct policy_build *build, struct view text, void *argument)
{
    (void)argument;
    struct view arn = view_of_string("arn:");
    if (!is_stars(text) && (text.len <= arn.len || !view_equal(view_of(text.data, arn.len), arn))) {
        return policy_build_fail(build, POLICY_BAD_RESOURCE, "a resource is \"*\" or an ARN");
    }
    struct policy_item item;
    struct policy_encoding encoding = {.wildcards = true, .variables = build->has_variables};
    return policy_build_text(build, text, encoding, &item) && policy_build_item(build, item);
}

static bool read_any_resource(struct reading *reading, json_t *json, bool negated)
{
    if (reading->has_resource) {
        return fail(reading, POLICY_CLASHING_ELEMENTS, "a statement has either Resource or NotResource");
    }
    reading->has_resource = true;
    reading->rule.not_resource = negated;
    return policy_build_texts(reading->build, json, false, add_resource, NULL, &reading->rule.resources);
}

static bool read_resource(struct reading *reading, json_t *json)
{
    return read_any_resource(reading, json, false);
}

static bool read_not_resource(struct reading *reading, json_t *json)
{
    return read_any_resource(reading, json, true);
}

/* ---------------------------------------------------------------- the whole */

static bool read_condition(struct reading *reading, json_t *json)
{
    return policy_build_conditions(reading->build, json, &reading->rule.clauses);
}

static const struct member {
    const char *name;
    bool (*read)(struct reading *reading, json_t *json);
} members[] = {
    {"Sid", read_sid},
    {"Effect", read_effect},
    {"Principal", read_principal},
    {"NotPrincipal", read_not_principal},
    {"Action", read_action},
    {"NotAction", read_not_action},
    {"Resource", read_resource},
    {"NotResource", read_not_resource},
    {"Condition", read_condition},
};

static bool read_member(struct reading *reading, const char *name, json_t *json)
{
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (strcmp(name, members[i].name) == 0) {
            return members[i].read(reading, json);
        }
    }
    return fail(reading, POLICY_UNKNOWN_ELEMENT, "a statement has no such element (names are in exact case)");
}

/* Nothing excluded is everything included: certainly not what an empty list was meant for. */
static bool excludes_nothing(const struct policy_rule *rule)
{
    return (rule->not_action && rule->actions.count == 0) || (rule->not_resource && rule->resources.count == 0);
}

static bool check(struct reading *reading)
{
    bool is_key_policy = reading->build->kind == POLICY_KIND_KEY;
    if (!reading->has_effect) {
        return fail(reading, POLICY_MISSING_ELEMENT, "a statement needs an Effect");
    }
    if (is_key_policy && !reading->has_principal) {
        return fail(reading, POLICY_MISSING_ELEMENT, "a statement of a key policy needs a Principal");
    }
    /* A key policy's may do without, or with empty lists, and never match. */
    if (!is_key_policy && reading->rule.actions.count == 0) {
        return fail(reading, POLICY_MISSING_ELEMENT, "a statement needs an Action or NotAction that is not empty");
    }
    if (!is_key_policy && reading->rule.resources.count == 0) {
        return fail(reading, POLICY_MISSING_ELEMENT, "a statement needs a Resource or NotResource that is not empty");
    }
    if (excludes_nothing(&reading->rule)) {
        return fail(reading, POLICY_MISSING_ELEMENT, "NotAction and NotResource name what they exclude");
    }
    return true;
}

/* What the actions come to for the operations that every service asks for: decided once, not in each decision. */
static uint32_t covered_operations(const struct policy_build *build, const struct policy_rule *rule)
{
    const struct policy_item *items = (const struct policy_item *)(const void *)build->items.data;
    const uint32_t all = (UINT32_C(1) << POLICY_GRANT_OPERATIONS) - 1;
    uint32_t named = 0;
    for (size_t i = 0; i < rule->actions.count; i++) {
        struct policy_item item = items[rule->actions.first + i];
        named |= policy_grant_operations_of_pattern(view_of(build->bytes.data + item.at, item.len),
                                                    (item.flags & POLICY_ITEM_WILD) != 0);
    }
    return rule->not_action ? all & ~named : named;
}

bool policy_build_statement(struct policy_build *build, json_t *json)
{
    if (!json_is_object(json)) {
        return policy_build_fail(build, POLICY_WRONG_TYPE, "a statement is an object");
    }
    struct reading reading = {.build = build};
    const char *name;
    json_t *value;
    json_object_foreach(json, name, value)
    {
        size_t place = policy_build_enter(build, name);
        if (!read_member(&reading, name, value)) {
            return false;
        }
        policy_build_leave(build, place);
    }
    if (!check(&reading)) {
        return false;
    }
    reading.rule.operations = covered_operations(build, &reading.rule);
    return policy_build_rule(build, &reading.rule);
}
