/* What `rewrapctl token probe` prints. */
#pragma once

#include "hsm/report.h"
#include "token_options.h"

/* What came of a probe. */
struct token_finding {
    const struct hsm_token_info *token;
    const struct hsm_report *report;
    const struct hsm_profile *profile; /* NULL: it cannot be served at all */
    enum hsm_level require;
    const char *reason; /* NULL: it could be served at that level */
};

/* Prints in that format to stdout. False when it could not be written, or there is no memory. */
REWRAP_MUST_USE bool token_output(const struct token_finding *finding, enum token_format format);
