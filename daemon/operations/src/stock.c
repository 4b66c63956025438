/* Drawing spare keys; see stock.h. */
#include "stock.h"

#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

struct operation_relist {
    LIST_ENTRY(operation_relist) entry;
    struct operations *operations;
    struct operation *first; /* those who wait, in the order in which they came */
    struct operation **end;
    char token[];
};

static bool is_taken(void *arg, const uint8_t material_id[MATERIAL_ID_BYTES])
{
    const struct operations *operations = arg;
    return registry_key_of_material(operations->registry, material_id) != NULL ||
           operation_pending_material(operations, material_id);
}

bool operation_stock_draw(struct operation *operation, const char *token, struct operation_pending *pending)
{
    struct operations *operations = operation->operations;
    uint8_t material_id[MATERIAL_ID_BYTES];
    if (!workers_stock_find(operations->workers, token, HSM__KEY_SPEC__KEY_SPEC_AES_256, HSM__BOUNDARY__BOUNDARY_SEALED,
                            is_taken, operations, material_id)) {
        return false;
    }
    memcpy(pending->material_id, material_id, MATERIAL_ID_BYTES);
    pending->has_material = true;
    return true;
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

static void on_worker(void *arg, enum workers_status status, const Hsm__Response *response)
{
    struct operation_relist *relist = arg;
    struct operation *operation = relist->first;
    LIST_REMOVE(relist, entry);
    free(relist); /* before its operations go on: one of them may ask again */
    while (operation != NULL) {
        struct operation *next = operation->next_waiting;
        if (operation_take_response(operation, status, response)) {
            operation->on_response(operation, response);
        }
        operation = next;
    }
}

static bool submit(struct operation *operation, const char *token, operation_response_fn on_relisted)
{
    size_t size = strlen(token) + 1;
    struct operation_relist *relist = calloc(1, sizeof *relist + size);
    if (relist == NULL) {
        return false;
    }
    relist->operations = operation->operations;
    relist->end = &relist->first;
    memcpy(relist->token, token, size);
    LIST_INSERT_HEAD(&operation->operations->state->relists, relist, entry);
    wait_in(relist, operation, on_relisted);

    Hsm__ListObjects body = HSM__LIST_OBJECTS__INIT;
    Hsm__Request job = HSM__REQUEST__INIT;
    job.body_case = HSM__REQUEST__BODY_LIST_OBJECTS;
    job.list_objects = &body;
    /* Not operation_submit: the job belongs to all who wait, and is not taken back when one of them leaves. */
    struct workers_job *unused =
        workers_submit(operation->operations->workers, relist->token, &job, operation->timeout_ms, on_worker, relist);
    (void)unused;
    return true;
}

void operation_stock_relist(struct operation *operation, const char *token, operation_response_fn on_relisted)
{
    struct operation_relist *relist = find(operation->operations, token);
    if (relist != NULL) {
        wait_in(relist, operation, on_relisted);
    } else if (!submit(operation, token, on_relisted)) {
        operation_fail(operation, OPERATION_INTERNAL, "There is no memory for the request.");
    }
}
