/* Materials for keys; see material.h. */
#include "material.h"

#include "object.h"
#include "stock.h"

#include <string.h>
#include <syslog.h>

static void on_made(struct operation *operation, const Hsm__Response *answer)
{
    struct operation_material *material = operation->material;
    if (!answer->has_material_id || answer->material_id.len != MATERIAL_ID_BYTES) {
        operation_fail_with(operation, operation_failure_of_token(HSM__STATUS__STATUS_INTERNAL),
                            "its answer has no usable material id");
        return;
    }
    memcpy(material->pending.material_id, answer->material_id.data, MATERIAL_ID_BYTES);
    material->pending.has_material = true;
    material->made = true;
    material->on_taken(operation);
}

static void make_open(struct operation *operation)
{
    const struct operation_material *material = operation->material;
    Hsm__MakeOpenKey body = HSM__MAKE_OPEN_KEY__INIT;
    body.has_spec = true;
    body.spec = operation_spec_of(material->spec)->token_spec;
    Hsm__Request job = HSM__REQUEST__INIT;
    job.body_case = HSM__REQUEST__BODY_MAKE_OPEN_KEY;
    job.make_open_key = &body;
    operation_submit(operation, material->token, &job, on_made);
}

static void on_relisted(struct operation *operation, const Hsm__Response *unused)
{
    (void)unused;
    struct operation_material *material = operation->material;
    if (operation_stock_draw(operation, material->token, material->spec, &material->pending)) {
        material->on_taken(operation);
    } else {
        operation_stock_refuse(operation, material->token, material->spec);
    }
}

void operation_material_take(struct operation *operation, struct operation_material *material,
                             operation_run_fn on_taken)
{
    operation->material = material;
    material->on_taken = on_taken;
    operation_pending_add(operation->operations, &material->pending);
    if (material->boundary == KEY_BOUNDARY_OPEN) {
        make_open(operation);
    } else if (operation_stock_draw(operation, material->token, material->spec, &material->pending)) {
        on_taken(operation);
    } else {
        operation_stock_relist(operation, material->token, on_relisted);
    }
}

/* ------------------------------------------------------------------ giving back */

static void on_destroyed(void *arg, enum workers_status status, const Hsm__Response *response)
{
    const struct operations *operations = arg;
    bool done = status == WORKERS_ANSWERED && response->has_status && response->status == HSM__STATUS__STATUS_OK;
    if (!done && operations->log != NULL) {
        operations->log(
            operations->log_arg, LOG_WARNING,
            "an open key that was made and not needed could not be destroyed; it stays on its token, unused");
    }
}

static void destroy(struct operations *operations, const struct operation_material *material)
{
    const struct operation_object object = {.key_id = material->pending.key_id,
                                            .material_id = material->pending.material_id,
                                            .spec = material->spec,
                                            .boundary = KEY_BOUNDARY_OPEN};
    operation_object_destroy(operations, material->token, &object, on_destroyed, operations);
}

void operation_material_give_back(struct operations *operations, struct operation_material *material,
                                  bool may_be_stored)
{
    if (material->made && !may_be_stored) {
        destroy(operations, material);
    }
    operation_pending_remove(&material->pending);
}
