/* Who asks, and what is known of the request, in a document of `policy simulate`; see policy_case.h. */
#include "policy_case.h"

#include <stdio.h>
#include <stdlib.h>

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
    *ret = (struct policy_context_key){.values = values, .count = count};
    ret->key = policy_key_read(view_of_string(name), &ret->name);
    return true;
}

static const struct policy_context_key *find_key(const struct policy_request *request, enum policy_key key)
{
    for (size_t i = 0; i < request->context_count; i++) {
        if (request->context[i].key == key) {
            return &request->context[i];
        }
    }
    return NULL;
}

/* What follows from the caller, but for keys that the context tells, be it that they are not there. */
static void add_own_keys(struct policy_case *policy_case)
{
    struct policy_request *request = &policy_case->request;
    bool is_service = policy_case->caller.kind == POLICY_PRINCIPAL_SERVICE;
    policy_case->singles[POLICY_KEY_PRINCIPAL_IS_AWS_SERVICE] = view_of_string(is_service ? "true" : "false");
    policy_caller_keys(&policy_case->caller, policy_case->singles);
    for (size_t i = 0; i < request->context_count; i++) {
        policy_case->singles[request->context[i].key] = view_of(NULL, 0);
    }
    request->singles = policy_case->singles;
}

static bool read_context(const json_t *json, struct policy_case *policy_case, struct policy_fault *fault)
{
    if (json != NULL && !json_is_object(json)) {
        return policy_fault_set(fault, POLICY_FAULT_TYPE, "request.context", "an object is expected");
    }
    struct policy_request *request = &policy_case->request;
    struct policy_context_key *context =
        policy_case_take(&policy_case->memory, json_object_size(json), sizeof *context);
    if (context == NULL) {
        return policy_case_no_memory(fault);
    }
    request->context = context;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, name, value)
    {
        if (!read_values(value, name, policy_case, &context[request->context_count], fault)) {
            return false;
        }
        request->context_count++;
    }
    return true;
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

static bool read_principal(const json_t *json, struct policy_case *policy_case, struct policy_fault *fault)
{
    struct view principal;
    struct view role;
    if (!required(json, "principal", &principal, fault) || !policy_case_text(json, "request", "role", &role, fault)) {
        return false;
    }
    policy_case->request.caller = &policy_case->caller;
    if (!policy_caller_read(principal, &policy_case->caller)) {
        return policy_fault_set(
            fault, POLICY_FAULT_VALUE, "request.principal",
            "this is no ARN of a root user, user, role, session of a role or federated user, and no "
            "name of a service");
    }
    bool is_session = policy_case->caller.kind == POLICY_PRINCIPAL_SESSION;
    if (is_session && role.len != 0 && !policy_caller_take_role(&policy_case->caller, role)) {
        return policy_fault_set(fault, POLICY_FAULT_VALUE, "request.role", "this is not the role of the session");
    }
    policy_case->has_role = role.len != 0;
    return true;
}

/* What aws:PrincipalArn says of a session is its role, with the path that the session's own ARN does not have.
 * Of another's role nothing is taken. */
static void read_role_of_context(struct policy_case *policy_case)
{
    struct policy_caller *caller = &policy_case->caller;
    const struct policy_context_key *key = find_key(&policy_case->request, POLICY_KEY_PRINCIPAL_ARN);
    if (!policy_case->has_role && key != NULL && key->count == 1) {
        rewrap_ignore(policy_caller_take_role(caller, key->values[0]), "it may be another's, or the caller no session");
    }
}

/* Whoever owns the resource; where it is "*" the caller, of a service nobody. */
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
    request->resource_account = policy_case->caller.account;
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
    if (!read_context(policy_case_member(request, "context"), policy_case, fault)) {
        return false;
    }
    read_role_of_context(policy_case);
    add_own_keys(policy_case);
    return true;
}
