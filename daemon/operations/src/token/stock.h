/* The stock of a token: sealed wrapping keys that a ceremony made and no key of ours has yet (DESIGN: docs/design.md,
 * "The boundary"). */
#pragma once

#include "frame/pending.h"

/* Draws a spare of the token for pending, which is listed and keeps it from others. False when the stock has none. */
REWRAP_MUST_USE bool operation_stock_draw(struct operation *operation, const char *token, enum key_spec spec,
                                          struct operation_pending *pending);

/* Answers that there is none, with what the custodian does about it, and tells the operator. */
void operation_stock_refuse(struct operation *operation, const char *token, enum key_spec spec);

/* How many spares of a spec there are. It looks at all keys of the token: not for every request. */
size_t operation_stock_spares(const struct operations *operations, const char *token, enum key_spec spec);

/*
 * Has the token's objects read again, since a ceremony may have added some, and goes on with on_relisted (its response
 * is NULL when the last reading is not old enough, for up to a second, to be repeated); other outcomes are answered
 * here. Operations that wait for the same token share one reading, which is dear on a token with many objects and has
 * the default timeout, whatever theirs are.
 */
void operation_stock_relist(struct operation *operation, const char *token, operation_response_fn on_relisted);

/* Frees what is remembered of the readings. None may be under way. */
void operation_stock_clear(struct operations_state *state);
