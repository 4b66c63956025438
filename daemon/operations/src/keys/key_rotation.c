/* EnableKeyRotation, DisableKeyRotation and GetKeyRotationStatus: the schedule of automatic rotation (KMS.md R-131,
 * The rotations themselves are in rotate.c, and the sweep starts those that are due. */
#include "access/states.h"
#include "change.h"
#include "frame/pending.h"
#include "frame/table.h"
#include "request/specs.h"

#include "proto/rewrap.pb-c.h"

#define PERIOD_DEFAULT_DAYS 365
#define DAY_MS              INT64_C(86400000)

/* ------------------------------------------------------------------ EnableKeyRotation */

static int32_t period_days(const struct operation *operation)
{
    const Rewrap__EnableKeyRotationRequest *request = (const Rewrap__EnableKeyRotationRequest *)operation->request;
    return request->has_rotation_period_in_days ? request->rotation_period_in_days : PERIOD_DEFAULT_DAYS;
}

static enum operation_decision decide_enable(struct operation *operation, const struct registry_key *key,
                                             struct operation_draft *draft)
{
    unsigned days = (unsigned)period_days(operation);
    if (key->rotation_days == days) { /* saying it again must not put the rotation off */
        return OPERATION_DECIDED_NOTHING;
    }
    draft->key.rotation_days = days;
    draft->key.next_rotation_ms = operation_now_ms(operation) + days * DAY_MS;
    return OPERATION_DECIDED_WRITE;
}

static const struct operation_change_kind enable = {.permission = OPERATION_MAY_ENABLE_KEY_ROTATION,
                                                    .decide = decide_enable};

static void run_enable(struct operation *operation)
{
    const Rewrap__EnableKeyRotationRequest *request = (const Rewrap__EnableKeyRotationRequest *)operation->request;
    operation_fact_number(&operation->facts, OPERATION_FACT_ROTATION_PERIOD, period_days(operation));
    operation_change_start(operation, &enable, request->key_id);
}

const struct operation_kind operation_kind_enable_key_rotation = {
    .name = "EnableKeyRotation", .run = run_enable, .state_bytes = sizeof(struct operation_change), .changes = true};

/* ------------------------------------------------------------------ DisableKeyRotation */

static enum operation_decision decide_disable(struct operation *operation, const struct registry_key *key,
                                              struct operation_draft *draft)
{
    (void)operation;
    draft->key.rotation_days = 0;
    draft->key.next_rotation_ms = 0;
    return key->rotation_days == 0 ? OPERATION_DECIDED_NOTHING : OPERATION_DECIDED_WRITE;
}

static const struct operation_change_kind disable = {.permission = OPERATION_MAY_DISABLE_KEY_ROTATION,
                                                     .decide = decide_disable};

static void run_disable(struct operation *operation)
{
    const Rewrap__DisableKeyRotationRequest *request = (const Rewrap__DisableKeyRotationRequest *)operation->request;
    operation_change_start(operation, &disable, request->key_id);
}

const struct operation_kind operation_kind_disable_key_rotation = {
    .name = "DisableKeyRotation", .run = run_disable, .state_bytes = sizeof(struct operation_change), .changes = true};

/* ------------------------------------------------------------------ GetKeyRotationStatus */

static void run_status(struct operation *operation)
{
    const Rewrap__GetKeyRotationStatusRequest *request =
        (const Rewrap__GetKeyRotationStatusRequest *)operation->request;
    const enum operation_permission permission = OPERATION_MAY_GET_KEY_ROTATION_STATUS;
    const struct registry_key *key;
    if (!operation_admit(operation, permission, request->key_id, &key)) {
        return;
    }
    Rewrap__GetKeyRotationStatusResponse response = REWRAP__GET_KEY_ROTATION_STATUS_RESPONSE__INIT;
    Rewrap__Timestamp next, began;
    response.key_id = request->key_id; /* as it was named */
    response.has_key_rotation_enabled = true;
    /* A key that is pending deletion does not rotate; if it is cancelled, the schedule is there again. */
    response.key_rotation_enabled = key->rotation_days != 0 && key->state != KEY_STATE_PENDING_DELETION;
    if (response.key_rotation_enabled) {
        response.has_rotation_period_in_days = true;
        response.rotation_period_in_days = (int32_t)key->rotation_days;
        operation_timestamp_fill(key->next_rotation_ms, &next);
        response.next_rotation_date = &next;
    }
    const struct operation_pending *rotation = operation_pending_rotation(operation->operations, key->key_id);
    if (rotation != NULL && !rotation->is_automatic) {
        operation_timestamp_fill(rotation->began_ms, &began);
        response.on_demand_rotation_start_date = &began;
    }
    operation_finish(operation, &response.base);
}

const struct operation_kind operation_kind_get_key_rotation_status = {.name = "GetKeyRotationStatus",
                                                                      .run = run_status};
