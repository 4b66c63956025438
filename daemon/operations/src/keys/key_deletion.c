/* ScheduleKeyDeletion and CancelKeyDeletion (KMS.md ). What happens at the end of the waiting period is in
 * resolve.h and sweep.c. */
#include "access/arn_text.h"
#include "change.h"
#include "frame/table.h"
#include "request/specs.h"

#include "proto/rewrap.pb-c.h"

#define WINDOW_DEFAULT_DAYS 30
#define DAY_MS              INT64_C(86400000)

/* ------------------------------------------------------------------ ScheduleKeyDeletion */

struct schedule {
    struct operation_change change; /* first */
    int64_t deletion_ms;
};

static int32_t window_days(const struct operation *operation)
{
    const Rewrap__ScheduleKeyDeletionRequest *request = (const Rewrap__ScheduleKeyDeletionRequest *)operation->request;
    return request->has_pending_window_in_days ? request->pending_window_in_days : WINDOW_DEFAULT_DAYS;
}

static enum operation_decision decide_schedule(struct operation *operation, const struct registry_key *key,
                                               struct operation_draft *draft)
{
    (void)key;
    struct schedule *state = operation->state;
    state->deletion_ms = operation_now_ms(operation) + window_days(operation) * DAY_MS;
    draft->key.state = KEY_STATE_PENDING_DELETION;
    draft->key.deletion_ms = state->deletion_ms;
    return OPERATION_DECIDED_WRITE; /* the table of states lets no key through that is pending already */
}

static bool is_scheduled(const struct operation *operation, const struct registry_key *key)
{
    const struct schedule *state = operation->state;
    return key->state == KEY_STATE_PENDING_DELETION && key->deletion_ms == state->deletion_ms;
}

static void answer_schedule(struct operation *operation, const struct registry_key *key)
{
    const struct schedule *state = operation->state;
    char arn[OPERATION_ARN_KEY_BYTES];
    Rewrap__Timestamp deletion;
    operation_arn_of_key(operation->operations, key->account, key->key_id_text, arn);
    operation_timestamp_fill(state->deletion_ms, &deletion);
    Rewrap__ScheduleKeyDeletionResponse response = REWRAP__SCHEDULE_KEY_DELETION_RESPONSE__INIT;
    response.key_id = arn;
    response.deletion_date = &deletion;
    response.has_key_state = true;
    response.key_state = REWRAP__KEY_STATE__VALUE__PendingDeletion;
    response.has_pending_window_in_days = true;
    response.pending_window_in_days = window_days(operation);
    operation_finish(operation, &response.base);
}

static const struct operation_change_kind schedule = {.permission = OPERATION_MAY_SCHEDULE_KEY_DELETION,
                                                      .decide = decide_schedule,
                                                      .answer = answer_schedule,
                                                      .is_made = is_scheduled};

static void run_schedule(struct operation *operation)
{
    const Rewrap__ScheduleKeyDeletionRequest *request = (const Rewrap__ScheduleKeyDeletionRequest *)operation->request;
    operation_fact_number(&operation->facts, OPERATION_FACT_DELETION_WINDOW, window_days(operation));
    operation_change_start(operation, &schedule, request->key_id);
}

const struct operation_kind operation_kind_schedule_key_deletion = {
    .name = "ScheduleKeyDeletion", .run = run_schedule, .state_bytes = sizeof(struct schedule), .changes = true};

/* ------------------------------------------------------------------ CancelKeyDeletion */

/* It does not come back enabled: somebody wanted it gone, so using it again takes an EnableKey. */
static enum operation_decision decide_cancel(struct operation *operation, const struct registry_key *key,
                                             struct operation_draft *draft)
{
    (void)operation;
    (void)key;
    draft->key.state = KEY_STATE_DISABLED;
    draft->key.deletion_ms = 0;
    return OPERATION_DECIDED_WRITE;
}

static bool is_cancelled(const struct operation *operation, const struct registry_key *key)
{
    (void)operation;
    return key->state != KEY_STATE_PENDING_DELETION;
}

static void answer_cancel(struct operation *operation, const struct registry_key *key)
{
    char arn[OPERATION_ARN_KEY_BYTES];
    operation_arn_of_key(operation->operations, key->account, key->key_id_text, arn);
    Rewrap__CancelKeyDeletionResponse response = REWRAP__CANCEL_KEY_DELETION_RESPONSE__INIT;
    response.key_id = arn;
    operation_finish(operation, &response.base);
}

static const struct operation_change_kind cancel = {.permission = OPERATION_MAY_CANCEL_KEY_DELETION,
                                                    .decide = decide_cancel,
                                                    .answer = answer_cancel,
                                                    .is_made = is_cancelled};

static void run_cancel(struct operation *operation)
{
    const Rewrap__CancelKeyDeletionRequest *request = (const Rewrap__CancelKeyDeletionRequest *)operation->request;
    operation_change_start(operation, &cancel, request->key_id);
}

const struct operation_kind operation_kind_cancel_key_deletion = {
    .name = "CancelKeyDeletion", .run = run_cancel, .state_bytes = sizeof(struct operation_change), .changes = true};
