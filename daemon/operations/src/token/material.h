/*
 * Where the material of a new or rotated key comes from: a spare of the token's stock for a sealed key, a new object of
 * the token's for an open one. Nobody else takes it while it is on its way into the registry.
 */
#pragma once

#include "frame/pending.h"
#include "token.h"

struct operation_material {
    struct operation_pending pending; /* has the material's id once it is there; the owner fills in the rest */
    char token[OPERATION_TOKEN_NAME_BYTES];
    enum key_spec spec;
    enum key_boundary boundary;
    bool made; /* an object of its own, not one of the stock */
    operation_run_fn on_taken;
};

/*
 * Lists material->pending, gets a material and goes on with on_taken, perhaps before this returns; every other outcome
 * is answered here, an empty stock with LimitExceededException. material is part of the operation's state. Token, spec
 * and boundary are set.
 */
void operation_material_take(struct operation *operation, struct operation_material *material,
                             operation_run_fn on_taken);

/*
 * The operation is over. A material that was drawn is a spare again. An object that was made for it, and surely is in
 * no key, is taken off the token; when that fails it stays there unused, which is logged.
 */
void operation_material_give_back(struct operations *operations, struct operation_material *material,
                                  bool may_be_stored);
