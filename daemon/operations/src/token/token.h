/* What operations ask of a token as its newest worker has described it: which one is meant, what it is called in texts,
 * which algorithms it offers. */
#pragma once

#include "frame/operation.h"
#include "request/specs.h"

#define OPERATION_TOKEN_NAME_BYTES 129 /* as long as the registry keeps, and a NUL */
#define OPERATION_TOKEN_TEXT_BYTES 256

/*
 * The token that CustomKeyStoreId names: the NAME of a [token NAME] section, or with NULL the first one. False when the
 * request was answered, since there is none.
 */
REWRAP_MUST_USE bool operation_token_choose(struct operation *operation, const char *custom_key_store_id,
                                            char ret_name[OPERATION_TOKEN_NAME_BYTES]);

/* "Token main (SoftHSM v2)": its section and, once it is known, its model. */
void operation_token_text(const struct operations *operations, const char *token,
                          char ret_text[OPERATION_TOKEN_TEXT_BYTES]);

/* The algorithms of a spec that the token offers, all of them while no worker of it has said anything; how many. */
size_t operation_token_algorithms(const struct operations *operations, const char *token,
                                  const struct operation_spec *spec,
                                  Rewrap__EncryptionAlgorithmSpec__Value ret[OPERATION_SPEC_MAX_ALGORITHMS]);

/* Whether the token offers an algorithm that the spec has. False when the request was answered: it does not. */
REWRAP_MUST_USE bool operation_token_check_algorithm(struct operation *operation, const char *token,
                                                     const struct operation_spec *spec,
                                                     Rewrap__EncryptionAlgorithmSpec__Value algorithm);

/* Whether it offers any algorithm of the spec at all, so that a key of it is of use. False when the request was
 * answered. */
REWRAP_MUST_USE bool operation_token_check_spec(struct operation *operation, const char *token,
                                                const struct operation_spec *spec);
