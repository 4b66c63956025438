/* Reading the Principal of a statement (KMS.md ). */
#include "build.h"

#include "caller.h"
#include "pattern.h"
#include "policy/arn.h"
#include "services.h"

static const char bad_principal[] = "Policy contains a statement with one or more invalid principals.";

static bool view_is(struct view text, const char *word)
{
    return view_equal(text, view_of_string(word));
}

/* Ids of IAM: four letters for the kind of what it was, then letters and digits. */
static bool is_unique_id(struct view text)
{
    if (text.len < 16 || text.len > 128 || text.data[0] != 'A') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        bool digit = text.data[i] >= '0' && text.data[i] <= '9';
        if (!digit && (text.data[i] < 'A' || text.data[i] > 'Z')) {
            return false;
        }
    }
    return true;
}

static bool add(struct policy_build *build, enum policy_principal_kind kind, struct view text)
{
    struct policy_item item;
    if (!policy_build_text(build, text, (struct policy_encoding){0}, &item)) {
        return false;
    }
    item.kind = (uint8_t)kind;
    return policy_build_item(build, item);
}

static bool add_account(struct policy_build *build, struct view account, struct view partition)
{
    uint8_t both[ARN_ACCOUNT_DIGITS + ARN_PARTITION_MAX_BYTES];
    memcpy(both, account.data, account.len);
    if (partition.len != 0) {
        memcpy(both + account.len, partition.data, partition.len);
    }
    return add(build, POLICY_PRINCIPAL_ACCOUNT, view_of(both, account.len + partition.len));
}

static bool add_aws(struct policy_build *build, struct view text, void *argument)
{
    (void)argument;
    if (view_is(text, "*")) {
        return add(build, POLICY_PRINCIPAL_ANYONE, text);
    }
    if (arn_is_account(text)) {
        return add_account(build, text, view_of(NULL, 0));
    }
    if (is_unique_id(text)) {
        return add(build, POLICY_PRINCIPAL_UNIQUE_ID, text);
    }
    struct arn arn;
    if (!arn_parse_principal(text, &arn)) {
        return policy_build_fail(build, POLICY_BAD_PRINCIPAL, bad_principal);
    }
    enum policy_principal_kind kind = policy_principal_kind_of(&arn.resource);
    return kind == POLICY_PRINCIPAL_ACCOUNT ? add_account(build, arn.account, arn.partition) : add(build, kind, text);
}

static bool add_service(struct policy_build *build, struct view text, void *argument)
{
    (void)argument;
    if (!policy_is_service(text)) {
        return policy_build_fail(build, POLICY_BAD_PRINCIPAL, bad_principal);
    }
    return add(build, POLICY_PRINCIPAL_SERVICE, text);
}

static bool add_other(struct policy_build *build, struct view text, void *argument)
{
    (void)argument;
    if (text.len == 0) {
        return policy_build_fail(build, POLICY_BAD_PRINCIPAL, bad_principal);
    }
    return add(build, POLICY_PRINCIPAL_OTHER, text);
}

static const struct family {
    const char *name;
    bool (*add)(struct policy_build *build, struct view text, void *argument);
} families[] = {
    {"AWS", add_aws},
    {"Service", add_service},
    {"Federated", add_other},
    {"CanonicalUser", add_other},
};

static bool read_family(struct policy_build *build, const char *name, json_t *json)
{
    struct policy_range range;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if (strcmp(name, families[i].name) == 0) {
            return policy_build_texts(build, json, false, families[i].add, NULL, &range);
        }
    }
    return policy_build_fail(build, POLICY_UNKNOWN_ELEMENT, "a principal is AWS, Service, Federated or CanonicalUser");
}

static bool read_families(struct policy_build *build, json_t *json)
{
    const char *name;
    json_t *value;
    json_object_foreach(json, name, value)
    {
        size_t place = policy_build_enter(build, name);
        if (!read_family(build, name, value)) {
            return false;
        }
        policy_build_leave(build, place);
    }
    return true;
}

bool policy_build_principals(struct policy_build *build, json_t *json, struct policy_range *ret)
{
    size_t first = policy_build_items(build);
    if (json_is_object(json)) {
        if (!read_families(build, json)) {
            return false;
        }
    } else if (json_is_string(json) && strcmp(json_string_value(json), "*") == 0) {
        if (!add(build, POLICY_PRINCIPAL_ANYONE, view_of_string("*"))) {
            return false;
        }
    } else {
        return policy_build_fail(build, POLICY_BAD_PRINCIPAL, bad_principal);
    }
    size_t count = policy_build_items(build) - first;
    if (count == 0) {
        return policy_build_fail(build, POLICY_BAD_PRINCIPAL, bad_principal);
    }
    *ret = (struct policy_range){.first = (uint16_t)first, .count = (uint16_t)count};
    return true;
}
