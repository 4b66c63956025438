/* Drawing spare keys; see stock.h. */
#include "stock.h"

#include "request/specs.h"

#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/*
 * After a reading the token is left alone for ten times as long as that took, but for no more than a second: whoever
 * asks again and again for keys that are not there keeps a worker busy for a tenth of its time at most, and who has
 * just held a ceremony hardly waits.
 */
#define PAUSE_FACTOR 10
#define PAUSE_MAX_MS 1000

struct operation_relist {
    LIST_ENTRY(operation_relist) entry;
    struct operations *operations;
    bool reading;            /* a job is under way */
    int64_t began_ms;        /* the last reading */
    int64_t ended_ms;        /* the last one that succeeded */
    int64_t pause_ms;        /* after ended_ms: 0 when there was none */
    struct operation *first; /* those who wait, in the order in which they came */
    struct operation **end;
    char token[];
};

/* A key's, or a deleted key's whose object is still there: that one is never given to another. */
static bool is_recorded(void *arg, const uint8_t material_id[MATERIAL_ID_BYTES])
{
    return registry_key_of_material(arg, material_id) != NULL || registry_retired_find(arg, material_id) != NULL;
}

static bool is_taken(void *arg, const uint8_t material_id[MATERIAL_ID_BYTES])
{
    const struct operations *operations = arg;
    return is_recorded(operations->registry, material_id) || operation_pending_material(operations, material_id);
}

bool operation_stock_draw(struct operation *operation, const char *token, enum key_spec spec,
                          struct operation_pending *pending)
{
    struct operations *operations = operation->operations;
    uint8_t material_id[MATERIAL_ID_BYTES];
    if (!workers_stock_find(operations->workers, token, operation_spec_of(spec)->token_spec,
                            HSM__BOUNDARY__BOUNDARY_SEALED, is_taken, operations, material_id)) {
        return false;
    }
    memcpy(pending->material_id, material_id, MATERIAL_ID_BYTES);
    pending->has_material = true;
    return true;
}

size_t operation_stock_spares(const struct operations *operations, const char *token, enum key_spec spec)
{
    return workers_stock_count(operations->workers, token, operation_spec_of(spec)->token_spec,
                               HSM__BOUNDARY__BOUNDARY_SEALED, is_recorded, operations->registry);
}

size_t operations_spares(const struct operations *operations, const char *token)
{
    return operation_stock_spares(operations, token, KEY_SPEC_SYMMETRIC_DEFAULT);
}

void operation_stock_refuse(struct operation *operation, const char *token, enum key_spec spec)
{
    const char *name = operation_spec_of(spec)->name;
    operation_log(
        operation, LOG_WARNING,
        "token %s has no spare sealed %s key left, and %s asked for one: rewrapctl ceremony add --key-spec %s", token,
        name, operation->principal, name);
    operation_fail(operation, OPERATION_LIMIT_EXCEEDED,
                   "Token %s has no spare sealed %s key left. The custodian adds some with `rewrapctl ceremony add "
                   "--key-spec %s --count N`.",
                   token, name, name);
}

/* ------------------------------------------------------------------ reading the token again */

static struct operation_relist *find(const struct operations *operations, const char *token)
{
    struct operation_relist *relist;
    LIST_FOREACH(relist, &operations->state->relists, entry)
    {
        if (strcmp(relist->token, token) == 0) {
            return relist;
        }
    }
    return NULL;
}

static void wait_in(struct operation_relist *relist, struct operation *operation, operation_response_fn on_relisted)
{
    operation->on_response = on_relisted;
    operation->next_waiting = NULL;
    *relist->end = operation;
    relist->end = &operation->next_waiting;
}

/* The clock may be set: a reading that lies ahead, or took less than no time, counts for nothing. */
static void pause_begin(struct operation_relist *relist, const struct operation *operation)
{
    relist->ended_ms = operation_now_ms(operation);
    int64_t took_ms = relist->ended_ms - relist->began_ms;
    if (took_ms < 0) {
        took_ms = 0;
    }
    relist->pause_ms = took_ms < PAUSE_MAX_MS / PAUSE_FACTOR ? took_ms * PAUSE_FACTOR : PAUSE_MAX_MS;
}

static bool pauses(const struct operation_relist *relist, const struct operation *operation)
{
    int64_t since_ms = operation_now_ms(operation) - relist->ended_ms;
    return since_ms >= 0 && since_ms < relist->pause_ms;
}

static void on_worker(void *arg, enum workers_status status, const Hsm__Response *response)
{
    struct operation_relist *relist = arg;
    struct operation *operation = relist->first;
    relist->reading = false; /* before its operations go on: one of them may ask again */
    relist->first = NULL;
    relist->end = &relist->first;
    if (status == WORKERS_ANSWERED && response->has_status && response->status == HSM__STATUS__STATUS_OK) {
        pause_begin(relist, operation);
    }
    while (operation != NULL) {
        struct operation *next = operation->next_waiting;
        if (operation_take_response(operation, status, response)) {
            operation->on_response(operation, response);
        }
        operation = next;
    }
}

static struct operation_relist *find_or_add(struct operations *operations, const char *token)
{
    struct operation_relist *relist = find(operations, token);
    if (relist != NULL) {
        return relist;
    }
    size_t size = strlen(token) + 1;
    relist = calloc(1, sizeof *relist + size);
    if (relist == NULL) {
        return NULL;
    }
    relist->operations = operations;
    relist->end = &relist->first;
    memcpy(relist->token, token, size);
    LIST_INSERT_HEAD(&operations->state->relists, relist, entry);
    return relist;
}

static void submit(struct operation_relist *relist)
{
    struct operations *operations = relist->operations;
    relist->reading = true;
    relist->began_ms = operations->clock(operations->clock_arg);
    Hsm__ListObjects body = HSM__LIST_OBJECTS__INIT;
    Hsm__Request job = HSM__REQUEST__INIT;
    job.body_case = HSM__REQUEST__BODY_LIST_OBJECTS;
    job.list_objects = &body;
    /* Not operation_submit: the job belongs to all who wait. It is not taken back when one of them leaves, and has not
     * the timeout of one of them. */
    struct workers_job *unused = workers_submit(operations->workers, relist->token, &job,
                                                operations->settings.default_timeout_ms, on_worker, relist);
    (void)unused;
}

void operation_stock_relist(struct operation *operation, const char *token, operation_response_fn on_relisted)
{
    struct operation_relist *relist = find_or_add(operation->operations, token);
    if (relist == NULL) {
        operation_fail_no_memory(operation);
        return;
    }
    if (!relist->reading && pauses(relist, operation)) {
        on_relisted(operation, NULL);
        return;
    }
    wait_in(relist, operation, on_relisted);
    if (!relist->reading) {
        submit(relist);
    }
}

void operation_stock_clear(struct operations_state *state)
{
    while (!LIST_EMPTY(&state->relists)) {
        struct operation_relist *relist = LIST_FIRST(&state->relists);
        LIST_REMOVE(relist, entry);
        free(relist);
    }
}
