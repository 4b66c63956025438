/* Values in error texts as the AWS CLI shows them, that is as Python prints them. */
#pragma once

#include "command/fail.h"

#include <jansson.h>

/* A part of a message, cut to its room. Zeroed at first. */
struct param_text {
    char bytes[FAILURE_ECHO_BYTES]; /* ends with a NUL */
    size_t len;
};

/* Appends; what does not fit is cut. */
REWRAP_PRINTF(2, 3) void param_text_add(struct param_text *text, const char *format, ...);

/* Appends a value: a string bare, one inside of a list or map quoted; None, True, ['a', 1], {'a': 'b'}. */
void param_text_add_value(struct param_text *text, const json_t *value);

/* "<class 'dict'>"; static. */
const char *param_class(const json_t *value);
