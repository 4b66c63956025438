/* Private: how the reading of JSON fails, and where. */
#pragma once

#include "proto/json.h"

/* Where in the object we are: a chain from the member outwards, on the stack. NULL is the top. */
struct json_place {
    const struct json_place *outer;
    const char *field_name; /* NULL for an element of the list outside */
    size_t index;           /* of an element, from 1 */
};

static inline struct json_result json_fine(void)
{
    return (struct json_result){.code = JSON_OK};
}

/* The failure with its path spelled out. */
struct json_result json_refuse(enum json_code code, const struct json_place *place);

/* The same with what was given there, cut to fit. */
struct json_result json_refuse_given(enum json_code code, const struct json_place *place, const char *given);
