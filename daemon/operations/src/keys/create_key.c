/* CreateKey: a sealed key from the stock of a token, or an open one that the token makes now (KMS.md,
 * */
#include "access/authorize.h"
#include "access/policy_check.h"
#include "frame/table.h"
#include "metadata.h"
#include "new_key.h"
#include "request/specs.h"
#include "request/tag_rules.h"
#include "token/material.h"
#include "token/token.h"

#include "registry/registry.h"

#include <string.h>

struct create_key {
    struct operation_material material; /* its pending entry has the new key's id and account */
    const struct operation_spec *spec;
    bool may_be_stored;
};

static const Rewrap__CreateKeyRequest *request_of(const struct operation *operation)
{
    return (const Rewrap__CreateKeyRequest *)operation->request;
}

static void clear(struct operation *operation)
{
    struct create_key *state = operation->state;
    operation_material_give_back(operation->operations, &state->material, state->may_be_stored);
}

static bool check_account_limit(struct operation *operation)
{
    const struct operations *operations = operation->operations;
    size_t keys = registry_account_keys(operations->registry, operation->account) +
                  operation_pending_keys(operations, operation->account);
    if (keys < operations->settings.max_keys_per_account) {
        return true;
    }
    operation_fail(operation, OPERATION_LIMIT_EXCEEDED, "The account has %zu keys, which is as many as it may have.",
                   keys);
    return false;
}

/* ------------------------------------------------------------------ the key */

static void on_stored(void *arg, struct registry_result result)
{
    struct operation *operation = arg;
    struct create_key *state = operation->state;
    const struct registry_key *key = registry_key_find(operation->operations->registry, state->material.pending.key_id);
    state->may_be_stored =
        result.code == REGISTRY_OK || result.code == REGISTRY_STORE || result.code == REGISTRY_EXISTS;
    /* A change whose answer was lost with the registry's writer may have been made all the same: then it is there now.
     */
    bool made_all_the_same = result.code == REGISTRY_STORE && key != NULL;
    if (!made_all_the_same && !operation_take_change(operation, result)) {
        return;
    }
    if (key == NULL) {
        operation_fail_with(operation, operation_failure_of_registry(REGISTRY_NO_MEMORY),
                            "a key that was stored is not there");
        return;
    }
    struct operation_metadata metadata;
    operation_metadata_fill(operation->operations, key, &metadata);
    Rewrap__CreateKeyResponse response = REWRAP__CREATE_KEY_RESPONSE__INIT;
    response.key_metadata = &metadata.message;
    operation_finish(operation, &response.base);
}

/* The key as it will be, but for its material; tags has room for all of the request's. */
static struct registry_key wanted_key(const struct operation *operation, struct registry_tag *tags)
{
    static char no_description[] = "";
    const Rewrap__CreateKeyRequest *request = request_of(operation);
    struct create_key *state = operation->state;
    for (size_t i = 0; i < request->n_tags; i++) {
        tags[i] = (struct registry_tag){.key = request->tags[i]->tag_key, .value = request->tags[i]->tag_value};
    }
    struct registry_key key = {
        .token = state->material.token,
        .description = request->description == NULL ? no_description : request->description,
        .spec = state->spec->spec,
        .usage = KEY_USAGE_ENCRYPT_DECRYPT,
        .state = KEY_STATE_ENABLED,
        .boundary = state->material.boundary,
        .created_ms = operation_now_ms(operation),
        .tags = tags,
        .n_tags = request->n_tags,
        .policy = request->policy,
    };
    key.policy_ms = key.created_ms;
    memcpy(key.key_id, state->material.pending.key_id, KEY_ID_BYTES);
    uuid_format(key.key_id, key.key_id_text);
    memcpy(key.account, operation->account, ACCOUNT_TEXT_BYTES);
    return key;
}

static void store(struct operation *operation)
{
    const struct create_key *state = operation->state;
    struct registry_tag tags[OPERATION_TAGS_MAX];
    struct registry_key key = wanted_key(operation, tags);
    struct registry_material material = {.created_ms = key.created_ms, .origin = MATERIAL_FIRST};
    memcpy(material.id, state->material.pending.material_id, MATERIAL_ID_BYTES);
    key.materials = &material;
    key.n_materials = 1;
    registry_key_add(operation->operations->registry, &key, on_stored, operation);
}

static bool refused(struct operation *operation, Hsm__Status status)
{
    const struct create_key *state = operation->state;
    if (status != HSM__STATUS__STATUS_UNSUPPORTED) {
        return false;
    }
    char token[OPERATION_TOKEN_TEXT_BYTES];
    operation_token_text(operation->operations, state->material.token, token);
    operation_fail(operation, OPERATION_UNSUPPORTED, "%s cannot make open %s keys.", token, state->spec->name);
    return true;
}

static void take_material(struct operation *operation)
{
    struct create_key *state = operation->state;
    struct operation_material *material = &state->material;
    material->spec = state->spec->spec;
    material->pending.is_key = true;
    memcpy(material->pending.account, operation->account, ACCOUNT_TEXT_BYTES);
    operation_material_take(operation, material, store);
}

/* What policies may ask about a key that there is not yet. */
static void tell_facts(struct operation *operation)
{
    const Rewrap__CreateKeyRequest *request = request_of(operation);
    struct operation_facts *facts = &operation->facts;
    facts->texts[OPERATION_FACT_KEY_SPEC] = operation_key_spec_name(operation_new_key_spec(request));
    facts->texts[OPERATION_FACT_KEY_USAGE] = operation_key_usage_name(
        request->has_key_usage ? request->key_usage : REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT);
    facts->texts[OPERATION_FACT_KEY_ORIGIN] =
        operation_origin_name(request->has_origin ? request->origin : REWRAP__ORIGIN_TYPE__VALUE__AWS_KMS);
    operation_fact_bool(facts, OPERATION_FACT_MULTI_REGION, request->has_multi_region && request->multi_region);
    if (request->has_bypass_policy_lockout_safety_check) {
        operation_fact_bool(facts, OPERATION_FACT_BYPASS_LOCKOUT_CHECK, request->bypass_policy_lockout_safety_check);
    }
    facts->tags = request->tags;
    facts->n_tags = request->n_tags;
}

static bool may_create(struct operation *operation)
{
    tell_facts(operation);
    return operation_authorize(operation, OPERATION_MAY_CREATE_KEY) &&
           (request_of(operation)->n_tags == 0 || operation_authorize(operation, OPERATION_MAY_TAG_RESOURCE));
}

/* The policy that a key gets when none is given locks nobody out who was not before: it is not checked. */
static bool check_policy(struct operation *operation)
{
    const Rewrap__CreateKeyRequest *request = request_of(operation);
    if (request->policy == NULL) {
        return true;
    }
    struct registry_tag tags[OPERATION_TAGS_MAX];
    struct registry_key key = wanted_key(operation, tags);
    bool bypass = request->has_bypass_policy_lockout_safety_check && request->bypass_policy_lockout_safety_check;
    return operation_key_policy_check(operation, &key, request->policy, bypass);
}

static void run(struct operation *operation)
{
    const Rewrap__CreateKeyRequest *request = request_of(operation);
    struct create_key *state = operation->state;
    uuid_random(state->material.pending.key_id);
    if (!operation_new_key_check(operation, request, &state->material.boundary) || !may_create(operation) ||
        !operation_new_key_supported(operation, request, &state->spec) || !check_policy(operation) ||
        !operation_token_choose(operation, request->custom_key_store_id, state->material.token) ||
        !operation_token_check_spec(operation, state->material.token, state->spec) || !check_account_limit(operation)) {
        return;
    }
    take_material(operation);
}

const struct operation_kind operation_kind_create_key = {.name = "CreateKey",
                                                         .run = run,
                                                         .refused = refused,
                                                         .clear = clear,
                                                         .state_bytes = sizeof(struct create_key),
                                                         .changes = true};
