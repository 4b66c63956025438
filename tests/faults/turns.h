/* The files that the workers of a world lock to take turns (hsm/worker/src/turn.c), held as if another worker had them.
 */
#pragma once

#include "world.h"

#define TURNS_PATH_BYTES 512

/*
 * The paths of the module's turn and of the token's, found by starting a worker: the first of them is made before a
 * module is opened, so also for a token that is not there.
 */
void turns_find(struct world *world, char of_module[TURNS_PATH_BYTES], char of_token[TURNS_PATH_BYTES]);

/* Takes the turn; whoever closes the descriptor gives it back. */
int turns_hold(const char *path);
