/* rewrapctl policy: what policies say, found out with the engine of rewrapd and, but for explain, without rewrapd
 * (docs/policy.md). */
#pragma once

/*
 * Runs `policy simulate`, `policy lint` or `policy explain`; argv[0] is "policy". Prints to stdout and stderr. Returns
 * the exit code of the process: see policy_simulate.h, policy_lint.h and policy_explain.h; 252 usage. Blocks as the
 * files do.
 */
int policy_command(int argc, char **argv);
