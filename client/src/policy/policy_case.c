/* Documents of `policy simulate`; see policy_case.h. */
#include "policy_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* ---------------------------------------------------------------- faults */

bool policy_fault_set(struct policy_fault *fault, const char *code, const char *place, const char *message)
{
    fault->code = code;
    snprintf(fault->place, sizeof fault->place, "%s", place);
    snprintf(fault->message, sizeof fault->message, "%s", message);
    return false;
}

void policy_fault_of_document(struct policy_fault *fault, const char *prefix, const struct policy_result *result)
{
    const char *code = result->code == POLICY_TOO_LARGE           ? POLICY_FAULT_LIMIT
                       : result->code == POLICY_FOREIGN_CHARACTER ? POLICY_FAULT_VALUE
                       : result->code == POLICY_NO_MEMORY         ? POLICY_FAULT_MEMORY
                                                                  : "MalformedPolicyDocumentException";
    char place[POLICY_FAULT_BYTES];
    const char *dot = prefix[0] == '\0' || result->place[0] == '\0' ? "" : ".";
    snprintf(place, sizeof place, "%s%s%s", prefix, dot, result->place);
    policy_fault_set(fault, code, place, result->reason);
}

/* ---------------------------------------------------------------- memory */

struct policy_case_block {
    struct policy_case_block *next;
    max_align_t bytes[];
};

void *policy_case_take(struct policy_case_memory *memory, size_t count, size_t size)
{
    if (count > (SIZE_MAX - sizeof(struct policy_case_block)) / size) {
        return NULL;
    }
    struct policy_case_block *block = calloc(1, sizeof *block + count * size);
    if (block == NULL) {
        return NULL;
    }
    block->next = memory->blocks;
    memory->blocks = block;
    return block->bytes;
}

bool policy_case_no_memory(struct policy_fault *fault)
{
    return policy_fault_set(fault, POLICY_FAULT_MEMORY, "", "there is no memory for the document");
}

void policy_case_clear(struct policy_case *policy_case)
{
    policy_document_free(policy_case->key_policy);
    for (size_t i = 0; i < policy_case->question.identity_count; i++) {
        /* Ours; the engine's pointer is to const. */
        policy_document_free((struct policy_document *)(uintptr_t)policy_case->identities[i].document);
    }
    while (policy_case->memory.blocks != NULL) {
        struct policy_case_block *block = policy_case->memory.blocks;
        policy_case->memory.blocks = block->next;
        free(block);
    }
    *policy_case = (struct policy_case){0};
}

/* ---------------------------------------------------------------- members */

json_t *policy_case_member(const json_t *object, const char *name)
{
    json_t *member = json_object_get(object, name);
    return json_is_null(member) ? NULL : member;
}

bool policy_case_text(const json_t *object, const char *place, const char *name, struct view *ret,
                      struct policy_fault *fault)
{
    const json_t *member = policy_case_member(object, name);
    char where[POLICY_FAULT_BYTES];
    snprintf(where, sizeof where, "%s.%s", place, name);
    if (member != NULL && !json_is_string(member)) {
        return policy_fault_set(fault, POLICY_FAULT_TYPE, where, "a string is expected");
    }
    if (json_string_length(member) > POLICY_STRING_MAX_BYTES) {
        return policy_fault_set(fault, POLICY_FAULT_LIMIT, where, "the text is longer than 4096 bytes");
    }
    *ret = view_of(json_string_value(member), json_string_length(member));
    return true;
}

bool policy_case_check_names(const json_t *object, const char *const *names, const char *place,
                             struct policy_fault *fault)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        for (size_t i = 0; names[i] != NULL; i++) {
            if (strcasecmp(name, names[i]) == 0 && strcmp(name, names[i]) != 0) {
                char where[POLICY_FAULT_BYTES];
                char message[POLICY_FAULT_BYTES];
                snprintf(where, sizeof where, "%s%s%s", place, place[0] == '\0' ? "" : ".", name);
                snprintf(message, sizeof message, "the member is spelled \"%s\"", names[i]);
                return policy_fault_set(fault, POLICY_FAULT_VALUE, where, message);
            }
        }
    }
    return true;
}

/* ---------------------------------------------------------------- policies */

static const char *const document_names[] = {"request", "keyPolicy", "identityPolicies", "grants", NULL};
static const char *const policy_names[] = {"name", "policy", NULL};

static bool read_policy(const json_t *json, const char *place, enum policy_kind kind, struct policy_document **ret,
                        struct policy_fault *fault)
{
    char *dumped = json_is_object(json) ? json_dumps(json, JSON_COMPACT) : NULL;
    if (!json_is_string(json) && dumped == NULL) {
        return json_is_object(json) ? policy_case_no_memory(fault)
                                    : policy_fault_set(fault, POLICY_FAULT_TYPE, place,
                                                       "a policy is expected, as an object or as a string of JSON");
    }
    struct view text =
        dumped != NULL ? view_of_string(dumped) : view_of(json_string_value(json), json_string_length(json));
    struct policy_result result = policy_document_parse(kind, text, ret);
    free(dumped);
    if (result.code != POLICY_OK) {
        policy_fault_of_document(fault, place, &result);
    }
    return result.code == POLICY_OK;
}

static bool read_identity(const json_t *json, const char *place, struct policy_identity *ret,
                          struct policy_fault *fault)
{
    char where[POLICY_FAULT_BYTES];
    snprintf(where, sizeof where, "%s.policy", place);
    if (!json_is_object(json)) {
        return policy_fault_set(fault, POLICY_FAULT_TYPE, place, "an object with name and policy is expected");
    }
    const json_t *policy = policy_case_member(json, "policy");
    if (!policy_case_check_names(json, policy_names, place, fault) ||
        !policy_case_text(json, place, "name", &ret->name, fault)) {
        return false;
    }
    if (policy == NULL) {
        return policy_fault_set(fault, POLICY_FAULT_VALUE, where, "this member is required");
    }
    struct policy_document *document = NULL;
    if (!read_policy(policy, where, POLICY_KIND_IDENTITY, &document, fault)) {
        return false;
    }
    ret->document = document;
    return true;
}

static bool read_identities(const json_t *json, struct policy_case *policy_case, struct policy_fault *fault)
{
    if (json != NULL && !json_is_array(json)) {
        return policy_fault_set(fault, POLICY_FAULT_TYPE, "identityPolicies", "a list is expected");
    }
    const size_t count = json_array_size(json);
    policy_case->identities = policy_case_take(&policy_case->memory, count, sizeof *policy_case->identities);
    if (policy_case->identities == NULL) {
        return policy_case_no_memory(fault);
    }
    policy_case->question.identities = policy_case->identities;
    for (size_t i = 0; i < count; i++) {
        char place[POLICY_FAULT_BYTES];
        snprintf(place, sizeof place, "identityPolicies[%zu]", i);
        if (!read_identity(json_array_get(json, i), place, &policy_case->identities[i], fault)) {
            return false;
        }
        policy_case->question.identity_count++;
    }
    return true;
}

static bool read_key_policy(const json_t *json, struct policy_case *policy_case, struct policy_fault *fault)
{
    if (json != NULL && !read_policy(json, "keyPolicy", POLICY_KIND_KEY, &policy_case->key_policy, fault)) {
        return false;
    }
    policy_case->question.key_policy = policy_case->key_policy;
    return true;
}

bool policy_case_read(const json_t *json, struct policy_case *ret, struct policy_fault *ret_fault)
{
    *ret = (struct policy_case){0};
    ret->question.request = &ret->request;
    return policy_case_check_names(json, document_names, "", ret_fault) &&
           policy_case_read_request(policy_case_member(json, "request"), ret, ret_fault) &&
           read_key_policy(policy_case_member(json, "keyPolicy"), ret, ret_fault) &&
           read_identities(policy_case_member(json, "identityPolicies"), ret, ret_fault) &&
           policy_case_read_grants(policy_case_member(json, "grants"), ret, ret_fault);
}
