/* Reading the Condition of a statement (KMS.md ). */
#include "build.h"

#include "context.h"

static struct policy_encoding encoding_of(const struct policy_build *build, enum policy_class class)
{
    switch (class) {
    case POLICY_CLASS_LIKE:
    case POLICY_CLASS_ARN:
        return (struct policy_encoding){.wildcards = true, .variables = build->has_variables};
    case POLICY_CLASS_STRING:
    case POLICY_CLASS_STRING_FOLD:
        return (struct policy_encoding){.variables = build->has_variables};
    case POLICY_CLASS_NUMERIC:
    case POLICY_CLASS_DATE:
    case POLICY_CLASS_BOOL:
    case POLICY_CLASS_BINARY:
    case POLICY_CLASS_IP:
    case POLICY_CLASS_NULL:
        break;
    }
    return (struct policy_encoding){0};
}

/* Of the classes that cannot have every text. */
static const char *const wanted[] = {
    [POLICY_CLASS_NUMERIC] = "the value is no decimal number",
    [POLICY_CLASS_DATE] = "the value is neither an ISO 8601 date nor seconds since 1970",
    [POLICY_CLASS_BOOL] = "the value is neither true nor false",
    [POLICY_CLASS_BINARY] = "the value is no base64",
    [POLICY_CLASS_IP] = "the value is no address and no network in CIDR notation",
    [POLICY_CLASS_NULL] = "the value is neither true nor false",
};

static bool add_value(struct policy_build *build, struct view text, void *argument)
{
    enum policy_class class = *(const enum policy_class *)argument;
    if (!policy_value_is_valid(class, text)) {
        return policy_build_fail(build, POLICY_BAD_CONDITION_VALUE, wanted[class]);
    }
    struct policy_item item;
    return policy_build_text(build, text, encoding_of(build, class), &item) && policy_build_item(build, item);
}

/* Keys have the name of a service in front: "aws:SourceIp". */
static bool is_key(struct view key)
{
    const uint8_t *colon = key.len == 0 ? NULL : memchr(key.data, ':', key.len);
    return colon != NULL && colon != key.data && colon + 1 != key.data + key.len;
}

static bool read_key(struct policy_build *build, struct policy_clause *clause, const char *name)
{
    struct view key = view_of_string(name);
    if (!is_key(key)) {
        return policy_build_fail(build, POLICY_BAD_CONDITION_KEY, "a condition key is like \"kms:CallerAccount\"");
    }
    if (!policy_build_text(build, key, (struct policy_encoding){.fold = true}, &clause->key)) {
        return false;
    }
    key = view_of(build->bytes.data + clause->key.at, clause->key.len);
    struct policy_context_name known = policy_context_name_of(key);
    if (build->kind == POLICY_KIND_KEY && clause->set != POLICY_SET_NONE &&
        known.key == POLICY_KEY_ENCRYPTION_CONTEXT) {
        return policy_build_fail(build, POLICY_OVERLY_PERMISSIVE_CONDITION,
                                 "OverlyPermissiveCondition: ForAllValues and ForAnyValue are for keys with several "
                                 "values, and this one has a single value.");
    }
    clause->known = (uint8_t)known.key;
    clause->name_at = (uint8_t)(known.text.data == NULL ? 0 : known.text.data - key.data);
    clause->name_hash = known.hash;
    clause->multi_valued_key = policy_context_is_multi_valued(key);
    return true;
}

static bool read_clause(struct policy_build *build, struct policy_clause clause, const char *name, json_t *values)
{
    enum policy_class class = policy_operator_at(clause.operator_index)->class;
    return read_key(build, &clause, name) &&
           policy_build_texts(build, values, true, add_value, &class, &clause.values) &&
           policy_build_clause(build, &clause);
}

static bool read_operator(struct policy_build *build, const char *name, json_t *keys)
{
    struct policy_clause clause = {0};
    enum policy_set set;
    if (!policy_operator_read(view_of_string(name), &clause.operator_index, &set, &clause.if_exists)) {
        return policy_build_fail(build, POLICY_BAD_OPERATOR, "there is no such condition operator");
    }
    clause.set = (uint8_t)set;
    if (!json_is_object(keys)) {
        return policy_build_fail(build, POLICY_WRONG_TYPE, "an operator has an object of condition keys");
    }
    const char *key;
    json_t *values;
    json_object_foreach(keys, key, values)
    {
        size_t place = policy_build_enter(build, key);
        if (!read_clause(build, clause, key, values)) {
            return false;
        }
        policy_build_leave(build, place);
    }
    return true;
}

bool policy_build_conditions(struct policy_build *build, json_t *json, struct policy_range *ret)
{
    if (!json_is_object(json)) {
        return policy_build_fail(build, POLICY_WRONG_TYPE, "a Condition is an object of operators");
    }
    size_t first = policy_build_clauses(build);
    const char *name;
    json_t *keys;
    json_object_foreach(json, name, keys)
    {
        size_t place = policy_build_enter(build, name);
        if (!read_operator(build, name, keys)) {
            return false;
        }
        policy_build_leave(build, place);
    }
    *ret = (struct policy_range){.first = (uint16_t)first, .count = (uint16_t)(policy_build_clauses(build) - first)};
    return true;
}
