/* Loading and unloading a PKCS#11 module through p11-kit. */
#pragma once

#include "p11.h"

/*
 * Loads config->module unmanaged and initializes it; token->functions is its table. On failure token is as it was.
 * Undone by module_unload.
 */
REWRAP_MUST_USE struct hsm_result module_load(struct hsm_token *token, const struct hsm_token_config *config);
void module_unload(struct hsm_token *token);
