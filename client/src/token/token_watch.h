/* A limit for each step of the commands that go straight to a token: a module that hangs would leave a person with a
 * command that never returns, and one that crashes with a command that is gone without a word. */
#pragma once

#include "hsm/report.h"
#include "token_access.h"

/*
 * From here to token_watch_end the process is in the module's hands, for the step that `doing` names ("making sealed
 * keys"). When that takes longer than access->timeout_s, the step and the module are named on the standard error
 * output, and the process ends with EXIT_CODE_OTHER, as for a token that is not available; with a report (NULL: none),
 * which a probe is filling, how far that came is said too. Nothing else is done then: what was printed must have been
 * flushed before. When the module crashes, the same is named, and the signal goes its way; but not when it was the
 * stack that overflowed, for nothing can run on it. Time for which the process is stopped counts.
 *
 * In between nothing may wait for anybody but the token: whoever reads the output may be slow. Steps do not nest.
 */
void token_watch_begin(const struct token_access *access, const char *doing, const struct hsm_report *report);
void token_watch_end(void);
