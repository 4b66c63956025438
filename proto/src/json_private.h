/* Private: what the parts of the JSON codec share. */
#pragma once

#include "proto/json.h"

/*
 * json_parse_message keeps a number whose spelling a json_t would lose (1.50, 1e3, 2^64) as a string of this byte and
 * the spelling. No other string holds a NUL byte: the parser refuses the escape that would make one.
 */
#define JSON_LITERAL_MARK '\0'

static inline bool json_is_marked_literal(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) > 1 && json_string_value(value)[0] == JSON_LITERAL_MARK;
}

/* The spelling of a marked literal, NUL-terminated, borrowed from value. */
static inline const char *json_marked_literal(const json_t *value)
{
    return json_string_value(value) + 1;
}
