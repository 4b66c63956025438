/* Rotations of keys: RotateKeyOnDemand, and the automatic ones that the sweep starts. */
#pragma once

#include "frame/operation.h"

/*
 * Starts the automatic rotation of a key that is due. `done` is called exactly once, possibly before this returns, with
 * the error when there was one; a rotation that is not due any more is no error. False without memory, and then `done`
 * is not called.
 */
REWRAP_MUST_USE bool operation_rotate_automatically(struct operations *operations, const uint8_t key_id[KEY_ID_BYTES],
                                                    operation_done_fn done, void *arg);
