/* rewrapctl policy simulate: decisions on documents, by the engine that rewrapd has (docs/policy.md). */
#pragma once

#include <stdio.h>

#define POLICY_EXIT_FINDINGS  1 /* some documents could not be decided on; or lint found something */
#define POLICY_EXIT_MALFORMED 2 /* lint: the policy is none */

/*
 * Answers every document of the file ("-" is the standard input) with a line on out. The exit code of the process: 0
 * when all were decided, POLICY_EXIT_FINDINGS when there were errors among the answers; 252 when the file cannot be
 * opened, 255 when it cannot be read or the answers not be written. Blocks as the file does.
 */
int policy_simulate(const char *input, FILE *out);
