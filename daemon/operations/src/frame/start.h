/* Work of rewrapd itself that goes the way of an operation: with a state, the stock, the token, a change. */
#pragma once

#include "operation.h"

/* What operations keep between calls, made when it is first needed. NULL without memory. */
REWRAP_MUST_USE struct operations_state *operations_state_get(struct operations *operations);

/* An operation of nobody's: no request, no account, and nobody is asked for a permission. NULL without memory. The
 * caller fills in its state and runs it. */
REWRAP_MUST_USE struct operation *operation_own_new(struct operations *operations, const struct operation_kind *kind,
                                                    operation_done_fn done, void *arg);

/* It may have ended when this returns. */
void operation_own_run(struct operation *operation);
