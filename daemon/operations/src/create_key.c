/* CreateKey: a sealed key from the stock of a token, or an open one that the token makes now (KMS.md,
 * */
#include "authorize.h"
#include "metadata.h"
#include "new_key.h"
#include "pending.h"
#include "stock.h"
#include "table.h"
#include "token.h"

#include "registry/registry.h"

#include <string.h>

struct create_key {
    struct operation_pending pending; /* has the new key's id, account and, once it is known, its material */
    enum key_boundary boundary;
    const struct operation_spec *spec;
    char token[OPERATION_TOKEN_NAME_BYTES];
};

static const Rewrap__CreateKeyRequest *request_of(const struct operation *operation)
{
    return (const Rewrap__CreateKeyRequest *)operation->request;
}

static void clear(struct operation *operation)
{
    struct create_key *state = operation->state;
    operation_pending_remove(&state->pending);
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
    const struct create_key *state = operation->state;
    const struct registry_key *key = registry_key_find(operation->operations->registry, state->pending.key_id);
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

static void store(struct operation *operation)
{
    const Rewrap__CreateKeyRequest *request = request_of(operation);
    struct create_key *state = operation->state;
    struct registry_material material = {.created_ms = operation_now_ms(operation)};
    memcpy(material.id, state->pending.material_id, MATERIAL_ID_BYTES);
    struct registry_tag tags[OPERATION_TAGS_MAX];
    for (size_t i = 0; i < request->n_tags; i++) {
        tags[i] = (struct registry_tag){.key = request->tags[i]->tag_key, .value = request->tags[i]->tag_value};
    }
    char no_description[] = "";
    struct registry_key key = {
        .token = state->token,
        .description = request->description == NULL ? no_description : request->description,
        .spec = state->spec->spec,
        .usage = KEY_USAGE_ENCRYPT_DECRYPT,
        .state = KEY_STATE_ENABLED,
        .boundary = state->boundary,
        .created_ms = material.created_ms,
        .materials = &material,
        .n_materials = 1,
        .tags = tags,
        .n_tags = request->n_tags,
    };
    memcpy(key.key_id, state->pending.key_id, KEY_ID_BYTES);
    uuid_format(key.key_id, key.key_id_text);
    memcpy(key.account, operation->account, ACCOUNT_TEXT_BYTES);
    registry_key_add(operation->operations->registry, &key, on_stored, operation);
}

static void on_made(struct operation *operation, const Hsm__Response *answer)
{
    struct create_key *state = operation->state;
    if (!answer->has_material_id || answer->material_id.len != MATERIAL_ID_BYTES) {
        operation_fail_with(operation, operation_failure_of_token(HSM__STATUS__STATUS_INTERNAL),
                            "its answer has no usable material id");
        return;
    }
    memcpy(state->pending.material_id, answer->material_id.data, MATERIAL_ID_BYTES);
    state->pending.has_material = true;
    store(operation);
}

static void make_open(struct operation *operation)
{
    const struct create_key *state = operation->state;
    Hsm__MakeOpenKey body = HSM__MAKE_OPEN_KEY__INIT;
    body.has_spec = true;
    body.spec = state->spec->token_spec;
    Hsm__Request job = HSM__REQUEST__INIT;
    job.body_case = HSM__REQUEST__BODY_MAKE_OPEN_KEY;
    job.make_open_key = &body;
    operation_submit(operation, state->token, &job, on_made);
}

static bool refused(struct operation *operation, Hsm__Status status)
{
    const struct create_key *state = operation->state;
    if (status != HSM__STATUS__STATUS_UNSUPPORTED) {
        return false;
    }
    char token[OPERATION_TOKEN_TEXT_BYTES];
    operation_token_text(operation->operations, state->token, token);
    operation_fail(operation, OPERATION_UNSUPPORTED, "%s cannot make open %s keys.", token, state->spec->name);
    return true;
}

static void on_relisted(struct operation *operation, const Hsm__Response *unused)
{
    (void)unused;
    struct create_key *state = operation->state;
    if (operation_stock_draw(operation, state->token, state->spec->spec, &state->pending)) {
        store(operation);
        return;
    }
    operation_stock_refuse(operation, state->token, state->spec->spec);
}

static void draw_sealed(struct operation *operation)
{
    struct create_key *state = operation->state;
    if (operation_stock_draw(operation, state->token, state->spec->spec, &state->pending)) {
        store(operation);
    } else {
        operation_stock_relist(operation, state->token, on_relisted);
    }
}

static void reserve(struct operation *operation)
{
    struct create_key *state = operation->state;
    state->pending.is_key = true;
    memcpy(state->pending.account, operation->account, ACCOUNT_TEXT_BYTES);
    uuid_random(state->pending.key_id);
    operation_pending_add(operation->operations, &state->pending);
}

static void run(struct operation *operation)
{
    const Rewrap__CreateKeyRequest *request = request_of(operation);
    struct create_key *state = operation->state;
    if (!operation_new_key_check(operation, request, &state->boundary) ||
        !operation_authorize(operation, OPERATION_MAY_CREATE_KEY) ||
        !operation_new_key_supported(operation, request, &state->spec) ||
        !operation_token_choose(operation, request->custom_key_store_id, state->token) ||
        !operation_token_check_spec(operation, state->token, state->spec) || !check_account_limit(operation)) {
        return;
    }
    reserve(operation);
    if (state->boundary == KEY_BOUNDARY_OPEN) {
        make_open(operation);
    } else {
        draw_sealed(operation);
    }
}

const struct operation_kind operation_kind_create_key = {.name = "CreateKey",
                                                         .run = run,
                                                         .refused = refused,
                                                         .clear = clear,
                                                         .state_bytes = sizeof(struct create_key),
                                                         .changes = true};
