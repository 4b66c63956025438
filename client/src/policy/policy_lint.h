/* rewrapctl policy lint: what in a policy is likely not meant so (docs/policy.md). */
#pragma once

#include "policy/document.h"

struct policy_lint_options {
    const char *file; /* "-" is the standard input */
    enum policy_kind kind;
    const char *account; /* who owns the key, 12 digits; NULL: not known */
    bool json;
};

/*
 * Prints to stdout and stderr. The exit code of the process: 0 when there is nothing to say, POLICY_EXIT_FINDINGS,
 * POLICY_EXIT_MALFORMED (policy_simulate.h); 252 for a file that cannot be read, 255 when it cannot be written. Blocks
 * as the file does.
 */
int policy_lint_file(const struct policy_lint_options *options);
