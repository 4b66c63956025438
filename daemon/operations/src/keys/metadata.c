/* KeyMetadata; see metadata.h. */
#include "metadata.h"

#include "request/specs.h"
#include "token/token.h"

#include "base/hex.h"
#include "workers/workers.h"

#include <string.h>

/* The level is the token's as its newest worker found it: unknown, and left out, while none has said anything. */
static void fill_level(const struct operations *operations, const struct registry_key *key,
                       Rewrap__KeyMetadata *message)
{
    struct workers_token_state state;
    if (key->boundary != KEY_BOUNDARY_SEALED || !workers_state(operations->workers, key->token, &state)) {
        return;
    }
    switch (state.level) {
    case HSM__LEVEL__LEVEL_SEALED:
        message->has_protection_level = true;
        message->protection_level = REWRAP__PROTECTION_LEVEL__VALUE__sealed;
        break;
    case HSM__LEVEL__LEVEL_SENSITIVE:
        message->has_protection_level = true;
        message->protection_level = REWRAP__PROTECTION_LEVEL__VALUE__sensitive;
        break;
    case _HSM__LEVEL_IS_INT_SIZE:
    default:
        break;
    }
}

static void fill_spec(const struct operations *operations, const struct registry_key *key,
                      const struct operation_spec *spec, struct operation_metadata *out)
{
    Rewrap__KeyMetadata *message = &out->message;
    message->has_key_usage = true;
    message->key_usage = operation_usage_value(key->usage);
    message->has_key_spec = true;
    message->key_spec = spec->value;
    message->has_customer_master_key_spec = true; /* the legacy twin */
    message->customer_master_key_spec = spec->value;
    if (key->usage == KEY_USAGE_ENCRYPT_DECRYPT) {
        message->n_encryption_algorithms = operation_token_algorithms(operations, key->token, spec, out->algorithms);
        message->encryption_algorithms = out->algorithms;
    }
}

static void fill_token(const struct operations *operations, const struct registry_key *key,
                       Rewrap__KeyMetadata *message)
{
    message->token = key->token;
    const char *first = workers_tokens(operations->workers) == 0 ? "" : workers_token_name(operations->workers, 0);
    if (strcmp(first, key->token) != 0) {
        message->custom_key_store_id = key->token;
    }
    message->has_boundary = true;
    message->boundary =
        key->boundary == KEY_BOUNDARY_OPEN ? REWRAP__BOUNDARY_TYPE__VALUE__OPEN : REWRAP__BOUNDARY_TYPE__VALUE__SEALED;
    fill_level(operations, key, message);
}

void operation_metadata_fill(const struct operations *operations, const struct registry_key *key,
                             struct operation_metadata *out)
{
    Rewrap__KeyMetadata *message = &out->message;
    rewrap__key_metadata__init(message);
    /* protobuf-c has no const; a message that is only packed is not changed. */
    message->aws_account_id = (char *)(uintptr_t)key->account;
    message->key_id = (char *)(uintptr_t)key->key_id_text;
    message->description = key->description;
    operation_arn_of_key(operations, key->account, key->key_id_text, out->arn);
    message->arn = out->arn;
    operation_timestamp_fill(key->created_ms, &out->created);
    message->creation_date = &out->created;
    message->has_key_state = true;
    message->key_state = operation_state_value(key->state);
    if (key->state == KEY_STATE_PENDING_DELETION) {
        operation_timestamp_fill(key->deletion_ms, &out->deletion);
        message->deletion_date = &out->deletion;
    }
    const bool pending_import = key->state == KEY_STATE_PENDING_IMPORT;
    message->has_enabled = true;
    message->enabled = key->state == KEY_STATE_ENABLED;
    message->has_origin = true;
    message->origin = pending_import ? REWRAP__ORIGIN_TYPE__VALUE__EXTERNAL : REWRAP__ORIGIN_TYPE__VALUE__AWS_KMS;
    message->has_key_manager = true;
    message->key_manager = REWRAP__KEY_MANAGER_TYPE__VALUE__CUSTOMER;
    message->has_multi_region = true;
    message->multi_region = false;
    const struct operation_spec *spec = operation_spec_of(key->spec);
    fill_spec(operations, key, spec, out);
    if (spec->symmetric && !pending_import) { /* once it has material */
        hex_encode(view_of(key->materials[key->n_materials - 1].id, MATERIAL_ID_BYTES), out->material);
        message->current_key_material_id = out->material;
    }
    fill_token(operations, key, message);
}
