/* The options of `rewrapctl token` (token_command.h). */
#pragma once

#include "base/attr.h"
#include "hsm/probe.h"
#include "hsm/token.h"

enum token_format { TOKEN_TEXT, TOKEN_JSON, TOKEN_TABLE };

struct token_options {
    struct hsm_token_config token; /* strings are borrowed from argv and the environment */
    const char *pin_file;
    enum hsm_level require;
    enum token_format format;
};

/*
 * Reads argv, argv[0] being "token". False when the command is done already, with its exit code in *ret_exit: --help
 * was printed, or a complaint.
 */
REWRAP_MUST_USE bool token_options_parse(int argc, char **argv, struct token_options *ret, int *ret_exit);

#define TOKEN_ASKED_FOR_BYTES 512

/* What did not open, as it was asked for: the path of the module, or the URI without its query, where PINs stand under
 * whatever name. Cut to the room. Returns out. */
const char *token_asked_for(const struct hsm_token_config *config, struct hsm_result result,
                            char out[TOKEN_ASKED_FOR_BYTES]);

/* "sealed" or "sensitive", as in [token] require. */
const char *token_level_name(enum hsm_level level);
/* The other way round; false for any other text. */
REWRAP_MUST_USE bool token_level_parse(const char *text, enum hsm_level *ret);
