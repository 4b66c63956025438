/* Rotations; see rotate.h (KMS.md ). */
#include "rotate.h"

#include "access/arn_text.h"
#include "change.h"
#include "frame/start.h"
#include "frame/table.h"
#include "token/material.h"

#include "base/hex.h"
#include "proto/rewrap.pb-c.h"

#include <string.h>
#include <syslog.h>

#define ON_DEMAND_MAX 25 /* in the life of a key */
#define CLOSE_MS      (INT64_C(20) * 60 * 1000)
#define DAY_MS        INT64_C(86400000)

struct rotation {
    struct operation_change change; /* first */
    struct operation_material material;
};

static bool is_automatic(const struct operation *operation)
{
    const struct rotation *state = operation->state;
    return state->material.pending.is_automatic;
}

static void clear(struct operation *operation)
{
    struct rotation *state = operation->state;
    operation_material_give_back(operation->operations, &state->material, state->change.may_be_made);
}

/* ------------------------------------------------------------------ may it be rotated now */

static bool is_due(const struct operation *operation, const struct registry_key *key, int64_t within_ms)
{
    return key->rotation_days != 0 && key->next_rotation_ms <= operation_now_ms(operation) + within_ms;
}

static size_t rotations_on_demand(const struct registry_key *key)
{
    size_t n = 0;
    for (size_t i = 0; i < key->n_materials; i++) {
        n += key->materials[i].origin == MATERIAL_ROTATED_ON_DEMAND;
    }
    return n;
}

/* False when the request was answered. */
static bool check_on_demand(struct operation *operation, const struct registry_key *key)
{
    char arn[OPERATION_ARN_KEY_BYTES];
    operation_arn_of_key(operation->operations, key->account, key->key_id_text, arn);
    if (rotations_on_demand(key) >= ON_DEMAND_MAX) {
        operation_fail(
            operation, OPERATION_LIMIT_EXCEEDED,
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations "
            "can be performed for this key: %s",
            arn);
        return false;
    }
    if (is_due(operation, key, CLOSE_MS)) {
        operation_fail(operation, OPERATION_CONFLICT, "An automatic rotation of %s is due within 20 minutes.", arn);
        return false;
    }
    return true;
}

/* One at a time: two would use up two materials for what one of them does. */
static bool check_alone(struct operation *operation, const struct registry_key *key)
{
    const struct rotation *state = operation->state;
    const struct operation_pending *other = operation_pending_rotation(operation->operations, key->key_id);
    if (other == NULL || other == &state->material.pending) {
        return true;
    }
    char arn[OPERATION_ARN_KEY_BYTES];
    operation_arn_of_key(operation->operations, key->account, key->key_id_text, arn);
    operation_fail(operation, OPERATION_CONFLICT, "A rotation of %s is under way.", arn);
    return false;
}

/* ------------------------------------------------------------------ the change */

static enum operation_decision decide(struct operation *operation, const struct registry_key *key,
                                      struct operation_draft *draft)
{
    const struct rotation *state = operation->state;
    struct registry_material *next = &draft->materials[key->n_materials];
    if (is_automatic(operation)) {
        if (!is_due(operation, key, 0)) {
            return OPERATION_DECIDED_NOTHING;
        }
        next->origin = MATERIAL_ROTATED_AUTOMATICALLY;
        draft->key.next_rotation_ms = operation_now_ms(operation) + key->rotation_days * DAY_MS;
    } else {
        if (!check_on_demand(operation, key)) {
            return OPERATION_DECIDED_ANSWERED;
        }
        next->origin = MATERIAL_ROTATED_ON_DEMAND;
    }
    next->created_ms = operation_now_ms(operation);
    memcpy(next->id, state->material.pending.material_id, MATERIAL_ID_BYTES);
    draft->key.n_materials++;
    return OPERATION_DECIDED_WRITE;
}

static bool has_the_material(const struct operation *operation, const struct registry_key *key)
{
    const struct rotation *state = operation->state;
    for (size_t i = 0; i < key->n_materials; i++) {
        if (view_equal(view_of(key->materials[i].id, MATERIAL_ID_BYTES),
                       view_of(state->material.pending.material_id, MATERIAL_ID_BYTES))) {
            return true;
        }
    }
    return false;
}

static void answer(struct operation *operation, const struct registry_key *key)
{
    char arn[OPERATION_ARN_KEY_BYTES];
    operation_arn_of_key(operation->operations, key->account, key->key_id_text, arn);
    if (is_automatic(operation) && has_the_material(operation, key)) {
        char material[2 * MATERIAL_ID_BYTES + 1];
        hex_encode(view_of(key->materials[key->n_materials - 1].id, MATERIAL_ID_BYTES), material);
        operation_log(operation, LOG_NOTICE, "key %s: rotated automatically, now with material %s", arn, material);
    }
    Rewrap__RotateKeyOnDemandResponse response = REWRAP__ROTATE_KEY_ON_DEMAND_RESPONSE__INIT;
    response.key_id = arn;
    operation_finish(operation, &response.base);
}

static const struct operation_change_kind rotation = {
    .permission = OPERATION_MAY_ROTATE_KEY_ON_DEMAND, .decide = decide, .answer = answer, .is_made = has_the_material};

/* ------------------------------------------------------------------ from the start to the change */

/* The change looks at the key again: it may have taken a while to get here. */
static void begin(struct operation *operation, const char *key_id_text)
{
    struct rotation *state = operation->state;
    state->change.kind = &rotation;
    state->change.key_id_text = key_id_text;
    const struct registry_key *key = operation_change_find(operation, operation->kind->run);
    if (key == NULL || (!is_automatic(operation) && !check_on_demand(operation, key)) || !check_alone(operation, key)) {
        return;
    }
    struct operation_material *material = &state->material;
    size_t size = strlen(key->token) + 1;
    if (size > sizeof material->token) {
        operation_fail_with(operation, operation_failure_of_workers(WORKERS_NO_TOKEN), NULL);
        return;
    }
    memcpy(material->token, key->token, size);
    material->spec = key->spec;
    material->boundary = key->boundary;
    material->pending.is_rotation = true;
    material->pending.began_ms = operation_now_ms(operation);
    memcpy(material->pending.key_id, key->key_id, KEY_ID_BYTES);
    memcpy(material->pending.account, key->account, ACCOUNT_TEXT_BYTES);
    operation_material_take(operation, material, operation_change_run);
}

static void run_on_demand(struct operation *operation)
{
    const Rewrap__RotateKeyOnDemandRequest *request = (const Rewrap__RotateKeyOnDemandRequest *)operation->request;
    begin(operation, request->key_id);
}

const struct operation_kind operation_kind_rotate_key_on_demand = {.name = "RotateKeyOnDemand",
                                                                   .run = run_on_demand,
                                                                   .clear = clear,
                                                                   .state_bytes = sizeof(struct rotation),
                                                                   .changes = true};

/* ------------------------------------------------------------------ automatic */

static void run_automatic(struct operation *operation)
{
    begin(operation, NULL);
}

static const struct operation_kind automatic = {.name = "automatic rotation",
                                                .run = run_automatic,
                                                .clear = clear,
                                                .state_bytes = sizeof(struct rotation),
                                                .changes = true};

bool operation_rotate_automatically(struct operations *operations, const uint8_t key_id[KEY_ID_BYTES],
                                    operation_done_fn done, void *arg)
{
    struct operation *operation = operation_own_new(operations, &automatic, done, arg);
    if (operation == NULL) {
        return false;
    }
    struct rotation *state = operation->state;
    memcpy(state->change.key_id, key_id, KEY_ID_BYTES);
    state->material.pending.is_automatic = true;
    operation_own_run(operation);
    return true;
}
