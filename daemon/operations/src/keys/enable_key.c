/* EnableKey, DisableKey and UpdateKeyDescription: what is changed of a key at once and can be changed back. */
#include "change.h"
#include "frame/table.h"

#include "proto/rewrap.pb-c.h"

#include <string.h>

static enum operation_decision become(const struct registry_key *key, struct operation_draft *draft,
                                      enum key_state state)
{
    draft->key.state = state;
    return key->state == state ? OPERATION_DECIDED_NOTHING : OPERATION_DECIDED_WRITE;
}

/* ------------------------------------------------------------------ EnableKey */

static enum operation_decision decide_enable(struct operation *operation, const struct registry_key *key,
                                             struct operation_draft *draft)
{
    (void)operation;
    return become(key, draft, KEY_STATE_ENABLED);
}

static const struct operation_change_kind enable = {.permission = OPERATION_MAY_ENABLE_KEY, .decide = decide_enable};

static void run_enable(struct operation *operation)
{
    const Rewrap__EnableKeyRequest *request = (const Rewrap__EnableKeyRequest *)operation->request;
    operation_change_start(operation, &enable, request->key_id);
}

const struct operation_kind operation_kind_enable_key = {
    .name = "EnableKey", .run = run_enable, .state_bytes = sizeof(struct operation_change), .changes = true};

/* ------------------------------------------------------------------ DisableKey */

static enum operation_decision decide_disable(struct operation *operation, const struct registry_key *key,
                                              struct operation_draft *draft)
{
    (void)operation;
    return become(key, draft, KEY_STATE_DISABLED);
}

static const struct operation_change_kind disable = {.permission = OPERATION_MAY_DISABLE_KEY, .decide = decide_disable};

static void run_disable(struct operation *operation)
{
    const Rewrap__DisableKeyRequest *request = (const Rewrap__DisableKeyRequest *)operation->request;
    operation_change_start(operation, &disable, request->key_id);
}

const struct operation_kind operation_kind_disable_key = {
    .name = "DisableKey", .run = run_disable, .state_bytes = sizeof(struct operation_change), .changes = true};

/* ------------------------------------------------------------------ UpdateKeyDescription */

static enum operation_decision decide_description(struct operation *operation, const struct registry_key *key,
                                                  struct operation_draft *draft)
{
    const Rewrap__UpdateKeyDescriptionRequest *request =
        (const Rewrap__UpdateKeyDescriptionRequest *)operation->request;
    draft->key.description = request->description;
    return strcmp(key->description, request->description) == 0 ? OPERATION_DECIDED_NOTHING : OPERATION_DECIDED_WRITE;
}

static const struct operation_change_kind description = {.permission = OPERATION_MAY_UPDATE_KEY_DESCRIPTION,
                                                         .decide = decide_description};

static void run_description(struct operation *operation)
{
    const Rewrap__UpdateKeyDescriptionRequest *request =
        (const Rewrap__UpdateKeyDescriptionRequest *)operation->request;
    operation_change_start(operation, &description, request->key_id);
}

const struct operation_kind operation_kind_update_key_description = {.name = "UpdateKeyDescription",
                                                                     .run = run_description,
                                                                     .state_bytes = sizeof(struct operation_change),
                                                                     .changes = true};
