/* rewrapctl policy explain re-encrypt: asks the daemon why a principal may or may not re-encrypt (docs/policy.md). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Exit codes. Others as with every command. */
enum { POLICY_EXPLAIN_ALLOWED = 0, POLICY_EXPLAIN_NOT_ALLOWED = 1 };

/* argv[0] is "explain", then "re-encrypt" and options. Prints to stdout and stderr; the exit code of the process. */
int policy_explain(int argc, char **argv);

/* True when both sides of an ExplainReEncryptResponse are allowed. */
bool policy_explain_is_allowed(const json_t *answer);

/* The answer for a person: each side with what decided it, and every statement with why it did not match. False when it
 * could not be written. */
bool policy_explain_print(const json_t *answer, FILE *file);
