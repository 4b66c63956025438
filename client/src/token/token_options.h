/* The options of `rewrapctl token` (token_command.h). */
#pragma once

#include "token_access.h"

enum token_format { TOKEN_TEXT, TOKEN_JSON, TOKEN_TABLE };

struct token_options {
    struct token_access access;
    enum token_format format;
};

/*
 * Reads argv, argv[0] being "token". False when the command is done already, with its exit code in *ret_exit: --help
 * was printed, or a complaint.
 */
REWRAP_MUST_USE bool token_options_parse(int argc, char **argv, struct token_options *ret, int *ret_exit);
