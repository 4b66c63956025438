/* The grants of a document of `policy simulate`, as ListGrants shows them (KMS.md ). */
#include "policy_case.h"

#include <stdio.h>

/* One grant that is being read. */
struct reading {
    const json_t *json;
    char place[64];
    struct policy_case *policy_case;
    struct policy_fault *fault;
};

static bool refuse(const struct reading *reading, const char *code, const char *member, const char *message)
{
    char place[POLICY_FAULT_BYTES];
    snprintf(place, sizeof place, "%s%s%s", reading->place, member[0] == '\0' ? "" : ".", member);
    return policy_fault_set(reading->fault, code, place, message);
}

static bool text(const struct reading *reading, const char *name, struct view *ret)
{
    return policy_case_text(reading->json, reading->place, name, ret, reading->fault);
}

static bool read_operations(const struct reading *reading, uint32_t *ret)
{
    const json_t *operations = policy_case_member(reading->json, "Operations");
    if (!json_is_array(operations)) {
        return refuse(reading, POLICY_FAULT_TYPE, "Operations", "a list of operations is required");
    }
    *ret = 0;
    for (size_t i = 0; i < json_array_size(operations); i++) {
        const json_t *name = json_array_get(operations, i);
        uint32_t operation = policy_grant_operation_of_name(view_of(json_string_value(name), json_string_length(name)));
        if (operation == 0) {
            char place[64];
            snprintf(place, sizeof place, "Operations[%zu]", i);
            return refuse(reading, POLICY_FAULT_VALUE, place, "this is no operation of grants");
        }
        *ret |= operation;
    }
    return true;
}

static bool read_pairs(const struct reading *reading, const json_t *constraints, const char *name,
                       const struct policy_pair **ret, size_t *ret_count)
{
    char place[64];
    snprintf(place, sizeof place, "Constraints.%s", name);
    const json_t *object = policy_case_member(constraints, name);
    if (object != NULL && !json_is_object(object)) {
        return refuse(reading, POLICY_FAULT_TYPE, place, "an object is expected");
    }
    struct policy_pair *pairs =
        policy_case_take(&reading->policy_case->memory, json_object_size(object), sizeof *pairs);
    if (pairs == NULL) {
        return policy_case_no_memory(reading->fault);
    }
    size_t count = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (!json_is_string(value)) {
            return refuse(reading, POLICY_FAULT_TYPE, place, "the values of an encryption context are strings");
        }
        pairs[count++] = (struct policy_pair){.key = view_of_string(key),
                                              .value = view_of(json_string_value(value), json_string_length(value))};
    }
    *ret = pairs;
    *ret_count = count;
    return true;
}

/* One that is passed over would allow more than the grant does. */
static bool knows_all(const struct reading *reading, const json_t *constraints)
{
    static const char *const known[] = {"EncryptionContextEquals", "EncryptionContextSubset", "SourceArn"};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)constraints, name, value)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0] && !is_known; i++) {
            is_known = strcmp(name, known[i]) == 0;
        }
        if (!is_known) {
            char place[POLICY_FAULT_BYTES];
            snprintf(place, sizeof place, "Constraints.%s", name);
            return refuse(reading, POLICY_FAULT_VALUE, place, "there is no such constraint (names are in exact case)");
        }
    }
    return true;
}

static bool read_constraints(const struct reading *reading, struct policy_grant_constraints *ret)
{
    const json_t *constraints = policy_case_member(reading->json, "Constraints");
    if (constraints == NULL) {
        return true;
    }
    if (!json_is_object(constraints)) {
        return refuse(reading, POLICY_FAULT_TYPE, "Constraints", "an object is expected");
    }
    char place[sizeof reading->place + sizeof ".Constraints"];
    snprintf(place, sizeof place, "%s.Constraints", reading->place);
    ret->has_equals = policy_case_member(constraints, "EncryptionContextEquals") != NULL;
    ret->has_subset = policy_case_member(constraints, "EncryptionContextSubset") != NULL;
    return knows_all(reading, constraints) &&
           read_pairs(reading, constraints, "EncryptionContextEquals", &ret->equals, &ret->equals_count) &&
           read_pairs(reading, constraints, "EncryptionContextSubset", &ret->subset, &ret->subset_count) &&
           policy_case_text(constraints, place, "SourceArn", &ret->source_arn, reading->fault);
}

/* A service stands in one of the two members, or in both. */
static bool either(const struct reading *reading, const char *principal, const char *service, struct view *ret)
{
    struct view name;
    if (!text(reading, principal, ret) || !text(reading, service, &name)) {
        return false;
    }
    if (ret->len != 0 && name.len != 0 && !view_equal(*ret, name)) {
        return refuse(reading, POLICY_FAULT_VALUE, service, "the grant names another principal already");
    }
    *ret = ret->len != 0 ? *ret : name;
    return true;
}

static const char *const grant_names[] = {"KeyId",
                                          "GrantId",
                                          "Name",
                                          "CreationDate",
                                          "GranteePrincipal",
                                          "GranteeServicePrincipal",
                                          "Operations",
                                          "Constraints",
                                          "RetiringPrincipal",
                                          "IssuingAccount",
                                          "RetiringServicePrincipal",
                                          NULL};

static bool read_grant(const struct reading *reading, struct policy_grant *ret)
{
    if (!json_is_object(reading->json)) {
        return refuse(reading, POLICY_FAULT_TYPE, "", "an object is expected");
    }
    struct view issuer;
    struct arn arn;
    if (!policy_case_check_names(reading->json, grant_names, reading->place, reading->fault) ||
        !text(reading, "GrantId", &ret->id) || !text(reading, "Name", &ret->name) ||
        !either(reading, "GranteePrincipal", "GranteeServicePrincipal", &ret->grantee) ||
        !either(reading, "RetiringPrincipal", "RetiringServicePrincipal", &ret->retiring) ||
        !text(reading, "IssuingAccount", &issuer) || !read_operations(reading, &ret->operations) ||
        !read_constraints(reading, &ret->constraints)) {
        return false;
    }
    if (ret->grantee.len == 0) {
        return refuse(reading, POLICY_FAULT_VALUE, "GranteePrincipal",
                      "GranteePrincipal or GranteeServicePrincipal is required");
    }
    ret->issuing_account = arn_parse_principal(issuer, &arn) ? arn.account : issuer;
    return true;
}

/* By ARN, or by the id alone; a grant that does not say is on the key that is asked about. */
static bool is_on_key(struct view key, struct view resource)
{
    struct view word = view_of_string("key/");
    struct arn arn;
    if (key.len == 0 || view_equal(key, resource)) {
        return true;
    }
    return arn_parse(resource, &arn) && arn.resource.len > word.len &&
           memcmp(arn.resource.data, word.data, word.len) == 0 &&
           view_equal(view_of(arn.resource.data + word.len, arn.resource.len - word.len), key);
}

bool policy_case_read_grants(const json_t *json, struct policy_case *policy_case, struct policy_fault *fault)
{
    if (json != NULL && !json_is_array(json)) {
        return policy_fault_set(fault, POLICY_FAULT_TYPE, "grants", "a list is expected");
    }
    const size_t count = json_array_size(json);
    struct policy_grant *all = policy_case_take(&policy_case->memory, count, sizeof *all);
    const struct policy_grant **used = policy_case_take(&policy_case->memory, count, sizeof *used);
    policy_case->grant_numbers = policy_case_take(&policy_case->memory, count, sizeof *policy_case->grant_numbers);
    if (all == NULL || used == NULL || policy_case->grant_numbers == NULL) {
        return policy_case_no_memory(fault);
    }
    policy_case->grants.grants = used;
    for (size_t i = 0; i < count; i++) {
        struct reading reading = {.json = json_array_get(json, i), .policy_case = policy_case, .fault = fault};
        snprintf(reading.place, sizeof reading.place, "grants[%zu]", i);
        struct view key;
        if (!read_grant(&reading, &all[i]) || !text(&reading, "KeyId", &key)) {
            return false;
        }
        if (is_on_key(key, policy_case->request.resource)) {
            policy_case->grant_numbers[policy_case->grants.count] = i;
            used[policy_case->grants.count++] = &all[i];
        }
    }
    policy_case->question.grant_lists = &policy_case->grants;
    policy_case->question.grant_list_count = 1;
    return true;
}
