/* rewrapctl policy: what policies say, found out with the engine of rewrapd and without rewrapd (docs/policy.md). */
#pragma once

/*
 * Runs `policy simulate` or `policy lint`; argv[0] is "policy". Prints to stdout and stderr. Returns the exit code of
 * the process: see policy_simulate.h and policy_lint.h; 252 usage. Blocks as the files do.
 */
int policy_command(int argc, char **argv);
