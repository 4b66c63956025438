/* Who asks, and what is known of the request, in a document of `policy simulate`; see policy_case.h. */
#include "policy_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define NUMBER_BYTES 40

/* ---------------------------------------------------------------- the context */

/* As conditions of policies are read: the shortest decimal spelling that reads back as the same number. */
static bool spell_real(double value, char out[NUMBER_BYTES])
{
    for (int digits = 1; digits <= 17; digits++) {
        int len = snprintf(out, NUMBER_BYTES, "%.*g", digits, value);
        if (len > 0 && len < NUMBER_BYTES && strtod(out, NULL) == value && strchr(out, 'e') == NULL) {
            return true;
        }
    }
    return false;
}

static bool spell(const json_t *json, char out[NUMBER_BYTES])
{
    if (json_is_boolean(json)) {
        return snprintf(out, NUMBER_BYTES, "%s", json_is_true(json) ? "true" : "false") > 0;
    }
    if (json_is_integer(json)) {
        return snprintf(out, NUMBER_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(json)) > 0;
    }
    return json_is_real(json) && spell_real(json_real_value(json), out);
}

static bool read_value(const json_t *json, struct policy_case *policy_case, struct view *ret)
{
    if (json_is_string(json)) {
        *ret = view_of(json_string_value(json), json_string_length(json));
        return true;
    }
    char text[NUMBER_BYTES];
    if (!spell(json, text)) {
        return false;
    }
    char *kept = policy_case_take(&policy_case->memory, strlen(text) + 1, 1);
    if (kept == NULL) {
        return false;
    }
    memcpy(kept, text, strlen(text));
    *ret = view_of_string(kept);
    return true;
}

static bool read_values(const json_t *json, const char *name, struct policy_case *policy_case,
                        struct policy_context_key *ret, struct policy_fault *fault)
{
    const size_t count = json_is_array(json) ? json_array_size(json) : !json_is_null(json);
    struct view *values = policy_case_take(&policy_case->memory, count, sizeof *values);
    if (values == NULL) {
        return policy_case_no_memory(fault);
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_value(json_is_array(json) ? json_array_get(json, i) : json, policy_case, &values[i])) {
            char place[POLICY_FAULT_BYTES];
            snprintf(place, sizeof place, "request.context.%s", name);
            return policy_fault_set(
                fault, POLICY_FAULT_TYPE, place,
                "a value is a string, a boolean, a number that needs no exponent, or a list of them");
        }
    }
    *ret = (struct policy_context_key){.name = view_of_string(name), .values = values, .count = count};
    return true;
}

static bool is_same_name(struct view a, struct view b)
{
    return a.len == b.len && strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0;
}

static const struct policy_context_key *find_key(const struct policy_request *request, struct view name)
{
    for (size_t i = 0; i < request->context_count; i++) {
        if (is_same_name(request->context[i].name, name)) {
            return &request->context[i];
        }
    }
    return NULL;
}

#define OWN_KEYS_MAX (POLICY_PRINCIPAL_KEYS_MAX + 1)

static void add_own_key(struct policy_request *request, struct policy_context_key *context,
                        const struct policy_context_key *key)
{
    if (find_key(request, key->name) == NULL) {
        context[request->context_count++] = *key;
    }
}

/* What follows from the caller, but for keys that the context tells, be it that they are not there. */
static void add_own_keys(struct policy_case *policy_case, struct policy_context_key *context)
{
    struct policy_request *request = &policy_case->request;
    struct policy_principal_keys *own = &policy_case->own_keys;
    bool is_service = !policy_principal_keys(request->principal, request->role, own);
    for (size_t i = 0; !is_service && i < own->count; i++) {
        add_own_key(request, context, &own->keys[i]);
    }
    policy_case->is_service = view_of_string(is_service ? "true" : "false");
    const struct policy_context_key key = {
        .name = view_of_string("aws:PrincipalIsAWSService"), .values = &policy_case->is_service, .count = 1};
    add_own_key(request, context, &key);
}

/* The entries, with room for the caller's own keys too; NULL when it failed. */
static struct policy_context_key *read_context(const json_t *json, struct policy_case *policy_case,
                                               struct policy_fault *fault)
{
    if (json != NULL && !json_is_object(json)) {
        policy_fault_set(fault, POLICY_FAULT_TYPE, "request.context", "an object is expected");
        return NULL;
    }
    struct policy_request *request = &policy_case->request;
    struct policy_context_key *context =
        policy_case_take(&policy_case->memory, json_object_size(json) + OWN_KEYS_MAX, sizeof *context);
    if (context == NULL) {
        policy_case_no_memory(fault);
        return NULL;
    }
    request->context = context;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, name, value)
    {
        if (!read_values(value, name, policy_case, &context[request->context_count], fault)) {
            return NULL;
        }
        request->context_count++;
    }
    return context;
}

/* ---------------------------------------------------------------- the request */

static const char *const request_names[] = {"principal", "role", "action", "resource", "context", NULL};

static bool required(const json_t *request, const char *name, struct view *ret, struct policy_fault *fault)
{
    if (!policy_case_text(request, "request", name, ret, fault)) {
        return false;
    }
    if (ret->len == 0) {
        char place[POLICY_FAULT_BYTES];
        snprintf(place, sizeof place, "request.%s", name);
        return policy_fault_set(fault, POLICY_FAULT_VALUE, place, "this member is required");
    }
    return true;
}

/* What aws:PrincipalArn says of a session is its role, with the path that the session's own ARN does not have.
 */
static struct view role_of_context(const struct policy_request *request)
{
    const struct policy_context_key *key = find_key(request, view_of_string("aws:PrincipalArn"));
    struct policy_grantees grantees;
    struct arn arn;
    bool is_session = arn_parse_principal(request->principal, &arn) && arn.resource.len > 12 &&
                      memcmp(arn.resource.data, "assumed-role", 12) == 0;
    if (!is_session || key == NULL || key->count != 1 ||
        !policy_grantees(request->principal, key->values[0], &grantees)) {
        return view_of(NULL, 0);
    }
    return key->values[0];
}

static bool read_principal(const json_t *json, struct policy_case *policy_case, struct policy_fault *fault)
{
    struct policy_request *request = &policy_case->request;
    struct policy_grantees grantees;
    if (!required(json, "principal", &request->principal, fault) ||
        !policy_case_text(json, "request", "role", &request->role, fault)) {
        return false;
    }
    if (!policy_grantees(request->principal, view_of(NULL, 0), &grantees)) {
        return policy_fault_set(
            fault, POLICY_FAULT_VALUE, "request.principal",
            "this is no ARN of a root user, user, role, session of a role or federated user, and no "
            "name of a service");
    }
    if (!policy_grantees(request->principal, request->role, &grantees)) {
        return policy_fault_set(fault, POLICY_FAULT_VALUE, "request.role", "this is not the role of the session");
    }
    return true;
}

/* Whoever owns the resource; the caller where it is "*". */
static bool read_resource(const json_t *json, struct policy_case *policy_case, struct policy_fault *fault)
{
    struct policy_request *request = &policy_case->request;
    if (!required(json, "resource", &request->resource, fault)) {
        return false;
    }
    struct arn arn;
    if (arn_parse(request->resource, &arn)) {
        request->resource_account = arn.account;
        return true;
    }
    if (!view_equal(request->resource, view_of_string("*"))) {
        return policy_fault_set(fault, POLICY_FAULT_VALUE, "request.resource",
                                "this is no ARN of a resource, and not *");
    }
    if (!arn_parse_principal(request->principal, &arn)) {
        return policy_fault_set(fault, POLICY_FAULT_VALUE, "request.resource",
                                "a service has no account that * could be in");
    }
    request->resource_account = arn.account;
    return true;
}

bool policy_case_read_request(const json_t *request, struct policy_case *policy_case, struct policy_fault *fault)
{
    if (!json_is_object(request)) {
        return policy_fault_set(fault, request == NULL ? POLICY_FAULT_VALUE : POLICY_FAULT_TYPE, "request",
                                "an object is required");
    }
    if (!policy_case_check_names(request, request_names, "request", fault) ||
        !read_principal(request, policy_case, fault) ||
        !required(request, "action", &policy_case->request.action, fault) ||
        !read_resource(request, policy_case, fault)) {
        return false;
    }
    struct policy_context_key *context = read_context(policy_case_member(request, "context"), policy_case, fault);
    if (context == NULL) {
        return false;
    }
    if (policy_case->request.role.len == 0) {
        policy_case->request.role = role_of_context(&policy_case->request);
    }
    add_own_keys(policy_case, context);
    return true;
}
