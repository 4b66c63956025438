/* Tokens as operations see them; see token.h. */
#include "token.h"

#include "workers/workers.h"

#include <stdio.h>
#include <string.h>

bool operation_token_choose(struct operation *operation, const char *custom_key_store_id,
                            char ret_name[OPERATION_TOKEN_NAME_BYTES])
{
    const struct workers *workers = operation->operations->workers;
    for (size_t i = 0; i < workers_tokens(workers); i++) {
        const char *name = workers_token_name(workers, i);
        size_t size = strlen(name) + 1;
        if ((custom_key_store_id == NULL || strcmp(custom_key_store_id, name) == 0) &&
            size <= OPERATION_TOKEN_NAME_BYTES) {
            memcpy(ret_name, name, size);
            return true;
        }
    }
    if (custom_key_store_id == NULL) {
        operation_fail_with(operation, operation_failure_of_workers(WORKERS_NO_TOKEN), NULL);
    } else {
        operation_fail(operation, OPERATION_CUSTOM_KEY_STORE_NOT_FOUND, "There is no token '%s' here.",
                       custom_key_store_id);
    }
    return false;
}

void operation_token_text(const struct operations *operations, const char *token,
                          char ret_text[OPERATION_TOKEN_TEXT_BYTES])
{
    struct workers_token_state state;
    bool known = workers_state(operations->workers, token, &state) && state.model != NULL && *state.model != '\0';
    snprintf(ret_text, OPERATION_TOKEN_TEXT_BYTES, "Token %s%s%s%s", token, known ? " (" : "", known ? state.model : "",
             known ? ")" : "");
}

static bool offers(const struct workers_token_state *state, const struct operation_algorithm *algorithm)
{
    for (size_t i = 0; i < state->n_algorithms; i++) {
        if (state->algorithms[i] == algorithm->token_value) {
            return true;
        }
    }
    return state->n_algorithms == 0; /* before the first Hello */
}

size_t operation_token_algorithms(const struct operations *operations, const char *token,
                                  const struct operation_spec *spec,
                                  Rewrap__EncryptionAlgorithmSpec__Value ret[OPERATION_SPEC_MAX_ALGORITHMS])
{
    struct workers_token_state state;
    bool known = workers_state(operations->workers, token, &state);
    size_t n = 0;
    for (size_t i = 0; i < spec->n_algorithms; i++) {
        if (!known || offers(&state, &spec->algorithms[i])) {
            ret[n++] = spec->algorithms[i].value;
        }
    }
    return n;
}

static void refuse(struct operation *operation, const char *token, const char *what, const char *instead)
{
    char name[OPERATION_TOKEN_TEXT_BYTES];
    operation_token_text(operation->operations, token, name);
    operation_fail(operation, OPERATION_UNSUPPORTED, "%s cannot do %s.%s%s%s", name, what,
                   instead == NULL ? "" : " It does ", instead == NULL ? "" : instead, instead == NULL ? "" : ".");
}

bool operation_token_check_algorithm(struct operation *operation, const char *token, const struct operation_spec *spec,
                                     Rewrap__EncryptionAlgorithmSpec__Value algorithm)
{
    Rewrap__EncryptionAlgorithmSpec__Value offered[OPERATION_SPEC_MAX_ALGORITHMS];
    size_t n = operation_token_algorithms(operation->operations, token, spec, offered);
    for (size_t i = 0; i < n; i++) {
        if (offered[i] == algorithm) {
            return true;
        }
    }
    refuse(operation, token, operation_algorithm_name(algorithm),
           n == 0 ? NULL : operation_algorithm_name(offered[0])); /* a spec has two at most */
    return false;
}

bool operation_token_check_spec(struct operation *operation, const char *token, const struct operation_spec *spec)
{
    Rewrap__EncryptionAlgorithmSpec__Value offered[OPERATION_SPEC_MAX_ALGORITHMS];
    if (operation_token_algorithms(operation->operations, token, spec, offered) != 0) {
        return true;
    }
    char what[64];
    snprintf(what, sizeof what, "any algorithm of %s keys", spec->name);
    refuse(operation, token, what, NULL);
    return false;
}
