/* Objects on tokens; see object.h. */
#include "object.h"

#include "request/specs.h"

/* protobuf-c has no const; a worker's request is packed and not changed. */
static ProtobufCBinaryData binary(const uint8_t *data, size_t len)
{
    return (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)data, .len = len};
}

void operation_object_fill(const struct operation_object *object, Hsm__Key *ret_key)
{
    bool is_open = object->boundary == KEY_BOUNDARY_OPEN;
    hsm__key__init(ret_key);
    ret_key->has_key_id = true;
    ret_key->key_id = binary(object->key_id, KEY_ID_BYTES);
    ret_key->has_material_id = true;
    ret_key->material_id = binary(object->material_id, MATERIAL_ID_BYTES);
    ret_key->has_spec = true;
    ret_key->spec = operation_spec_of(object->spec)->token_spec;
    ret_key->has_boundary = true;
    ret_key->boundary = is_open ? HSM__BOUNDARY__BOUNDARY_OPEN : HSM__BOUNDARY__BOUNDARY_SEALED;
}

void operation_object_destroy(const struct operations *operations, const char *token,
                              const struct operation_object *object, workers_done_fn done, void *arg)
{
    Hsm__Key key;
    operation_object_fill(object, &key);
    Hsm__DestroyKey body = HSM__DESTROY_KEY__INIT;
    body.key = &key;
    Hsm__Request job = HSM__REQUEST__INIT;
    job.body_case = HSM__REQUEST__BODY_DESTROY_KEY;
    job.destroy_key = &body;
    /* It is not taken back by anybody. */
    struct workers_job *unused =
        workers_submit(operations->workers, token, &job, operations->settings.default_timeout_ms, done, arg);
    (void)unused;
}
