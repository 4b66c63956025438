/* The table of condition operators (KMS.md R-100), and how two values compare. */
#include "condition.h"

#include "condition_values.h"
#include "pattern.h"

static const struct policy_operator operators[] = {
    {"StringEquals", POLICY_CLASS_STRING, POLICY_EQUAL, false},
    {"StringNotEquals", POLICY_CLASS_STRING, POLICY_EQUAL, true},
    {"StringEqualsIgnoreCase", POLICY_CLASS_STRING_FOLD, POLICY_EQUAL, false},
    {"StringNotEqualsIgnoreCase", POLICY_CLASS_STRING_FOLD, POLICY_EQUAL, true},
    {"StringLike", POLICY_CLASS_LIKE, POLICY_EQUAL, false},
    {"StringNotLike", POLICY_CLASS_LIKE, POLICY_EQUAL, true},
    {"NumericEquals", POLICY_CLASS_NUMERIC, POLICY_EQUAL, false},
    {"NumericNotEquals", POLICY_CLASS_NUMERIC, POLICY_EQUAL, true},
    {"NumericLessThan", POLICY_CLASS_NUMERIC, POLICY_LESS, false},
    {"NumericLessThanEquals", POLICY_CLASS_NUMERIC, POLICY_LESS_OR_EQUAL, false},
    {"NumericGreaterThan", POLICY_CLASS_NUMERIC, POLICY_GREATER, false},
    {"NumericGreaterThanEquals", POLICY_CLASS_NUMERIC, POLICY_GREATER_OR_EQUAL, false},
    {"DateEquals", POLICY_CLASS_DATE, POLICY_EQUAL, false},
    {"DateNotEquals", POLICY_CLASS_DATE, POLICY_EQUAL, true},
    {"DateLessThan", POLICY_CLASS_DATE, POLICY_LESS, false},
    {"DateLessThanEquals", POLICY_CLASS_DATE, POLICY_LESS_OR_EQUAL, false},
    {"DateGreaterThan", POLICY_CLASS_DATE, POLICY_GREATER, false},
    {"DateGreaterThanEquals", POLICY_CLASS_DATE, POLICY_GREATER_OR_EQUAL, false},
    {"Bool", POLICY_CLASS_BOOL, POLICY_EQUAL, false},
    {"BinaryEquals", POLICY_CLASS_BINARY, POLICY_EQUAL, false},
    {"IpAddress", POLICY_CLASS_IP, POLICY_EQUAL, false},
    {"NotIpAddress", POLICY_CLASS_IP, POLICY_EQUAL, true},
    {"ArnEquals", POLICY_CLASS_ARN, POLICY_EQUAL, false},
    {"ArnLike", POLICY_CLASS_ARN, POLICY_EQUAL, false},
    {"ArnNotEquals", POLICY_CLASS_ARN, POLICY_EQUAL, true},
    {"ArnNotLike", POLICY_CLASS_ARN, POLICY_EQUAL, true},
    {"Null", POLICY_CLASS_NULL, POLICY_EQUAL, false},
};

const struct policy_operator *policy_operator_at(size_t index)
{
    return &operators[index];
}

static bool take_prefix(struct view *text, const char *prefix)
{
    struct view wanted = view_of_string(prefix);
    if (text->len < wanted.len || !view_equal(view_of(text->data, wanted.len), wanted)) {
        return false;
    }
    *text = view_of(text->data + wanted.len, text->len - wanted.len);
    return true;
}

static bool take_suffix(struct view *text, const char *suffix)
{
    struct view wanted = view_of_string(suffix);
    if (text->len < wanted.len || !view_equal(view_of(text->data + text->len - wanted.len, wanted.len), wanted)) {
        return false;
    }
    text->len -= wanted.len;
    return true;
}

bool policy_operator_read(struct view name, uint8_t *ret_index, enum policy_set *ret_set, bool *ret_if_exists)
{
    enum policy_set set = take_prefix(&name, "ForAllValues:")  ? POLICY_SET_ALL
                          : take_prefix(&name, "ForAnyValue:") ? POLICY_SET_ANY
                                                               : POLICY_SET_NONE;
    bool if_exists = take_suffix(&name, "IfExists");
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (!view_equal(name, view_of_string(operators[i].name))) {
            continue;
        }
        if (operators[i].class == POLICY_CLASS_NULL && if_exists) {
            return false;
        }
        *ret_index = (uint8_t)i;
        *ret_set = set;
        *ret_if_exists = if_exists;
        return true;
    }
    return false;
}

/* ---------------------------------------------------------------- two values */

static bool related(enum policy_relation relation, int order)
{
    switch (relation) {
    case POLICY_LESS:
        return order < 0;
    case POLICY_LESS_OR_EQUAL:
        return order <= 0;
    case POLICY_GREATER:
        return order > 0;
    case POLICY_GREATER_OR_EQUAL:
        return order >= 0;
    case POLICY_EQUAL:
        break;
    }
    return order == 0;
}

static bool numbers_match(enum policy_relation relation, struct view wanted, struct view given)
{
    struct policy_number w;
    struct policy_number g;
    return policy_number_read(wanted, &w) && policy_number_read(given, &g) &&
           related(relation, policy_number_compare(&g, &w));
}

static bool dates_match(enum policy_relation relation, struct view wanted, struct view given)
{
    struct policy_moment w;
    struct policy_moment g;
    return policy_moment_read(wanted, &w) && policy_moment_read(given, &g) &&
           related(relation, policy_moment_compare(&g, &w));
}

static bool booleans_match(struct view wanted, struct view given)
{
    bool w;
    bool g;
    return policy_boolean_read(wanted, &w) && policy_boolean_read(given, &g) && w == g;
}

static bool networks_match(struct view wanted, struct view given)
{
    struct policy_network w;
    struct policy_network g;
    return policy_network_read(wanted, &w) && policy_network_read(given, &g) && policy_network_contains(&w, &g);
}

bool policy_value_matches(const struct policy_operator *operator, struct view wanted, bool is_pattern,
                          struct view given)
{
    switch (operator->class) {
    case POLICY_CLASS_LIKE:
        return is_pattern ? policy_glob(wanted, given) : view_equal(wanted, given);
    case POLICY_CLASS_ARN:
        return policy_glob_arn(wanted, given);
    case POLICY_CLASS_STRING_FOLD:
        return policy_equal_fold(wanted, given);
    case POLICY_CLASS_NUMERIC:
        return numbers_match(operator->relation, wanted, given);
    case POLICY_CLASS_DATE:
        return dates_match(operator->relation, wanted, given);
    case POLICY_CLASS_BOOL:
        return booleans_match(wanted, given);
    case POLICY_CLASS_IP:
        return networks_match(wanted, given);
    case POLICY_CLASS_STRING:
    case POLICY_CLASS_BINARY: /* one spelling for each run of bytes, and the document's is valid */
        return view_equal(wanted, given);
    case POLICY_CLASS_NULL:
        break;
    }
    return false;
}

bool policy_value_is_valid(enum policy_class class, struct view text)
{
    struct policy_number number;
    struct policy_moment moment;
    struct policy_network network;
    bool boolean;
    switch (class) {
    case POLICY_CLASS_NUMERIC:
        return policy_number_read(text, &number);
    case POLICY_CLASS_DATE:
        return policy_moment_read(text, &moment);
    case POLICY_CLASS_IP:
        return policy_network_read(text, &network);
    case POLICY_CLASS_BOOL:
    case POLICY_CLASS_NULL:
        return policy_boolean_read(text, &boolean);
    case POLICY_CLASS_BINARY:
        return policy_base64_is_valid(text);
    case POLICY_CLASS_STRING:
    case POLICY_CLASS_STRING_FOLD:
    case POLICY_CLASS_LIKE:
    case POLICY_CLASS_ARN:
        break;
    }
    return true;
}
