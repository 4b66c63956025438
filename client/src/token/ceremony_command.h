/* rewrapctl ceremony: the custodian's part, straight to the token and without rewrapd (docs/ceremony.md). */
#pragma once

/*
 * Runs `ceremony init|add|list|destroy`; argv[0] is "ceremony". Prints to stdout and stderr. Returns the exit code of
 * the process: 0; 252 usage; 253 configuration or PIN; 255 other. Blocks as the token does.
 */
int ceremony_command(int argc, char **argv);
