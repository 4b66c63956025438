/* rewrapctl token: what a token does, found out straight on the token and without rewrapd (docs/tokens.md). */
#pragma once

/*
 * Runs `token probe`; argv[0] is "token". Prints to stdout and stderr. Returns the exit code of the process: 0 when
 * rewrapd could serve the token at the level required; 252 usage; 253 configuration or PIN; 255 when it could not, or
 * anything else. Blocks as the token does.
 */
int token_command(int argc, char **argv);
