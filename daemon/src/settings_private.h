/* Between the two halves of the configuration's reader: lines and tables (settings_parse.c), and what must hold in all
 * (settings.c). */
#pragma once

#include "settings.h"

/* The first thing found wrong. */
struct settings_problem {
    unsigned line; /* 0: the file as a whole */
    char text[400];
};

/* Keeps the complaint unless there is one already. Returns false, so that a check can end with it. */
REWRAP_PRINTF(3, 4) bool settings_complain(struct settings_problem *problem, unsigned line, const char *format, ...);

/* What no single line can show. */
REWRAP_MUST_USE bool settings_check(const struct settings *settings, struct settings_problem *problem);
