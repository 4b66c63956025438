/* An object on a token, one material of a key, as workers are told of it. */
#pragma once

#include "frame/operation.h"

struct operation_object {
    const uint8_t *key_id;      /* KEY_ID_BYTES; borrowed */
    const uint8_t *material_id; /* MATERIAL_ID_BYTES; borrowed */
    enum key_spec spec;
    enum key_boundary boundary;
};

/* Borrows the ids. */
void operation_object_fill(const struct operation_object *object, Hsm__Key *ret_key);

/* Has the token destroy it; done as in workers.h. The ids are borrowed for the call. */
void operation_object_destroy(const struct operations *operations, const char *token,
                              const struct operation_object *object, workers_done_fn done, void *arg);
