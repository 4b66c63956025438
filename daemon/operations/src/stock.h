/* The stock of a token: sealed wrapping keys that a ceremony made and no key of ours has yet (DESIGN: docs/design.md,
 * "The boundary"). */
#pragma once

#include "pending.h"

/* Draws a spare of the token for pending, which is listed and keeps it from others. False when the stock has none. */
REWRAP_MUST_USE bool operation_stock_draw(struct operation *operation, const char *token,
                                          struct operation_pending *pending);

/*
 * Has the token's objects read again, since a ceremony may have added some, and goes on with on_relisted; other
 * outcomes are answered here. Operations that wait for the same token share one reading, which is dear on a token with
 * many objects.
 */
void operation_stock_relist(struct operation *operation, const char *token, operation_response_fn on_relisted);
